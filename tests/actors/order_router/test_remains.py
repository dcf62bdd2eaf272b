"""What remains of a strategy, for whoever wants to change or remove it."""

from __future__ import annotations

from daemon.messages import SeeOpen
from tests.kit.router import Stage, enter, leave


def remains(stage: Stage, strategy_id: str = "s") -> list[str]:
    return list(stage.ask(SeeOpen(strategy_id)))


def test_of_a_strategy_that_never_entered_nothing_remains():
    assert remains(Stage()) == []


def test_every_leg_that_is_held_is_told_and_those_of_others_are_not():
    stage = Stage().entered()
    assert remains(stage) == [
        "ce holds -75 NIFTY-2025-09-02-24550-CE",
        "pe holds -75 NIFTY-2025-09-02-24550-PE",
    ]
    assert remains(stage, "t") == []


def test_a_basket_on_its_way_remains_with_its_orders():
    stage = Stage(["work"])
    stage.tell(enter("ce"))
    stage.run()
    entering, order = remains(stage)
    assert entering == "s:0 is being entered"
    assert order.endswith("sell 75 NIFTY-2025-09-02-24550-CE, rests in the broker's book")
    assert remains(stage, "t") == []


def test_an_order_in_doubt_remains():
    stage = Stage(["lost"])
    stage.tell(enter("ce"))
    stage.run(20)
    assert [text for text in remains(stage) if "is in doubt" in text]


def test_an_exit_that_is_owed_remains_until_it_is_finished():
    stage = Stage(["fill", "work"]).entered("ce")
    stage.tell(leave("ce"))
    assert [text for text in remains(stage) if text.endswith("is owed")]
    assert remains(stage, "t") == []
    stage.run()
    stage.push(2)
    stage.run(5)
    assert remains(stage) == []
