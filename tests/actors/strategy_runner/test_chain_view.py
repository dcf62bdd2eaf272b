"""The chain: one underlying's options by expiry, and their quotes."""

from datetime import date

import pytest

from daemon.actors.listings import Listings
from daemon.actors.strategy_runner.chain_view import Chain, Seen
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.calendar import Segment, session_close_ns
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Kind
from daemon.domain.money import e4
from daemon.domain.plans.parsing import parse
from daemon.domain.plans.words import Basis
from daemon.messages import OptionsListed
from tests.kit.acting import CE, DAY, NEXT_DAY, PE, clock, day_opened, prices
from tests.kit.plans import CALL, GUARD

FUT, BETWEEN = "NIFTY-2025-09-30-FUT", e4("24600")
QUOTES = prices(0, "100", "95", NIFTY="24560", BANKNIFTY="1").quotes


def chain(quotes=QUOTES, basis=Basis.SPOT, underlying="NIFTY", day=DAY, listed=()) -> Chain:
    listings = Listings()
    for each in listed:
        listings.hear(each)
    return Chain(underlying, basis, day, quotes, listings)


def test_options_are_listed_by_expiry_and_kind() -> None:
    """Only what is quoted, where nobody says what there is; another expiry has none."""
    seen = chain()
    assert seen.options(NEXT_DAY, Kind.CALL) == {e4("24550"): QUOTES[CE]}
    assert seen.options(NEXT_DAY, Kind.PUT) == {e4("24550"): QUOTES[PE]}
    assert seen.options(DAY, Kind.PUT) == {}


def test_what_is_listed_and_has_no_quote_is_there_without_one() -> None:
    """Beside what is quoted, be it listed or not; of another kind or expiry it says nothing."""
    seen = chain(listed=[OptionsListed("NIFTY", NEXT_DAY, (e4("24500"), e4("24550")), (), at_ns=1)])
    assert seen.options(NEXT_DAY, Kind.CALL) == {e4("24500"): None, e4("24550"): QUOTES[CE]}
    assert seen.options(NEXT_DAY, Kind.PUT) == {e4("24550"): QUOTES[PE]}
    assert seen.options(DAY, Kind.CALL) == {}


def test_a_quote_is_found_by_its_symbol() -> None:
    """None where it was never seen."""
    assert (chain().quote(CE), chain().quote("NIFTY-2025-09-02-1-CE")) == (QUOTES[CE], None)


def test_what_is_no_symbol_of_ours_is_passed_over() -> None:
    """A recording may label its index as it likes; the options beside it are seen all the same."""
    seen = chain({"NIFTY-50": Quote(e4("24555"))} | QUOTES)
    assert seen.options(NEXT_DAY, Kind.CALL) == {e4("24550"): QUOTES[CE]}


def test_an_underlying_whose_name_begins_like_another_is_another() -> None:
    """BAJAJ has none of BAJAJ-AUTO's options."""
    quotes = {"BAJAJ-AUTO-2025-09-30-9000-CE": Quote(1), "BAJAJ-AUTO": Quote(1)}
    assert chain(quotes, underlying="BAJAJ").options(date(2025, 9, 30), Kind.CALL) == {}
    assert chain(quotes, underlying="BAJAJ-AUTO").options(date(2025, 9, 30), Kind.CALL) != {}


@pytest.mark.parametrize(
    ("quotes", "basis", "basis_e4", "substituted"),
    [
        (QUOTES, Basis.SPOT, e4("24560"), False),
        (QUOTES, Basis.SYNTHETIC, e4("24555"), False),
        (QUOTES, Basis.FUTURE, e4("24555"), True),
        (QUOTES | {"NIFTY": Quote(0)}, Basis.SPOT, e4("24555"), True),
        ({FUT: Quote(e4("24600"))}, Basis.FUTURE, e4("24600"), False),
        ({FUT: Quote(e4("24100"), e4("24599"), 1, e4("24601"), 1)}, Basis.FUTURE, BETWEEN, False),
        ({}, Basis.SPOT, 0, True),
    ],
)
def test_the_basis_falls_back_to_the_forward(quotes, basis, basis_e4, substituted) -> None:
    """And says so, unless the forward was asked for."""
    seen = chain(quotes, basis)
    assert (seen.basis_e4(NEXT_DAY), seen.substituted) == (basis_e4, substituted)


def test_a_future_that_no_table_dates_has_no_price() -> None:
    """The forward stands in, as where it is not quoted."""
    seen = chain(basis=Basis.FUTURE, day=date(1990, 1, 1))
    assert (seen.basis_e4(NEXT_DAY), seen.substituted) == (e4("24555"), True)


def begun(leg=CALL, basis="spot") -> Seen:
    """A day on which nothing was told yet."""
    hours = "[entry]\nat = 09:20:00\n[exit]\nat = 15:20:00\n"
    text = f'id = "s"\nunderlying = "NIFTY"\nbasis = "{basis}"\n{hours}{leg}{GUARD}'
    made = Seen(parse(text))
    made.begin_day(day_opened())
    return made


def seen(*told: int, index="24560", leg=CALL, basis="spot") -> Seen:
    """What was told at these seconds after 09:20:00, and at 09:20:00."""
    made = begun(leg, basis)
    for at_s in (0, *told):
        made.see(prices(after(at_s), NIFTY=index, **{FUT: "24600"}), after(at_s))
    return made


def after(seconds: int) -> int:
    return clock("09:20:00") + seconds * SECOND_NS


