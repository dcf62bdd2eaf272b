from __future__ import annotations

import json
import os

import pytest

from daemon.cli import look
from daemon.domain.risk.guard import Unguarded
from tests.kit.commands import told

SNAPSHOT = "/api/portfolio/snapshot"
AT = "2026-11-23T09:20:31.5+05:30"
CE, PE = "NIFTY-2026-11-23-24550-CE", "NIFTY-2026-11-23-24550-PE"


def leg(name: str, symbol: str, **other: object) -> dict[str, object]:
    return {
        "leg_id": name,
        "symbol": symbol,
        "side": "sell",
        "quantity": -75,
        "entry": 118.6,
        "ltp": 112.35,
        "age_ms": 400,
        "pnl": 468.75,
        "stop": 154.2,
        "target": None,
        "guarded": True,
        "unguarded_because": [],
        **other,
    }


def held(
    name: str, quantity: int, strategy: str = "straddle", product: str = "intraday"
) -> dict[str, object]:
    return {
        "account": "paper",
        "strategy_id": strategy,
        "leg_id": name,
        "symbol": CE,
        "product": product,
        "quantity": quantity,
        "average_price": 118.6,
    }


def strategy(name: str, *legs: object, **other: object) -> dict[str, object]:
    return {
        "strategy_id": name,
        "account": "paper",
        "status": "open",
        "pnl": 1_468.75,
        "today": 968.75,
        "realised": 1_000.0,
        "unrealised": 468.75,
        "charges": 35.5,
        "risk": {"status": "LOCKED", "current_sl": 750.0},
        "legs": list(legs),
        **other,
    }


def snapshot(*strategies: object, positions: object = ()) -> dict[str, object]:
    return {
        "at": AT,
        "link_alive": True,
        "positions": list(positions),
        "accounts": [],
        "strategies": list(strategies),
        "unread": [],
    }


WHOLE = snapshot(
    strategy("straddle", leg("ce", CE), leg("pe", PE, age_ms=None, ltp=None)),
    positions=[held("ce", -75), held("pe", -75)],
)
STATUS = {
    "mode": "paper",
    "state": "halted",
    "market_time": AT,
    "latches": [
        {
            "latch_id": "kill-1f",
            "kind": "kill",
            "scope": "strategy",
            "id": "straddle",
            "reason": "too \x1b[2Jwild",
            "by": "page",
            "at": AT,
        }
    ],
    "accounts": [
        {
            "account": "paper",
            "broker": "paper",
            "reconciled": True,
            "paused": "",
            "differing": ["NIFTY", "SENSEX"],
            "exits_owed": [],
            "working": 2,
        }
    ],
    "strategies": [
        {"strategy_id": "straddle", "account": "paper", "taking": False, "status": "waits"}
    ],
    "sessions": [{"account": "paper", "broker": "paper", "reconciled": True}],
    "unread": [],
}
ORDERS = {
    "unread": [],
    "orders": [
        {
            "order_id": "OR01",
            "account": "paper",
            "strategy_id": "straddle",
            "leg_id": "ce",
            "symbol": CE,
            "product": "carry",
            "side": "sell",
            "quantity": 75,
            "filled_quantity": 75,
            "average_price": 118.6,
            "order_type": "limit",
            "price": 117.5,
            "trigger_price": None,
            "purpose": "entry",
            "state": "FILLED",
            "reason": "",
            "at": AT,
        }
    ],
}
DOCUMENTS = {"status": STATUS, "orders": ORDERS, "positions": WHOLE, "pnl": WHOLE}


def serve(fake, document: object = WHOLE) -> bytes:
    return fake.tells(SNAPSHOT, document)


@pytest.mark.parametrize("command", DOCUMENTS)
def test_the_document_is_the_daemons_own_byte_for_byte(fake, command):
    body = b" " + json.dumps(DOCUMENTS[command], indent=1).encode()
    for path in ("/api/status", "/api/orders", SNAPSHOT):
        fake.tells(path, body)
    done = told(command, "--json")

    assert (done.code, done.out.encode(), done.err) == (0, body + b"\n", "")
    assert len(fake.asked) == 1


