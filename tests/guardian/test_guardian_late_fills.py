"""The guardian, and an order that fills once its leg is in another contract."""

from daemon.domain.orders.late import handed_on
from daemon.domain.orders.reconcile import MANUAL
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Purpose, Side, State
from daemon.messages import PositionChanged
from tests.guardian.test_guardian_closer import (
    CALL,
    NOON,
    PUT,
    Account,
    entered,
    exits,
    intent,
    of,
    shown,
)

BUY, SELL = Side.BUY, Side.SELL
EXIT = intent("E2", CALL, BUY, purpose=Purpose.EXIT)
GONE = (
    *entered("E1", CALL, SELL),
    IntentRecorded(EXIT, NOON),
    OrderUpdated("E2", "BE2", State.CANCELLED, 0, 0, NOON),
    *entered("E3", CALL, BUY, purpose=Purpose.EXIT),
    *entered("E4", PUT, SELL, leg_id="ce"),
)
FILLED = OrderUpdated("E2", "BE2", State.FILLED, 65, 65 * 1_000_000, NOON)


def closed(account):
    """What leaves until nothing does."""
    sent = []
    for _ in range(4):
        done = account.round()
        sent += exits(done)
        for asked in done.asked:
            account.fill(asked)
    return sent


def test_what_fills_late_in_another_contract_is_closed_beside_what_its_leg_holds():
    account = Account(*GONE, held={PUT: -65, CALL: 65})
    account.orders = (shown("E2", CALL, BUY, State.FILLED, 65),)
    done = account.round()
    assert "E2 filled late; that is closed by itself" in done.told
    assert [fact.strategy_id for fact in of(done, PositionChanged)] == [MANUAL]
    assert exits(done) == [(PUT, BUY, 65), (CALL, SELL, 65)]
    for asked in done.asked:
        account.fill(asked)
    account.orders = ()
    assert closed(account) == []


def test_what_the_daemon_has_handed_on_is_known():
    account = Account(*GONE, held={PUT: -65, CALL: 65})
    books = account.closer.books
    before = books.book.order("E2")
    books.apply(FILLED)
    handed = handed_on(books.book.order("E2"), before, ("E5", "E6"), NOON)
    again = Account(*GONE, FILLED, *handed, held={PUT: -65, CALL: 65})
    assert sorted(closed(again)) == sorted([(PUT, BUY, 65), (CALL, SELL, 65)])
    assert set(again.held.values()) == {0}
