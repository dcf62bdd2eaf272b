"""Which options the market lists."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from daemon.actors.listings import Listings
from daemon.domain.market.instruments import Kind
from daemon.messages import LinkDied, OptionsListed
from tests.kit.acting import DAY, day_opened

TOLD = OptionsListed("NIFTY", DAY, (1, 2), (2, 3), at_ns=7)


def of(*facts) -> Listings:
    listings = Listings()
    for fact in facts:
        listings.hear(fact)
    return listings


def test_the_strikes_of_an_expiry_are_known_by_their_kind() -> None:
    """Of another expiry or underlying there are none."""
    listings = of(TOLD)
    assert listings.strikes("NIFTY", DAY, Kind.CALL) == (1, 2)
    assert listings.strikes("NIFTY", DAY, Kind.PUT) == (2, 3)
    assert listings.strikes("NIFTY", DAY + timedelta(days=1), Kind.CALL) == ()
    assert listings.strikes("BANKNIFTY", DAY, Kind.CALL) == ()


@pytest.mark.parametrize(
    ("fact", "is_new"),
    [
        (replace(TOLD, at_ns=8), False),
        (replace(TOLD, calls_e4=(1, 2, 3)), True),
        (replace(TOLD, underlying="BANKNIFTY"), True),
        (LinkDied(1), False),
    ],
)
def test_it_says_whether_it_was_told_what_it_did_not_know(fact, is_new) -> None:
    """When the same was told once more is nothing new."""
    assert Listings().hear(TOLD) is True
    assert of(TOLD).hear(fact) is is_new


@pytest.mark.parametrize(("day", "known"), [(DAY, True), (DAY + timedelta(days=1), False)])
def test_what_has_expired_is_listed_no_longer(day, known) -> None:
    """On the day of its expiry it is."""
    assert bool(of(TOLD, day_opened(day)).strikes("NIFTY", DAY, Kind.CALL)) is known
