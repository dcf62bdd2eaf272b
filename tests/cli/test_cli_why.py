"""The chain of an order, in a day that was really run and in records written for one test."""

from __future__ import annotations

import json
import os
from itertools import count

import pytest
from hypothesis import given
from msgspec.structs import replace

from daemon import messages as m
from daemon.app.machine.deployed import code_loaded
from daemon.cli.why.words import Step, frame_sentence, sentence_of
from daemon.cli.words import code_said
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.orders.words import (
    ConfirmationWanted,
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderRefused,
    OrderType,
    OrderUpdated,
    OutcomeUnknown,
    Purpose,
    Refusal,
    Side,
    State,
)
from daemon.domain.plans.parsing import parse, version_of
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import ExitReason
from daemon.feeds.sample import sample_path
from daemon.runtime.words import DeadLetter, Origin
from daemon.settings import load
from daemon.storage.ledger import StoredLedger
from daemon.storage.migrating import SQLITE, shipped
from daemon.storage.sqlite import SqliteStore
from tests.kit.commands import told
from tests.kit.facts import ANY_FACT, INTENT, NOW
from tests.kit.plans import SHIPPED

ENTRY, EXIT = "OR0000000010000001", "OR0000000010000003"
SYMBOL = INTENT.symbol
STRADDLE = next(path for path in SHIPPED if path.stem == "nifty_short_straddle")
VERSION = version_of(parse(STRADDLE.read_bytes()))[:12]


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """Run the day that comes with Ordo, once."""
    folder = tmp_path_factory.mktemp("day")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("ORDO_WEB__ENABLED", "false")
        assert told("run", "--speed", "max", "--data", sample_path()).code == 0
    return folder


@pytest.fixture
def ran(day, monkeypatch):
    monkeypatch.chdir(day)


def told_of_code() -> str:
    """What `ordo run` told of itself on that day: all of it was made by this very code."""
    settings = load(None, os.environ | {"ORDO_WEB__ENABLED": "false"})
    return f"decided by {code_said(code_loaded(settings, 0))}"


def why(*args: str) -> list[str]:
    done = told("why", *args)
    assert (done.code, done.err) == (0, "")
    return done.out.splitlines()


@pytest.mark.untraced
@pytest.mark.usefixtures("ran")
def test_an_entry_is_told_from_its_frame_to_its_fill():
    assert why(ENTRY) == [
        f"PAPER  {ENTRY}: sell 65 NIFTY-2026-11-23-24500-CE, limit 160.70",
        "entry of nifty-short-straddle ce in paper",
        "it is FILLED, 65 at 164.00, the broker's number 2026111800000001",
        told_of_code(),
        "",
        "09:20:00.000  frame     the frame of 09:20:00.000 came in",
        (
            "09:20:00.000  decision  nifty-short-straddle enters, 24502.40 at the money, on these"
            " quotes: ce NIFTY-2026-11-23-24500-CE bid 164.00 ask 164.30,"
            " pe NIFTY-2026-11-23-24500-PE bid 150.85 ask 151.15"
        ),
        (
            f"09:20:00.000  rule      nifty-short-straddle, version {VERSION}, is to"
            " sell 65 NIFTY-2026-11-23-24500-CE, sell 65 NIFTY-2026-11-23-24500-PE"
        ),
        (
            f"09:20:00.000  intent    {ENTRY} is wanted: sell 65 NIFTY-2026-11-23-24500-CE,"
            " limit 160.70"
        ),
        (
            "09:20:00.000  intent    OR0000000010000002 is wanted: sell 65"
            " NIFTY-2026-11-23-24500-PE, limit 147.80"
        ),
        f"09:20:00.044  reply     the broker took {ENTRY} as 2026111800000001",
        "09:20:00.044  reply     the broker's book shows 2026111800000001 WORKING",
        (
            "09:20:00.044  fill      the broker's book shows 2026111800000001 FILLED,"
            " filled 65 at 164.00"
        ),
        "09:20:00.044  position  nifty-short-straddle ce holds -65: sold 65 at 164.00",
        (
            "09:20:00.044  rule      the stop of nifty-short-straddle ce is set to 213.20,"
            " the best so far 164.00"
        ),
        "09:20:00.044  end       nifty-short-straddle is in",
    ]


