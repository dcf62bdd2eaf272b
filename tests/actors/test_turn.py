"""A turn: facts first, what is done once they are durable, and what is told at once."""

from daemon.actors.turn import Turn
from daemon.messages import LinkDied, LinkRevived
from daemon.runtime.words import NOTHING, Commit, Publish, Show


def test_a_turn_without_anything_is_nothing() -> None:
    """The one object that says so."""
    assert Turn().done() is NOTHING


def test_effects_without_facts_need_no_commit() -> None:
    """Carried out as they are, in order."""
    turn = Turn()
    turn.do(Show(1), Show(2))
    assert turn.done() == (Show(1), Show(2))


def test_what_is_done_leaves_after_the_facts_are_durable() -> None:
    """One commit holds all facts of the turn, also those recorded after an effect."""
    turn = Turn()
    turn.announce(LinkDied(1))
    turn.do(Show(1))
    turn.record(LinkRevived(2))
    assert turn.done() == (Commit((LinkDied(1), LinkRevived(2)), (Publish(LinkDied(1)), Show(1))),)


def test_what_forbids_is_told_before_it_is_durable_and_recorded_with_the_rest() -> None:
    """Ahead of the commit, which holds it in its place."""
    turn = Turn()
    turn.do(Show(1))
    turn.record(LinkRevived(1))
    turn.warn(LinkDied(2))
    assert turn.done() == (
        Publish(LinkDied(2)),
        Commit((LinkRevived(1), LinkDied(2)), (Show(1),)),
    )