def test_the_status_is_told_with_its_latches_accounts_and_strategies(fake):
    fake.tells("/api/status", STATUS)
    done = told("status")

    assert done.code == 0
    assert done.out.splitlines() == [
        f"PAPER, halted, market time {AT}",
        "",
        "latch    kind  scope     id        since     by    reason",
        "kill-1f  kill  strategy  straddle  09:20:31  page  too ?[2Jwild",
        "",
        "release one with `ordo rearm LATCH`",
        "",
        "account  broker  reconciled  paused  working  exits owed  books differ in",
        "paper    paper   yes         -             2  -           NIFTY, SENSEX",
        "",
        "strategy  account  started  takes entries  status",
        "straddle  paper    no       no: halted     waits",
    ]


LATCH = STATUS["latches"][0]


@pytest.mark.parametrize(
    ("taking", "other", "takes"),
    [
        (True, {}, "yes"),
        (False, {}, "no: stopped"),
        (True, {"state": "reduce_only"}, "no: reduce only"),
        (True, {"accounts": [{**STATUS["accounts"][0], "paused": "books differ"}]}, "no: paused"),
        (True, {"accounts": [{"account": "other", "paused": "books differ"}]}, "yes"),
        (True, {"latches": [LATCH]}, "no: halted"),
        (True, {"latches": [{**LATCH, "kind": "pause"}]}, "no: paused"),
        (True, {"latches": [{**LATCH, "kind": "pause"}, LATCH]}, "no: halted"),
        (True, {"latches": [{**LATCH, "scope": "all", "id": ""}]}, "no: halted"),
        (True, {"latches": [{**LATCH, "scope": "account", "id": "paper"}]}, "no: halted"),
        (True, {"latches": [{**LATCH, "id": "strangle"}]}, "yes"),
        (True, {"latches": [{**LATCH, "scope": "account", "id": "straddle"}]}, "yes"),
    ],
)
def test_a_strategy_that_was_started_takes_no_entries_where_something_keeps_it(
    taking, other, takes, fake
):
    """Its own setting stays in sight: it is what counts again after a release."""
    one = {**STATUS["strategies"][0], "taking": taking}
    running = {**STATUS, "state": "running", "latches": [], "strategies": [one]}
    fake.tells("/api/status", running | other)
    head, row = told("status").out.splitlines()[-2:]
    at = head.index("started")

    assert row[at:].split(maxsplit=1)[0] == ("yes" if taking else "no")
    assert row[head.index("takes entries") : head.index("status")].strip() == takes


def test_the_instant_of_a_latch_that_nobody_knows_is_told_so(fake):
    fake.tells("/api/status", {**STATUS, "latches": [{**LATCH, "at": None}]})
    head, line = told("status").out.splitlines()[2:4]

    assert line[head.index("since") :].split()[0] == "unknown"


def test_a_status_without_latches_shows_none(fake):
    fake.tells("/api/status", {**STATUS, "state": "running", "latches": []})

    assert "rearm" not in told("status").out


def test_positions_are_a_line_for_each_open_leg(fake):
    watched = strategy("straddle", leg("ce", CE), leg("pe", PE, quantity=0))
    serve(fake, snapshot(watched, positions=[held("ce", -75, product="carry")]))
    head, line = told("positions").out.splitlines()

    assert head.split() == [
        *("strategy", "leg", "symbol", "product", "side", "units", "entry", "last", "age"),
        *("P&L", "stop", "target", "guarded"),
    ]
    assert line.startswith(
        f"straddle  ce   {CE}  carry    sell    -75  118.60  112.35  400 ms  468.75  "
    )
    assert line.endswith("  154.20       -  yes")


