"""What a closing has before it: what is on its way beyond what is open."""

from tests.kit.router import Stage, leave, leg, without_wakes


def test_where_late_evidence_makes_exits_too_many_the_one_that_rests_is_taken_back():
    """Nobody can take back the one in doubt, so it is the one that is counted on."""
    stage = Stage(["fill", "fill", "work", "work", "lost", "work"]).entered(leg("ce", 2, freeze=75))
    stage.tell(leave("ce"))
    stage.run(1.2)
    assert without_wakes(stage.push(3))[:2] == ["ce -75", "cancel 6"]
    stage.run(0.5)
    assert stage.broker.resting() == []
    assert len(stage.intents()) == 6
