from __future__ import annotations

import pkgutil
import re
from importlib import import_module

import daemon
from daemon import errors
from daemon.errors import BrokerError, OrdoError, StrategyError

_LINE = re.compile(r"^ {4}(?P<bars>[│├└─ ]*)(?P<name>[A-Z]\w+)", re.MULTILINE)
_STEP = 4


def drawn() -> list[tuple[str, str]]:
    """Return each class of the picture with the one that it hangs on."""
    above: list[str] = []
    found = []
    for line in _LINE.finditer(errors.__doc__):
        depth = len(line["bars"]) // _STEP
        above[depth:] = [line["name"]]
        found.append((line["name"], above[depth - 1] if depth else ""))
    return found


def hung(kind: type = OrdoError, on: str = "") -> list[tuple[str, str]]:
    """Return each class of the tree with the one that it hangs on."""
    found = [(kind.__name__, on)]
    for below in kind.__subclasses__():
        if below.__module__.startswith("daemon."):
            found += hung(below, kind.__name__)
    return found


def test_the_tree_that_is_drawn_is_the_tree_that_is():
    for module in pkgutil.walk_packages(daemon.__path__, "daemon."):
        if not module.name.endswith("__main__"):
            import_module(module.name)

    assert sorted(drawn()) == sorted(hung())


def test_a_refused_strategy_tells_the_place_and_the_reason():
    refused = StrategyError("legs[0].stop.percent", "must be above zero")

    assert str(refused) == "legs[0].stop.percent: must be above zero"
    assert (refused.place, refused.reason) == ("legs[0].stop.percent", "must be above zero")


def test_the_ways_a_broker_fails_are_told_apart():
    ways = {kind.__name__ for kind in BrokerError.__subclasses__()}

    assert ways == {
        "BrokerMisused",
        "BrokerUnavailable",
        "OutcomeUnknown",
        "SessionRefused",
        "WireGarbled",
    }


def test_an_error_has_the_code_of_its_class_where_none_is_given():
    assert OrdoError("it failed").code == "failed"
    assert errors.StoreError("it failed").code == "ledger_unusable"
    assert errors.StoreError("it failed", "emergency_full").code == "emergency_full"