def test_what_nobody_watches_is_among_the_positions(fake):
    serve(fake, snapshot(positions=[held("", -75, "by-hand"), held("gone", 0)]))
    done = told("positions")

    assert len(done.out.splitlines()) == 2
    assert done.out.splitlines()[1].split() == [
        *("by-hand", "-", CE, "intraday", "-", "-75", "118.60", "-", "-", "-", "-", "-", "no"),
    ]


@pytest.mark.parametrize("command", ["positions", "guard"])
def test_where_nothing_is_held_that_is_said(fake, command):
    serve(fake, snapshot(strategy("straddle", leg("ce", CE, quantity=0))))
    done = told(command)

    assert (done.code, done.out) == (0, "nothing is held\n")


def test_orders_are_a_line_each(fake):
    fake.tells("/api/orders", ORDERS)
    line = told("orders").out.splitlines()[1]

    assert line.split() == [
        *("09:20:31", "OR01", "paper", "straddle", "ce", "entry", "sell", "75", CE),
        *("carry", "limit"),
        *("117.50", "-", "FILLED", "75", "118.60", "-"),
    ]


def test_a_stop_that_rests_is_told_apart_from_a_limit(fake):
    """What it is for, its type, and what wakes it."""
    resident = {"purpose": "resident_stop", "order_type": "sl", "trigger_price": 119.95}
    fake.tells("/api/orders", {**ORDERS, "orders": [{**ORDERS["orders"][0], **resident}]})
    head, line = told("orders").out.splitlines()

    assert line[head.index("purpose") : head.index("side")].strip() == "resident stop"
    assert line[head.index("type") :].split()[:3] == ["sl", "117.50", "119.95"]


def test_where_there_are_no_orders_that_is_said(fake):
    fake.tells("/api/orders", {**ORDERS, "orders": []})

    assert told("orders").out == "no orders\n"


def test_profit_is_a_line_for_each_strategy_and_one_for_all(fake):
    serve(fake, snapshot(strategy("a"), strategy("b", pnl=-2_000.0, today=None, charges=None)))
    last, held = ("status", "lock", "floor"), ("open", "LOCKED", "750.00")

    assert [line.split() for line in told("pnl").out.splitlines()] == [
        ["at", "strategy", "P&L", "today", "realised", "unrealised", "charges", *last],
        ["09:20:31", "a", "1,468.75", "968.75", "1,000.00", "468.75", "35.50", *held],
        ["09:20:31", "b", "-2,000.00", "-", "1,000.00", "468.75", "-", *held],
        ["09:20:31", "all", "-531.25", "-", "2,000.00", "937.50", "-", "-", "-", "-"],
    ]


def test_a_sum_is_that_of_the_amounts_as_they_are_written(fake):
    """As binary numbers these two are a little more, and would be a paisa more on two decimals."""
    serve(fake, snapshot(strategy("a", pnl=0.125), strategy("b", pnl=0.16)))

    assert told("pnl").out.splitlines()[-1].split()[2] == "0.28"


def test_money_and_what_is_simulated_have_a_sum_each(fake):
    live = [strategy(name, mode="live") for name in "ab"]
    paper = [strategy(name, mode="paper", pnl=20_000.0) for name in "cd"]
    serve(fake, {**snapshot(*live, *paper), "mode": "live"})
    rows = [line.split() for line in told("pnl").out.splitlines()]

    assert [(mode, pnl) for mode, _, name, pnl, *_ in rows if name == "all"] == [
        ("LIVE", "2,937.50"),
        ("PAPER", "40,000.00"),
    ]


def test_the_profit_of_one_strategy_needs_no_sum(fake):
    serve(fake, snapshot(strategy("a", risk=None)))

    assert len(told("pnl").out.splitlines()) == 2


@pytest.mark.parametrize("command", [("positions",), ("pnl",), ("pnl", "--follow")])
@pytest.mark.parametrize("terminal", [False, True])
def test_prices_of_a_dead_link_are_told_to_be_stale(fake, monkeypatch, command, terminal):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(look.time, "sleep", interrupt)
    stale = "the feed's link is dead: these prices are stale"
    serve(fake, WHOLE)
    assert stale not in told(*command, terminal=terminal).out

    serve(fake, {**WHOLE, "link_alive": False})
    assert told(*command, terminal=terminal).out.splitlines()[-1] == stale


