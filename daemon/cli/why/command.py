"""`ordo why ORDER`: the chain from tick to fill, read from the record.

It needs no daemon: the ledger is read as it lies, also while one writes to it or after it has gone.
As JSON: `{"ledger", "order": {...}, "code": {...}, "chain": [{"at", "step", "sentence", "record",
"actor", "message", "cause", "event", "fact"}]}`; the frame is no record, so its step has `frame_at`
instead, and `code` is null where the record does not say what decided. For people a sentence that
is told several times in a row is one line; there each record has its own step.
With `--list`: `{"ledger", "orders": [{"mode", "at", "order_id", "strategy_id", "leg_id",
"sentence"}]}`. `mode` is null where the record does not say whose money it is.
The exit code is 1 where no order begins as the one that was named.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import msgspec

from daemon.cli import FAILED
from daemon.cli.ledgers import LEDGER, store_meant
from daemon.cli.options import AS_JSON, SETTINGS
from daemon.cli.snapshot import headed, mode
from daemon.cli.tables import clean, say, say_table, table
from daemon.cli.why.records import Begun, Record, Records, Why
from daemon.cli.why.words import Step, average, frame_sentence, sentence_of, wanted
from daemon.cli.words import code_said
from daemon.domain.instants import moment_of
from daemon.domain.money import E4, divide_half_even
from daemon.domain.orders.heard import Order
from daemon.storage.store import Store


@click.command("why")
@click.argument("order", default="")
@click.option("--list", "listed", is_flag=True, help="List the orders that ORDER may mean; or all.")
@LEDGER
@SETTINGS
@AS_JSON
def command(
    order: str, ledger: str | None, settings: Path | None, *, listed: bool, as_json: bool
) -> int:
    """Tell the chain from tick to fill of one order.

    ORDER is its id, the broker's number, or a beginning of either.
    """
    if not order and not listed:
        raise click.UsageError("name an ORDER; --list shows which there are")
    store = store_meant(ledger, settings)
    with store.reading() as reader:
        records = Records(reader)
        if listed:
            begun = records.begun(order)
            none = "no such order" if order else "no order was recorded yet"
            _list(store, begun, none, as_json=as_json)
            return FAILED if order and not begun else 0
        found = records.why(order)
    _tell(store, found, as_json=as_json)
    return 0


def _list(store: Store, orders: list[Begun], none: str, *, as_json: bool) -> None:
    told: list[dict[str, Any]] = [
        {
            "mode": each.mode or None,
            "at": _iso(each.at_ns),
            "order_id": each.intent.intent_id,
            "strategy_id": each.intent.strategy_id,
            "leg_id": each.intent.leg_id,
            "sentence": wanted(each.intent),
        }
        for each in orders
    ]
    if as_json:
        click.echo(msgspec.json.encode({"ledger": store.name, "orders": told}))
    elif not told:
        say([none])
    else:
        rows = [[mode(each), _at(each["at"], days=True), *list(each.values())[2:]] for each in told]
        say_table(("mode", "at", "order", "strategy", "leg", "what"), rows)


def _tell(store: Store, found: Why, *, as_json: bool) -> None:
    steps = _steps(found)
    if as_json:
        document = {
            "ledger": store.name,
            "order": {**_order(found.order), "mode": found.mode or None},
            "code": found.code and msgspec.to_builtins(found.code),
            "chain": steps,
        }
        click.echo(msgspec.json.encode(document))
        return
    intent = found.order.intent
    say(
        [
            clean(headed({"mode": found.mode}, f"{intent.intent_id}: {wanted(intent)}")),
            clean(f"{intent.purpose} of {intent.strategy_id} {intent.leg_id} in {intent.account}"),
            clean(_standing(found.order)),
            *([clean(f"decided by {code_said(found.code)}")] if found.code else ()),
            "",
        ]
    )
    days = len({step["at"][:10] for step in steps}) > 1
    rows = list(_rows(steps, days=days))
    say(table(("at", "step", "what"), rows)[1:])


def _rows(steps: list[dict[str, Any]], *, days: bool) -> Iterator[list[str]]:
    """Yield a row for each step; what is told again, and nothing else between, has one together."""
    for (step, sentence), told in groupby(steps, key=lambda each: (each["step"], each["sentence"])):
        first, *again = [_at(each["at"], days=days) for each in told]
        times = f" (told {len(again) + 1} times, the last at {again[-1]})" if again else ""
        yield [first, step, f"{sentence}{times}"]


def _steps(found: Why) -> list[dict[str, Any]]:
    """Return every step of the chain; the frame stands before the first decision."""
    steps = []
    frame_due = True
    for record in found.records:
        step = _step(record)
        if frame_due and step["step"] in (Step.DECISION, Step.HAND, Step.INTENT):
            steps.append(_frame(found, record))
            frame_due = False
        steps.append(step)
    return steps


def _frame(found: Why, before: Record) -> dict[str, Any]:
    return {
        "at": _iso(found.frame_ns if found.by_frame and found.frame_ns else before.at_ns),
        "step": Step.FRAME,
        "sentence": frame_sentence(found.frame_ns, by_frame=found.by_frame),
        "frame_at": _iso(found.frame_ns) if found.frame_ns else None,
        "record": None,
    }


def _step(record: Record) -> dict[str, Any]:
    step, sentence = sentence_of(record.fact)
    return {
        "at": _iso(record.at_ns),
        "step": step,
        "sentence": sentence,
        "record": record.number,
        "actor": record.actor,
        "message": record.message,
        "cause": record.cause,
        "event": type(record.fact).__name__,
        "fact": msgspec.to_builtins(record.fact),
    }


def _order(order: Order) -> dict[str, Any]:
    intent, filled = order.intent, order.filled_quantity
    return {
        "order_id": intent.intent_id,
        "broker_order_ids": list(order.broker_order_ids),
        "account": intent.account,
        "strategy_id": intent.strategy_id,
        "leg_id": intent.leg_id,
        "symbol": intent.symbol,
        "side": intent.side,
        "quantity": intent.quantity,
        "product": intent.product,
        "purpose": intent.purpose,
        "state": order.state,
        "filled_quantity": filled,
        "average_price": divide_half_even(order.filled_value_e4, filled) / E4 if filled else None,
        "reason": order.text or None,
    }


def _standing(order: Order) -> str:
    filled = order.filled_quantity
    told = f", {average(filled, order.filled_value_e4)}" if filled else ""
    number = f", the broker's number {order.broker_order_id}" if order.broker_order_id else ""
    return f"it is {order.state}{told}{number}"


def _iso(at_ns: int) -> str:
    return moment_of(at_ns).isoformat(timespec="milliseconds")


def _at(iso: str, *, days: bool) -> str:
    day, _, time = iso.partition("T")
    return f"{day} {time[:12]}" if days else time[:12]
