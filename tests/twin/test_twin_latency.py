from hypothesis import given
from hypothesis import strategies as st

from daemon.twin.latency import Latency
from tests.kit.exchange import T0, exchange, frame, order, quote


@given(st.integers(), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**9))
def test_latency_lies_between_base_and_base_plus_jitter(seed, base_us, jitter_us, number):
    """It never leaves its bounds and is the same whenever it is asked for."""
    latency = Latency(seed, base_us, jitter_us)
    found = latency.for_order(number)
    assert base_us * 1_000 <= found <= (base_us + jitter_us) * 1_000
    assert latency.for_order(number) == found


def test_latency_depends_on_seed_and_number():
    """Known values, so that no driver and no version of Python may differ."""
    one = Latency(7, 20_000, 5_000)
    assert [one.for_order(n) for n in (1, 2)] == [20_352_394, 24_257_619]
    assert Latency(8, 20_000, 5_000).for_order(1) != one.for_order(1)


def test_the_answer_and_the_fill_are_stamped_with_the_latency():
    """What the deciding frame fills is stamped at the order's arrival, later fills at theirs."""
    ex = exchange(latency=Latency(0, 20_000))
    ex.on_frame(frame(call=quote(size=75)), T0)
    answer = ex.place(order(quantity=150), T0)
    ex.on_frame(frame(T0 + 1, call=quote(size=0)), T0 + 1)
    ex.on_frame(frame(T0 + 30_000_000, call=quote()), T0 + 30_000_000)
    assert answer.at_ns == T0 + 20_000_000
    assert [t.at_ns for t in ex.trades()] == [T0 + 20_000_000, T0 + 30_000_000]