def test_a_profit_that_nobody_knows_is_told_with_what_has_no_price(fake):
    unknown = {"pnl": None, "today": None, "unrealised": None}
    bare = leg("ce", CE, ltp=None, age_ms=None, pnl=None)
    serve(fake, snapshot(strategy("a"), strategy("b", bare, leg("pe", PE), **unknown, mode="live")))

    lines = told("pnl").out.splitlines()
    assert lines[2].split()[:7] == ["LIVE", "09:20:31", "b", "-", "-", "1,000.00", "-"]
    assert lines[-1] == f"LIVE  b: no price of {CE} has come, so nobody knows its profit"


def test_no_strategy_has_no_profit(fake):
    serve(fake, snapshot())

    assert told("pnl").out.splitlines()[1].split()[1:4] == ["all", "0.00", "0.00"]


@pytest.fixture
def thrice(fake, monkeypatch):
    """Serve a profit that rises, and be interrupted after three looks."""
    told_so_far = []

    def rising():
        told_so_far.append(None)
        rising_pnl = snapshot(strategy("a", pnl=float(len(told_so_far))))
        return 200, "application/json", json.dumps(rising_pnl).encode()

    def wait(seconds):
        assert seconds == 1
        if len(told_so_far) == 3:
            raise KeyboardInterrupt

    fake.replies["GET", SNAPSHOT] = rising
    monkeypatch.setattr(look.time, "sleep", wait)


def test_following_appends_in_a_pipe_under_one_head(thrice):
    done = told("pnl", "--follow")
    lines = done.out.splitlines()

    assert (done.code, done.err.strip(), len(lines)) == (130, "", 4)
    assert [line.split()[2] for line in lines] == ["P&L", "1.00", "2.00", "3.00"]
    assert "\x1b" not in done.out


def test_following_as_documents_is_one_on_each_line(thrice):
    done = told("pnl", "--follow", "--json")

    assert done.code == 130
    assert [json.loads(line)["strategies"][0]["pnl"] for line in done.out.splitlines()] == [1, 2, 3]


def test_following_rewrites_its_lines_on_a_terminal(thrice):
    done = told("pnl", "--follow", terminal=True)
    first, *rest = done.out.split("\x1b[2F\x1b[J")

    assert done.code == 130
    assert [part.splitlines()[1].split()[2] for part in (first, *rest)] == ["1.00", "2.00", "3.00"]


def test_a_narrow_terminal_cuts_lines_rather_than_wrapping_them(thrice, monkeypatch):
    monkeypatch.setattr(look.shutil, "get_terminal_size", lambda: os.terminal_size((20, 2)))
    done = told("pnl", "--follow", terminal=True)

    assert done.out.split("\x1b[1F\x1b[J")[0] == "at        strategy \n"


def test_following_ends_when_the_daemon_has_gone(fake, monkeypatch):
    serve(fake)
    monkeypatch.setattr(look.time, "sleep", lambda _: fake.replies.clear())
    done = told("pnl", "--follow")

    assert done.code == 1
    assert len(done.out.splitlines()) == 2


def test_guard_says_that_every_open_leg_is_guarded(fake):
    serve(fake)
    done = told("guard")

    assert done.code == 0
    assert done.out.splitlines() == [
        "strategy  leg  symbol                     units  guarded  because",
        f"straddle  ce   {CE}    -75  yes      -",
        f"straddle  pe   {PE}    -75  yes      -",
    ]


def test_guard_tells_of_the_stops_that_rest_at_the_broker(fake):
    stop = {"quantity": 75, "trigger_price": 119.95}
    positions = [{**held("ce", -75), "resident_stop": stop}, held("pe", -75)]
    serve(fake, snapshot(strategy("straddle", leg("ce", CE)), positions=positions))

    assert told("guard").out.splitlines()[-1] == (
        "straddle ce: a resident stop at 119.95 rests at the broker for 75 units"
    )


