"""A book that was read before and is not read any more: the account counts as unread."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.orders.words import OrderType, Side
from daemon.messages import (
    AccountRead,
    AccountUnread,
    Declined,
    EntriesFreed,
    EntriesHeld,
    HeldBy,
    HoldEntries,
    LinkRevived,
    OrderAsked,
    PlaceByHand,
    SeeAccount,
)
from tests.kit.router import (
    CLOSES,
    KEEP,
    OPENED,
    READING,
    SYMBOLS,
    S,
    Stage,
    enter,
    frame,
    leave,
    without_wakes,
)

SINCE = "has not been read since 09:30:00"
UNHEARD = "the book tells nothing of its orders since 09:30:00, and they may have filled"
OVERDUE = f"the broker's book {SINCE}; entries wait for it"
HELD = f"its broker's book {SINCE}, and nothing guards what may have filled since"


def stage(place=("fill",), **given) -> Stage:
    """A stage whose broker's book was read once, and cannot be from now on."""
    made = Stage(place, terms=READING, **given)
    made.run()
    return made


def fails(made: Stage, times: int = 500) -> Stage:
    made.broker.unread.extend(["down"] * times)
    return made


def held(made: Stage) -> list[tuple[HeldBy, str]]:
    return [(each.by, each.because) for each in made.told(EntriesHeld)]


def overdue(made: Stage) -> str:
    return made.ask(SeeAccount()).overdue


def test_ten_seconds_after_a_reading_that_failed_whoever_holds_something_is_told_once():
    made = fails(stage().entered("ce"))
    made.run(39)
    assert (held(made), overdue(made)) == ([], ""), "for half a minute nobody asked"
    made.run(2)
    assert held(made) == [(HeldBy.BOOKS, f"{HELD}: down")]
    assert overdue(made) == "09:30:00"
    made.run(60)
    assert len(held(made)) == 1


def test_once_a_reading_comes_nothing_is_overdue_and_entries_go_on():
    made = fails(stage().entered("ce"), 3)
    made.run(42)
    assert held(made)
    made.run(5)
    assert [each.by for each in made.told(EntriesFreed)] == [HeldBy.BOOKS]
    assert (overdue(made), made.ask(SeeAccount()).paused) == ("", "")


def test_an_order_whose_end_nobody_knows_is_as_good_as_something_held():
    """Both shorts had filled, and the account was flat, guarded and without an alert."""
    made = fails(stage(["accept"]))
    made.tell(enter("ce", at_ns=made.now_ns, **KEEP))
    said = made.run(20)
    assert held(made) == [(HeldBy.BOOKS, f"{HELD}: down")]
    assert f"ended: entries are paused: {HELD}: down; {UNHEARD}" in said


def test_a_strangers_order_that_rests_is_nothing_that_is_held():
    made = stage()
    made.broker.stranger(SYMBOLS["ce"], Side.BUY)
    made.tell(LinkRevived(made.now_ns))
    made.run(1)
    assert made.book().open_orders()
    fails(made).run(45)
    assert held(made) == []
    assert overdue(made) == "09:30:00"


def test_where_nothing_is_held_nobody_is_told_and_entries_wait_all_the_same():
    made = fails(stage())
    made.run(45)
    assert held(made) == []
    assert overdue(made) == "09:30:00"
    assert without_wakes(made.tell(enter(at_ns=made.now_ns))) == [f"ended: {OVERDUE}"]
    asked = OrderAsked(
        *("r", "a", SYMBOLS["ce"], Side.BUY, 75, OrderType.LIMIT, 1_000_000, 0, "", "ann"),
        made.now_ns,
    )
    answer = made.ask(PlaceByHand(asked))
    assert answer == Declined("books_differ", OVERDUE)


def test_a_reading_that_is_never_answered_is_overdue_by_the_next_frame():
    made = stage().entered("ce")
    made.broker.unread.extend(["mute"] * 9)
    made.run(41)
    made.tell(frame(made.now_ns))
    assert held(made) == [(HeldBy.BOOKS, HELD)]


