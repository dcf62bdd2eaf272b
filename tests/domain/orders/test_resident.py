import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.money import e4
from daemon.domain.orders.heard import Order
from daemon.domain.orders.ladder import Prospect
from daemon.domain.orders.resident import Level, level, surplus
from daemon.domain.orders.words import State
from tests.kit.asked import INTENT

PROSPECT = Prospect(e4("100.05"), e4(100), e4(60), e4(140), e4("0.05"))
TWENTY = e4(20)
NO_ROOM = "the band of the exchange ends before there is room beyond our own stop"
MET = "the market stands where it would be triggered"


@pytest.mark.parametrize(
    ("case", "own", "changes", "expected"),
    [
        ("beyond the entry", "100", {}, ("120", "126")),
        ("on the tick, away from the market", "99.97", {}, ("120", "126")),
        ("no farther than its limit fits", "115", {}, ("133.30", "140")),
        ("the band leaves hardly any room", "130", {}, ("133.30", "140", True)),
        ("the band ends before our own stop", "135", {}, NO_ROOM),
        ("just at our own stop", "133.30", {}, NO_ROOM),
        ("where no band is known", "115", {"low_e4": 0, "high_e4": 0}, ("138", "144.90")),
        ("the market is at the trigger", "100", {"ltp_e4": e4(120)}, MET),
        ("the market is a tick below it", "100", {"ltp_e4": e4("119.95")}, ("120", "126")),
        ("nobody knows where the market is", "100", {"ltp_e4": 0}, "its last price is not known"),
    ],
)
def test_a_stop_rests_beyond_our_own_as_far_as_the_band_allows(case, own, changes, expected):
    found = level(e4(own), TWENTY, replace(PROSPECT, **changes))
    if not isinstance(expected, str):
        trigger, limit, *is_near = expected
        expected = Level(e4(trigger), e4(limit), *is_near)
    assert found == expected, case


@given(
    own=st.integers(1, 2_000),
    ltp=st.integers(1, 2_000),
    band=st.integers(0, 3_000),
    percent=st.integers(1, 400),
)
def test_what_rests_is_on_the_tick_inside_the_band_and_past_our_own_stop(own, ltp, band, percent):
    tick = 500
    prospect = Prospect(0, ltp * tick, tick, band * tick, tick)
    found = level(own * tick, percent * 10_000, prospect)
    if isinstance(found, str):
        return
    assert found.trigger_e4 % tick == found.limit_e4 % tick == 0
    assert max(own * tick, ltp * tick) < found.trigger_e4 <= found.limit_e4
    assert not band or found.limit_e4 <= band * tick


def order(number, quantity, state=State.WORKING):
    intent = replace(INTENT, intent_id=f"OR{number}", quantity=quantity)
    return Order(intent, state, "B", 0, 0, quantity, None, "", 0)


@pytest.mark.parametrize(
    ("resting", "wanted", "beyond"),
    [
        ([], 75, []),
        ([75, 75], 150, []),
        ([75, 75], 75, [2]),
        ([150], 75, [1]),
        ([150, 75], 75, [1]),
        ([75], 0, [1]),
    ],
)
def test_stops_of_more_units_than_are_open_are_taken_back_the_newest_first(resting, wanted, beyond):
    orders = [order(number, quantity) for number, quantity in enumerate(resting, 1)]
    assert [each.intent.intent_id for each in surplus(orders, wanted)] == [
        f"OR{number}" for number in beyond
    ]