def test_where_there_are_several_accounts_a_resting_stop_names_its_own(fake):
    stop = {"quantity": 75, "trigger_price": 119.95}
    positions = [{**each, "resident_stop": stop} for each in TWO["positions"]]
    serve(fake, {**TWO, "positions": positions})
    rests = "ce: a resident stop at 119.95 rests at the broker for 75 units"

    assert told("guard").out.splitlines()[-2:] == [
        f"straddle@paper {rests}",
        f"straddle@beta {rests}",
    ]
    assert told("guard", "--account", "beta").out.splitlines()[-1] == f"straddle {rests}"


@pytest.mark.parametrize("reason", Unguarded)
def test_guard_tells_every_reason_in_words_and_fails(fake, reason):
    because = [reason.value, "a reason of a later version"]
    bare = leg("pe", PE, guarded=False, unguarded_because=because)
    serve(fake, snapshot(strategy("straddle", leg("ce", CE), bare)))
    done = told("guard")

    assert done.code == 1
    assert done.out.splitlines()[2].endswith(
        f"-75  no       {reason.sentence}; a reason of a later version"
    )


LATE = Unguarded.NOT_WATCHED.sentence
ASKED = "the link that brings its prices is dead; its quote is asked for once a second"


@pytest.mark.parametrize(
    ("age_ms", "more", "because"),
    [
        (900, [], f"{ASKED} and judged, the last 900 ms ago"),
        (3_000, [], f"{ASKED} and judged, the last 3.0 s ago"),
        (3_001, [], f"{ASKED}, and none that can be judged has come for 3.0 s"),
        (17_000, [], f"{ASKED}, and none that can be judged has come for 17.0 s"),
        (None, [], f"{ASKED}, and none has come"),
        (-1, [], f"{ASKED}, and none has come"),
        (
            900,
            ["not_watched"],
            f"{ASKED}, and none that can be judged has come for 900 ms; {LATE}",
        ),
    ],
)
def test_guard_says_how_a_leg_is_priced_whose_quote_is_asked_for(fake, age_ms, more, because):
    bare = {"guarded": False, "unguarded_because": ["link_dead", "no_price", *more]}
    dead = snapshot(strategy("straddle", leg("ce", CE, age_ms=age_ms, **bare)))
    serve(fake, {**dead, "link_alive": False, "quotes_asked": True})
    done = told("guard")

    assert done.code == 1
    assert done.out.splitlines()[1].endswith(f"  no       {because}")
    assert "; ".join(json.loads(told("guard", "--json").out)["legs"][0]["because"]) == because
    assert (
        told("positions")
        .out.splitlines()[-1]
        .startswith(
            "the feed's link is dead: the quotes of what is held are asked for once a second"
        )
    )


@pytest.mark.parametrize(
    ("other", "because"),
    [
        ({"guarded": None}, "the daemon does not say whether it is guarded"),
        ({"guarded": "yes"}, "the daemon does not say whether it is guarded"),
        ({"quantity": None}, None),
    ],
)
def test_what_is_not_said_is_not_taken_for_guarded(fake, other, because):
    serve(fake, snapshot(strategy("straddle", leg("ce", CE, **other))))
    done = told("guard", "--json")
    (shown,) = json.loads(done.out)["legs"]

    assert done.code == (1 if because else 0)
    assert shown["because"] == ([because] if because else [])


def test_a_holding_that_nobody_watches_is_not_guarded(fake):
    serve(fake, snapshot(strategy("straddle", leg("ce", CE)), positions=[held("by-hand", 75)]))
    done = told("guard")

    assert done.code == 1
    assert "no stop of its own and none of its strategy holds it" in done.out


