"""Projections on each store: what they hold is what report and books say, whatever befell them."""

from __future__ import annotations

from contextlib import closing

import pytest
from msgspec.structs import asdict, replace

from daemon.domain.chain import GENESIS
from daemon.domain.orders.book import Book
from daemon.domain.orders.words import OrderFact
from daemon.errors import StoreError
from daemon.jobs.projections import keeper
from daemon.jobs.projections.fold import Fold
from daemon.jobs.projections.keeper import Projections, Standing, rebuilt
from daemon.jobs.projections.schema import PROJECTIONS
from daemon.jobs.trades import Trades
from daemon.messages import CodeLoaded
from daemon.storage.codec import Row
from daemon.storage.sqlite import SqliteStore
from daemon.storage.tables import keeping
from tests.kit.acting import clock, day_opened, opened, sold
from tests.kit.projected import HOME, NAMES, put, record

PAGE = 23
"""So small that a day has many of them."""


@pytest.fixture
def projections(kept, day):
    """The day, stored and folded."""
    put(kept.store, day.rows)
    with closing(begun(kept)) as made:
        folded(made)
        yield made


def begun(kept, first=HOME, page=PAGE) -> Projections:
    return Projections(kept.store, "owner", first, page=page)


def folded(projections: Projections) -> str:
    while projections.fold_on():
        pass
    return projections.tables.digest()


def rows(projections: Projections, columns: str, table: str, where: str = "1 = 1") -> list[tuple]:
    query = f"SELECT {columns} FROM {table} WHERE {where} ORDER BY number"
    return list(projections.tables.select(query))


@pytest.fixture(scope="session")
def expected(day, tmp_path_factory) -> str:
    """The digest of the day's rows, folded at once on SQLite."""
    store = SqliteStore(tmp_path_factory.mktemp("once") / "ledger.db")
    put(store, day.rows)
    with closing(Projections(store, "owner", HOME)) as once:
        return folded(once)


def test_the_rows_are_those_of_the_other_store_folded_at_once(projections, expected):
    assert projections.tables.digest() == expected


def test_trades_are_those_of_the_report_to_the_unit(projections, day):
    names = (
        *("leg_id", "symbol", "side", "day", "quantity", "entry_ns", "entry_e4", "exit_ns"),
        *("exit_e4", "exit_reason", "pnl_e4", "charges_e4", "net_quantity"),
    )
    for account in NAMES:
        trades = Trades("nifty-short-straddle")
        for fact in day.of(account):
            trades.take(fact)
        told = [asdict(each) for each in trades.finish()]
        assert len(told) == 2
        assert all(each["charges_e4"] for each in told)
        assert sorted(rows(projections, ", ".join(names), "trades", f"account = '{account}'")) == (
            sorted(tuple(str(t["day"]) if n == "day" else t[n] for n in names) for t in told)
        )


def test_orders_fills_and_positions_are_those_of_the_books(projections, day):
    for account in NAMES:
        book, mine = Book(), f"account = '{account}'"
        for fact in day.of(account):
            if isinstance(fact, OrderFact):
                book.apply(fact)
        told = "intent_id, state, filled_quantity, filled_value_e4, remaining_quantity"
        assert sorted(rows(projections, told, "orders", mine)) == sorted(
            (o.intent.intent_id, o.state, o.filled_quantity, o.filled_value_e4, 0) for o in book
        )
        fills = rows(projections, "intent_id, quantity, value_e4", "fills", mine)
        for order in book:
            filled = [each for each in fills if each[0] == order.intent.intent_id]
            assert sum(each[1] for each in filled) == order.filled_quantity
            assert sum(each[2] for each in filled) == order.filled_value_e4
        net = "symbol, bought_value_e4, sold_value_e4, net_quantity"
        positions = rows(projections, f"leg_id, {net}", "positions", mine)
        for leg_id, symbol, bought_e4, sold_e4, quantity in positions:
            position = book.position("nifty-short-straddle", leg_id)
            assert (position.bought_value_e4, position.sold_value_e4) == (bought_e4, sold_e4)
            assert (position.net_quantity, book.net(symbol)) == (quantity, quantity)
            assert day.held[account].get(symbol, 0) == quantity


