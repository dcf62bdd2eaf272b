"""Somebody who trades at a twin of Zerodha in another process, and what a daemon left of it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from daemon.brokers.zerodha.wire import OK, TOO_MANY
from daemon.domain.instants import DAY_NS
from daemon.guardian.ways import Ways
from daemon.kill import release, standing
from daemon.settings import Settings, load
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit.canary import remembered
from tests.kit.daemon_process import PATIENCE_S
from tests.kit.live_daemon import LIVE, STRATEGY, Twin, laid_down

CALL, PUT = "NIFTY2631022900CE", "NIFTY2631022900PE"
LOT = 65
_FAR_NS = 40_000 * DAY_NS
_STEP_MS, _STEP_S = 250, 0.05
_AGAIN_S = 0.1


class KiteProcess(Twin):
    """A twin at which somebody trades, as over its own pages.

    Attributes:
        token: of the session that stands; empty: nobody has logged in.
    """

    token = ""

    def log_in(self) -> None:
        """Begin a session, which ends the one before."""
        token = self.ask("POST", "request_token")["request_token"]
        key, secret = self.ready["api_key"], self.ready["api_secret"]
        proof = sha256(f"{key}{token}{secret}".encode()).hexdigest()
        form = {"api_key": key, "request_token": token, "checksum": proof}
        answer = self._form("POST", "/session/token", form)["data"]
        self.token = remembered(answer["access_token"])

    def place(self, name: str, side: str, quantity: int = LOT, **more: str) -> str:
        """Return the number of an order that was taken; at the market unless more is said."""
        form = {
            "exchange": "NFO",
            "tradingsymbol": name,
            "transaction_type": side,
            "quantity": str(quantity),
            "product": "MIS",
            "order_type": "MARKET",
            "market_protection": "-1",
            "validity": "DAY",
        } | more
        return str(self._form("POST", "/orders/regular", form)["data"]["order_id"])

    def book(self) -> dict[str, Any]:
        """Return what it knows of the day."""
        return dict(self.ask("GET", "book"))

    def _form(self, method: str, path: str, form: Mapping[str, str]) -> Any:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.token:
            headers["Authorization"] = f"token {self.ready['api_key']}:{self.token}"
        netloc = urlsplit(self.ready["url"]).netloc
        until = time.monotonic() + PATIENCE_S
        while True:
            with closing(HTTPConnection(netloc, timeout=PATIENCE_S)) as link:
                link.request(method, path, urlencode(form), headers)
                answer = link.getresponse()
                told = json.loads(answer.read())
            if answer.status != TOO_MANY or time.monotonic() > until:
                assert answer.status == OK, told
                return told
            time.sleep(_AGAIN_S)  # it did nothing, and counts by the clock on the wall


@contextmanager
def passing(twin: Twin) -> Iterator[None]:
    """Let the twin's time pass while the block runs, some five times as fast as on the wall."""
    over = threading.Event()

    def advance() -> None:
        while not over.wait(_STEP_S):
            twin.ask("POST", "advance", by_ms=_STEP_MS)

    thread = threading.Thread(target=advance)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(PATIENCE_S)


class House:
    """A folder as a daemon leaves it that traded at the twin, and ended in no order.

    Args:
        folder: settings come to lie there, and the state in `state`.
        twin: the broker.
    """

    def __init__(self, folder: Path, twin: KiteProcess) -> None:
        self.folder, self.state = folder, folder / "state"
        laid_down(folder, twin, LIVE, STRATEGY)
        self._vault = Vault(Place(self.state))
        self.lose()

    def settings(self) -> Settings:
        """Return what was set."""
        environ = {"ORDO_DAEMON__STATE_DIR": str(self.state)}
        return load(self.folder / "settings.toml", environ)

    def ways(self) -> Ways:
        """Return a guardian's ways to the account."""
        return Ways(self.settings(), self._vault)

    def lose(self) -> None:
        """Let it look as if a daemon had just been killed, and nobody had ever taken over."""
        (self.state / "daemon.lock").write_text("daemon 1 1\n")
        for each in standing(self.state):
            release(self.state, each.latch_id)

    def keep(self, token: str) -> None:
        """Keep a session in the vault, as the daemon does that made it."""
        self._vault.put("zed", {"access_token": Secret(f"{_FAR_NS} {token}")}, 1)


def crossed(book: Mapping[str, Any], since: int = 0) -> list[str]:
    """Return where fills led a position across flat, or away from it: what was exited twice.

    Args:
        book: of the twin.
        since: so many fills came before.
    """
    net: Counter[tuple[str, str]] = Counter()
    found = []
    for number, each in enumerate(book["trades"]):
        pocket = each["tradingsymbol"], each["product"]
        before = net[pocket]
        net[pocket] += each["quantity"] if each["transaction_type"] == "BUY" else -each["quantity"]
        if number >= since and not (abs(net[pocket]) < abs(before) and net[pocket] * before >= 0):
            found.append(f"{pocket}: {before} -> {net[pocket]}")
    return found