def test_exits_leave_while_the_book_is_overdue():
    made = fails(stage().entered("ce"))
    made.run(45)
    made.tell(leave("ce"))
    assert "flat ce" in made.run(1)


def test_before_the_opening_no_reading_is_overdue_and_from_then_on_it_has_ten_seconds():
    made = fails(stage().entered("ce"))
    late_ns = made.now_ns + 60 * 1_000_000_000
    made.tell(replace(OPENED, sessions=((late_ns, CLOSES),)))
    made.run(69)
    assert held(made) == []
    made.run(3)
    assert len(held(made)) == 1


def test_after_the_close_no_reading_is_overdue():
    made = fails(stage().entered("ce"))
    made.tell(replace(OPENED, sessions=((OPENED.sessions[0][0], made.now_ns + 5 * S),)))
    made.tell(LinkRevived(made.now_ns), made.now_ns + 10 * S)
    made.run(20)
    made.tell(frame(made.now_ns))
    assert (held(made), overdue(made)) == ([], "")


def test_who_was_told_all_but_an_order_of_somebody_elses_was_told_of_ours():
    made = stage().entered("ce")
    part = AccountRead((), (), made.now_ns)
    fails(made)
    made.run(45)
    assert len(held(made)) == 1
    made.tell(AccountUnread("order 9 is to 'SWAP'", made.now_ns, partly=part))
    assert (overdue(made), len(made.told(EntriesFreed))) == ("", 1)


def test_a_part_of_the_book_ends_no_hold_of_an_account_that_was_not_read_since_the_start():
    made = Stage(terms=READING)
    fails(made)
    made.build()
    made.tell(HoldEntries(HeldBy.BOOKS, "its broker's book has not been read since the start"))
    part = AccountRead((), (), made.now_ns)
    made.tell(AccountUnread("order 9 is to 'SWAP'", made.now_ns, partly=part))
    assert made.told(EntriesFreed) == []
    made.broker.unread.clear()
    made.run(60)
    assert [each.by for each in made.told(EntriesFreed)] == [HeldBy.BOOKS]


def test_an_entry_that_ends_while_the_book_is_not_read_says_that_its_orders_may_have_filled():
    """It said that it was not filled within its time; both legs had filled."""
    made = fails(stage(["accept"]))
    made.tell(enter("ce", at_ns=made.now_ns))
    assert f"ended: not filled within the time for legging; {UNHEARD}" in made.run(7)


def test_an_entry_that_ends_once_a_reading_was_not_answered_for_a_while_says_so_too():
    made = stage(["accept"])
    made.broker.unread.extend(["mute"] * 9)
    made.tell(enter("ce", at_ns=made.now_ns))
    made.tell(LinkRevived(made.now_ns))
    assert f"ended: not filled within the time for legging; {UNHEARD}" in made.run(7)


def test_an_entry_that_ends_while_a_reading_has_just_left_says_nothing_of_the_kind():
    made = stage(["work"])
    made.tell(enter("ce", at_ns=made.now_ns, reprice_ns=60 * S))
    made.tell(LinkRevived(made.now_ns), made.now_ns + 5 * S)
    assert "ended: not filled within the time for legging" in made.tell(frame(made.now_ns))


def test_an_entry_whose_orders_are_known_to_be_over_says_nothing_of_the_kind():
    made = fails(stage(["refuse MARGIN"]))
    made.run(31)
    made.tell(enter("ce", at_ns=made.now_ns))
    (ended,) = [word for word in made.run(7) if word.startswith("ended")]
    assert "filled" not in ended


def test_an_overdue_exit_whose_orders_are_not_heard_of_says_that_they_may_have_filled():
    """It said that its legs were still open, and to close them; they were closed."""
    made = fails(stage(["fill", "accept"]).entered("ce"))
    made.tell(leave("ce"))
    assert f"page still open: ce -75; {UNHEARD}" in made.run(12)
