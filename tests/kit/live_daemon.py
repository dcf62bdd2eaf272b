"""A daemon that trades live at a twin of Zerodha in another process, and the twin's own witness."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from daemon.domain.instants import day_of
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit.canary import remembered
from tests.kit.daemon_process import PATIENCE_S, DaemonProcess, NoAnswer, Reply
from tests.kit.plans import CALL, PUT
from tests.kit.warm import ordo

thorough = pytest.mark.skipif(
    not os.environ.get("ORDO_LIVE_STORIES"), reason="played where ORDO_LIVE_STORIES is set"
)
"""Each takes some twenty seconds, so an ordinary run plays but the plain ones."""
DAY, NEXT_DAY = "2026-03-09", "2026-03-10"


def strategy(at: str, until: str, legs: str, order: str, timeout_ms: int = 40_000) -> str:
    """Return the file of a strategy that may trade live."""
    return f"""
id = "live-straddle"
underlying = "NIFTY"
live = true
[entry]
at = "{at}"
legging = {{ timeout_ms = {timeout_ms} }}
[exit]
at = "{until}"
{legs}[order]
{order}
"""


_GUARDS = """stop = { percent = 40 }
trail = { every = { points = 1 }, by = { points = 1 } }
"""
STRATEGY = strategy(
    "09:15:05", "09:16:00", CALL + _GUARDS + PUT + _GUARDS, "unfilled_after_ms = 10000"
)
"""A short straddle that is trailed."""
LIVE = """
[daemon]
mode = "live"
[feed]
kind = "broker"
[[accounts]]
id = "zed"
broker = "zerodha"
"""
SHADOW = """
[feed]
kind = "broker"
broker = "zerodha"
"""
"""Live prices, and an account on paper."""
BOTH = LIVE + '[[accounts]]\nid = "shadow"\nbroker = "paper"\n'
"""One account at the broker, and another on paper beside it."""
ACCOUNTS = {SHADOW: "prices"}
"""The account that logs in, where it is another than `zed`."""
_SMALL_MS = 50
_STEP_S = 0.1
"""Time for a request or two; a daemon reads the clock of a stand-in more often than this."""


class Twin:
    """A twin whose time moves when it is told to.

    Args:
        folder: where it is started.
        options: what it plays, besides.

    Attributes:
        ready: where it is, and what opens it.
        keep_up: waits until whoever follows its time is not behind.
        enters: says whether he is entering something.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._process = ordo("twin", "zerodha", "--speed", "0", *options, cwd=folder)
        assert self._process.stdout is not None, "its streams are pipes"
        self.ready = json.loads(self._process.stdout.readline())
        self.keep_up: Callable[[], object] = lambda: None
        self.enters: Callable[[], bool] = bool

    def ask(self, method: str, path: str, /, **document: Any) -> Any:
        """Ask it under /twin."""
        # To play what is left of a day at once takes it some time.
        link = HTTPConnection(urlsplit(self.ready["url"]).netloc, timeout=10 * PATIENCE_S)
        with closing(link):
            link.request(method, f"/twin/{path}", json.dumps(document) if document else None)
            return json.loads(link.getresponse().read())

    def reach(self, wall: str, day: str = DAY) -> None:
        """Let time jump to a wall time of a day."""
        self.ask("POST", "advance", to=f"{day}T{wall}")

    def pass_by(self, seconds: int) -> None:
        """Let time pass, a second at a time, slowly enough for a daemon to follow.

        What is being entered is given up where its orders leave too late, or nobody tells of them
        for some seconds of the market. Orders leave, and the book is read, at the host's pace, so
        time is not hurried meanwhile.
        """
        for _ in range(seconds):
            if self.enters():
                self.follow_clock(1)
            else:
                self.ask("POST", "advance", by_ms=1_000)
                time.sleep(_STEP_S)
            self.keep_up()

    def follow_clock(self, seconds: float, until: Callable[[], bool] = bool) -> None:
        """Let time pass in small steps and no faster than the host's, by which it counts calls.

        Args:
            seconds: how long.
            until: what ends it before.
        """
        for _ in range(round(seconds * 1_000 / _SMALL_MS)):
            began_s = time.monotonic()
            self.ask("POST", "advance", by_ms=_SMALL_MS)
            if until():
                return
            time.sleep(max(0.0, _SMALL_MS / 1_000 - (time.monotonic() - began_s)))

    def end(self) -> None:
        """End the process."""
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=PATIENCE_S)


