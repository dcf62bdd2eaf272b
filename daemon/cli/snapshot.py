"""The daemon's snapshot, as the commands read it: positions and profit by account and strategy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from daemon.cli.client import read_document
from daemon.cli.tables import age, amount, clean, number, word
from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.market.polled import LIVES_NS
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL
from daemon.domain.risk.guard import Unguarded
from daemon.errors import OrdoError

Document = dict[str, Any]
SNAPSHOT = "/api/portfolio/snapshot"
_OWNED = ("positions", "strategies", "unread")
"""What of a snapshot is of one account each."""
_WHOSE = {EXTERNAL: "not ours", MANUAL: "ordered by hand"}
_UNSAID = "the daemon does not say whether it is guarded"


def held_legs(found: Document) -> Iterator[tuple[Document, Document]]:
    """Yield every open leg of a snapshot with its strategy.

    What an account holds and the watchdog does not know comes last, as a leg that no rule holds.

    Raises:
        OrdoError: the document does not say what is held.
    """
    positions = records(found, "positions")
    products = {_key(held, held): held.get("product") for held in positions}
    watched = set()
    for strategy in records(found, "strategies"):
        for leg in records(strategy, "legs"):
            key = _key(strategy, leg)
            watched.add(key)
            if leg.get("quantity") != 0:
                yield strategy, {**leg, "product": products.get(key)}
    for held in positions:
        key = _key(held, held)
        if held.get("quantity") != 0 and key not in watched:
            bare = {"guarded": False, "unguarded_because": [Unguarded.NO_RULE.value]}
            yield held, {**held, "entry": held.get("average_price"), **bare}


def _key(owner: Document, leg: Document) -> tuple[object, ...]:
    return owner.get("account"), owner.get("strategy_id"), leg.get("leg_id")


def several_in(found: Document) -> bool:
    """Say whether a snapshot tells of several accounts."""
    return len(found.get("accounts") or ()) > 1


def whose(owned: Document, *, several: bool) -> str:
    """Return the strategy of what a snapshot tells, as ID@ACCOUNT where there are several."""
    account = owned.get("account") if several else None
    return word(owned.get("strategy_id")) + (f"@{account}" if account else "")


def mode(told: Document) -> str:
    """Return PAPER or LIVE, as a document says of itself; empty where it does not."""
    return word(told.get("mode")).upper()


def headed(told: Document, text: str) -> str:
    """Return a sentence behind PAPER or LIVE, as the document says that it is of."""
    return f"{mode(told)}  {text}".lstrip()


def guard_of(strategy: Document, leg: Document, *, asked: bool) -> Document:
    """Return whether an open leg is guarded; what is not said to be is not.

    Args:
        strategy: whose leg.
        leg: the leg.
        asked: quotes are asked for in place of a link that is dead.
    """
    guarded = leg.get("guarded") is True
    return {
        "strategy_id": strategy.get("strategy_id"),
        "account": strategy.get("account"),
        "mode": strategy.get("mode"),
        "leg_id": leg.get("leg_id"),
        "symbol": leg.get("symbol"),
        "quantity": leg.get("quantity"),
        "guarded": guarded,
        "because": [] if guarded else _reasons(strategy, leg, asked=asked),
    }


def quotes_asked(found: Document) -> bool:
    """Say whether the daemon tells that quotes are asked for in place of a link that is dead."""
    return found.get("quotes_asked") is True


def _reasons(strategy: Document, leg: Document, *, asked: bool) -> list[str]:
    """Return every reason why a leg is not guarded, in words."""
    told = leg.get("unguarded_because") or [_UNSAID]
    known = {reason.value: reason.sentence for reason in Unguarded}
    if asked:
        known[Unguarded.NO_PRICE.value] = _asked_for(leg)
    name, account = strategy.get("strategy_id"), strategy.get("account")
    if name in _WHOSE:
        known[Unguarded.NO_RULE.value] = (
            f"{_WHOSE[name]}: no stop; `ordo adjust {name}@{account} --leg {leg.get('leg_id')}"
            " --stop PRICE` gives it one"
        )
    return [known.get(each, each) for each in map(str, told)]


def _asked_for(leg: Document) -> str:
    """Return what prices a leg whose quote is asked for, in place of a link that is dead."""
    age_ms, reasons = leg.get("age_ms"), leg.get("unguarded_because") or ()
    asked = "its quote is asked for once a second"
    if age_ms is None or age_ms < 0:
        return f"{asked}, and none has come"
    last, is_young = age(age_ms), age_ms * MILLISECOND_NS <= LIVES_NS
    if is_young and Unguarded.NOT_WATCHED.value not in reasons:
        return f"{asked} and judged, the last {last} ago"
    return f"{asked}, and none that can be judged has come for {last}"


def unread_lines(found: Document) -> list[str]:
    """Return a line for each account whose book at its broker was not read, with what to do.

    Raises:
        OrdoError: the document does not say which those are.
    """
    return [clean(headed(each, word(each.get("text")))) for each in records(found, "unread")]


def unknown(found: Document) -> list[Document]:
    """Return the accounts of which something that matters is not known.

    Where nothing is held, nothing hangs on whom prices come through.

    Raises:
        OrdoError: the document does not say which those are.
    """
    is_held = any(True for _ in held_legs(found))
    traded = {each.get("id") for each in found.get("accounts") or ()}
    return [e for e in records(found, "unread") if is_held or e.get("account") in traded]


def nothing_held(found: Document) -> list[str]:
    """Return that nothing is held, of no account whose book at its broker was not read."""
    unread = {each.get("account") for each in unknown(found)}
    if not unread:
        return [headed(found, "nothing is held")]
    read = [each for each in records(found, "accounts") if each.get("id") not in unread]
    return [headed(each, f"nothing is held in {each.get('id')}") for each in read]


def resting(found: Document) -> list[str]:
    """Return a line for each position that a stop at the broker would buy back.

    Raises:
        OrdoError: the document does not say what is held.
    """
    several = several_in(found)
    return [
        f"{whose(held, several=several)} {word(held.get('leg_id'))}: a resident stop at "
        f"{amount(stop.get('trigger_price'))} rests at the broker for "
        f"{number(stop.get('quantity'))} units"
        for held in records(found, "positions")
        if isinstance(stop := held.get("resident_stop"), dict)
    ]


def of_account(account: str | None, content: bytes) -> bytes:
    """Return a snapshot without what is of other accounts; the daemon's own where none is named.

    It says PAPER or LIVE as that account does.

    Raises:
        OrdoError: there is no such account.
    """
    if account is None:
        return content
    found = read_document(content)
    known = [str(each.get("id")) for each in records(found, "accounts")]
    if account not in known:
        raise OrdoError(f"no account {account}; there are: {', '.join(known)}", "unknown_account")
    others = {*known} - {account}  # whom prices come through is none of them
    kept = {
        key: [e for e in records(found, key) if e.get("account") not in others] for key in _OWNED
    }
    sums = [each for each in records(found, "accounts") if each.get("id") == account]
    whole = {**found, **kept, "accounts": sums}
    return msgspec.json.encode(whole | {"mode": sums[0].get("mode", found.get("mode"))})


def records(found: Document, key: str) -> list[Document]:
    """Return the records under a key; one that is missing is never taken for none.

    Raises:
        OrdoError: there is no such list.
    """
    held = found.get(key)
    if isinstance(held, list) and all(isinstance(each, dict) for each in held):
        return held
    text = f"the answer does not tell the {key}; is the daemon of another version?"
    raise OrdoError(text, "not_ordo")
