"""Whatever becomes of the purchases of a short: it does not stand, and too much is bounded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.orders.doubt import OLD_NS
from daemon.domain.orders.words import Purpose, Side
from daemon.messages import ExitReplaced
from tests.actors.order_router.closing.test_doubts import CE, READING
from tests.kit.router import Stage, frame, leave, leg

pytestmark = pytest.mark.untraced

FATES = ["lost", "ask", "dumb", "dumb 5", "dumb 60", "dumbwork", "fill", "refuse OTHER", "reject"]
NEVER = {"lost", "ask"}
LATE = "dumb 60"
"""Nobody hears of it for a minute, and what it bought or sold too much is closed only then."""


SHORTS = {1: leg("ce"), 3: replace(leg("ce"), quantity=3_750)}
"""What is short, by how many slices it leaves in."""


@settings(max_examples=30)
@given(
    st.sampled_from(sorted(SHORTS)),
    # On the ladder's last step an order rests until the market comes to it; here that stands still.
    st.lists(st.sampled_from(FATES), max_size=4).filter(lambda fates: fates.count("dumbwork") < 4),
    st.booleans(),
)
def test_a_short_is_bought_back_whatever_was_lost_and_no_more_is_held_than_was_short(
    slices, fates, falls
):
    short = SHORTS[slices].quantity
    stage = Stage(["fill"] * slices + [*fates, "fill"], terms=READING)
    stage.run()
    stage.entered(SHORTS[slices])
    stage.tell(leave("ce"))
    late = 60 * fates.count(LATE)
    for second in range(100 + late + 130 * sum(fate in NEVER for fate in fates)):
        stage.run(1)
        stage.tell(frame(stage.now_ns))
        if falls and second % 50 == 1:
            stage.build()
        assert stage.broker.net().get(CE, 0) <= short
    bought = [i for i in stage.intents() if (i.purpose, i.side) == (Purpose.EXIT, Side.BUY)]
    held = stage.broker.net().get(CE, 0)
    assert held >= 0, "a short stands"
    assert not held or NEVER.intersection(fates), "only a sale in doubt leaves a long"
    assert set(stage.broker.asked.values()) == {1}
    replaced = {fact.intent_id: fact.at_ns for fact in stage.told(ExitReplaced)}
    assert len(replaced) < len(bought)
    for at_ns in replaced.values():
        never = [
            each.quantity
            for each in bought
            if not stage.broker.of(each.intent_id)
            and 0 <= at_ns - replaced.get(each.intent_id, at_ns + 1) < OLD_NS
        ]
        assert sum(never) <= short, "of what nobody saw, within two minutes"