@pytest.mark.usefixtures("ran")
def test_an_exit_is_told_with_the_floor_that_it_went_by():
    lines = why(EXIT)

    assert lines[5:9] == [
        (
            "12:00:30.000  rule      the floor of nifty-short-straddle is raised from 1350.00 to"
            " 1550.00, the best so far 2509.00"
        ),
        "13:16:00.000  frame     the frame of 13:16:00.000 came in",
        (
            "13:16:00.000  decision  nifty-short-straddle leaves ce, pe at 1543.75:"
            " its profit fell to the floor that was locked"
        ),
        (
            "13:16:00.000  rule      paper:exit:1 is owed: nifty-short-straddle out of ce, pe,"
            " because its profit fell to the floor that was locked"
        ),
    ]
    assert lines[-1].endswith("paper:exit:1 is done: nifty-short-straddle is out of ce, pe")


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("name", [EXIT, "2026111800000003"])
def test_an_order_is_found_by_its_id_and_by_the_brokers_number(name):
    assert why(name)[0].startswith(f"PAPER  {EXIT}")


@pytest.mark.usefixtures("ran")
def test_the_document_has_these_names():
    document = json.loads(told("why", EXIT, "--json").out)

    assert set(document) == {"ledger", "order", "code", "chain"}
    assert document["code"]["schema_number"] == shipped(SQLITE)[-1].number
    assert document["ledger"] == "state/replay/0001/ledger.sqlite"
    assert document["order"] == {
        "mode": "paper",
        "order_id": EXIT,
        "broker_order_ids": ["2026111800000003"],
        "account": "paper",
        "strategy_id": "nifty-short-straddle",
        "leg_id": "ce",
        "symbol": "NIFTY-2026-11-23-24500-CE",
        "side": "buy",
        "quantity": 65,
        "product": "intraday",
        "purpose": "exit",
        "state": "FILLED",
        "filled_quantity": 65,
        "average_price": 168.35,
        "reason": None,
    }
    frame, decision = document["chain"][1:3]
    assert frame == {
        "at": "2026-11-18T13:16:00.000+05:30",
        "step": "frame",
        "sentence": "the frame of 13:16:00.000 came in",
        "frame_at": "2026-11-18T13:16:00.000+05:30",
        "record": None,
    }
    assert set(decision) == {
        *("at", "step", "sentence", "record", "actor", "message", "cause", "event", "fact"),
    }
    assert (decision["event"], decision["fact"]["pnl_e4"]) == ("ExitDecided", 15_437_500)


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "OR0000000010000009",
            [
                "ordo: no order OR0000000010000009 is in the record",
                (
                    "ordo: near it are: OR0000000010000004, OR0000000010000003,"
                    " OR0000000010000002; `ordo why --list` lists all"
                ),
            ],
        ),
        (
            "anything",
            [
                "ordo: no order anything is in the record",
                "ordo: the newest is OR0000000010000004; `ordo why --list` lists all",
            ],
        ),
        (
            "OR",
            [
                "ordo: OR is the beginning of 4 orders; say more",
                (
                    "ordo: the first are: OR0000000010000001, OR0000000010000002, "
                    "OR0000000010000003, OR0000000010000004; `ordo why OR --list` lists all"
                ),
            ],
        ),
    ],
)
def test_an_order_that_is_not_there_is_told_with_what_is_near(name, said):
    done = told("why", name, "--json")

    assert (done.code, done.err.splitlines()) == (1, said)
    assert json.loads(done.out)["error"]["notes"] == [each[len("ordo: ") :] for each in said[1:]]


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("args", "orders"), [((), 4), (("OR",), 4), ((EXIT,), 1), (("2026111800000003",), 1)]
)
def test_the_orders_that_a_beginning_may_mean_are_listed(args, orders):
    """All of them where nothing is named."""
    head, *rows = why(*args, "--list")

    assert head.split() == ["mode", "at", "order", "strategy", "leg", "what"]
    assert len(rows) == orders
    assert rows[-1].startswith("PAPER  2026-11-18 13:16:00.000  OR000000001000000")
    told_as_json = json.loads(told("why", *args, "--list", "--json").out)["orders"]
    assert [each["order_id"] in row for each, row in zip(told_as_json, rows, strict=True)] == (
        [True] * orders
    )