class LiveDaemon(DaemonProcess):
    """A daemon at such a twin.

    Args:
        folder: where it runs, and keeps its state.
        twin: its broker.
        account: the one that logs in there.
    """

    def __init__(self, folder: Path, twin: Twin, account: str = "zed") -> None:
        port = _free_port()
        super().__init__(folder, environ={"ORDO_WEB__PORT": str(port)})
        self.url = f"http://127.0.0.1:{port}"
        self._twin = twin
        self._account = account
        twin.keep_up, twin.enters = self._keep_up, self._enters

    def _keep_up(self) -> None:
        """Be asked a few times: on a busy machine that takes as long as all else."""
        with suppress(NoAnswer):
            for _ in range(3 if not self.is_over() else 0):
                self.get("/api/health")

    def _enters(self) -> bool:
        under_way = set()
        for each in self.events:
            if each["event"] == "BasketOpened":
                under_way.add((each["actor"], each["fact"]["basket"]["basket_id"]))
            elif each["event"] == "BasketEnded":
                under_way.discard((each["actor"], each["fact"]["basket_id"]))
        return bool(under_way) and not self.is_over()

    def log_in(self) -> None:
        """Log in as a person does, with a token of the login page."""
        token = remembered(self._twin.ask("POST", "request_token")["request_token"])
        answer = self.post(f"/api/sessions/{self._account}/login", {"request_token": token})
        assert answer.status == 200, answer

    def arm(self) -> Reply:
        """Arm the account."""
        return self.post("/api/arm", {"account": self._account, "reason": "a story"})

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the facts of a kind that it told of."""
        return [each["fact"] for each in self.events if each["event"] == kind]


def laid_down(folder: Path, twin: Twin, settings: str, plan: str, beside: str = "") -> None:
    """Lay down settings, a strategy or two and credentials for a daemon at a twin."""
    (folder / "strategies").mkdir()
    (folder / "strategies" / "live_straddle.toml").write_text(plan)
    if beside:
        (folder / "strategies" / "beside.toml").write_text(beside)
    started = ["live-straddle", "beside"] if beside else ["live-straddle"]
    (folder / "settings.toml").write_text(f"""{settings}
[strategies]
autostart = {json.dumps(started)}
[brokers.zerodha]
api_root = "{twin.ready["url"]}"
ws_root = "{twin.ready["ws_url"]}"
""")
    state = folder / "state"
    state.mkdir(mode=0o700)
    vault = Vault(Place(state))
    vault.begin(1)
    values = {name: Secret(twin.ready[name]) for name in ("api_key", "api_secret")}
    remembered(twin.ready["api_secret"])  # the key stands in the address of the log-in page
    vault.put(ACCOUNTS.get(settings, "zed"), values, 1)


@contextmanager
def live_daemon(
    folder: Path,
    settings: str = LIVE,
    plan: str = STRATEGY,
    market: tuple[str, ...] = (),
    beside: str = "",
) -> Iterator[tuple[LiveDaemon, Twin]]:
    """A daemon that somebody has logged in and armed, on the eve of its first session.

    Args:
        folder: where both run.
        settings: of the daemon, but for where its broker is.
        plan: what it trades.
        market: options of the twin.
        beside: another strategy, whose id is `beside`; empty: there is none.
    """
    twin = Twin(folder, *market)
    try:
        laid_down(folder, twin, settings, plan, beside)
        daemon = LiveDaemon(folder, twin, ACCOUNTS.get(settings, "zed"))
        try:
            daemon.wait_line("needs a person")
            daemon.log_in()
            twin.reach("09:10:00")
            daemon.wait_ready()
            assert daemon.arm().status == (404 if settings is SHADOW else 200)
            twin.reach("09:14:59")
            daemon.wait_line("opens")
            yield daemon, twin
        finally:
            daemon.kill()
    finally:
        twin.end()


@contextmanager
def started_again(folder: Path, twin: Twin) -> Iterator[LiveDaemon]:
    """Another daemon on the folder of one that was killed, from when it has read the books."""
    daemon = LiveDaemon(folder, twin)
    try:
        daemon.wait_line("waiting for the books")
        twin.pass_by(5)
        daemon.wait_ready()
        yield daemon
    finally:
        daemon.kill()


def witnessed(twin: Twin, *daemons: LiveDaemon) -> dict[str, Any]:
    """Hold the record of the day of daemons, one after the other, against the twin's own book.

    Returns:
        `lost`: orders that one of them takes for filled by another quantity than the other;
        `twice`: tags that the twin has more than once; `strange`: orders of the twin's that the
        daemon never meant; `held`: what is open at the twin; `open`: by the daemon's record.
    """

    def told(kind: str) -> list[dict[str, Any]]:
        return [fact for daemon in daemons for fact in daemon.told(kind)]

    book = twin.ask("GET", "book")
    tags = Counter(each["tag"] for each in book["orders"])
    theirs = {each["tag"]: each["filled_quantity"] for each in book["orders"]}
    today = date.fromisoformat(twin.ask("GET", "time")["now"][:10])
    meant = {
        each["intent"]["intent_id"]
        for each in told("IntentRecorded")
        if each["intent"]["account"] == "zed" and day_of(each["at_ns"]) == today
    }
    heard = dict.fromkeys(meant, 0)
    heard |= {each["intent_id"]: each["filled_quantity"] for each in told("OrderUpdated")}
    net = {
        (each["strategy_id"], each["symbol"]): each["bought_quantity"] - each["sold_quantity"]
        for each in told("PositionChanged")
    }
    return {
        "lost": sorted(tag for tag in meant if heard[tag] != theirs.get(tag, 0)),
        "twice": sorted(tag for tag, count in tags.items() if count > 1),
        "strange": sorted(tags.keys() - meant),
        "held": book["held"],
        "open": {what: units for what, units in net.items() if units},
    }


WHOLE: Mapping[str, Any] = {"lost": [], "twice": [], "strange": [], "held": [], "open": {}}
"""What is witnessed of a day on which nothing went wrong with an order."""


def _free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