def test_the_document_of_guard_has_these_names(fake):
    serve(fake, {**snapshot(strategy("straddle", leg("ce", CE))), "mode": "paper"})
    document = json.loads(told("guard", "--json").out)

    assert set(document) == {"mode", "at", "guarded", "legs", "unread"}
    assert document["mode"] == "paper"
    assert (document["at"], document["guarded"]) == (AT, True)
    assert document["legs"][0] == {
        "strategy_id": "straddle",
        "account": "paper",
        "mode": None,
        "leg_id": "ce",
        "symbol": CE,
        "quantity": -75,
        "guarded": True,
        "because": [],
    }


@pytest.mark.parametrize("lack", ["strategies", "positions", "legs", "unread"])
@pytest.mark.parametrize("instead", [None, {}, "none", ["x"]])
def test_a_document_that_does_not_say_what_is_held_is_never_taken_for_nothing(fake, lack, instead):
    document = json.loads(json.dumps(WHOLE))
    (document if lack != "legs" else document["strategies"][0])[lack] = instead
    serve(fake, document)

    for command in ("guard", "positions"):
        done = told(command)
        assert done.code == 1
        assert done.err.startswith(f"ordo: the answer does not tell the {lack}; is the daemon of")


UNREAD = {
    "account": "zed",
    "session": "NEEDS_LOGIN",
    "text": "the broker's book of zed has not been read yet: `ordo login zed`",
    "mode": "live",
}
SAID = f"LIVE  {UNREAD['text']}"
ACCOUNTS = [{"id": "zed", "mode": "live"}, {"id": "shadow", "mode": "paper"}]
BEFORE = {**snapshot(), "accounts": ACCOUNTS, "unread": [UNREAD], "mode": "live"}
"""A snapshot from before a log-in."""


@pytest.mark.parametrize("command", ["positions", "guard"])
def test_what_was_never_read_is_never_told_as_nothing_held(fake, command):
    serve(fake, BEFORE)
    done = told(command)

    assert done.code == 1
    assert done.out.splitlines() == ["PAPER  nothing is held in shadow", SAID]


@pytest.mark.parametrize("command", ["positions", "guard", "pnl"])
def test_what_is_recorded_of_an_account_is_shown_with_that_its_book_was_not_read(fake, command):
    serve(fake, {**WHOLE, "accounts": ACCOUNTS[:1], "unread": [UNREAD]})
    done = told(command)

    assert done.code == (0 if command == "pnl" else 1)
    assert len(done.out.splitlines()) >= 3
    assert done.out.splitlines()[-1] == SAID


@pytest.mark.parametrize("options", [("--account", "zed"), ()])
def test_nothing_is_said_to_be_held_where_no_book_was_read(fake, options):
    serve(fake, {**BEFORE, "accounts": ACCOUNTS[:1]})

    assert told("positions", *options).out.splitlines() == [SAID]


@pytest.mark.parametrize("command", ["positions", "guard"])
def test_an_account_whose_book_was_read_is_told_by_its_own_word(fake, command):
    serve(fake, BEFORE)
    done = told(command, "--account", "shadow")

    assert (done.code, done.out) == (0, "PAPER  nothing is held\n")


def test_a_program_reads_which_books_were_not_read(fake):
    body = serve(fake, BEFORE)
    positions, guard = told("positions", "--json"), told("guard", "--json")

    assert (positions.code, positions.out.encode()) == (1, body + b"\n")
    assert (guard.code, json.loads(guard.out)["guarded"]) == (1, False)
    assert json.loads(guard.out)["unread"] == [UNREAD]


SIGHTLESS = {
    "account": "prices",
    "session": "NEEDS_USER_STEP",
    "text": "no prices come through prices: `ordo login prices`",
    "mode": "paper",
}
ON_PAPER = [{"id": "paper", "mode": "paper"}]