@pytest.mark.usefixtures("ran")
def test_where_no_order_begins_so_none_is_listed_and_the_exit_code_says_so():
    listed, documented = (told("why", "nobody", "--list", *how) for how in ((), ("--json",)))

    assert (listed.code, listed.out) == (1, "no such order\n")
    assert (documented.code, json.loads(documented.out)["orders"]) == (1, [])


def test_an_order_must_be_named():
    done = told("why")

    assert (done.code, done.out) == (2, "")
    assert "name an ORDER; --list shows which there are" in done.err


def test_without_a_ledger_that_is_said(house):
    done = told("why", ENTRY)

    assert (done.code, done.out) == (1, "")
    assert done.err == "ordo: state holds no ledger; name one with --ledger\n"


class Diary:
    """A ledger written for one test, each turn of an actor as one line."""

    def __init__(self, path) -> None:
        self.path = path
        self.ledger = StoredLedger(SqliteStore(path), "owner")
        self._seconds = count()

    def run(self) -> None:
        self.ledger.begin_epoch(NOW)

    def frame(self) -> int:
        at_ns = NOW + next(self._seconds) * SECOND_NS
        self.ledger.take(Frame(at_ns, {SYMBOL: Quote(1_186_000)}))
        return at_ns

    def turn(self, actor: str, message: int, cause: int, *facts: object) -> None:
        at_ns = NOW + next(self._seconds) * SECOND_NS
        self.ledger.append(facts, Origin(actor, message, cause), at_ns)

    def why(self, name: str) -> list[str]:
        self.ledger.flush()
        return [line[14:] for line in why(name, "--ledger", self.path)[4:]]


@pytest.fixture
def diary(house):
    made = Diary(house / "own.sqlite")
    made.run()
    yield made
    made.ledger.close()


def intent(number: int, **other: object) -> IntentRecorded:
    return IntentRecorded(replace(INTENT, intent_id=f"OR000000001000000{number}", **other), NOW)


def owed(reason: ExitReason, *legs: str) -> m.ExitOwed:
    return m.ExitOwed("x:1", "straddle", legs or ("call",), reason, NOW)


LEAVING = {"parent": "x:1", "purpose": Purpose.EXIT, "side": Side.BUY}
LATCHED = m.Latched("kill-1", m.LatchKind.KILL, m.Scope.ALL, "", "too wild", "web:me", NOW)


@pytest.mark.parametrize(
    ("latch", "is_told"),
    [
        (LATCHED, True),
        (replace(LATCHED, scope=m.Scope.ACCOUNT, id="paper"), True),
        (replace(LATCHED, scope=m.Scope.STRATEGY, id="straddle"), True),
        (replace(LATCHED, scope=m.Scope.STRATEGY, id="straddle@paper"), True),
        (replace(LATCHED, scope=m.Scope.STRATEGY, id="straddle@another"), False),
        (replace(LATCHED, scope=m.Scope.STRATEGY, id="another"), False),
        (replace(LATCHED, scope=m.Scope.ACCOUNT, id="another"), False),
        (replace(LATCHED, kind=m.LatchKind.PAUSE), False),
    ],
)
def test_an_exit_of_a_kill_is_told_with_the_latch_that_wanted_it(diary, latch, is_told):
    diary.turn("router:paper", 3, 0, latch)
    diary.turn("router:paper", 9, 0, owed(ExitReason.KILL), intent(1, **LEAVING))
    lines = diary.why(ENTRY)

    assert any("pulled kill-1" in line for line in lines) is is_told


@pytest.mark.parametrize("account", ["", "paper", "another"])
def test_a_kill_that_was_released_before_the_exit_wanted_nothing_of_it(diary, account):
    """Whoever reads of his loss must not be told the reason of the morning."""
    diary.turn("router:paper", 3, 0, replace(LATCHED, latch_id="kill-2"))
    diary.turn("router:paper", 4, 0, LATCHED)
    diary.turn("router:paper", 5, 0, m.Released("kill-1", "web:me", NOW, account))
    diary.turn("router:paper", 9, 0, owed(ExitReason.KILL), intent(1, **LEAVING))
    diary.turn("router:paper", 10, 0, m.Released("kill-2", "web:me", NOW))

    pulled = [line for line in diary.why(ENTRY) if "pulled kill-" in line]
    assert ["kill-1" in line for line in pulled] == [account == "another"]


