"""The broadcaster: the newest prices, and what people see move."""

import pytest
from msgspec.structs import replace

from daemon.actors.pnl_broadcaster import PnlBroadcaster
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.orders.words import Side
from daemon.messages import (
    Ask,
    Beat,
    Declined,
    LegSeen,
    LinkDied,
    LinkRevived,
    PnlFrame,
    PriceSeen,
    RiskSeen,
    SeePrice,
    SeeRisk,
    TellRisk,
    Told,
    WatchSeen,
)
from daemon.runtime.words import NOTHING, Show, Started, Tell
from tests.kit.acting import DAY, NEXT_DAY, clock, day_opened

T = clock("09:31:00")
LEG = LegSeen("ce", "X", Side.SELL, -75, 100, 90, 500, 0, 10, 130, 0)
WATCH = WatchSeen("s", "open", "NONE", 0, 10, 0, 10, 0, (LEG,))
RISK = RiskSeen(T, link_alive=True, watches=(WATCH,))


def quoted(at_ns=T, **prices) -> Frame:
    """A frame of last prices, each with a book around it."""
    return Frame(at_ns, {name: Quote(p, p - 1, 75, p + 1, 75) for name, p in prices.items()})


def seen(symbol, price, *, age_ms=0, stale=False) -> PriceSeen:
    """How such a price is seen."""
    return PriceSeen(symbol, price, price - 1, price + 1, age_ms, stale)


def told(*messages) -> PnlBroadcaster:
    """A broadcaster that was told these."""
    made = PnlBroadcaster()
    for message in messages:
        assert made.handle(message, getattr(message, "at_ns", T)) == NOTHING
    return made


def price(made, symbol, at_ns=T):
    """What it answers."""
    (show,) = made.handle(Ask(4, SeePrice(symbol)), at_ns)
    assert isinstance(show, Show)
    assert show.view == Told(4, show.view.answer)
    return show.view.answer


def beaten(made, risk=RISK, *, force=False, at_ns=T) -> tuple[PnlFrame, ...]:
    """What it shows when it is beaten and the watchdog answers."""
    asked = (Tell("watchdog", TellRisk("pnl_broadcaster")),)
    assert made.handle(Beat(force), at_ns) == asked
    return tuple(show.view for show in made.handle(risk, at_ns))


def test_the_newest_price_of_a_symbol_is_told_with_its_age() -> None:
    """By market time since it was last quoted; what is absent from a frame is unchanged."""
    made = told(Started(), quoted(X=100, Y=200), quoted(T + SECOND_NS, X=110))
    assert price(made, "X", T + SECOND_NS) == seen("X", 110)
    assert price(made, "Y", T + SECOND_NS) == seen("Y", 200, age_ms=1_000)


def test_a_symbol_that_was_never_quoted_is_declined() -> None:
    """By name."""
    answer = price(told(quoted(X=100)), "Z")
    assert isinstance(answer, Declined)
    assert (answer.code, answer.sentence.split()[0]) == ("unknown_symbol", "Z")


@pytest.mark.parametrize(
    ("symbol", "code"),
    [
        ("NIFTY", "no_price"),
        (f"NIFTY-{NEXT_DAY}-24500-CE", "no_price"),
        (f"NIFTY-{DAY}-FUT", "no_price"),
        ("RELIANCE", "no_price"),
        ("NIFTI", "unknown_symbol"),
        (f"NIFTI-{NEXT_DAY}-24500-CE", "unknown_symbol"),
        ("NIFTY-2025-01-02-24500-CE", "unknown_symbol"),
        ("NIFTY-24500-CE", "unknown_symbol"),
    ],
)
@pytest.mark.parametrize("before", [(), (quoted(X=100),)])
def test_what_is_known_and_has_no_price_yet_is_told_from_what_is_unknown(
    symbol, code, before
) -> None:
    """Of a share nobody knows that it is listed, unless it is quoted or a strategy trades it."""
    made = PnlBroadcaster(traded=frozenset({"RELIANCE"}))
    for message in (day_opened(), *before):
        made.handle(message, T)
    answer = price(made, symbol)
    assert isinstance(answer, Declined)
    assert (answer.code, answer.sentence.split()[0]) == (code, symbol)


@pytest.mark.parametrize(
    ("messages", "stale"),
    [
        ((), (False, False)),
        ((LinkDied(T),), (True, True)),
        ((LinkDied(T), LinkRevived(T)), (True, True)),
        ((LinkDied(T), LinkRevived(T), quoted(X=100)), (False, True)),
        ((day_opened(NEXT_DAY),), (True, True)),
        ((day_opened(),), (False, False)),
    ],
)
def test_a_price_is_stale_from_the_end_of_its_link_or_day_until_it_is_quoted(
    messages, stale
) -> None:
    """A link that lives again says nothing of what it has not quoted."""
    made = told(day_opened(), quoted(X=100, Y=200), *messages)
    assert (price(made, "X").stale, price(made, "Y").stale) == stale


