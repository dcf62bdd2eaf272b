"""A kill of a whole running daemon: what comes before what, and how it ends among faults."""

from fractions import Fraction

import pytest

from daemon.bench.kill import Load, faulty, rest
from daemon.bench.live import Setup, living, within
from daemon.bench.live_market import LiveMarket
from daemon.control import Refusal
from daemon.kill import standing
from daemon.messages import Cancel, Place, Scope

HURRIED = Load(symbols=41, per_second=10)
SEEDS = range(6)


def setup():
    return Setup(LiveMarket(120, symbols=41, per_second=10), speed=Fraction(10))


def is_order(write):
    return isinstance(write.request, Place)


def told(write):
    """What a write is: whose cancellation, or purpose, side and leg of an order."""
    if isinstance(write.request, Cancel):
        return write.request.intent_id
    intent = write.request.approved.intent
    return f"{intent.purpose} {intent.side} {intent.leg_id}"


async def test_the_latch_stands_as_a_file_before_a_kill_is_accepted(tmp_path):
    """Nobody has acted on it by then, and what a crash leaves behind is the latch."""
    async with living(setup(), tmp_path) as live:
        latched = await live.control.brakes.kill(Scope.ALL, "", "enough", "ann")
        assert live.marks.stages == []
        assert [each.latch_id for each in standing(tmp_path)] == [latched.latch_id]
        await within(live.over)
        assert [each.latch_id for each in standing(tmp_path)] == [latched.latch_id]


async def test_a_kill_sends_eight_messages_and_is_flat(tmp_path):
    """The shorts are bought back and all that rests is cancelled at once; then the longs go."""
    async with living(setup(), tmp_path) as live:
        resting = await rest(live)
        before = len(live.marks.writes)
        await live.control.brakes.kill(Scope.ALL, "", "enough", "ann")
        await within(live.over)
        writes = live.marks.writes[before:]
        stages = [staged.stage for _, staged in live.marks.stages]

    first = list(dict.fromkeys(map(told, writes)))  # what rests too long is priced anew
    at_once, shorts = first[:6], ["exit buy short_ce", "exit buy short_pe"]
    assert at_once == [*shorts, *resting]
    assert [word for word in first[6:] if word.startswith("exit")] == [
        "exit sell hedge_ce",
        "exit sell hedge_pe",
    ]
    assert stages == ["cancelling", "closing", "verifying", "flat"]


async def test_no_entry_is_taken_after_a_kill_was_accepted(tmp_path):
    """Whoever asks for one is refused by name, and nothing leaves."""
    async with living(setup(), tmp_path) as live:
        await live.control.brakes.kill(Scope.ALL, "", "enough", "ann")
        before = len(live.marks.writes)
        with pytest.raises(Refusal, match="is latched: enough") as refused:
            await rest(live)
        await within(live.over)
        orders = [told(each) for each in live.marks.writes[before:] if is_order(each)]

    assert refused.value.code == "halted"
    assert {order.split()[0] for order in orders} == {"exit"}


async def test_a_kill_that_is_pulled_again_is_proven_anew_before_anybody_is_told_that_it_is_flat(
    tmp_path,
):
    """The port, the page and the command all ask for its stage once they have pulled it."""
    async with living(setup(), tmp_path) as live:
        first = await live.control.brakes.kill(Scope.ALL, "", "enough", "ann")
        await within(live.over)
        live.over.clear()
        again = await live.control.brakes.kill(Scope.ALL, "", "is it?", "ann")
        (asked,) = await live.control.reads.kill_stage(again.latch_id)
        await within(live.over)
        (proven,) = await live.control.reads.kill_stage(again.latch_id)

    assert again.latch_id == first.latch_id
    assert (asked.stage, proven.stage) == ("verifying", "flat")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_kill_among_refusals_and_time_outs_ends_flat_or_names_what_is_left(seed):
    """Nothing is reversed, and never is more sent than is open."""
    outcome = faulty(HURRIED, seed)

    assert outcome.stage == "flat" or (outcome.stage == "incomplete" and outcome.left)
    assert outcome.took_ms <= 60_000
    assert (outcome.reversed, outcome.beyond) == ((), ())