def test_a_latch_is_told_by_whom_it_was_pulled_and_why(diary):
    diary.turn("router:paper", 3, 0, LATCHED, owed(ExitReason.KILL), intent(1, **LEAVING))

    assert diary.why(ENTRY) == [
        "frame   told by the clock or from outside, before any frame",
        "hand    web:me pulled kill-1, a kill of all: too wild",
        "rule    x:1 is owed: straddle out of call, because a kill wanted it",
        f"intent  {ENTRY} is wanted: buy 75 {SYMBOL}, limit 118.60",
    ]


def test_an_order_of_the_guardian_s_says_whose_money_it_is_by_the_daemon_before_it(diary):
    """Whoever takes over begins a run, and does not tell what decides in it."""
    diary.turn("ledger", 0, 0, replace(code_loaded(load(None, {}), NOW), modes={"paper": "live"}))
    diary.run()
    diary.turn("guardian", 3, 0, owed(ExitReason.KILL), intent(1, **LEAVING))
    diary.ledger.flush()
    _, listed = why(ENTRY, "--list", "--ledger", diary.path)
    head, *rest = why(ENTRY, "--ledger", diary.path)

    assert (head.split()[0], listed.split()[0]) == ("LIVE", "LIVE")
    assert [line for line in rest if "decided by" in line] == []


def test_an_order_by_hand_is_told_with_who_asked(diary):
    asked = m.OrderAsked(
        *("req-7", "paper", SYMBOL, Side.SELL, 75, OrderType.LIMIT, 1_186_000, 0, "", "page:me"),
        NOW,
    )
    diary.frame()
    diary.turn("router:paper", 3, 0, asked, intent(1, parent="req-7"))

    assert diary.why(ENTRY)[:2] == [
        "frame   told by the clock or from outside; the newest prices were those of 09:20:51.000",
        f"hand    page:me asked for it by hand: sell 75 {SYMBOL}, limit, in paper (request req-7)",
    ]


def test_a_stop_at_the_broker_is_told_with_the_entry_that_it_guards(diary):
    diary.turn("strategy:straddle", 3, 0, m.EntryDecided("straddle", "b:1", 245_500_000, (), NOW))
    resting = {"parent": "resident:b:1", "purpose": Purpose.RESIDENT_STOP, "side": Side.BUY}
    diary.turn("router:paper", 9, 0, intent(1, **resting))

    assert any("straddle enters" in line for line in diary.why(ENTRY))


def test_a_stop_is_told_by_the_level_that_stood_and_no_other(diary):
    for leg, level in (("call", 1), ("put", 2), ("", 3), ("call", 4)):
        moved = LevelMoved("straddle", leg, Move.TRAILED, 0, level * 10_000, NOW)
        diary.turn("watchdog", level, 0, moved)
    left = m.ExitDecided("straddle", ("call",), ExitReason.STOP, -5_000_000, NOW)
    diary.turn("watchdog", 8, 7, left)
    diary.turn("router:paper", 9, 8, owed(ExitReason.STOP), intent(1, **LEAVING))
    lines = diary.why(ENTRY)

    assert [line for line in lines if "trailed" in line] == [
        "rule      the stop of straddle call is trailed to 4.00"
    ]
    assert "decision  straddle leaves call at -500.00: its stop was met" in lines


def test_a_floor_is_told_of_the_entry_that_was_left_and_of_no_other(diary):
    other = replace(INTENT, intent_id="OR7", leg_id="put", parent="straddle:2025-08-30")
    diary.turn("router:paper", 1, 0, intent(2))
    diary.turn("router:paper", 2, 0, IntentRecorded(other, NOW))
    for level, of in ((1, "straddle:2025-08-29"), (2, "straddle:2025-08-30")):
        moved = LevelMoved("straddle", "", Move.LOCKED, 0, level * 10_000, NOW, basket_id=of)
        diary.turn("watchdog", level, 0, moved)
    diary.turn("router:paper", 9, 8, owed(ExitReason.LOCK), intent(1, **LEAVING))

    assert [line for line in diary.why(ENTRY) if "the floor of" in line] == [
        "rule    the floor of straddle is locked to 1.00"
    ]


