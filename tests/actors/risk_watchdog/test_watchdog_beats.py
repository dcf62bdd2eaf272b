"""The beat: the feed and the router answer a pulse, and their watchdog shows that it is alive."""

from __future__ import annotations

import pytest

from daemon.actors.market_feed import MarketFeed
from daemon.actors.risk_watchdog import HEARS, RiskWatchdog
from daemon.actors.risk_watchdog.beats import Beats
from daemon.domain.risk.account import AccountLimits
from daemon.messages import Alive, Pulse, Pulsed
from daemon.runtime.words import NOTHING, Publish, Show
from tests.kit.acting import ROUTER
from tests.kit.router import T0, Stage

ALIVE = (Show(Alive(7, ROUTER)),)


def answered(*pulses: tuple[int, str]) -> list[tuple[Show, ...]]:
    """What a watchdog shows upon each of these answers."""
    beats = Beats(ROUTER)
    return [tuple(beats.hear(Pulsed(number, who))) for number, who in pulses]


@pytest.mark.parametrize(
    ("pulses", "shown"),
    [
        ([(7, "feed"), (7, ROUTER)], [NOTHING, ALIVE]),
        ([(7, ROUTER), (7, "feed")], [NOTHING, ALIVE]),
        ([(7, "feed"), (7, "feed")], [NOTHING, NOTHING]),
        ([(7, "feed"), (7, "router:other")], [NOTHING, NOTHING]),
        ([(6, "feed"), (7, ROUTER)], [NOTHING, NOTHING]),
        ([(6, "feed"), (7, ROUTER), (6, ROUTER), (7, "feed")], [NOTHING, NOTHING, NOTHING, ALIVE]),
        ([(7, "feed"), (7, ROUTER), (7, ROUTER)], [NOTHING, ALIVE, NOTHING]),
        # neither an older answer nor one of another account's router makes a beat or keeps one back
        ([(7, "feed"), (6, ROUTER), (7, ROUTER)], [NOTHING, NOTHING, ALIVE]),
        ([(7, "router:other"), (7, "feed"), (7, ROUTER)], [NOTHING, NOTHING, ALIVE]),
    ],
)
def test_a_watchdog_is_alive_once_it_has_heard_its_feed_and_its_router_answer_one_pulse(
    pulses, shown
):
    assert answered(*pulses) == shown


def test_a_watchdog_hears_who_was_pulsed_and_shows_that_it_is_alive():
    watchdog = RiskWatchdog(ROUTER, AccountLimits())

    assert Pulsed in HEARS
    assert list(watchdog.handle(Pulsed(7, "feed"), T0)) == []
    assert tuple(watchdog.handle(Pulsed(7, ROUTER), T0)) == ALIVE


def test_the_feed_and_the_router_pass_a_pulse_on_and_record_nothing():
    for actor in (MarketFeed(0, 1), Stage().router):
        assert tuple(actor.handle(Pulse(7, "me"), T0)) == (Publish(Pulsed(7, "me")),)
