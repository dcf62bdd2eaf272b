"""Books that were not read since the start: who looks is told so, and what to do."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.messages import SeeAccount, SeeOrders
from daemon.messages.arming import SeeSession
from tests.kit.control_port import open_port
from tests.kit.seen import ACCOUNT, ANSWERS

UNREAD = replace(ACCOUNT, account="second", broker="zerodha", reconciled=False, held=(), live=True)
SO = "the broker's book of second has not been read yet: what it holds is not known; "
PATHS = ("/api/status", "/api/portfolio/snapshot", "/api/orders")


def answers(session: str | None, *accounts: object) -> dict:
    """What is answered where a session is so; None: its keeper says nothing."""
    told = iter(accounts or (ACCOUNT, UNREAD))
    given = {**ANSWERS, SeeOrders: lambda _: (), SeeAccount: lambda _: next(told)}
    return given if session is None else {**given, SeeSession: lambda _: session}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("session", ["NEEDS_LOGIN", "NEEDS_USER_STEP", "EXPIRED"])
async def test_an_account_that_nobody_has_logged_in_since_the_start_is_never_told_as_flat(
    tmp_path, session, path
):
    async with open_port(tmp_path, answers(session)) as port:
        status, told, _ = await port.ask("GET", path)

    (unread,) = told["unread"]
    assert status == 200
    assert unread == {
        "account": "second",
        "session": session,
        "text": f"{SO}its session is {session}: `ordo login second`",
        "mode": "paper",
    }


async def test_a_book_that_is_being_read_is_waited_for_and_needs_no_log_in(tmp_path):
    async with open_port(tmp_path, answers("READY")) as port:
        _, told, _ = await port.ask("GET", PATHS[1])

    assert told["unread"][0]["text"] == (
        f"{SO}its session is READY, and the book is asked for: look again in a moment"
    )


async def test_a_keeper_of_sessions_that_is_silent_keeps_nobody_from_being_told(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("daemon.web.answers.unread._PATIENCE_S", 0.02)
    async with open_port(tmp_path, answers(None)) as port:
        status, told, _ = await port.ask("GET", PATHS[1])

    assert status == 200
    assert told["unread"][0]["session"] == ""
    assert told["unread"][0]["text"] == (
        f"{SO}nobody says how its session is: look again in a moment, or `ordo login second`"
    )


@pytest.mark.parametrize("path", PATHS)
async def test_where_every_book_was_read_nobody_is_asked_for_his_session(tmp_path, path):
    async with open_port(tmp_path, answers("READY", ACCOUNT, ACCOUNT)) as port:
        _, told, _ = await port.ask("GET", path)

        assert told["unread"] == []
        assert port.actors.told(SeeSession) == []


async def test_orders_of_one_account_tell_of_its_own_book_alone(tmp_path):
    async with open_port(tmp_path, answers("NEEDS_LOGIN")) as port:
        _, told, _ = await port.ask("GET", "/api/orders?account=paper")

    assert told["unread"] == []


READ = replace(UNREAD, reconciled=True)


@pytest.mark.parametrize("path", PATHS)
async def test_a_live_account_whose_session_is_lost_is_told_although_its_book_was_read(
    tmp_path, path
):
    async with open_port(tmp_path, answers("NEEDS_USER_STEP", ACCOUNT, READ)) as port:
        _, told, _ = await port.ask("GET", path)

    (unread,) = told["unread"]
    assert unread["text"] == (
        "the session of second is NEEDS_USER_STEP: its book at the broker cannot be read, "
        "and no order of it leaves, not even an exit: `ordo login second`"
    )


@pytest.mark.parametrize("session", ["READY", None])
async def test_a_live_account_that_was_read_is_told_of_by_the_word_of_its_keeper_alone(
    tmp_path, session, monkeypatch
):
    monkeypatch.setattr("daemon.web.answers.unread._PATIENCE_S", 0.02)
    async with open_port(tmp_path, answers(session, ACCOUNT, READ)) as port:
        _, told, _ = await port.ask("GET", PATHS[1])

    assert told["unread"] == []


@pytest.mark.parametrize("path", PATHS)
async def test_an_account_whose_reading_is_overdue_is_told_although_its_book_was_read(
    tmp_path, path
):
    late = replace(READ, overdue="09:15:07", unread="it took too long")
    async with open_port(tmp_path, answers("READY", ACCOUNT, late)) as port:
        _, told, _ = await port.ask("GET", path)

    (unread,) = told["unread"]
    assert unread["text"] == (
        "the broker's book of second has not been read since 09:15:07: it took too long; "
        "what may have filled since is not guarded: look at the broker"
    )


BLIND = (
    "the session of prices is NEEDS_USER_STEP: no prices come through it, so nothing is entered, "
    "and nothing that is held is guarded: `ordo login prices`"
)


@pytest.mark.parametrize("path", [*PATHS[:2], "/api/pnl/daily"])
@pytest.mark.parametrize(("session", "text"), [("READY", ""), ("NEEDS_USER_STEP", BLIND)])
async def test_whom_prices_come_through_is_told_of_while_he_has_no_session(
    tmp_path, path, session, text
):
    async with open_port(tmp_path, answers(session, ACCOUNT, ACCOUNT)) as port:
        names = port.actors.line.names
        names.sessions = (*names.sessions, "prices")
        _, told, _ = await port.ask("GET", path)

    unread = {"account": "prices", "session": session, "text": text, "mode": "paper"}
    assert told["unread"] == ([unread] if text else [])


async def test_a_keeper_that_is_silent_about_prices_raises_no_alarm(tmp_path, monkeypatch):
    monkeypatch.setattr("daemon.web.answers.unread._PATIENCE_S", 0.02)
    async with open_port(tmp_path, answers(None, ACCOUNT, ACCOUNT)) as port:
        names = port.actors.line.names
        names.sessions = (*names.sessions, "prices")
        _, told, _ = await port.ask("GET", PATHS[0])

    assert told["unread"] == []
