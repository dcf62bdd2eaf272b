"""The engine bench: one-minute frames through every actor on the pump, on one core.

Feed, router, watchdog and a straddle runner are those of every run, the exchange twin fills its
orders, the ledger chains what happens, and one more actor does the work of two indicators.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from typing import Any

from daemon.app import Account, Run, build
from daemon.bench.market import MadeMarket
from daemon.domain.market.frames import Frame
from daemon.domain.money import PERCENT_E4
from daemon.domain.plans.parsing import parse
from daemon.runtime.clock import VirtualClock
from daemon.runtime.pump import Pump
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.words import NOTHING, ActorSpec, Effect
from daemon.storage.memory import MemoryLedger
from daemon.worlds import Recorded

FRAMES = 300_000
_FIRST = date(2023, 1, 2)
STRATEGY = """
id = "bench"
underlying = "NIFTY"
[entry]
at = "09:20:00"
[exit]
at = "15:20:00"
[[legs]]
side = "sell"
instrument = "CE"
strike = { exact = 24500 }
stop = { percent = 60 }
trail = { every = { points = 10 }, by = { points = 5 } }
[[legs]]
side = "sell"
instrument = "PE"
strike = { exact = 24500 }
stop = { percent = 60 }
[risk]
combined_premium_stop = { percent = 40 }
lock_and_trail = { at = 3000, lock = 1500, every = 500, by = 250 }
"""


class Indicators:
    """Two indicators of the underlying, each carried on by every frame: an EMA and an RSI."""

    __slots__ = ("ema_e4", "gain_e4", "last_e4", "loss_e4", "rsi_e4")

    def __init__(self) -> None:
        self.ema_e4 = self.gain_e4 = self.loss_e4 = self.last_e4 = self.rsi_e4 = 0

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:  # noqa: ARG002
        """Carry both on."""
        if type(message) is Frame:
            price_e4 = message.quotes["NIFTY"].ltp_e4
            ema_e4, gain_e4, loss_e4 = self.ema_e4, self.gain_e4, self.loss_e4
            change_e4 = price_e4 - self.last_e4 if self.last_e4 else 0
            rise_e4, fall_e4 = (change_e4, 0) if change_e4 > 0 else (0, -change_e4)
            self.last_e4 = price_e4
            self.ema_e4 = ema_e4 + (price_e4 - ema_e4) * 2 // 21
            self.gain_e4 = gain_e4 = gain_e4 + (rise_e4 - gain_e4) // 14
            self.loss_e4 = loss_e4 = loss_e4 + (fall_e4 - loss_e4) // 14
            self.rsi_e4 = PERCENT_E4 * gain_e4 // (gain_e4 + loss_e4 or 1)
        return NOTHING


def bench(account: Account, frames: int = FRAMES) -> dict[str, Any]:
    """Play made days through the engine and return the rate.

    Args:
        account: what the strategy trades under.
        frames: how many at least.
    """
    market = MadeMarket(_FIRST, frames)
    ledger, clock = MemoryLedger("bench"), VirtualClock()
    run = Run(market, market.days(), epoch=1)
    app = build([account], [parse(STRATEGY)], run, clock.now_ns, show=None)
    indicators = ActorSpec("indicators", lambda _: Indicators(), hears=(Frame,))
    pump = Pump(Supervisor((*app.specs, indicators), ledger), ledger, app.around, clock)
    assert isinstance(app.world, Recorded), "made days are played as recorded ones are"
    begun = time.perf_counter()  # sim-ok: a bench measures host time
    for step in app.world.steps():
        pump.tell(step.to, step.message, step.at_ns)
    seconds = time.perf_counter() - begun  # sim-ok: a bench measures host time
    return {
        "frames": len(market),
        "seconds": round(seconds, 3),
        "frames_per_s": round(len(market) / seconds),
        "facts": len(list(ledger.facts())),
        "journal_sha256": ledger.journal_sha256(),
    }
