"""What a runner chooses a strike from: what the market lists, however little of it is quoted."""

import pytest

from daemon.actors.strategy_runner.fan_out import Place
from daemon.actors.strategy_runner.runner import StrategyRunner
from daemon.domain.money import e4
from daemon.messages import (
    EntryDecided,
    LinkDied,
    LinkRevived,
    Noted,
    OptionsListed,
)
from tests.kit.acting import CE, NEXT_DAY, PE, ROUTER, clock, day_ended, day_opened, facts, prices
from tests.kit.plans import CALL, GUARD, PUT, parse, text

AT = clock("09:20:00")
STRIKES = tuple(e4(strike) for strike in range(23_000, 26_001, 50))
LISTED = OptionsListed("NIFTY", NEXT_DAY, STRIKES, STRIKES, at_ns=clock("09:00:00"))
FAR = {"NIFTY-2025-09-02-26000-CE": "1.2", "NIFTY-2025-09-02-26000-PE": "1445"}
BY_PREMIUM = CALL.replace("atm = 0", "premium = 100"), PUT.replace("atm = 0", "premium = 100")


def runner(*before, legs=(CALL, PUT)) -> StrategyRunner:
    plan = parse(text(legs="".join(legs), tail=GUARD))
    return StrategyRunner(plan, [Place(ROUTER)], strict=False, facts=before)


def awake(**how) -> StrategyRunner:
    """A runner that is told of the listed options before the day, as after a log-in."""
    made = runner(**how)
    made.handle(LISTED, 0)
    made.handle(day_opened(), 0)
    return made


def see(made, at_ns=AT, **quotes) -> list:
    """What it says, or the contracts it enters, on a frame at 24555."""
    given = {name.replace("-", "_"): price for name, price in quotes.items()}
    effects = made.handle(prices(at_ns, NIFTY="24555", **given), at_ns)
    entered = [leg[1] for decided in facts(effects, EntryDecided) for leg in decided.legs]
    return [note.text for note in facts(effects, Noted)] + entered


MONEY = {CE: "100", PE: "95"}
NOT_YET = f"no entry yet: legs[0]: nobody bids for {CE}"


def test_a_far_strike_that_is_quoted_first_is_not_at_the_money() -> None:
    """It waits for the quotes of the strike that is, says so once, and enters at that."""
    made = awake()
    assert see(made, **FAR) == [NOT_YET]
    assert see(made, AT + 1, **FAR) == []
    assert see(made, AT + 2, **MONEY) == [CE, PE]


def test_of_a_day_without_the_quotes_of_that_strike_it_says_that_there_was_no_entry() -> None:
    """A person has been told why when it was first tried."""
    made = awake()
    assert see(made, **FAR) == [NOT_YET]
    assert see(made, clock("15:20:00"), **MONEY) == []
    effects = made.handle(day_ended(), 0)
    assert [note.text for note in facts(effects, Noted)] == ["no entry today"]


def test_after_a_silence_all_that_is_listed_is_still_there_to_choose_from() -> None:
    """Of the quotes none is."""
    made = awake()
    see(made, AT - 5, **MONEY)
    made.handle(LinkDied(AT - 4), AT - 4)
    made.handle(LinkRevived(AT - 1), AT - 1)
    assert see(made, **FAR) == [NOT_YET]


@pytest.mark.parametrize(
    "before", [(LISTED, day_opened()), (day_opened(), LISTED), (LISTED, day_opened(), LinkDied(1))]
)
def test_a_runner_that_is_rebuilt_knows_what_is_listed(before) -> None:
    """Whether that was told before the day began, or on it."""
    made = runner(*before)
    made.handle(LinkRevived(AT - 1), AT - 1)
    assert see(made, **FAR) == [NOT_YET]


def test_a_premium_is_not_looked_for_among_a_part_of_the_strikes() -> None:
    """Where the strike beside is not quoted, that one may have the premium."""
    above = {
        f"NIFTY-2025-09-02-{strike}-{kind}": price
        for kind, told in (("CE", (130, 101, 80)), ("PE", (70, 95, 125)))
        for strike, price in zip((24_500, 24_550, 24_600), map(str, told), strict=True)
    }
    made = awake(legs=BY_PREMIUM)
    assert see(made, **FAR) == [
        "no entry yet: legs[0].strike: the strike 25950.00 beside 26000.00 is not quoted yet"
    ]
    assert see(made, AT + 1, **above) == [CE, PE]


def test_where_nobody_says_what_is_listed_the_quoted_strikes_are_all_there_are() -> None:
    """A generated market quotes all that it lists."""
    made = runner(day_opened())
    assert see(made, **FAR) == list(FAR)