@pytest.mark.parametrize("options", [(), ("--account", "paper")])
@pytest.mark.parametrize("command", ["positions", "guard"])
def test_without_a_log_in_for_prices_what_is_held_is_not_guarded_and_where_nothing_is_all_is_well(
    fake, command, options
):
    """It is told in either case."""
    said = f"PAPER  {SIGHTLESS['text']}"
    serve(fake, {**snapshot(), "accounts": ON_PAPER, "unread": [SIGHTLESS], "mode": "paper"})
    flat = told(command, *options)
    serve(fake, {**WHOLE, "accounts": ON_PAPER, "unread": [SIGHTLESS], "mode": "paper"})
    holding = told(command, *options)

    assert (flat.code, flat.out.splitlines()) == (0, ["PAPER  nothing is held", said])
    assert (holding.code, holding.out.splitlines()[-1]) == (1, said)


def test_orders_of_a_book_that_was_not_read_are_told_as_our_own_record(fake):
    body = fake.tells("/api/orders", {"orders": [], "unread": [UNREAD], "mode": "live"})
    people, programs = told("orders"), told("orders", "--json")

    assert (people.code, people.out.splitlines()) == (
        1,
        ["LIVE  no orders in our own record", SAID],
    )
    assert (programs.code, programs.out.encode()) == (1, body + b"\n")


def test_orders_of_our_own_record_are_shown_where_the_book_was_not_read(fake):
    fake.tells("/api/orders", {**ORDERS, "unread": [UNREAD]})
    done = told("orders")

    assert (done.code, len(done.out.splitlines())) == (1, 3)
    assert done.out.splitlines()[-1] == SAID


ARM = {"day": "2026-11-23", "by": "ann", "reason": "one lot", "at": AT}
ZED = {**STATUS["accounts"][0], "account": "zed", "broker": "zerodha", "mode": "live"}


@pytest.mark.parametrize(
    ("account", "line", "takes"),
    [
        (
            {**ZED, "armed": ARM},
            "LIVE  zed is armed until 2026-11-23 ends, by ann at 09:20:31: one lot",
            "yes",
        ),
        (
            {**ZED, "armed": {**ARM, "reason": ""}},
            "LIVE  zed is armed until 2026-11-23 ends, by ann at 09:20:31",
            "yes",
        ),
        (
            {**ZED, "armed": None},
            "LIVE  zed is not armed: no entry leaves; arm it for today with `ordo arm zed`",
            "no: not armed",
        ),
        (
            {**ZED, "armed": None, "reconciled": False},
            "LIVE  zed is not armed: no entry leaves; arm it for today with `ordo arm zed`",
            "no: book not read",
        ),
        (
            ZED,
            "LIVE  the daemon does not say whether zed is armed; is it of another version?",
            "yes",
        ),
    ],
)
def test_the_status_says_of_a_live_account_whether_it_is_armed_and_until_when(
    fake, account, line, takes
):
    one = {"strategy_id": "straddle", "account": "zed", "taking": True, "status": "waits"}
    other = {"accounts": [account], "strategies": [one], "latches": [], "state": "running"}
    fake.tells("/api/status", {**STATUS, **other})
    lines = told("status").out.splitlines()
    head, row = lines[-2:]

    assert line in lines
    assert row[head.index("takes entries") : head.index("status")].strip() == takes


def test_the_status_says_nothing_of_arms_where_an_account_is_on_paper(fake):
    paper = {**STATUS["accounts"][0], "mode": "paper", "armed": None}
    fake.tells("/api/status", {**STATUS, "accounts": [paper]})

    assert "armed" not in told("status").out


def test_the_status_says_what_to_do_where_a_book_was_not_read(fake):
    fake.tells("/api/status", {**STATUS, "unread": [UNREAD]})
    lines = told("status").out.splitlines()

    assert lines[lines.index(SAID) - 1] == ""
    assert lines[lines.index(SAID) - 2].startswith("paper    paper   yes")


def test_a_daemon_of_an_earlier_version_still_tells_its_status_and_profit(fake):
    fake.tells("/api/status", {key: STATUS[key] for key in STATUS if key != "unread"})
    serve(fake, {key: WHOLE[key] for key in WHOLE if key != "unread"})

    assert (told("status").code, told("pnl").code, told("positions").code) == (0, 0, 1)