def test_a_chain_stays_within_its_run_though_messages_are_numbered_anew(diary):
    diary.turn("watchdog", 8, 7, m.ExitDecided("old", ("a",), ExitReason.TIME, 0, NOW))
    diary.run()
    diary.turn("watchdog", 8, 7, m.ExitDecided("straddle", ("call",), ExitReason.TIME, 0, NOW))
    diary.turn("router:paper", 9, 8, owed(ExitReason.TIME), intent(1, **LEAVING))
    diary.run()
    diary.turn("watchdog", 8, 7, m.ExitDecided("new", ("a",), ExitReason.TIME, 0, NOW))
    told_of = " ".join(diary.why(ENTRY))

    assert "straddle leaves call at 0.00: its time was over" in told_of
    assert "old leaves" not in told_of
    assert "new leaves" not in told_of


@pytest.mark.parametrize("named", ["", ENTRY])
def test_what_a_later_run_hears_of_an_order_belongs_to_it(diary, named):
    """A position is told once, whether or not it was recorded with the order that moved it."""
    diary.turn("router:paper", 9, 8, intent(1))
    diary.turn("router:paper", 12, 9, OutcomeUnknown(ENTRY, "no answer in 3 s", NOW))
    diary.turn("router:paper", 12, 9, ConfirmationWanted(ENTRY, "q7", "are you sure?", NOW))
    diary.turn("router:paper", 13, 0, OrderParked(ENTRY, NOW))
    diary.run()
    filled = OrderUpdated(ENTRY, "77", State.FILLED, 75, 88_950_000, NOW)
    sold = m.PositionChanged("straddle", "call", SYMBOL, Side.SELL, 0, 0, 75, 88_950_000, NOW)
    sold, other = replace(sold, intent_id=named), replace(sold, leg_id="put")
    diary.turn("router:paper", 2, 0, filled, sold, other)
    lines = diary.why("77")

    assert [line.strip() for line in lines[-5:]] == [
        f"reply     {ENTRY} may stand or not: no answer in 3 s",
        f"reply     {ENTRY}: the broker asks before it takes it: are you sure? (question q7)",
        f"reply     {ENTRY} is parked: nobody knows whether it stands",
        "fill      the broker's book shows 77 FILLED, filled 75 at 118.60",
        "position  straddle call holds -75: sold 75 at 118.60",
    ]


def test_a_reply_that_is_told_again_and_again_is_one_line(diary):
    """A broker tells with each start of an order that is over, and as often as it likes."""
    diary.turn("router:paper", 9, 8, intent(1))
    rests, over = (
        OrderUpdated(ENTRY, "77", state, 0, 0, NOW) for state in (State.WORKING, State.CANCELLED)
    )
    for after_s, fact in enumerate((rests, over, over, over, rests)):
        diary.ledger.append((fact,), Origin("router:paper", 12, 9), NOW + after_s * SECOND_NS)
    diary.ledger.flush()
    *_, first, folded, last = why(ENTRY, "--ledger", str(diary.path))
    chain = json.loads(told("why", ENTRY, "--json", "--ledger", diary.path).out)["chain"]

    shows = "the broker's book shows 77"
    assert first == f"09:20:51.000  reply   {shows} WORKING"
    again = "told 3 times, the last at 09:20:54.000"
    assert folded == f"09:20:52.000  reply   {shows} CANCELLED ({again})"
    assert last == f"09:20:55.000  reply   {shows} WORKING"
    assert [each["step"] for each in chain].count("reply") == 5, "programs are told each record"


