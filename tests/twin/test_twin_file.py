import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.errors import StoreError
from daemon.twin.exchange import Exchange
from daemon.twin.faults import Call, Fault, FaultKind
from daemon.twin.file import SeenFile, SqliteFile
from daemon.twin.floor import Terms
from daemon.twin.rules import MarketRules
from daemon.twin.words import Accepted, Reason
from tests.kit.exchange import CALL, PUT, T0, band, exchange, frame, is_open, order, quote

LATER = T0 + SECOND_NS


def statements(ex):
    """All that the exchange tells, without prices of the market."""
    held = [(p.symbol, p.net_quantity, p.open_value_e4, p.realised_e4) for p in ex.positions()]
    return ex.orders(), ex.trades(), held, ex.funds()


def traded(path, *plan):
    """An account with a filled, a partly filled, a waiting and a refused order."""
    ex = exchange(*plan, file=SqliteFile(path))
    ex.on_frame(frame(call=quote(size=150), put=quote()), T0)
    ex.place(order("sell", price="99.95", symbol=PUT), T0)
    ex.place(order(quantity=225), T0)
    ex.place(order(price="110", trigger="105"), T0)
    ex.place(order(quantity=1), T0)
    return ex


def test_an_account_opened_again_is_as_it_was_left(tmp_path):
    """The process may end without closing anything."""
    ex = traded(tmp_path / "twin.sqlite")
    again = exchange(cash="5", file=SqliteFile(tmp_path / "twin.sqlite"))
    assert statements(again) == statements(ex)


def test_a_restored_order_works_on(tmp_path):
    """It fills its rest, keeps its turn, and new numbers do not repeat old ones."""
    traded(tmp_path / "twin.sqlite").close()
    again = exchange(file=SqliteFile(tmp_path / "twin.sqlite"))
    again.place(order(), LATER)
    again.on_frame(frame(LATER, call=quote(size=150)), LATER)
    assert [t.quantity for t in again.trades() if t.symbol == CALL] == [150, 75, 75]
    assert len({o.order_id for o in again.orders()}) == 4
    assert len({t.trade_id for t in again.trades()}) == 4


def test_the_rate_limit_outlives_a_restart(tmp_path):
    """Ten messages before it and one after are eleven in a second."""
    ex = exchange(file=SqliteFile(tmp_path / "twin.sqlite"))
    for n in range(10):
        ex.place(order(), T0 + n)
    again = exchange(file=SqliteFile(tmp_path / "twin.sqlite"))
    assert again.place(order(), T0 + 20).reason == Reason.RATE
    assert isinstance(again.place(order(), LATER), Accepted)


def test_a_request_on_its_way_lands_after_a_restart(tmp_path):
    """It was sent, so it arrives, although nobody is left who sent it."""
    late = Fault(Call.PLACE, FaultKind.LATE, 1, delay_ns=SECOND_NS)
    path = tmp_path / "twin.sqlite"
    exchange(late, file=SqliteFile(path)).place(order(client_id="late"), T0)
    again = exchange(late, file=SqliteFile(path))
    assert again.orders() == []
    again.advance(LATER)
    assert len(again.orders_by_client_id("late")) == 1
    third = exchange(late, file=SqliteFile(path))
    third.advance(LATER + 1)
    assert len(third.orders_by_client_id("late")) == 1


def test_what_another_day_left_lapses_and_what_is_held_stays(tmp_path):
    """A restart on the next day is the next day."""
    path = tmp_path / "twin.sqlite"
    traded(path)
    next_day = exchange(file=SqliteFile(path))
    assert len(next_day.advance(T0 + DAY_NS)) == 2
    again = exchange(file=SqliteFile(path))
    assert again.orders() == []
    assert [p.net_quantity for p in again.positions()] == [-75, 150]


def test_a_file_of_another_kind_is_refused(tmp_path):
    """Not SQLite, or another version: it is named and left alone."""
    text, newer = tmp_path / "text", tmp_path / "newer"
    text.write_text("this is no database, and long enough to be sure of it" * 20)
    with pytest.raises(StoreError, match="cannot be used"):
        SqliteFile(text)
    db = sqlite3.connect(newer)
    db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(StoreError, match="version 9"):
        SqliteFile(newer)


def test_a_damaged_file_is_refused(tmp_path):
    """A word that the exchange does not know is damage, not a guess."""
    path = tmp_path / "twin.sqlite"
    traded(path).close()
    db = sqlite3.connect(path)
    db.execute("UPDATE orders SET status = 'perhaps'")
    db.commit()
    db.close()
    with pytest.raises(StoreError, match="damaged"):
        exchange(file=SqliteFile(path))


