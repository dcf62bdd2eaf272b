from __future__ import annotations

import pytest

from daemon.domain.plans.parsing import parse
from daemon.domain.plans.syntax import FAULTS_MOST, loads
from daemon.errors import StrategyError
from tests.kit.plans import CALL, GUARD, HOURS, PUT, text

HEAD = 'id = "s"\nunderlying = "NIFTY"\n'


def told(file: str) -> list[str]:
    with pytest.raises(StrategyError) as caught:
        parse(file)
    return list(caught.value.sentences)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("underlying = NIFTY", "line 1: `underlying` cannot be read: Invalid value; write texts"),
        ("[entry]\nat = 9:20", "line 2: `at` cannot be read: "),
        ('id = "s', "line 1: `id` cannot be read: "),
        ("[exit\nat = 1", "line 1: cannot be read: "),
        ('days = ["mon",\n"tue"\n[entry]\n', "line 1: `days` cannot be read: is not closed; "),
        ('days = ["mon",\n', "line 1: `days` cannot be read: is not closed; "),
        ("a = [\n" + "1,\n" * 25 + "x", "line 27: cannot be read: "),
    ],
)
def test_a_line_that_cannot_be_read_is_told_with_its_key_and_what_to_write(
    file: str, expected: str
) -> None:
    """`Invalid value` alone helps nobody."""
    first = told(file)[0]

    assert first.startswith(expected)
    assert "write texts in quotes" in first


def test_all_lines_that_cannot_be_read_are_told_and_what_else_is_at_fault() -> None:
    """A file is mended once, whatever is wrong with it."""
    legs = CALL + "lots = two\n" + PUT + "lots = 0\nstop = { percent = ten }\n"
    file = text(legs=legs).replace('"NIFTY"', "NIFTY").replace("[exit]", "[exit]\nuntil = 1")

    assert [each.partition(": ")[0] for each in told(file)] == [
        "line 2",
        "line 14",
        "line 21",
        "exit.until",
        "legs[1].lots",
    ]


@pytest.mark.parametrize(
    ("file", "places"),
    [
        (HEAD + HOURS + CALL + "stop = x\n" + PUT, 1),
        (HEAD + HOURS + CALL + GUARD.replace("6000", "x"), 1),
        (HEAD + HOURS + CALL + "[legs.stop]\npercent = x\n", 1),
        (HEAD.replace('"NIFTY"', "NIFTY") + HOURS + CALL, 2),
    ],
)
def test_nothing_more_is_said_of_what_could_not_be_read(file: str, places: int) -> None:
    """That a leg has no stop is no fault of it where its stop is the unreadable line."""
    assert len(told(file)) == places


def test_a_key_that_could_not_be_read_has_its_place_among_the_legs() -> None:
    """The second of two legs, and a table within it."""
    written = loads(CALL + PUT + "lots = x\n[legs.stop]\npercent = y\n[risk.stop]\nrupees = z\n")

    assert written.places == ("legs[1].lots", "legs[1].stop.percent", "risk.stop.rupees")


def test_the_lines_that_are_told_have_an_end() -> None:
    """A text that is no TOML at all is not read a thousand times."""
    written = loads("\n".join(f"key{at} = x" for at in range(500)))

    assert written.raw is None
    assert len(written.faults) == FAULTS_MOST


@pytest.mark.parametrize(
    "tail", ["\n".join(f"key{at} = x" for at in range(30)), "a = [\n" + "1,\n" * 10 + "x"]
)
def test_what_is_far_larger_than_a_strategy_is_not_read_again_and_again(tail: str) -> None:
    """A hostile text costs little more than one reading of it."""
    written = loads("\n".join(f"key_{at} = {'1' * 900}" for at in range(65)) + "\n" + tail)

    assert written.raw is None
    assert len(written.faults) < 3


def test_legs_without_fault_are_judged_beside_one_that_has_one() -> None:
    """What contradicts itself is told together with what is wrong by itself."""
    later = HOURS.replace("09:20:00", "15:20:00")
    legs = CALL + "target = { percent = 100 }\n" + PUT + "lots = 0\n"

    assert [each.partition(": ")[0] for each in told(text(legs=legs, hours=later))] == [
        "legs[1].lots",
        "legs[0].target.percent",
        "entry.at",
    ]