def test_a_contract_that_is_over_has_no_price_on_the_next_day() -> None:
    """What goes on keeps its last one; an index never ends, nor what is no symbol of ours."""
    over, goes_on = f"NIFTY-{DAY}-24500-CE", f"NIFTY-{NEXT_DAY}-24500-CE"
    named = (over, goes_on, "NIFTY", "NIFTY-50")
    quotes = {each: Quote(100, 99, 75, 101, 75) for each in named}
    made = told(day_opened(), Frame(T, quotes))
    assert price(made, over) == seen(over, 100)
    assert made.handle(day_opened(NEXT_DAY), T) == NOTHING
    assert isinstance(price(made, over), Declined)
    left = tuple(seen(each, 100, stale=True) for each in ("NIFTY", goes_on, "NIFTY-50"))
    assert beaten(made) == (PnlFrame(T, RISK, left),)


@pytest.mark.parametrize("was_shown", [True, False])
def test_whoever_was_shown_a_contract_that_is_over_is_told_once_that_it_is_gone(was_shown) -> None:
    """Nobody else is: what was never shown need not be forgotten."""
    over, goes_on = f"NIFTY-{DAY}-24500-CE", f"NIFTY-{NEXT_DAY}-24500-CE"
    made = told(day_opened(), Frame(T, dict.fromkeys((over, goes_on), Quote(100, 99, 75, 101, 75))))
    if was_shown:
        (frame,) = beaten(made)
        assert ([each.symbol for each in frame.prices], frame.gone) == ([over, goes_on], ())
    assert made.handle(day_opened(NEXT_DAY), T) == NOTHING
    (frame,) = beaten(made)
    assert [each.symbol for each in frame.prices] == [goes_on]
    assert frame.gone == ((over,) if was_shown else ())
    assert beaten(made) == ()


def test_a_beat_shows_the_risk_and_what_was_quoted_since_the_one_before() -> None:
    """At the market instant of the risk."""
    made = told(quoted(Y=200, X=100))
    assert beaten(made) == (PnlFrame(T, RISK, (seen("X", 100), seen("Y", 200))),)
    told_then = quoted(T + 5, X=101)
    made.handle(told_then, T + 5)
    assert beaten(made, at_ns=T + 5) == (PnlFrame(T, RISK, (seen("X", 101),)),)


def test_where_nothing_has_changed_nothing_is_shown_unless_it_is_forced() -> None:
    """Time alone is no change: neither the instant nor the age of a price."""
    made = told(quoted(X=100))
    assert beaten(made)
    leg = replace(LEG, age_ms=900)
    later = RiskSeen(T + 1, link_alive=True, watches=(replace(WATCH, legs=(leg,)),))
    assert beaten(made, later) == ()
    assert beaten(made, later, force=True) == (PnlFrame(T + 1, later, ()),)
    assert beaten(made, later) == ()


@pytest.mark.parametrize(
    "risk",
    [
        RiskSeen(T, link_alive=False, watches=(WATCH,)),
        RiskSeen(T, link_alive=True, watches=()),
        replace(RISK, day=DAY),
        replace(RISK, watches=(replace(WATCH, status="leaving"),)),
        replace(RISK, watches=(replace(WATCH, legs=(replace(LEG, stop_e4=120),)),)),
        replace(RISK, watches=(replace(WATCH, legs=(replace(LEG, unguarded_because=("a",)),)),)),
    ],
    ids=["link", "gone", "day", "status", "stop", "guard"],
)
def test_whatever_changed_at_the_watchdog_is_shown(risk) -> None:
    """Without any new price."""
    made = told()
    assert beaten(made) == (PnlFrame(T, RISK, ()),)
    assert beaten(made, risk) == (PnlFrame(T, risk, ()),)


def test_a_dead_link_is_shown_with_every_price_that_it_leaves_stale() -> None:
    """Once."""
    made = told(quoted(X=100, Y=200))
    beaten(made)
    made.handle(LinkDied(T), T)
    stale = (seen("X", 100, stale=True), seen("Y", 200, stale=True))
    assert beaten(made) == (PnlFrame(T, RISK, stale),)
    assert beaten(made) == ()


def test_a_force_that_waits_for_its_answer_is_not_forgotten() -> None:
    """Nor spent twice."""
    made = told()
    beaten(made)
    made.handle(Beat(force=True), T)
    made.handle(Beat(), T)
    assert [len(made.handle(RISK, T)) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("message", [Ask(1, SeeRisk()), "what"])
def test_it_takes_nothing_that_it_does_not_know(message) -> None:
    """That would be a mistake in the program."""
    with pytest.raises(AssertionError, match="was told"):
        told().handle(message, T)


def test_several_watchdogs_are_asked_at_once_and_shown_as_one_frame():
    """Each watch bears the mark of its account; until all have answered nothing is shown."""
    made = PnlBroadcaster(watchdogs=("watchdog", "watchdog:beta"))
    asked = made.handle(Beat(), T)
    assert [effect.to for effect in asked] == ["watchdog", "watchdog:beta"]

    assert made.handle(replace(RISK, account="beta"), T) == NOTHING
    (show,) = made.handle(RISK, T)
    assert sorted(watch.account for watch in show.view.risk.watches) == ["", "beta"]


def test_an_answer_that_was_lost_holds_up_one_frame_and_no_other():
    made = PnlBroadcaster(watchdogs=("watchdog", "watchdog:beta"))
    made.handle(replace(RISK, account="beta"), T)  # the other fell and said nothing
    made.handle(replace(RISK, account="beta"), T)

    assert len(made.handle(RISK, T)) == 1