def test_a_trade_is_found_from_its_orders_fills_stops_and_basket(projections):
    for trade, account, stop_e4 in rows(projections, "trade, account, stop_e4", "trades"):
        of = f"trade = {trade}"
        assert len(rows(projections, "intent_id", "orders", of)) == 2
        assert len(rows(projections, "number", "fills", of)) >= 2
        stops = rows(projections, "account, to_e4", "stops", of)
        assert stops[-1] == (account, stop_e4)
        ((basis_e4,),) = projections.tables.select(
            "SELECT signals.basis_e4 FROM signals JOIN trades"
            " ON signals.number = trades.entry_signal WHERE trades.trade = ?",
            (trade,),
        )
        assert basis_e4 > 0


def test_people_read_the_instants_of_a_view(projections):
    ((told, at_ns),) = projections.tables.select(
        "SELECT CAST(entry AS TEXT), number FROM trades_dated ORDER BY trade LIMIT 1"
    )
    assert told.startswith(("2026-03-09 09:20:00", "2026-03-09 03:50:00"))
    assert at_ns > 0


@pytest.mark.parametrize("at", [1, 4, 9])
def test_a_crash_between_two_pages_changes_no_row(kept, day, expected, at):
    """What a killed process had in memory is folded again, and nothing is written twice."""
    put(kept.store, day.rows)
    killed = begun(kept)
    for _ in range(at):
        killed.fold_on()
    killed.close()

    with closing(begun(kept, page=PAGE * 2)) as again:
        assert again.standing().folded > 0
        assert folded(again) == expected


@pytest.mark.parametrize("at", [1, 3])
def test_a_page_that_fails_half_way_is_undone(kept, day, expected, monkeypatch, at):
    put(kept.store, day.rows)
    with closing(begun(kept)) as projections:
        for _ in range(at):
            projections.fold_on()
        before = (projections.tables.digest(), projections.tables.place())
        with monkeypatch.context() as failing:
            failing.setattr(
                keeping,
                "written",
                lambda table, _: f"INSERT INTO {table.name} (nothing) VALUES (?)",
            )
            with pytest.raises(StoreError, match="nothing"):
                projections.fold_on()
        assert (projections.tables.digest(), projections.tables.place()) == before

        assert folded(projections) == expected


def test_a_page_that_cannot_be_written_waits_and_nothing_before_it_is_folded_again(
    kept, day, expected, monkeypatch
):
    """A table that is gone stays so until a person comes; meanwhile each try costs one write."""
    put(kept.store, day.rows)
    with closing(begun(kept)) as projections:
        projections.fold_on()
        projections.fold_on()
        folding = Fold.take
        taken = list[int]()

        def take(fold: Fold, row: Row) -> None:
            taken.append(row.number)
            folding(fold, row)

        monkeypatch.setattr(Fold, "take", take)
        with monkeypatch.context() as failing:
            failing.setattr(keeping, "written", lambda *_: "INSERT INTO nowhere VALUES (?)")
            for _ in range(3):
                with pytest.raises(StoreError, match="nowhere"):
                    projections.fold_on()

        assert folded(projections) == expected
        assert taken == sorted(set(taken))


