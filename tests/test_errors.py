from __future__ import annotations

import re

import pytest

from daemon import errors
from daemon.errors import BrokerError, OrdoError, StrategyError

RAISED = [kind for kind in vars(errors).values() if isinstance(kind, type)]


@pytest.mark.parametrize("kind", RAISED)
def test_every_error_hangs_in_the_tree_that_is_drawn(kind):
    assert issubclass(kind, OrdoError)
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__)


def test_a_refused_strategy_tells_the_place_and_the_reason():
    refused = StrategyError("legs[0].stop.percent", "must be above zero")

    assert str(refused) == "legs[0].stop.percent: must be above zero"
    assert (refused.place, refused.reason) == ("legs[0].stop.percent", "must be above zero")


def test_the_ways_a_broker_fails_are_told_apart():
    ways = {kind.__name__ for kind in BrokerError.__subclasses__()}

    assert ways == {"BrokerMisused", "BrokerUnavailable", "OutcomeUnknown"}
