"""How the daemon is, put together from those who know: for its health and for its metrics."""

from __future__ import annotations

from msgspec import Struct

from daemon.app.given.records import Records
from daemon.app.machine.loop_watch import LoopWatch
from daemon.app.machine.meter import Meter
from daemon.app.machine.telemetry import Telemetry
from daemon.app.shown.mirror import Mirror
from daemon.app.shown.outbox import Outboxes
from daemon.domain.instants import MILLISECOND_NS, iso
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.tasks import Tasks
from daemon.storage.timed import TimedLedger
from daemon.telemetry.metrics import Standing
from daemon.web.house import Health
from daemon.web.told.health_shapes import ActorTold, HotStateTold, SinkTold


class Physician(Struct, frozen=True):
    """Knows whom to ask how the daemon is.

    Attributes:
        kept: the records.
        supervisor: counts falls.
        tasks: holds the inboxes.
        ledger: measures flushes.
        meter: notes when each actor last ended with a message.
        loop: measures the event loop's lag.
        telemetry: counts lost lines.
        outbox: the sinks.
        mirror: of the state of risk; None: there is none.
    """

    kept: Records
    supervisor: Supervisor
    tasks: Tasks
    ledger: TimedLedger
    meter: Meter
    loop: LoopWatch
    telemetry: Telemetry
    outbox: Outboxes
    mirror: Mirror | None = None

    def health(self) -> Health:
        """Return how the daemon is."""
        unread = self.tasks.unread()
        return Health(
            ledger_ok=not self.kept.ledger.failed_because,
            ledger_round_trip_ms=_ms(self.ledger.round_trip_ns),
            loop_lag_ms=_ms(self.loop.lag_ns),
            loop_lag_most_ms=_ms(self.loop.most_ns),
            hot_state=self._hot_state(),
            sinks=self._sinks(),
            actors=tuple(
                ActorTold(
                    name=name,
                    restarts=child.restarts,
                    mailbox=unread.get(name, 0),
                    disarmed=child.disarmed,
                    beat_age_ms=_ms(self.meter.silent_ns(name)),
                )
                for name, child in self.supervisor.children.items()
            ),
        )

    def standing(self) -> Standing:
        """Return what metrics look at."""
        return Standing(
            restarts={name: each.restarts for name, each in self.supervisor.children.items()},
            unread=self.tasks.unread(),
            superseded=self.tasks.superseded(),
            ledger_ok=not self.kept.ledger.failed_because,
            lost_lines=self.telemetry.lost_lines(),
            hot_state_ok=self._hot_state().ok,
            behind={each.id: each.behind for each in self._sinks()},
            dead={each.id: each.dead for each in self._sinks()},
        )

    def _sinks(self) -> tuple[SinkTold, ...]:
        return tuple(
            SinkTold(
                id=seen.sink,
                kind=recipient.sink.kind,
                ok=is_kept and not seen.cursor.failed_because,
                record=seen.cursor.number,
                behind=seen.behind,
                dead=seen.dead,
                failed_because=seen.cursor.failed_because or None,
                failed_at=iso(seen.cursor.failed_ns) if seen.cursor.failed_because else None,
            )
            for seen, recipient, is_kept in self.outbox.seen()
        )

    def _hot_state(self) -> HotStateTold:
        mirror = self.mirror
        if mirror is None:
            return HotStateTold("none", None, None)
        return HotStateTold(mirror.kind, not mirror.lost_because, _ms(mirror.round_trip_ns))


def _ms(span_ns: int | None) -> float | None:
    return None if span_ns is None else round(span_ns / MILLISECOND_NS, 3)
