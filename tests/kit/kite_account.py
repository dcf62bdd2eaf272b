"""An account at Zerodha before a scripted server, with contracts, credentials and a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, time

from daemon.brokers.zerodha.broker import Zerodha
from daemon.brokers.zerodha.client import READING, Client
from daemon.brokers.zerodha.contracts import Contracts
from daemon.brokers.zerodha.signing_in import SigningIn
from daemon.brokers.zerodha.transport import way_to
from daemon.domain.instants import SECOND_NS, at
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.limits import Approved, _Seal
from daemon.domain.orders.words import Intent, OrderType, Purpose, Side
from daemon.runtime.clock import VirtualClock
from daemon.runtime.retry import ReadPolicy
from daemon.settings import Broker
from daemon.telemetry.redaction import Secret, Secrets
from tests.kit.canary import planted, remembered
from tests.kit.kite_script import Answer, KiteScript, scripted_kite, yes

DAY = date(2026, 8, 18)
NOW = at(DAY, time(9, 20))
CALL = "NIFTY-2026-08-25-24350-CE"
OURS, OTHERS = IntentIds(7).next(), IntentIds(8).next()
CONTRACTS = """\
instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,\
lot_size,instrument_type,segment,exchange
12517890,48898,NIFTY26AUG24350CE,NIFTY,0,2026-08-25,24350,0.05,65,CE,NFO-OPT,NFO
256265,1001,NIFTY 50,NIFTY 50,0,,0,0,0,EQ,INDICES,NSE
779521,3045,SBIN,STATE BANK OF INDIA,0,,0,0.05,1,EQ,NSE,NSE
"""
RECORD = {
    "order_id": "15", "status": "OPEN", "exchange": "NFO", "tradingsymbol": "NIFTY26AUG24350CE",
    "transaction_type": "SELL", "quantity": 130, "filled_quantity": 0, "average_price": 0,
    "tag": OURS, "variety": "regular", "product": "MIS",
}  # fmt: skip
KEY = "the-key-of-a-program"
"""It stands in the address of the log-in page, so it is looked for by name alone."""
API_SECRET, GRANTED = planted("secret"), planted("token")
BROUGHT = remembered("abcd1234Of0A0Page")


class Kept:
    """Credentials in memory."""

    def __init__(self) -> None:
        self.put_in: dict[str, int] = {}
        self.held = {"api_key": Secret(KEY), "api_secret": Secret(API_SECRET)}
        self.known = Secrets()

    def find(self, field: str) -> Secret | None:
        """Return one."""
        return self.held.get(field)

    def know(self, secret: Secret) -> None:
        """Keep one out of what is said."""
        self.known.know(secret)

    def keep(self, field: str, secret: Secret, *, absent: bool = False) -> None:
        """Keep one; `absent`: only where there is none."""
        if not (absent and field in self.held):
            self.held[field] = secret

    def drop(self, field: str, only: Secret | None = None) -> None:
        """Drop one; `only`: where it is this."""
        if only is None or self.held[field] == only:
            del self.held[field]

    def put_in_ns(self, field: str) -> int:
        """Tell when one was put in."""
        return self.put_in.get(field, 0)


SLACK_S = 0.1
"""By so much a client counts longer than the broker's second."""


class KiteAccount:
    """The account, and all that is around it.

    Args:
        script: the server.
        timeout_ms: how long an answer may take.
    """

    def __init__(self, script: KiteScript, timeout_ms: int) -> None:
        self.script = script
        self.clock, self.host = VirtualClock(NOW), VirtualClock()
        self.refused: list[int] = []
        self.kept = Kept()
        self.policy = ReadPolicy(base_ms=0, jitter_ms=0, longest_wait_ms=0, on=READING.on)
        terms = Broker(api_root=script.url, ws_root="ws://127.0.0.1:1", timeout_ms=timeout_ms)
        self.client = Client(way_to(terms), self.host, self.refused.append, self.policy, self.pause)
        self.contracts = Contracts()
        self.broker = Zerodha(
            self.client,
            self.contracts,
            SigningIn(self.client, self.kept, self.clock.now_ns),
            self.clock.now_ns,
        )
        self.paused: list[float] = []

    async def pause(self, seconds: float) -> None:
        """Wait for a turn, for no longer than what a second apart is asked may have to."""
        assert seconds <= SLACK_S, f"nothing here asks so much that it would wait {seconds} s"
        self.host.advance(round(seconds * SECOND_NS))

    def answers(self) -> None:
        """Have the server answer all that a morning asks."""
        on = self.script.on
        on("POST /session/token", yes({"access_token": GRANTED}))
        on("GET /user/profile", yes({"user_id": "AB1234"}))
        on("GET /instruments", Answer(200, CONTRACTS.encode(), "text/csv"))
        on("POST /orders/regular", yes({"order_id": "15"}))
        on("GET /orders", yes([]))
        on("GET /trades", yes([]))
        on("GET /portfolio/positions", yes({"net": [], "day": []}))
        on("GET /portfolio/holdings", yes([]))

    async def log_in(self) -> None:
        """Log in as the first thing of the day."""
        self.bring()
        await self.broker.log_in(1)
        self.script.asked.clear()

    def bring(self) -> None:
        """Have a person bring a token."""
        self.kept.keep("request_token", Secret(BROUGHT))

    def later(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.advance(seconds * SECOND_NS)
        self.host.advance(seconds * SECOND_NS)


def approved(**changes: object) -> Approved:
    """An entry that the gate let through."""
    fields: dict[str, object] = {
        "intent_id": OURS, "account": "zerodha", "strategy_id": "straddle", "leg_id": "call",
        "symbol": CALL, "side": Side.SELL, "quantity": 130, "order_type": OrderType.LIMIT,
        "price_e4": 1_186_000, "purpose": Purpose.ENTRY, "parent": "basket", "decided_ns": NOW,
        "deadline_ns": NOW + SECOND_NS,
    }  # fmt: skip
    intent = Intent(**{**fields, **changes})
    return Approved(intent, _Seal(intent))


@asynccontextmanager
async def kite_account(timeout_ms: int = 8_000) -> AsyncIterator[KiteAccount]:
    """Keep an account until the block ends; an answer may take so long."""
    async with scripted_kite() as script:
        account = KiteAccount(script, timeout_ms)
        account.answers()
        try:
            yield account
        finally:
            await account.broker.close()
