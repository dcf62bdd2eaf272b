"""The chain: one underlying's options by expiry, and their quotes."""

from datetime import date

import pytest

from daemon.actors.chain_view import Chain
from daemon.actors.listings import Listings
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Kind
from daemon.domain.money import e4
from daemon.domain.plans.words import Basis
from daemon.messages import OptionsListed
from tests.kit.acting import CE, DAY, NEXT_DAY, PE, prices

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