def test_a_contract_that_no_rule_knows_any_more_is_told(tmp_path):
    """A position cannot be valued without its contract."""
    path = tmp_path / "twin.sqlite"
    traded(path).close()
    nothing = MarketRules(lambda *_: None, band, is_open)
    with pytest.raises(StoreError, match="no rule knows"):
        Exchange.open(Terms(nothing, 0), SqliteFile(path))


def test_a_call_is_saved_whole_or_not_at_all(tmp_path):
    """A failed save leaves the file as it was before the call, and the next one saves both."""
    path = tmp_path / "twin.sqlite"
    ex = traded(path)
    before = statements(exchange(file=SqliteFile(path)))
    ex._file._db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="could not save"):
        ex.place(order(client_id="unsaved"), T0)
    assert statements(exchange(file=SqliteFile(path))) == before
    ex._file._db.execute("PRAGMA query_only = OFF")
    ex.advance(T0)
    assert statements(exchange(file=SqliteFile(path))) == statements(ex)


def test_half_a_transaction_is_rolled_back(tmp_path):
    """A trade that cannot be written takes the order of the same call with it."""
    path = tmp_path / "twin.sqlite"
    ex = exchange(file=SqliteFile(path))
    ex.on_frame(frame(call=quote()), T0)
    ex._file._db.execute("DROP TABLE trades")
    with pytest.raises(StoreError):
        ex.place(order(), T0)
    assert ex._file._db.execute("SELECT count(*) FROM orders").fetchone() == (0,)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "cancel", "frame", "day"]),
        st.integers(1, 4),
        st.sampled_from(["99.90", "99.95", "100.05", "100.10"]),
    ),
    max_size=25,
)


TWO_DAYS = [
    ("buy", 2, "100.05"),
    ("sell", 2, "99.90"),
    ("day", 1, "99.90"),
    ("sell", 1, "99.90"),
    ("buy", 1, "99.90"),
]


@settings(max_examples=40, deadline=None)
@given(STEPS)
@example(TWO_DAYS)
def test_a_restart_between_any_two_calls_changes_nothing(tmp_path_factory, steps):
    """One exchange lives on, another is opened anew before each call; both say the same."""
    path = tmp_path_factory.mktemp("twin") / "twin.sqlite"
    lasting, now = exchange(), T0
    exchange(file=SqliteFile(path)).close()
    for verb, lots, price in steps:
        now += 1_000_000 if verb != "day" else DAY_NS
        fresh = exchange(file=SqliteFile(path))
        for ex in (lasting, fresh):
            ex.on_frame(frame(now, call=quote(size=75 * lots)), now)
            if verb in ("buy", "sell"):
                ex.place(order(verb, 75 * lots, price, decided_ns=now), now)
            elif verb == "cancel" and ex.orders():
                ex.cancel(ex.orders()[-1].order_id, now)
            ex.advance(now)
        assert statements(fresh) == statements(lasting)
        fresh.close()


def of_the_first_version(path):
    """Make a file as it was before there were products."""
    db = sqlite3.connect(path, isolation_level=None)
    for table in ("orders", "trades"):
        db.execute(f"ALTER TABLE {table} DROP COLUMN product")
    db.execute("PRAGMA user_version = 1")
    db.close()


def test_a_file_from_before_there_were_products_is_taken_on_as_of_the_same_day(tmp_path):
    path = tmp_path / "twin.sqlite"
    ex = traded(path)
    of_the_first_version(path)
    assert statements(exchange(file=SeenFile(path))) == statements(ex)
    again = exchange(file=SqliteFile(path))
    assert statements(again) == statements(ex)
    again.on_frame(frame(LATER, call=quote()), LATER)
    again.place(order("sell", price="99.95", product="carry"), LATER)
    again.advance(LATER)
    products = {p.product for p in exchange(file=SqliteFile(path)).positions()}
    assert products == {"intraday", "carry"}


def test_the_product_of_what_is_held_outlives_a_restart(tmp_path):
    path = tmp_path / "twin.sqlite"
    ex = exchange(file=SqliteFile(path))
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order("sell", price="99.95", product="carry"), T0)
    ex.advance(T0)
    (position,) = exchange(file=SqliteFile(path)).positions()
    assert (position.product, position.net_quantity) == ("carry", -75)


def test_a_file_whose_schema_is_no_text_any_more_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "twin.sqlite"
    SqliteFile(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    path.write_bytes(path.read_bytes().replace(b"filled_quantity", b"filled_\xff\xfeantity"))
    with closing(SeenFile(path)) as seen, pytest.raises(StoreError, match="damaged"):
        seen.load()