def test_a_terminal_sees_the_head_in_bold_unless_nobody_wants_colour(fake, monkeypatch):
    serve(fake)
    assert told("pnl", terminal=True).out.startswith("\x1b[1mat")

    monkeypatch.setenv("NO_COLOR", "1")
    assert told("pnl", terminal=True).out.startswith("at")


TWO = {
    **snapshot(
        strategy("straddle", leg("ce", CE)),
        strategy("straddle", leg("ce", CE, guarded=False), account="beta"),
        positions=[held("ce", -75), {**held("ce", -75), "account": "beta"}],
    ),
    "accounts": [{"id": "paper"}, {"id": "beta"}],
}


def test_where_there_are_several_accounts_the_tables_name_them(fake):
    serve(fake, TWO)

    assert [line.split()[:2] for line in told("positions").out.splitlines()] == [
        ["account", "strategy"],
        ["paper", "straddle"],
        ["beta", "straddle"],
    ]
    assert [line.split()[0] for line in told("guard").out.splitlines()[1:]] == ["paper", "beta"]
    assert [line.split()[1] for line in told("pnl").out.splitlines()[1:]] == [
        *("straddle@paper", "straddle@beta", "all"),
    ]


def test_one_account_alone_is_told_where_it_is_named(fake):
    serve(fake, TWO)
    document = json.loads(told("positions", "--account", "beta", "--json").out)

    assert [each["account"] for each in document["positions"]] == ["beta"]
    assert [each["account"] for each in document["strategies"]] == ["beta"]
    assert told("guard", "--account", "paper").code == 0
    assert told("guard", "--account", "beta").code == 1


def test_an_account_that_is_not_there_is_refused(fake):
    serve(fake, TWO)
    done = told("pnl", "--account", "gamma")

    assert (done.code, done.err) == (1, "ordo: no account gamma; there are: paper, beta\n")


def test_orders_of_one_account_are_asked_for_by_its_name(fake):
    fake.tells("/api/orders?account=beta", {**ORDERS, "orders": []})

    assert told("orders", "--account", "beta").out == "no orders\n"


def test_what_is_not_ours_tells_how_it_is_given_a_stop(fake):
    bare = leg(CE, CE, guarded=False, unguarded_because=["no_rule"])
    serve(fake, snapshot(strategy("external", bare)))
    done = told("guard")

    assert done.code == 1
    assert "not ours: no stop; `ordo adjust external@paper --leg" in done.out


def test_a_table_says_of_each_row_whose_money_it_is(fake):
    both = zip(TWO["strategies"], ("live", "paper"), strict=False)
    serve(fake, {**TWO, "strategies": [{**each, "mode": mode} for each, mode in both]})

    for command in ("positions", "pnl", "guard"):
        head, *rows = told(command).out.splitlines()
        assert head.split()[0] == "mode"
        assert [row.split()[0] for row in rows[:2]] == ["LIVE", "PAPER"]


@pytest.mark.parametrize(
    ("opted", "account", "takes"),
    [
        ({"live": False}, {**ZED, "armed": None}, "no: live = false"),
        ({"live": True}, {**ZED, "armed": None}, "no: not armed"),
        ({"live": False}, {"account": "zed", "mode": "paper"}, "yes"),
        ({}, ZED, "yes"),
    ],
)
def test_a_strategy_that_did_not_opt_in_takes_no_entries_at_a_live_broker(
    fake, opted, account, takes
):
    """Armed or not: to arm the account would change nothing for it."""
    one = {"strategy_id": "straddle", "account": "zed", "taking": True, "status": "waits"}
    other = {"accounts": [account], "strategies": [one | opted], "latches": [], "state": "running"}
    fake.tells("/api/status", {**STATUS, **other})
    head, row = told("status").out.splitlines()[-2:]

    assert row[head.index("takes entries") : head.index("status")].strip() == takes
