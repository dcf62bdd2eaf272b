import json
from datetime import date

import pytest

from daemon.bench import __main__ as command
from daemon.bench import month
from daemon.bench.month_books import Day, OurBooks, their_day
from daemon.bench.month_marks import Close, Guards, slope_kb
from daemon.domain.instants import start_of
from daemon.domain.orders import words as ours
from daemon.domain.orders.parents import SETTLEMENT
from daemon.messages import LegSeen, RiskSeen, WatchSeen
from daemon.twin import words as theirs

DAY, EARLIER = date(2026, 3, 10), date(2026, 3, 9)
DAY_NS, EARLIER_NS = start_of(DAY), start_of(EARLIER)
GOOD = {
    "sessions": 1,
    "reports": {"written": 3, "expected": 3},
    "backups": {"made": 1, "verified": 1, "expected": 1},
    "guarded": {"looks": 9, "share": 1.0, "not_because": {}},
    "chain_whole": True,
}


def test_a_session_leaves_reports_a_copy_and_equal_books():
    """The whole daemon runs to the end of the day; frames so far apart let exits wait for one."""
    told = month.bench(month.Load(sessions=1, interval_ms=60_000, flush_ms=10_000))

    assert told["sessions"] == told["books_equal"] == 1
    assert told["reports"] == {"written": 3, "expected": 3}
    assert told["backups"] == {"made": 1, "verified": 1, "expected": 1}
    assert told["chain_whole"]
    assert len(told["resident_kb"]["at_each_close"]) == 1
    assert set(told["trades"]) == {"one", "two", "three"}
    assert min(told["trades"].values()) > 0
    assert told["guarded"]["looks"] > 0
    assert set(told["guarded"]["not_because"]) <= {"exit_overdue"}
    assert not [each for each in told["amiss"] if not each.startswith("guarded")]


def test_what_was_wrong_ends_the_command(monkeypatch, capfd):
    """It is named on the way out, behind the document."""
    monkeypatch.setattr(month, "bench", lambda load: {"load": load.sessions, "amiss": ["this"]})
    with pytest.raises(SystemExit) as ended:
        command.main("month", "--sessions", "3")

    assert ended.value.code == "this"
    assert json.loads(capfd.readouterr().out)["load"] == 3


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({}, []),
        ({"sessions": 0}, ["0 of 1 sessions came to their end"]),
        ({"reports": {"written": 2, "expected": 3}}, ["2 of 3 reports were written"]),
        (
            {"backups": {"made": 1, "verified": 0, "expected": 1}},
            ["of 1 copies 0 are there and sound"],
        ),
        (
            {"guarded": {"looks": 9, "share": 0.5, "not_because": {"no_rule": 4}}},
            ["guarded were 50.0000%; not: {'no_rule': 4}"],
        ),
        (
            {"guarded": {"looks": 0, "share": 1.0, "not_because": {}}},
            ["nothing was open at any look"],
        ),
        ({"chain_whole": False}, ["the chain of the ledger is not whole"]),
    ],
)
def test_everything_that_is_wrong_has_a_sentence(wrong, told):
    assert month.amiss(GOOD | wrong, [Close(DAY, 0, {}, [])]) == told


def test_a_difference_between_the_books_is_wrong():
    assert month.amiss(GOOD, [Close(DAY, 0, {}, ["ours and theirs"])]) == ["ours and theirs"]


def _recorded(intent_id, quantity, value_e4, parent="basket", side=ours.Side.SELL):
    intent = ours.Intent(
        intent_id=intent_id,
        account="one",
        strategy_id="straddle",
        leg_id="ce",
        symbol="CE",
        side=side,
        quantity=quantity,
        order_type=ours.OrderType.LIMIT,
        price_e4=10,
        purpose=ours.Purpose.ENTRY,
        parent=parent,
        decided_ns=DAY_NS,
        deadline_ns=DAY_NS,
    )
    filled = ours.OrderUpdated(
        intent_id, f"at {intent_id}", ours.State.FILLED, quantity, value_e4, DAY_NS
    )
    return ours.IntentRecorded(intent, DAY_NS), filled


def _trade(quantity, price_e4, at_ns=DAY_NS, client_id="a", side=theirs.Side.SELL):
    settlement = not client_id
    return theirs.Trade("t", "o", client_id, "CE", side, quantity, price_e4, at_ns, settlement)


def _close(*facts):
    books = OurBooks(["one"])
    for fact in facts:
        books.hear(fact)
    return books.close()["one"]


def test_equal_books_tell_nothing():
    """Two trades of one order are one; a settlement is known by what was settled."""
    settlement = _recorded("s", 3, 15, f"{SETTLEMENT}CE", ours.Side.BUY)
    our_day = _close(*_recorded("a", 3, 32), *settlement)
    trades = [_trade(1, 10), _trade(2, 11), _trade(3, 5, client_id="", side=theirs.Side.BUY)]

    assert our_day.traded == {"a": (-3, -32), f"{SETTLEMENT}CE": (3, 15)}
    assert our_day.differences(their_day(trades, DAY)) == []


def test_a_trade_that_one_book_lacks_is_told_with_what_is_held():
    """Of an earlier day it counts for what is held alone."""
    our_day = _close(*_recorded("a", 3, 30))

    assert our_day.differences(their_day([_trade(3, 10, EARLIER_NS)], DAY)) == [
        "a: ours (-3, -30), theirs None"
    ]
    assert our_day.differences(their_day([], DAY)) == [
        "a: ours (-3, -30), theirs None",
        "held: ours {'CE': -3}, theirs {}",
    ]


def test_what_is_held_outlives_a_close_and_the_trades_do_not():
    books = OurBooks(["one", "two"])
    for fact in _recorded("a", 3, 30):
        books.hear(fact)
    assert books.close()["two"] == Day()

    assert books.close()["one"] == Day({}, {"CE": -3})


def _seen(*unguarded, quantity=1):
    legs = tuple(
        LegSeen("ce", "CE", ours.Side.SELL, quantity, 1, 1, 0, 0, 0, 1, 0, because)
        for because in unguarded
    )
    return RiskSeen(DAY_NS, True, (WatchSeen("straddle", "open", "NONE", 0, 0, 0, 0, 0, legs),))


def test_each_look_tells_of_open_legs_which_are_guarded():
    """What is flat needs no guard; the worst look stays, with its reasons."""
    guards = Guards()
    for seen in (_seen((), ()), _seen((), ("no_rule",)), _seen(("no_rule",), quantity=0)):
        guards.look(seen)

    assert (guards.looks, guards.legs, guards.guarded, guards.worst) == (2, 4, 3, 0.5)
    assert guards.share == 0.75
    assert guards.reasons == {"no_rule": 1}
    assert guards.examples == ["2026-03-10 00:00:00 home straddle ce: no_rule"]


@pytest.mark.parametrize(("samples", "slope"), [([], 0), ([7], 0), ([5, 5, 5], 0), ([1, 3, 5], 2)])
def test_the_slope_tells_how_memory_grew_from_close_to_close(samples, slope):
    assert slope_kb(samples) == pytest.approx(slope)
