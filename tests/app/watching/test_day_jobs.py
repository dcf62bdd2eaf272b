"""The jobs of a day, as they are wired to a running daemon."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from types import SimpleNamespace

import pytest

from daemon.app.watching.day_jobs import day_jobs
from daemon.control import Line, Names
from daemon.messages import Ask, Job, RunJob, SessionReady, Told
from daemon.settings import Account, Settings
from daemon.storage.emergency import GuardedLedger
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from tests.kit.facts import ORIGIN

DAY, NOW = date(2026, 3, 9), 1_773_000_000_000_000_000
LACKS = "prices has no session at its broker"


def line_to(state: dict[str, str], folder) -> Line:
    """A line to the keepers of sessions, each of which answers with its state."""
    names = Names(folder, {"paper": "router:paper"}, {}, {})
    names.sessions = tuple(state)

    def tell(to: str, message: Ask, _lane: object) -> None:
        line.shown(Told(message.number, state[to.removeprefix("session_keeper:")]))

    line = Line(tell, lambda: NOW, names)
    return line


@pytest.mark.parametrize(
    ("ready", "state", "lacks"),
    [
        (("paper", "prices"), "READY", False),
        (("paper", "prices"), "NEEDS_USER_STEP", True),
        (("paper",), "READY", True),
    ],
)
async def test_whom_prices_come_through_is_asked_for_his_session_in_every_check(
    tmp_path, ready, state, lacks
):
    """By the record, and by what his keeper says now, as those are who trade."""
    settings = Settings(accounts=(Account(id="paper", broker="paper"),))
    store = SqliteStore(tmp_path / "ledger.sqlite")
    given = SimpleNamespace(
        accounts=(SimpleNamespace(id="paper"),),
        prices=SimpleNamespace(id="prices"),
        folder=tmp_path,
        settings=settings,
    )
    inner = StoredLedger(store, "owner")
    with closing(GuardedLedger(inner, tmp_path / "emergency", lambda _: None)) as ledger:
        ledger.recover()
        ledger.append([SessionReady(each, 1, NOW) for each in ready], ORIGIN, NOW)
        kept = SimpleNamespace(ledger=ledger, store=store)
        line = line_to({"paper": "READY", "prices": state}, tmp_path)
        ask = day_jobs(given, kept, lambda: NOW, lambda: line)
        for job in (Job.EARLY_CHECK, Job.CHECK, Job.SESSION):
            (done,) = await ask(RunJob(job, DAY))
            assert (LACKS in done.text) is lacks
