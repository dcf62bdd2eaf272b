"""What a mirror of the levels says after a restart, held against what is watched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from daemon.actors.risk_watchdog.watch import Watch
from daemon.domain.risk import mirrored
from daemon.domain.risk.mirrored import Known, MirroredLevels, Unsound, most_e4
from daemon.domain.risk.moves import LevelMoved


def held_against(
    told: Iterable[MirroredLevels], watches: Iterable[Watch], at_ns: int
) -> Iterator[LevelMoved | Unsound]:
    """Yield what is tighter than the record; what is told of an entry that is over is passed over.

    Args:
        told: the levels of each entry that the mirror knows.
        watches: the entries that are held by the record.
        at_ns: the market instant of the start.
    """
    by_basket = {levels.basket_id: levels for levels in told}
    for watch in watches:
        levels = by_basket.get(watch.opened.basket.basket_id)
        if levels is not None:
            for verdict in mirrored.held_against(levels, _known(watch), at_ns):
                yield watch.named(verdict) if isinstance(verdict, LevelMoved) else verdict


def _known(watch: Watch) -> Known:
    risk, opened = watch.risk, watch.opened
    return Known(
        strategy_id=risk.strategy_id,
        rule=opened.rules.lock,
        lock=risk.lock,
        most_e4=most_e4(watch.legs.values()),
        leg_rules=opened.leg_rules,
        legs=risk.legs(),
    )
