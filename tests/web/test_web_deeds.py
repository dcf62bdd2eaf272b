"""Deeds: hands on strategies, and the brakes, each told to its owner."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.control import Names
from daemon.domain.instants import day_of
from daemon.messages import (
    AcknowledgeAlert,
    AdjustByHand,
    CancelAll,
    Declined,
    Done,
    ExitByHand,
    LatchKind,
    PullLatch,
    ReleaseLatch,
    Scope,
    SeeAccount,
    SeeStrategy,
    StrategySeen,
    TakeEntries,
    TakeNoEntries,
)
from daemon.messages.arming import AccountArmed, SeeSession
from daemon.messages.modes import Modes
from daemon.storage import arms
from tests.kit.control_port import MARKET_NS, open_port
from tests.kit.seen import ACCOUNT, ANSWERS

STRATEGY = "/api/strategies/straddle"
WHY = {"reason": "a test"}


def done(_: object) -> Done:
    return Done("it is so")


@pytest.mark.parametrize(
    ("path", "body", "to", "about"),
    [
        ("/start", {}, "runner:straddle", TakeEntries("operator")),
        ("/stop", {}, "runner:straddle", TakeNoEntries("operator")),
        ("/exit", {}, "router:paper", ExitByHand("straddle", "", 0, "operator")),
        (
            "/exit",
            {"leg_id": "ce", "lots": 2},
            "router:paper",
            ExitByHand("straddle", "ce", 2, "operator"),
        ),
        (
            "/exit",
            {"reason": "the news"},
            "router:paper",
            ExitByHand("straddle", "", 0, "operator", "the news"),
        ),
        (
            "/adjust",
            {"leg_id": "ce", "stop": 140.05},
            "watchdog",
            AdjustByHand("straddle", "ce", 1_400_500, False, "operator"),
        ),
        (
            "/adjust",
            {"stop": 6000, "loosen": True},
            "watchdog",
            AdjustByHand("straddle", "", 60_000_000, True, "operator"),
        ),
    ],
)
async def test_a_hand_on_a_strategy_reaches_the_owner_of_that_truth(
    tmp_path, path, body, to, about
):
    async with open_port(tmp_path, {**ANSWERS, type(about): done}) as port:
        status, told, _ = await port.ask("POST", STRATEGY + path, json=body)

    assert (status, told) == (200, {"ok": True, "text": "it is so", "mode": "paper"})
    assert port.actors.asked[0] == (to, about)
    assert {type(each) for _, each in port.actors.asked[1:]} <= {SeeAccount}


@pytest.mark.parametrize("path", ["/start", "/stop", "/exit", "/kill"])
async def test_an_unknown_strategy_is_not_found(tmp_path, path):
    async with open_port(tmp_path) as port:
        body = WHY if path == "/kill" else {}
        status, told, _ = await port.ask("POST", f"/api/strategies/none{path}", json=body)

    assert (status, told["code"]) == (404, "unknown_strategy")
    assert kill.standing(tmp_path) == ()


async def test_a_stop_finer_than_money_is_refused(tmp_path):
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask("POST", f"{STRATEGY}/adjust", json={"stop": 1.00001})

    assert (status, told["code"]) == (422, "invalid")


async def test_what_the_owner_declines_is_refused_in_its_words(tmp_path):
    declined = {AdjustByHand: lambda _: Declined("loosens", "say that it may loosen")}
    async with open_port(tmp_path, declined) as port:
        status, told, _ = await port.ask("POST", f"{STRATEGY}/adjust", json={"stop": 5})

    assert (status, told["code"], told["detail"]) == (409, "loosens", "say that it may loosen")


@pytest.mark.parametrize(
    ("path", "body", "scope", "name", "routers"),
    [
        ("/api/kill", {"scope": "all"}, Scope.ALL, "", 2),
        ("/api/admin/kill-switch", {"scope": "all"}, Scope.ALL, "", 2),
        ("/api/kill", {"scope": "account", "id": "second"}, Scope.ACCOUNT, "second", 1),
        ("/api/kill", {"scope": "strategy", "id": "straddle"}, Scope.STRATEGY, "straddle", 1),
        (f"{STRATEGY}/kill", {}, Scope.STRATEGY, "straddle", 1),
        ("/api/pause", {"scope": "all"}, Scope.ALL, "", 2),
    ],
)
async def test_a_latch_stands_before_its_id_is_told(tmp_path, path, body, scope, name, routers):
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask("POST", path, json={**body, **WHY})

    pause = path == "/api/pause"
    (latch,) = kill.standing(tmp_path)
    named = "latch_id" if pause else "kill_id"
    assert status == (200 if pause else 202)
    assert told == {named: latch.latch_id, "mode": "paper"}
    assert (latch.kind, latch.scope, latch.id) == ("pause" if pause else "kill", scope, name)
    assert (latch.reason, latch.by, latch.at_ns) == ("a test", "operator", MARKET_NS)
    pulled = port.actors.told(PullLatch)
    assert [each.latched.kind for each in pulled] == [LatchKind(latch.kind)] * routers


async def test_a_kill_whose_latch_the_disk_refuses_is_told_to_the_actors_all_the_same(tmp_path):
    (tmp_path / "killed").write_text("in the way")
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask("POST", "/api/kill", json={"scope": "all", **WHY})

    assert (status, told["code"], told["severity"]) == (503, "latch_unwritten", "critical")
    assert len(port.actors.told(PullLatch)) == 2


async def test_a_kill_that_is_pulled_again_while_the_disk_refuses_it_is_the_same_latch(tmp_path):
    """One release ends it, and its file is written as soon as there is room; then it is another."""
    (tmp_path / "killed").write_text("in the way")
    body = {"scope": "all", **WHY}
    async with open_port(tmp_path, {ReleaseLatch: done}) as port:
        for _ in range(2):
            await port.ask("POST", "/api/kill", json=body)
        ids = {each.latched.latch_id for each in port.actors.told(PullLatch)}
        (tmp_path / "killed").unlink()
        status, told, _ = await port.ask("POST", "/api/kill", json=body)
        (standing,) = kill.standing(tmp_path)
        await port.ask("POST", "/api/rearm", json={"kill_id": told["kill_id"]})
        _, another, _ = await port.ask("POST", "/api/kill", json=body)

    assert (status, ids) == (202, {told["kill_id"]})
    assert standing.latch_id == told["kill_id"]
    assert another["kill_id"] != told["kill_id"]


async def test_a_latch_that_was_released_in_the_record_alone_is_not_pulled_again(tmp_path):
    (tmp_path / "killed").write_text("in the way")
    body = {"scope": "all", **WHY}
    async with open_port(tmp_path, {ReleaseLatch: done}) as port:
        await port.ask("POST", "/api/kill", json=body)
        first = port.actors.told(PullLatch)[0].latched
        seen = replace(ACCOUNT, latches=(first,))
        port.actors.answers[SeeAccount] = lambda _: seen
        (tmp_path / "killed").unlink()
        released, _, _ = await port.ask("POST", "/api/rearm", json={"kill_id": first.latch_id})
        await port.ask("POST", "/api/kill", json=body)

    assert released == 200
    assert len(port.actors.told(PullLatch)) == 4
    assert port.actors.told(PullLatch)[-1].latched.latch_id != first.latch_id


async def test_every_working_order_of_a_scope_is_taken_back(tmp_path):
    async with open_port(tmp_path, {CancelAll: done}) as port:
        body = {"scope": "account", "id": "second"}
        status, _, _ = await port.ask("POST", "/api/cancel-all", json=body)

    assert status == 200
    assert port.actors.asked == [("router:second", CancelAll(Scope.ACCOUNT, "second", "operator"))]


async def test_why_orders_are_taken_back_is_recorded_with_who_wants_it(tmp_path):
    async with open_port(tmp_path, {CancelAll: done}) as port:
        await port.ask("POST", "/api/cancel-all", json={"scope": "all", "reason": "a test"})

    wanted = CancelAll(Scope.ALL, "", "operator (a test)")
    assert ("router:second", wanted) in port.actors.asked


async def test_a_latch_is_released_by_its_id_by_an_administrator(tmp_path):
    async with open_port(tmp_path, {ReleaseLatch: done}) as port:
        _, killed, _ = await port.ask("POST", "/api/kill", json={"scope": "all", **WHY})
        trader, _, _ = await port.ask(
            "POST", "/api/rearm", json=killed, headers=port.token("trader")
        )
        standing = len(kill.standing(tmp_path))
        status, _, _ = await port.ask("POST", "/api/rearm", json=killed)
        again, told, _ = await port.ask("POST", "/api/rearm", json=killed)

    assert (trader, standing, status) == (403, 1, 200)
    assert (again, told["code"]) == (404, "unknown_latch")
    assert kill.standing(tmp_path) == ()


def everywhere(port, **watchdogs) -> None:
    """Let the straddle trade in both accounts."""
    line = port.actors.line
    names, traded = line.names, {"straddle": ("paper", "second")}
    line.names = Names(names.state_dir, names.routers, names.strategies, traded, watchdogs)


def saying(**answers):
    """Answer an exit in turn, by account: paper first, then the second."""
    told = iter(answers.values())
    return {ExitByHand: lambda _: next(told)}


NOTHING = Declined("nothing_held", "straddle holds nothing in any leg")
UNKNOWN = Declined("unknown_leg", "straddle has no leg ce; it holds nothing")


@pytest.mark.parametrize(
    ("paper", "second", "status", "ok"),
    [
        (Done("leaving ce"), Done("leaving ce"), 200, True),
        (Done("leaving ce"), NOTHING, 200, True),
        (Done("leaving ce"), UNKNOWN, 200, True),
        (Done("leaving ce"), Declined("leaving", "wait"), 207, False),
    ],
    ids=["alike", "one holds nothing", "one never had that leg", "one refuses"],
)
async def test_a_hand_on_a_strategy_reaches_all_its_accounts_and_each_answers(
    tmp_path, paper, second, status, ok
):
    async with open_port(tmp_path, saying(paper=paper, second=second)) as port:
        everywhere(port)
        code, told, _ = await port.ask("POST", f"{STRATEGY}/exit", json={})

    assert [to for to, _ in port.actors.asked] == ["router:paper", "router:second"]
    assert (code, told["ok"]) == (status, ok)
    assert [(each["account"], each["ok"]) for each in told["results"]] == [
        ("paper", True),
        ("second", ok),
    ]


@pytest.mark.parametrize(
    ("code", "status"), [("no_position", 200), ("unknown_leg", 200), ("exit_owed", 207)]
)
async def test_a_stop_that_one_account_has_moved_is_moved_though_nothing_is_open_in_another(
    tmp_path, code, status
):
    """The strategy has traded there before its accounts were changed."""
    told = iter((Done("the stop moved"), Declined(code, "nothing of straddle is open")))
    async with open_port(tmp_path, {AdjustByHand: lambda _: next(told)}) as port:
        everywhere(port, paper="watchdog", second="watchdog:second")
        said, told, _ = await port.ask("POST", f"{STRATEGY}/adjust", json={"stop": 1500})
    assert said == status
    assert [each["text"] for each in told["results"]] == [
        "the stop moved; that is of paper alone",
        "nothing of straddle is open",
    ]


OWED = (
    "the session of second is EXPIRED, and nothing leaves until `ordo login second`, or close at "
    "the broker's own page"
)


@pytest.mark.parametrize(
    ("session", "second", "status", "owed", "code", "text"),
    [
        ("READY", Done("leaving ce"), 200, None, "", "leaving ce"),
        ("EXPIRED", Done("leaving ce"), 200, OWED, "", f"leaving ce; it is owed: {OWED}"),
        (
            *("READY", Done("leaving ce", "it is shut"), 200, "it is shut", ""),
            "leaving ce; it is owed: it is shut",
        ),
        (
            *("EXPIRED", NOTHING, 207, None, "book_unread"),
            f"straddle holds nothing in any leg in our record; {OWED}",
        ),
        (
            *("EXPIRED", Declined("book_unread", "nobody knows"), 207, None, "book_unread"),
            f"nobody knows; {OWED}",
        ),
        (
            *("EXPIRED", UNKNOWN, 207, None, "book_unread"),
            f"straddle has no leg ce; it holds nothing in our record; {OWED}",
        ),
        ("EXPIRED", Declined("leaving", "wait"), 207, None, "leaving", "wait"),
    ],
)
async def test_an_exit_that_cannot_leave_its_account_says_that_it_is_owed_and_why(
    tmp_path, session, second, status, owed, code, text
):
    answers = {**saying(paper=Done("leaving ce"), second=second), SeeSession: lambda _: session}
    async with open_port(tmp_path, answers) as port:
        everywhere(port)
        port.actors.line.names.modes = Modes({"paper": "paper", "second": "live"})
        said, told, _ = await port.ask("POST", f"{STRATEGY}/exit", json={})

    in_second = told["results"][1]
    assert (said, in_second.get("owed"), in_second["code"]) == (status, owed, code)
    assert in_second["text"] == text
    assert told.get("owed") == (f"second: {owed}" if owed else None)


async def test_what_every_account_refuses_is_a_problem_that_names_them(tmp_path):
    async with open_port(tmp_path, saying(paper=NOTHING, second=NOTHING)) as port:
        everywhere(port)
        code, told, _ = await port.ask("POST", f"{STRATEGY}/exit", json={})

    assert (code, told["code"]) == (409, "nothing_held")
    assert told["detail"].startswith("paper: straddle holds nothing")
    assert [each["account"] for each in told["results"]] == ["paper", "second"]


async def test_what_the_accounts_refuse_for_different_reasons_is_told_of_each(tmp_path):
    leaving = Declined("leaving", "wait")
    async with open_port(tmp_path, saying(paper=NOTHING, second=leaving)) as port:
        everywhere(port)
        code, told, _ = await port.ask("POST", f"{STRATEGY}/exit", json={})

    assert (code, told["ok"]) == (207, False)
    assert [each["code"] for each in told["results"]] == ["nothing_held", "leaving"]


async def test_an_account_that_is_silent_holds_up_no_other(tmp_path, monkeypatch):
    """Its own time is all that is waited for, and the answer says which account it was."""
    monkeypatch.setattr("daemon.control.line._PATIENCE_S", 0.05)
    async with open_port(tmp_path, {ExitByHand: lambda _: Done("leaving ce")}) as port:
        everywhere(port)
        tell = port.actors.line.tell
        port.actors.line.tell = lambda to, message, lane: (
            None if to == "router:paper" else tell(to, message, lane)
        )
        code, told, _ = await port.ask("POST", f"{STRATEGY}/exit", json={})

    assert code == 207
    assert [(each["account"], each["code"]) for each in told["results"]] == [
        ("paper", "no_answer"),
        ("second", ""),
    ]


@pytest.mark.parametrize(
    ("name", "reached"),
    [
        ("straddle@second", ["router:second"]),
        ("straddle@paper", ["router:paper"]),
    ],
)
async def test_one_account_of_a_strategy_is_reached_by_its_name(tmp_path, name, reached):
    async with open_port(tmp_path, {ExitByHand: done}) as port:
        everywhere(port)
        code, _, _ = await port.ask("POST", f"/api/strategies/{name}/exit", json={})
        kill_code, _, _ = await port.ask("POST", f"/api/strategies/{name}/kill", json=WHY)

    asked = port.actors.asked
    assert (code, kill_code) == (200, 202)
    assert [to for to, about in asked if isinstance(about, ExitByHand)] == reached
    assert [about.strategy_id for about in port.actors.told(ExitByHand)] == ["straddle"]
    assert [to for to, about in asked if isinstance(about, PullLatch)] == reached
    assert [each.id for each in kill.standing(tmp_path)] == [name]


@pytest.mark.parametrize(
    ("name", "verb", "code"),
    [("straddle@third", "exit", "unknown_account"), ("straddle@second", "stop", "one_account")],
)
async def test_what_cannot_be_done_in_one_account_is_refused_by_name(tmp_path, name, verb, code):
    async with open_port(tmp_path, {}) as port:
        everywhere(port)
        _, told, _ = await port.ask("POST", f"/api/strategies/{name}/{verb}", json={})

    assert told["code"] == code
    assert port.actors.asked == []


async def test_a_stop_is_moved_by_the_watchdog_of_each_account(tmp_path):
    async with open_port(tmp_path, {AdjustByHand: done}) as port:
        everywhere(port, second="watchdog:second")
        await port.ask("POST", f"{STRATEGY}/adjust", json={"stop": 5})

    assert [to for to, _ in port.actors.asked] == ["watchdog", "watchdog:second"]


@pytest.mark.parametrize(
    ("body", "answer", "text"),
    [
        ({"stop": 5}, Done("it is 5"), "paper: it is 5; that is of paper alone; second: "),
        (
            {"stop": 5},
            Declined("loosens", "it was 4"),
            "paper: it was 4; that is of paper alone; second: ",
        ),
        ({"stop": 5}, Declined("no_price", "none"), "paper: none; second: none"),
        ({"stop": 5, "leg_id": "ce"}, Done("it is 5"), "paper: it is 5; second: it is 5"),
    ],
)
async def test_an_amount_of_loss_that_several_accounts_have_each_is_told_as_of_each_alone(
    tmp_path, body, answer, text
):
    async with open_port(tmp_path, {AdjustByHand: lambda _: answer}) as port:
        everywhere(port, second="watchdog:second")
        _, told, _ = await port.ask("POST", f"{STRATEGY}/adjust", json=body)

    assert told.get("text", told.get("detail")).startswith(text)


async def test_a_start_tells_in_which_accounts_a_latch_holds_it_back(tmp_path):
    kill.pull(tmp_path, kill.Latch("pause-1", "pause", "account", "second", "", "me", 0))
    async with open_port(tmp_path, {**ANSWERS, TakeEntries: done}) as port:
        everywhere(port)
        _, told, _ = await port.ask("POST", f"{STRATEGY}/start", json={})

    assert told["text"].startswith("it is so; but second: a pause is latched for account second")


UNARMED = "paper is not armed for live trading today; arm it with `ordo arm paper`"
ARMED = AccountArmed("paper", day_of(MARKET_NS), "", "ann", MARKET_NS)


@pytest.mark.parametrize(
    ("account", "opted_in", "told"),
    [
        (
            {"paused": "the ledger failed: it is full"},
            True,
            "entries are paused: the ledger failed",
        ),
        ({"reconciled": False}, True, "the broker's book of paper has not been read yet"),
        ({"overdue": "09:15:07"}, True, "the broker's book has not been read since 09:15:07"),
        ({"live": True}, False, "straddle may not trade live; let its file say `live = true`"),
        ({"live": True}, True, UNARMED),
        ({"live": True, "armed": ARMED}, True, UNARMED),  # the folder does not have it
        ({"paused": "a", "reconciled": False}, True, "entries are paused: a; the broker's book"),
    ],
)
async def test_a_start_tells_what_in_the_account_keeps_entries_back(
    tmp_path, account, opted_in, told
):
    answers = {
        TakeEntries: done,
        SeeAccount: lambda _: replace(ACCOUNT, **account),
        SeeStrategy: lambda _: StrategySeen("straddle", True, "waits", live=opted_in),
    }
    async with open_port(tmp_path, answers) as port:
        status, answer, _ = await port.ask("POST", f"{STRATEGY}/start", json={})

    assert status == 200
    assert answer["text"].startswith(f"it is so; but {told}")


async def test_a_start_in_an_account_that_is_armed_takes_entries_without_a_but(tmp_path):
    arms.put(tmp_path, arms.Arm("paper", ARMED.day, "", "ann", MARKET_NS))
    answers = {
        TakeEntries: done,
        SeeAccount: lambda _: replace(ACCOUNT, live=True, armed=ARMED),
        SeeStrategy: lambda _: StrategySeen("straddle", True, "waits", live=True),
    }
    async with open_port(tmp_path, answers) as port:
        _, answer, _ = await port.ask("POST", f"{STRATEGY}/start", json={})

    assert answer["text"] == "it is so"


async def test_a_start_is_told_though_the_account_is_silent_and_so_is_its_latch(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("daemon.control.hindrances._PATIENCE_S", 0.02)
    kill.pull(tmp_path, kill.Latch("pause-1", "pause", "all", "", "", "me", 0))
    async with open_port(tmp_path, {TakeEntries: done}) as port:
        status, told, _ = await port.ask("POST", f"{STRATEGY}/start", json={})

    assert status == 200
    assert told["text"].startswith("it is so; but a pause is latched for all")
    assert "; nobody says what else keeps it from entering: router:paper has not" in told["text"]


async def test_a_trader_acknowledges_an_alert_and_a_viewer_cannot(tmp_path):
    path, about = "/api/alerts/alert-1/acknowledge", AcknowledgeAlert("alert-1", "operator")
    async with open_port(tmp_path, {AcknowledgeAlert: done}) as port:
        refused, *_ = await port.bare("POST", path, json={}, headers=port.token("viewer"))
        status, told, _ = await port.ask("POST", path, json={})

    assert (refused, status, told["text"]) == (403, 200, "it is so")
    assert port.actors.asked == [("alert_keeper", about)]


async def test_an_alert_that_is_not_known_is_not_found(tmp_path):
    answers = {AcknowledgeAlert: lambda _: Declined("unknown_alert", "no alert alert-7 is known")}
    async with open_port(tmp_path, answers) as port:
        status, told, _ = await port.ask("POST", "/api/alerts/alert-7/acknowledge", json={})

    assert (status, told["code"]) == (404, "unknown_alert")