def test_a_basis_is_silent_once_it_is_older_than_prices_live() -> None:
    """Said with its name and the time at which it was told last."""
    told = seen(1)
    assert told.silent(after(4)) == ""
    assert told.silent(after(4) + 1) == "basis: NIFTY was last told at 09:20:01"
    assert seen(basis="future").silent(after(4)) == f"basis: {FUT} was last told at 09:20:00"


def test_a_basis_that_is_told_more_seldom_than_the_rest_lives_by_its_own_pace() -> None:
    """Bars of a minute beside ticks: three minutes, from the second bar on."""
    minutes = (60, 120, 180, 240, 300)
    assert seen(*minutes).silent(after(480)) == ""
    assert seen(*minutes).silent(after(480) + 1) == "basis: NIFTY was last told at 09:25:00"
    assert seen(*minutes[:1]).silent(after(240)) == ""
    assert seen().silent(after(4)) == "basis: NIFTY was last told at 09:20:00"


def test_the_pace_of_a_basis_outlives_a_link_that_died() -> None:
    """And the time without a link is no gap of it."""
    told = seen(60, 120, 180, 240, 300)
    told.lose()
    told.see(prices(after(3_600), NIFTY="24560"), after(3_600))

    assert told.silent(after(3_780)) == ""
    assert told.silent(after(3_780) + 1) == "basis: NIFTY was last told at 10:20:00"


@pytest.mark.parametrize(
    "told",
    [
        seen(leg=CALL.replace("{ atm = 0 }", "{ exact = 24550 }")),
        seen(index="0"),
        seen(basis="synthetic"),
    ],
    ids=["no strike is measured on it", "it has no price", "the forward"],
)
def test_what_is_not_measured_on_is_never_silent(told) -> None:
    """However old it is."""
    assert told.silent(after(3_600)) == ""


def test_a_basis_of_a_link_that_died_is_forgotten() -> None:
    """With everything else: it is waited for, as on the first frame of a day."""
    told = seen()
    told.lose()
    assert (told.silent(after(3_600)), told.quotes) == ("basis: NIFTY is not told yet", {})


@pytest.mark.parametrize("basis", ["spot", "future"])
@pytest.mark.parametrize("others", [{}, {"NIFTY": "0", FUT: "0"}], ids=["nothing", "no price"])
def test_a_basis_that_is_not_told_yet_is_waited_for_as_long_as_prices_live(basis, others) -> None:
    """From the first frame on, of the day and of a link that lives again; then there is none."""
    told, symbol = begun(basis=basis), "NIFTY" if basis == "spot" else FUT
    for first_s in (0, 600):
        told.lose()
        for at_s in range(4):
            told.see(prices(after(first_s + at_s), "100", "95", **others), after(first_s + at_s))
            text = f"basis: {symbol} is not told yet"
            assert told.silent(after(first_s + at_s)) == text
        assert told.silent(after(first_s + 3) + 1) == ""


def test_a_basis_is_waited_for_no_longer_once_it_is_told() -> None:
    """With whatever frame it comes."""
    told = begun()
    told.see(prices(after(0), "100", "95"), after(0))
    told.see(prices(after(1), NIFTY="24560"), after(1))
    assert told.silent(after(1)) == ""


def test_a_basis_that_was_told_more_seldom_than_the_rest_is_waited_for_by_its_own_pace() -> None:
    """The link comes back with a tick of an option, and the next bar of the index is due."""
    told = seen(60, 120, 180, 240, 300)
    told.lose()
    told.see(prices(after(3_600), "100", "95"), after(3_600))

    assert told.silent(after(3_780)) == "basis: NIFTY is not told yet"
    assert told.silent(after(3_780) + 1) == ""


@pytest.mark.parametrize(("basis", "stays"), [("spot", False), ("future", True)])
def test_an_index_is_no_basis_once_its_shares_trade_no_more(basis, stays) -> None:
    """In the closing auction it stands, or is told as it was: the forward stands in for it."""
    shut_ns = session_close_ns(DAY, Segment.CASH)
    told, symbol = seen(basis=basis), "NIFTY" if basis == "spot" else FUT
    told.see(prices(shut_ns - 1, NIFTY="24560", **{FUT: "24600"}), shut_ns - 1)
    assert symbol in told.quotes
    told.see(prices(shut_ns, NIFTY="24560", **{FUT: "24600"}), shut_ns)

    assert (symbol in told.quotes) is stays
    assert told.silent(shut_ns) == ""


def test_an_index_whose_shares_trade_no_more_is_not_waited_for() -> None:
    """On a link that comes back in the closing auction the forward stands in at once."""
    shut_ns = session_close_ns(DAY, Segment.CASH)
    told = seen()
    told.lose()
    told.see(prices(shut_ns - 1, "100", "95"), shut_ns - 1)

    assert told.silent(shut_ns - 1) == "basis: NIFTY is not told yet"
    assert told.silent(shut_ns) == ""


def test_a_late_frame_of_before_the_end_brings_no_index_back() -> None:
    """Who asks what is quoted changes nothing of it; what is over is dropped where news arrives."""
    shut_ns = session_close_ns(DAY, Segment.CASH)
    told = seen()
    before = dict(told.quotes)
    assert told.silent(shut_ns) != ""
    assert told.quotes == before
    told.see(prices(shut_ns - 1, NIFTY="24560"), shut_ns)

    assert "NIFTY" not in told.quotes
    assert told.silent(shut_ns) == ""
