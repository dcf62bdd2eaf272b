"""People ask for what they asked for before, as long as a request is known again for sure."""

from __future__ import annotations

from datetime import time

from daemon.domain.instants import DAY_NS, at
from daemon.messages import ClaimRequest
from daemon.simulation import scenario
from daemon.simulation.dice import Dice
from daemon.simulation.judging.heard import Heard
from daemon.simulation.market import Piece
from daemon.simulation.people import People
from daemon.simulation.timeline import Timeline

BEGINS_NS, EVENING_NS = (at(scenario.DAY, time(9, minute)) for minute in (20, 22))
OPENS_NS, ENDS_NS = (at(scenario.NEXT_DAY, time(9, minute)) for minute in (15, 24))
TWO_DAYS = ((BEGINS_NS, EVENING_NS), (OPENS_NS, ENDS_NS))
SEEDS = range(1, 40)


def asked(seed, days_ns):
    """When each request is claimed; somebody is there and never answers."""
    dice, claimed = Dice(seed), {}
    timeline = Timeline(dice, BEGINS_NS)

    def tell(_, message, __):
        about = getattr(message, "about", None)
        if isinstance(about, ClaimRequest):
            claimed.setdefault(about.request_id, []).append(about.host_ns)
        return True

    people = People(timeline, lambda *_: None, Heard(), tell)
    people.wakes_ns = lambda wanted_ns: wanted_ns if wanted_ns < EVENING_NS else ENDS_NS + 1
    people.plan(scenario.account(), Piece(dice, (scenario.DAY,)), days_ns)
    timeline.at(ENDS_NS, lambda: people.calm(ENDS_NS))
    while timeline.go_on(ENDS_NS):
        pass
    return claimed


def test_what_was_asked_for_on_the_first_day_is_asked_for_in_the_morning_while_it_is_known():
    first = [instants for seed in SEEDS for instants in asked(seed, TWO_DAYS).values()]
    of_first_day = [each for each in first if each[0] < EVENING_NS]

    assert len(first) > len(of_first_day) > 10
    for instants in of_first_day:
        assert sum(each >= OPENS_NS for each in instants) == 1
        assert instants[-1] < instants[0] + DAY_NS
    for instants in first:
        assert instants[0] < EVENING_NS or instants[0] >= OPENS_NS
        assert (instants[-1] == ENDS_NS) == (instants[0] >= OPENS_NS)


def test_what_was_asked_for_on_the_only_day_is_asked_for_once_more_at_its_end():
    one_day = ((OPENS_NS, ENDS_NS),)
    for seed in SEEDS:
        for instants in asked(seed, one_day).values():
            assert instants[0] >= OPENS_NS
            assert instants[-1] == ENDS_NS