def test_the_records_are_read_on_one_connection(kept, day, expected, monkeypatch):
    """One for each page would cost a server more than the page."""
    put(kept.store, day.rows)
    with closing(begun(kept)) as projections:
        monkeypatch.setattr(type(kept.store), "reading", lambda _: 1 // 0)
        monkeypatch.setattr(type(kept.store), "open_aside", lambda _: 1 // 0)
        assert folded(projections) == expected


def test_a_page_that_a_defect_felled_is_folded_again(kept, day, expected, monkeypatch):
    put(kept.store, day.rows)
    with closing(begun(kept)) as projections:
        projections.fold_on()
        with monkeypatch.context() as failing:
            failing.setattr(projections, "_breathe", lambda: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                projections.fold_on()

        assert folded(projections) == expected


def test_a_rebuild_gives_the_same_rows(projections, kept, expected):
    database = kept.store.tables("projections")
    database.commit([("UPDATE trades SET pnl_e4 = 1", [()]), ("DROP VIEW fills_dated", [()])])
    database.commit([("DROP TABLE fills", [()]), ("DELETE FROM stops", [()])])
    database.close()

    standing = rebuilt(kept.store, "owner", HOME)
    assert (standing.folded, standing.behind) == (standing.records, 0)
    assert projections.tables.digest() == expected


def test_a_rebuild_beside_who_folds_on_confuses_neither(kept, day, expected):
    put(kept.store, day.rows)
    with closing(begun(kept)) as slow, closing(begun(kept)) as quick:
        slow.fold_on()
        slow.fold_on()
        quick.rebuild()
        assert folded(slow) == expected


def test_what_comes_later_is_folded_on(kept, day, expected):
    head = put(kept.store, day.rows[:50])
    with closing(begun(kept)) as projections:
        folded(projections)
        assert projections.standing() == Standing(projections.tables.name, 50, 50)
        put(kept.store, day.rows[50:], head)
        assert projections.standing().behind == len(day.rows) - 50
        assert folded(projections) == expected


def test_rows_of_other_records_than_these_are_taken_away(kept, day, expected):
    """A ledger that was put back from a copy goes on, and its number alone does not tell."""
    record(kept.store, [day_opened(), opened(), sold("ce")])
    with closing(begun(kept)) as projections:
        folded(projections)
    if isinstance(kept.store, SqliteStore):
        kept.clear()
    else:
        kept.unlock()
        kept.execute("DELETE FROM records")
        kept.execute("UPDATE head SET count = ?, digest = ?", GENESIS.count, GENESIS.digest)
    put(kept.store, day.rows)

    with closing(begun(kept)) as again:
        assert folded(again) == expected


def test_facts_that_name_no_account_are_of_the_home_of_the_records(kept, day):
    """Before there is any order that is the first account; an order tells otherwise."""
    head = put(kept.store, day.rows[:3])
    with closing(begun(kept, first="gamma")) as projections:
        folded(projections)
        assert projections.tables.place().home == "gamma"
        put(kept.store, day.rows[3:], head)
        projections._fold = None
        folded(projections)
        assert projections.tables.place().home == HOME


def test_the_account_that_a_run_names_is_at_home_whoever_traded_first(kept):
    record(kept.store, [CodeLoaded("1", "", "", 1, 0, "gamma"), day_opened(), opened(), sold("ce")])
    with closing(begun(kept)) as projections:
        folded(projections)
        assert projections.tables.place().home == "gamma"


def test_each_owner_has_rows_of_his_own(kept):
    record(kept.store, [day_opened(), opened(), sold("ce")], owner_id="one")
    record(kept.store, [sold("pe")], owner_id="two")
    for owner in ("one", "two"):
        with closing(Projections(kept.store, owner, HOME)) as projections:
            folded(projections)
            query = "SELECT leg_id FROM positions WHERE owner_id = ?"
            assert list(projections.tables.select(query, (owner,))) == [
                ("ce",) if owner == "one" else ("pe",)
            ]


def test_tables_of_another_form_are_made_anew(kept, day, expected, monkeypatch):
    put(kept.store, day.rows)
    with monkeypatch.context() as other:
        other.setattr(keeper, "PROJECTIONS", replace(PROJECTIONS, form=PROJECTIONS.form + 1))
        with closing(begun(kept)) as projections:
            folded(projections)
    with closing(begun(kept)) as projections:
        assert projections.standing().folded == 0
        assert folded(projections) == expected


RANGES = [
    ("trades", "entry_ns BETWEEN ? AND ?"),
    ("trades", "exit_ns BETWEEN ? AND ?"),
    ("fills", "at_ns BETWEEN ? AND ?"),
    ("strategy_events", "at_ns BETWEEN ? AND ?"),
    ("orders", "strategy_id = 's' AND at_ns BETWEEN ? AND ?"),
    ("fills", "trade BETWEEN ? AND ?"),
]


def test_a_range_of_time_and_what_belongs_to_a_trade_are_found_by_an_index(projections, kept):
    in_file = isinstance(kept.store, SqliteStore)
    if not in_file:  # a few rows are read as quickly
        list(projections.tables.select("SET enable_seqscan = off"))
    for table, where in RANGES:
        query = f"SELECT * FROM {table} WHERE owner_id = 'owner' AND {where}"
        explain = "EXPLAIN QUERY PLAN" if in_file else "EXPLAIN"
        values = (clock("09:00:00"), clock("16:00:00"))
        steps = projections.tables.select(f"{explain} {query}", values)
        plan = "\n".join(step[-1] for step in steps)
        assert f"{table}_by_" in plan, plan