def test_an_exit_that_is_overdue_before_it_is_done_is_told_so(diary):
    diary.turn("router:paper", 9, 0, owed(ExitReason.MANUAL), intent(1, **LEAVING))
    diary.turn("router:paper", 20, 0, m.ExitOverdue("x:1", "straddle", "call -75 is open", NOW))
    diary.turn("router:paper", 30, 0, m.ExitFinished("x:1", "straddle", ("call",), NOW))
    diary.turn("router:paper", 31, 0, m.ExitOverdue("x:1", "straddle", "never", NOW))

    assert [line.removeprefix("end").strip() for line in diary.why(ENTRY)[-2:]] == [
        "x:1 is overdue: call -75 is open",
        "x:1 is done: straddle is out of call",
    ]


def test_the_end_of_a_part_says_how_much_of_it_was_closed(diary):
    diary.turn("router:paper", 9, 0, owed(ExitReason.MANUAL), intent(1, **LEAVING))
    diary.turn("router:paper", 30, 0, m.ExitFinished("x:1", "straddle", ("call",), NOW, 75, 75))

    assert diary.why(ENTRY)[-1].endswith("x:1 is done: straddle has closed 75 of 150 units of call")


def test_a_record_that_no_message_brought_moves_nothing(diary):
    """Nor does it take for its own whatever else came from outside."""
    diary.turn("router:paper", 9, 0, intent(1))
    diary.turn("ledger", 0, 0, OrderAccepted(ENTRY, "B-1", NOW))
    diary.turn("watchdog", 10, 0, LevelMoved("straddle", "call", Move.ARMED, 0, 10_000, NOW))

    assert diary.why(ENTRY)[-1].endswith("took OR0000000010000001 as B-1")


def test_a_stop_of_which_no_level_was_recorded_is_told_without(diary):
    diary.turn("router:paper", 9, 0, owed(ExitReason.STOP), intent(1, **LEAVING))

    assert len(diary.why(ENTRY)) == 3


def test_a_beginning_that_is_nobody_elses_names_an_order(diary):
    diary.turn("router:paper", 9, 0, intent(1))
    diary.turn("router:paper", 10, 9, OrderAccepted(ENTRY, "B-1", NOW))

    assert diary.why("OR0000") == diary.why("B-") == diary.why(ENTRY)


def test_an_id_that_begins_another_is_still_found(diary):
    short = IntentRecorded(replace(INTENT, intent_id="OR1"), NOW)
    diary.turn("router:paper", 9, 0, short, IntentRecorded(replace(INTENT, intent_id="OR12"), NOW))

    assert diary.why("OR1")[1] == f"intent  OR1 is wanted: sell 75 {SYMBOL}, limit 118.60"


def test_replies_without_an_intent_are_told_as_such(diary):
    diary.turn("router:paper", 9, 0, OrderAccepted(ENTRY, "B-1", NOW))
    diary.ledger.flush()
    done = told("why", "B-1", "--ledger", diary.path)

    assert (done.code, done.err) == (
        1,
        f"ordo: the record has replies to {ENTRY} and not its intent\n",
    )


def test_an_empty_record_has_no_order_and_none_near(diary):
    done = told("why", ENTRY, "--ledger", diary.path)

    assert (done.code, done.err) == (1, f"ordo: no order {ENTRY} is in the record\n")


def test_a_chain_over_several_days_shows_them(diary):
    diary.turn("router:paper", 9, 0, intent(1))
    later = OrderUpdated(ENTRY, "77", State.CANCELLED, 0, 0, NOW)
    diary.ledger.append((later,), Origin("router:paper", 12, 9), NOW + 86_400 * SECOND_NS)
    diary.ledger.flush()
    lines = why(ENTRY, "--ledger", str(diary.path))

    assert [line[:23] for line in lines[-2:]] == [
        "2025-08-29 09:20:51.000",
        "2025-08-30 09:20:51.000",
    ]


QUOTED = (("call", SYMBOL, 1_185_000, 1_187_000),)
REFUSED = OrderUpdated("a", "", State.REJECTED, 0, 0, NOW, Refusal.MARGIN, "no money")


