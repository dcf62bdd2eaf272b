import json
from fractions import Fraction

import pytest
from msgspec.structs import replace

from daemon.bench import __main__ as command
from daemon.bench import kill
from daemon.bench.kill_faults import judged, plan_of
from daemon.errors import OrdoError
from daemon.messages import Cancel, KillStaged, Stage
from daemon.twin.faults import Call
from daemon.twin.file import Saved
from daemon.twin.words import OrderReport, OrderType, Side, Status, Trade

SMALL = kill.Load(rounds=1, seeds=2, symbols=41, per_second=2, speed=Fraction(10))
BEGAN = 100
STAGES = [
    (0, KillStaged("kill-1", Stage.CANCELLING, (), 0, BEGAN)),
    (0, KillStaged("kill-1", Stage.FLAT, (), 0, BEGAN + 3_000_000_000)),
]
"""Two shorts were open when a kill began."""
OPENED = Trade("1", "A", "a", "CE", Side.SELL, 2, 10, BEGAN - 1, settlement=False)
EXIT = OrderReport(
    order_id="B",
    client_id="b",
    symbol="CE",
    side=Side.BUY,
    quantity=2,
    order_type=OrderType.LIMIT,
    price_e4=10,
    trigger_e4=0,
    decided_ns=BEGAN,
    arrived_ns=BEGAN + 10,
    at_ns=BEGAN + 20,
    status=Status.FILLED,
    filled_quantity=2,
    filled_value_e4=20,
    triggered=False,
    resting=False,
    priority=1,
    reason=None,
    text="",
)
BOUGHT = replace(OPENED, trade_id="2", order_id="B", side=Side.BUY, quantity=2, at_ns=BEGAN + 20)


def saved(orders, trades):
    return Saved(orders, trades, [], [], {})


def test_each_kind_of_round_is_told(monkeypatch, capsys):
    """Each kill was flat, no entry left after it was accepted, and faults reversed nothing."""
    monkeypatch.setattr(kill, "Load", lambda: SMALL)
    command.main("kill")
    ours = json.loads(capsys.readouterr().out)["ours"]

    assert ours["ticks_per_s"] == 82
    for kind in kill.Kind:
        assert ours[kind]["rounds"] == 1
        assert ours[kind]["accept_ms"]["max"] >= 0
    for kind in ("quiet", "crowded"):
        told = [
            ours[kind][f"{name}_ms"]["max"] for name in ("shorts_out", "eight_messages_out", "flat")
        ]
        assert told == sorted(told)
    assert ours["quiet"]["last_entry_after_acceptance_ms"]["max"] < 0
    faults = ours["faults"]
    assert faults["flat"] + len(faults["incomplete"]) == faults["seeds"] == 2
    assert all(each["left"] for each in faults["incomplete"])
    assert faults["reversed"] == faults["sent_beyond_open"] == []


def test_every_fifth_write_goes_wrong_once_the_legs_are_open():
    """Equal seeds give equal plans, and no order before the kill is struck."""
    plan = plan_of(3, places_before=8).plan
    assert plan == plan_of(3, places_before=8).plan != plan_of(4, places_before=8).plan
    assert min(fault.number for fault in plan if fault.call == Call.PLACE) > 8
    assert 120 < len(plan) < 200


def test_a_closed_position_is_neither_reversed_nor_overdone():
    outcome = judged(1, STAGES, saved([EXIT], [OPENED, BOUGHT]))

    assert (outcome.stage, outcome.took_ms) == ("flat", 3_000)
    assert (outcome.reversed, outcome.beyond) == ((), ())


@pytest.mark.parametrize(
    ("orders", "trades", "reversed_", "beyond"),
    [
        ([replace(EXIT, quantity=3)], [OPENED, replace(BOUGHT, quantity=3)], ("CE",), ("B",)),
        ([EXIT, replace(EXIT, order_id="C")], [OPENED, BOUGHT], (), ("C",)),
        (
            [EXIT, replace(EXIT, order_id="C", arrived_ns=BEGAN + 30, at_ns=BEGAN + 40)],
            [OPENED, BOUGHT, replace(BOUGHT, trade_id="3", order_id="C", at_ns=BEGAN + 40)],
            ("CE",),
            ("C",),
        ),
        ([replace(EXIT, status=Status.REJECTED, quantity=9)], [OPENED], (), ()),
        (
            [
                replace(EXIT, status=Status.CANCELLED, at_ns=BEGAN + 15),
                replace(EXIT, order_id="C", arrived_ns=BEGAN + 16),
            ],
            [OPENED],
            (),
            (),
        ),
    ],
    ids=["too large", "two at once", "after it was flat", "rejected", "one after the other"],
)
def test_the_book_of_the_exchange_tells_what_was_too_much(orders, trades, reversed_, beyond):
    outcome = judged(1, STAGES, saved(orders, trades))

    assert (outcome.reversed, outcome.beyond) == (reversed_, beyond)


def test_a_kill_that_sent_less_than_it_must_is_no_measure():
    left = kill.Leaving(1, Cancel("OR1", "1"), kept=False)

    with pytest.raises(OrdoError, match="only these left: OR1"):
        kill._eighth_ns([left], ["OR1"])


async def test_a_command_that_fails_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(kill.sys, "executable", "/bin/false")

    with pytest.raises(OrdoError, match="ended with 1"):
        await kill._kill_by_command(tmp_path)
