from daemon.runtime.words import ActorSpec, Lane, Surroundings


def test_a_lower_lane_is_read_first():
    """Control before facts before what is only newest."""
    assert sorted(Lane) == [Lane.CONTROL, Lane.FACTS, Lane.NEWEST]


def test_a_world_without_an_outside_leads_to_nothing():
    """What comes in is seen by the actors alone."""
    assert list(Surroundings({}, print).outside("a frame", 5)) == []


def test_an_actor_bears_three_falls_in_ten_minutes_and_is_not_left_out():
    """Unless its specification says otherwise."""
    spec = ActorSpec("router", lambda _: None)
    assert (spec.restarts, spec.period_ns, spec.disarm) == (3, 600 * 10**9, False)