@pytest.mark.parametrize(
    ("fact", "step", "sentence"),
    [
        (
            m.EntryDecided("s", "b", 245_000_000, QUOTED, NOW),
            Step.DECISION,
            (
                "s enters, 24500.00 at the money, on these quotes: "
                f"call {SYMBOL} bid 118.50 ask 118.70"
            ),
        ),
        (
            LevelMoved("s", "", Move.LOCKED, 0, 15_000_000, NOW, 31_000_000),
            Step.RULE,
            "the floor of s is locked to 1500.00, the best so far 3100.00",
        ),
        (
            LevelMoved("s", "call", Move.ADJUSTED, 1_500_000, 1_400_000, NOW),
            Step.RULE,
            "the stop of s call is moved by hand from 150.00 to 140.00",
        ),
        (
            LevelMoved("s", "wing", Move.ARMED, 0, 0, NOW),
            Step.RULE,
            "s wing has no stop of its own",
        ),
        (
            replace(LATCHED, reason="", scope=m.Scope.STRATEGY, id="s"),
            Step.HAND,
            "web:me pulled kill-1, a kill of strategy s: no reason given",
        ),
        (
            replace(owed(ExitReason.MANUAL), because="the news"),
            Step.RULE,
            "x:1 is owed: straddle out of call, because a person wanted it: the news",
        ),
        (
            owed(ExitReason.MANUAL),
            Step.RULE,
            "x:1 is owed: straddle out of call, because a person wanted it",
        ),
        (m.StrategyStopped("s", "me", NOW), Step.HAND, "me stopped s"),
        (m.StrategyStopped("s", "ordo", NOW, "a storm"), Step.HAND, "ordo stopped s: a storm"),
        (m.StrategyStarted("s", "me", NOW), Step.HAND, "me started s"),
        (m.StrategyDeclared("s", "{}", "me", NOW), Step.HAND, "me declared s"),
        (m.StrategyRemoved("s", "me", NOW), Step.HAND, "me removed s"),
        (
            intent(1, order_type=OrderType.STOP_LIMIT, trigger_e4=1_200_000),
            Step.INTENT,
            f"{ENTRY} is wanted: sell 75 {SYMBOL}, sl 118.60, triggered at 120.00",
        ),
        (
            intent(1, order_type=OrderType.MARKET, price_e4=0),
            Step.INTENT,
            f"{ENTRY} is wanted: sell 75 {SYMBOL}, market",
        ),
        (
            OrderRefused("a", Refusal.BAND, "too far", NOW),
            Step.REPLY,
            "the broker refused a, BAND: too far",
        ),
        (REFUSED, Step.REPLY, "the broker's book shows a REJECTED, MARGIN: no money"),
        (
            m.PositionChanged("s", "ce", SYMBOL, Side.SELL, 75, 75_000_000, 75, 75_750_000, NOW),
            Step.POSITION,
            "s ce holds nothing any more: bought 75 at 100.00, sold 75 at 101.00",
        ),
        (m.BasketEnded("b", "s", False, "too late", NOW), Step.END, "s is not in: too late"),
        (DeadLetter("watchdog", "Frame", "oh", NOW), Step.OTHER, "beside it: DeadLetter"),
    ],
)
def test_each_record_says_one_sentence(fact, step, sentence):
    assert sentence_of(fact) == (step, sentence)


@pytest.mark.parametrize("reason", ExitReason)
def test_every_reason_for_leaving_has_words(reason):
    _, sentence = sentence_of(m.ExitDecided("s", ("ce",), reason, 0, NOW))

    assert sentence.startswith("s leaves ce at 0.00: ")


@pytest.mark.parametrize("move", Move)
def test_every_move_of_a_level_has_words(move):
    assert sentence_of(LevelMoved("s", "", move, 0, 10_000, NOW))[1].endswith(" to 1.00")


@given(ANY_FACT)
def test_no_record_lacks_a_sentence(fact):
    assert sentence_of(fact)[1]


@pytest.mark.parametrize(
    ("frame_ns", "by_frame", "sentence"),
    [
        (0, True, "told by the clock or from outside, before any frame"),
        (NOW, True, "the frame of 09:20:51.000 came in"),
        (
            NOW,
            False,
            "told by the clock or from outside; the newest prices were those of 09:20:51.000",
        ),
    ],
)
def test_what_brought_a_decision_is_told_by_its_instant(frame_ns, by_frame, sentence):
    assert frame_sentence(frame_ns, by_frame=by_frame) == sentence
