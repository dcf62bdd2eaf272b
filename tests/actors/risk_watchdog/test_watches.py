"""What holds for the watch over any prices: a restart anywhere finds it as it stood."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.domain.market.frames import Frame
from daemon.domain.money import E4, e4
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.moves import Move
from daemon.domain.risk.words import Distance, ExitReason, LegRules, LockRule, StrategyRules, Trail
from daemon.messages import (
    AdjustByHand,
    Ask,
    DayMarked,
    ExitDecided,
    ExitFinished,
    ExitLegs,
    ExitOwed,
    LegExpired,
    LevelMoved,
    PauseEntries,
    PositionChanged,
)
from daemon.runtime.words import Started
from tests.kit.acting import (
    CE,
    LOT,
    NEXT_DAY,
    ROUTER,
    clock,
    day_ended,
    day_opened,
    ended,
    facts,
    finished,
    opened,
    owed,
    prices,
    sold,
    told,
)

pytestmark = pytest.mark.untraced

TRAIL = Trail(Distance(points_e4=e4("5")), Distance(points_e4=e4("4")))
LEG_RULES = LegRules(stop=Distance(percent_e4=e4("30")), trail=TRAIL)
NEXT_TICK = clock("09:16:00", date(2025, 9, 3))
RULES = StrategyRules(
    combined_premium_stop=Distance(percent_e4=e4("25")),
    target_e4=e4("9000"),
    lock=LockRule(e4("1500"), e4("750"), e4("250"), e4("200")),
)
paths = st.lists(st.tuples(st.integers(55, 140), st.integers(55, 140)), min_size=1, max_size=14)


NEWER = {"call": "NIFTY-2025-09-02-24600-CE", "put": "NIFTY-2025-09-02-24400-PE"}
"""Other legs, of the same strategy's next entry."""


def traded(leg_id: str, **named: object) -> PositionChanged:
    """A leg of either entry that was sold, and perhaps bought back."""
    if leg_id not in NEWER:
        return sold(leg_id, **named)
    return replace(sold("ce", **named), leg_id=leg_id, symbol=NEWER[leg_id])


def answer(exit_legs: ExitLegs, at_ns: int) -> list[object]:
    """The router takes an exit on and meets it."""
    legs = exit_legs.leg_ids
    filled = [traded(leg, bought="100", at_ns=at_ns) for leg in legs]
    return [owed(*legs), *filled, finished(*legs)]


def day_of(path: list[tuple[int, int]]) -> list[object]:
    """What a watchdog hears on a day with such prices, its exits unmet."""
    start = clock("09:31:00")
    heard = [day_opened(), opened(rules=RULES, leg_rules=LEG_RULES)]
    heard += [sold("ce"), prices(start - 1, 100), sold("pe"), ended()]
    return heard + [
        prices(start + at, str(ce), str(pe)) for at, (ce, pe) in enumerate(path, start=1)
    ]


class Run:
    """A watchdog with the table that it and the others write."""

    def __init__(self, table: list[object] | None = None) -> None:
        self.table = list(table or [])
        self.watchdog = RiskWatchdog(ROUTER, AccountLimits(), self.table)
        self.decided: list[object] = []

    def hear(self, message: object) -> None:
        at_ns = getattr(message, "at_ns", 0)
        if not isinstance(message, Frame):
            self.table.append(message)
        effects = self.watchdog.handle(message, at_ns)
        self.table += facts(effects)
        self.decided += facts(effects, ExitDecided) + facts(effects, LevelMoved)
        for exit_legs in told(effects):
            for each in answer(exit_legs, at_ns):
                self.hear(each)


@given(paths)
def test_a_restart_before_any_message_decides_as_if_there_were_none(path) -> None:
    """From the record of every prefix: the same decisions and levels from there on."""
    heard = day_of(path)
    whole, marks = Run(), []
    for message in heard:
        marks.append((list(whole.table), len(whole.decided)))
        whole.hear(message)
    for cut, (table, count) in enumerate(marks):
        again = Run(table)
        assert told(again.watchdog.handle(Started(), 0)) == []
        for message in heard[cut:]:
            again.hear(message)
        assert again.decided == whole.decided[count:]


@pytest.mark.parametrize("lost", [0, 1])
def test_a_restart_finds_the_stop_of_a_fill_that_was_learnt_after_a_trail(lost) -> None:
    """Also where a crash has kept its arming out of the record."""
    at_ns = clock("09:31:00")
    late = sold("ce", "101", quantity=2 * LOT, at_ns=at_ns)
    whole = Run()
    for message in (*day_of([(90, 100)]), late):
        whole.hear(message)
    trailed, armed = whole.decided[-2:]

    again = Run(whole.table[: len(whole.table) - lost])
    started = facts(again.watchdog.handle(Started(), at_ns + 2))

    assert [(each.move, each.to_e4) for each in (trailed, armed)] == [
        (Move.TRAILED, e4("122")),
        (Move.ARMED, e4("123.3")),
    ]
    assert started == [armed][:lost]
    for run in (whole, again):
        run.decided.clear()
        run.hear(prices(at_ns + 3, "123.2", "100"))
        assert run.decided == []
        run.hear(prices(at_ns + 4, "123.3", "100"))
    assert again.decided == whole.decided != []


@given(paths)
def test_an_exit_that_was_lost_is_told_by_whoever_is_restored(path) -> None:
    """The record ends with any fact: every decided exit is owed, or told at the start."""
    whole = Run()
    for message in day_of(path):
        whole.hear(message)
    for cut in range(len(whole.table) + 1):
        table = whole.table[:cut]
        heard = {leg for fact in table if isinstance(fact, ExitOwed) for leg in fact.leg_ids}
        open_exits = [
            (fact.leg_ids, fact.reason)
            for fact in table
            if isinstance(fact, ExitDecided) and not heard & set(fact.leg_ids)
        ]
        again = RiskWatchdog(ROUTER, AccountLimits(), table).handle(Started(), 0)
        assert [(each.leg_ids, each.reason) for each in told(again)] == open_exits


@given(paths)
def test_floors_never_fall_and_stops_never_loosen(path) -> None:
    """As the record has it, over the whole day."""
    whole = Run()
    for message in day_of(path):
        whole.hear(message)
    moves = [fact for fact in whole.table if isinstance(fact, LevelMoved)]
    floors = [move.to_e4 for move in moves if not move.leg_id]
    assert floors == sorted(floors)
    for leg in ("ce", "pe"):
        stops = [move.to_e4 for move in moves if move.leg_id == leg]
        assert stops == sorted(stops, reverse=True)
        assert next(move.move for move in moves if move.leg_id == leg) is Move.ARMED


@given(paths, paths)
def test_every_position_is_left_by_its_time_and_once(path, later) -> None:
    """Whatever the prices: each leg is decided once, and no day ends with one open."""
    whole = Run()
    for message in day_of(path):
        whole.hear(message)
    whole.hear(prices(clock("15:20:00"), "100", "100"))
    whole.hear(day_ended())
    whole.hear(day_opened(NEXT_DAY))
    for at, (ce, pe) in enumerate(later):
        whole.hear(prices(clock("09:15:00", NEXT_DAY) + at, str(ce), str(pe)))
    whole.hear(day_ended(NEXT_DAY))
    left = [fact for fact in whole.table if isinstance(fact, ExitDecided)]
    assert sorted(leg for each in left for leg in each.leg_ids) == ["ce", "pe"]
    marked = [fact for fact in whole.table if isinstance(fact, DayMarked)]
    assert [(each.strategy_id, each.marks) for each in marked] == [("s", ())]
    assert all(marked[0].low[1] <= each.pnl_e4 <= marked[0].high[1] for each in left)


def test_a_restart_in_the_night_carries_what_was_carried() -> None:
    """The day's mark is where tomorrow's profit counts from, restart or not."""
    limits = AccountLimits(loss_e4=1_000 * E4)
    table = [day_opened(), opened(exit_at="15:29:00"), sold("ce"), sold("pe"), ended()]
    live = RiskWatchdog(ROUTER, limits, table)
    live.handle(prices(clock("15:00:00"), "150", "100"), clock("15:00:00"))
    table += facts(live.handle(day_ended(), day_ended().at_ns))
    again = RiskWatchdog(ROUTER, limits, [*table, day_ended()])
    for watchdog in (live, again):
        watchdog.handle(day_opened(NEXT_DAY), 0)
        opens_ns = clock("09:15:00", NEXT_DAY)
        for at_ns in range(opens_ns, opens_ns + 3):
            effects = watchdog.handle(prices(at_ns, "150", "100"), at_ns)
            assert {each.reason for each in told(effects)} == {ExitReason.TIME}


@pytest.mark.parametrize("told", [True, False])
def test_an_entry_that_was_never_valued_carries_nothing_of_another_over_a_restart(told) -> None:
    """A record of before entries were told apart is of each."""
    far = clock("15:20:00", date(2025, 9, 30))
    second = [
        replace(opened(day=NEXT_DAY), exit_ns=far),
        *(sold(leg, at_ns=clock("15:29:00", NEXT_DAY)) for leg in ("ce", "pe")),
        ended(day=NEXT_DAY),
    ]
    gone = [sold(leg, bought="140", at_ns=clock("09:17:00", NEXT_DAY)) for leg in ("ce", "pe")]
    table = [day_opened(), replace(opened(), exit_ns=far), sold("ce"), sold("pe"), ended()]
    live = RiskWatchdog(ROUTER, AccountLimits(), [*table, day_ended(), day_opened(NEXT_DAY)])
    for message in (prices(clock("09:16:00", NEXT_DAY), "140", "140"), *gone, *second):
        live.handle(message, message.at_ns)
    marks = facts(live.handle(day_ended(NEXT_DAY), 0), DayMarked)
    assert [each.last and each.last[1] for each in marks] == [-6_000 * E4, None]
    written = [each if told else replace(each, basket_id="") for each in marks]
    table += [day_opened(NEXT_DAY), *gone, *second, *written]
    again = RiskWatchdog(ROUTER, AccountLimits(), table)
    carried = {
        watch.opened.basket.basket_id: watch.carried.profit_e4 for watch in again._watches.all()
    }
    assert carried == {f"s:{NEXT_DAY}": 0 if told else -6_000 * E4}


def two_entries() -> list[object]:
    """A pair that was carried, and another of its strategy, whose file has named its legs anew."""
    far = clock("15:20:00", date(2025, 9, 30))
    carried, at_ns = opened(rules=RULES, leg_rules=LEG_RULES), clock("09:30:00", NEXT_DAY)
    newer = opened(day=NEXT_DAY, rules=RULES)
    legs = tuple(
        replace(leg, leg_id=leg_id, symbol=symbol)
        for leg, (leg_id, symbol) in zip(newer.basket.legs, NEWER.items(), strict=True)
    )
    fills = (traded(leg_id, at_ns=at_ns) for leg_id in NEWER)
    return [
        *(day_opened(), replace(carried, exit_ns=far), sold("ce"), sold("pe"), ended()),
        *(day_ended(), day_opened(NEXT_DAY)),
        replace(
            newer,
            basket=replace(newer.basket, legs=legs),
            leg_rules=dict.fromkeys(NEWER, LEG_RULES),
            exit_ns=far,
        ),
        *(*fills, ended(day=NEXT_DAY)),
    ]


def levels(run: Run) -> list[tuple[object, ...]]:
    """Where all levels of every entry stand."""
    return [
        (
            watch.opened.basket.basket_id,
            [(leg.leg_id, leg.stop_e4) for leg in watch.risk.legs()],
            (watch.risk.lock, watch.risk.thresholds.stop_e4),
        )
        for watch in run.watchdog._watches.all()
    ]


@given(paths, paths)
def test_a_restart_gives_each_of_two_entries_of_a_strategy_its_own_levels_back(
    carried, newer
) -> None:
    """Wherever the record ends: whose floor it was is recorded, and decides what is left."""
    start, messages = clock("09:31:00", NEXT_DAY), two_entries()
    for at_ns, (old, new) in enumerate(zip(carried, newer, strict=False), start):
        messages.append(
            prices(at_ns, *map(str, old), **dict(zip(NEWER.values(), map(str, new), strict=True)))
        )
    whole = Run()
    for at, message in enumerate(messages):
        again = Run(whole.table)
        assert levels(again) == levels(whole), at
        known = len(whole.decided)
        for run in (whole, again):
            run.hear(message)
        assert again.decided == whole.decided[known:]


@pytest.mark.parametrize("pair", ["carried", "newer"])
def test_a_floor_of_one_of_two_entries_is_the_same_entrys_after_a_restart(pair) -> None:
    """As when it is locked, so when a person moves the stop of the whole."""
    whole, at_ns = Run(), clock("09:40:00", NEXT_DAY)
    gains = ("80", "100") if pair == "carried" else ("100", "80")
    for message in two_entries():
        whole.hear(message)
    whole.hear(prices(at_ns, gains[0], gains[0], **dict.fromkeys(NEWER.values(), gains[1])))
    asked = AdjustByHand("s", "", e4("500"), loosen=False, by="me")
    whole.table += facts(whole.watchdog.handle(Ask(1, asked), at_ns))

    floors = [each[-1] for each in levels(whole)]
    assert [lock.floor_e4 > 0 for lock, _ in floors] == [pair == "carried", pair == "newer"]
    assert levels(Run(whole.table)) == levels(whole)


def test_a_level_that_was_recorded_before_entries_were_told_apart_is_of_the_oldest() -> None:
    """So old records mean what they meant."""
    moved = LevelMoved("s", "", Move.LOCKED, 0, e4("1950"), 0, e4("3000"))
    restored = levels(Run([*two_entries(), moved]))
    assert [lock.floor_e4 for *_, (lock, _) in restored] == [e4("1950"), 0]


def test_a_level_of_an_entry_that_is_over_is_no_other_entrys() -> None:
    """A record that says whose it was is believed."""
    moved = LevelMoved("s", "", Move.LOCKED, 0, e4("1950"), 0, e4("3000"), basket_id="s:2025-08-01")
    restored = levels(Run([*two_entries(), moved]))
    assert [lock.floor_e4 for *_, (lock, _) in restored] == [0, 0]


def test_a_leg_that_expired_at_a_price_nobody_knows_makes_no_profit() -> None:
    """Neither what was received for it counts nor what it might be worth; the rest is guarded."""
    after = date(2025, 9, 3)
    table = [day_opened(), opened(exit_at="15:29:00"), sold("ce"), sold("pe", "90"), ended()]
    table += [day_ended(), day_opened(after)]
    gone = LegExpired("s", "ce", CE, clock("09:00:00", after))
    live = RiskWatchdog(ROUTER, AccountLimits(), table)
    live.handle(gone, gone.at_ns)
    for watchdog in (live, RiskWatchdog(ROUTER, AccountLimits(), [*table, gone])):
        at_ns = clock("09:15:00", after)
        left = facts(watchdog.handle(prices(at_ns, "150", "95"), at_ns), ExitDecided)
        assert [(each.leg_ids, each.pnl_e4) for each in left] == [(("pe",), -75 * 5 * E4)]


@pytest.mark.parametrize("last", ["1", "199"], ids=["gained", "lost"])
@pytest.mark.parametrize("quoted", [True, False])
def test_what_an_expired_leg_had_made_before_today_is_neither_lost_nor_gained_today(
    last, quoted
) -> None:
    """The account's day counts the other leg alone; the same live and after a restart."""
    limits = AccountLimits(loss_e4=5_000 * E4, profit_e4=5_000 * E4)
    entered = replace(opened(), exit_ns=clock("15:20:00", date(2025, 9, 30)))
    after = date(2025, 9, 3)
    table = [day_opened(), entered, sold("ce"), sold("pe"), ended()]
    live = RiskWatchdog(ROUTER, AccountLimits(), table)  # of its first day nothing is limited
    live.handle(prices(clock("10:00:00"), last, "100" if quoted else None), clock("10:00:00"))
    table += facts(live.handle(day_ended(), day_ended().at_ns))
    table += [day_ended(), day_opened(after), LegExpired("s", "ce", CE, clock("09:00:00", after))]
    for cut in (len(table) - 2, len(table)):
        watchdog = RiskWatchdog(ROUTER, limits, table[:cut])
        for each in table[cut:]:
            watchdog.handle(each, each.at_ns)
        left = [
            at_ns
            for at_ns, price in enumerate(("100", "100", "100", "170", "170"), NEXT_TICK)
            if told(watchdog.handle(prices(at_ns, pe=price), at_ns), PauseEntries)
        ]
        assert left == [NEXT_TICK + 4]


def test_a_leg_of_one_of_two_entries_expires_in_that_one_alone() -> None:
    """The other knows no leg of that name, and is guarded on."""
    messages = two_entries()
    at_ns = clock("09:40:00", NEXT_DAY)
    gone = LegExpired("s", "ce", CE, at_ns)
    live = Run()
    for message in (*messages, gone):
        live.hear(message)
    for run in (live, Run(live.table)):
        call, put = NEWER.values()
        run.decided.clear()
        run.hear(prices(at_ns + 1, "100", "100", **{call: "100", put: "100"}))
        run.hear(prices(at_ns + 2, "190", "100", **{call: "130", put: "100"}))
        left = [each for each in run.decided if isinstance(each, ExitDecided)]
        assert [(each.leg_ids, each.reason) for each in left] == [(("call",), ExitReason.STOP)]


def test_an_entry_all_of_which_expired_is_over() -> None:
    """Nothing of it is judged or marked again."""
    after = date(2025, 9, 3)
    table = [day_opened(), opened(legs=("ce",)), sold("ce"), ended(), day_ended()]
    watchdog = RiskWatchdog(ROUTER, AccountLimits(), [*table, day_opened(after)])
    gone = LegExpired("s", "ce", CE, clock("09:00:00", after))
    watchdog.handle(gone, gone.at_ns)
    assert watchdog.handle(prices(clock("09:15:00", after), "150"), 0) == ()
    assert facts(watchdog.handle(day_ended(after), 0)) == []


def test_while_a_part_of_a_leg_is_left_its_stop_still_stands_and_leaves_the_rest():
    """And the end of the part withdraws no exit of the whole."""
    watchdog = RiskWatchdog(ROUTER, AccountLimits())
    at_ns = clock("09:31:00")
    part = ExitOwed("x:9", "s", ("ce",), ExitReason.MANUAL, at_ns, 30)
    for message in (
        day_opened(),
        opened(leg_rules=LEG_RULES),
        sold("ce"),
        sold("pe"),
        ended(),
        part,
    ):
        watchdog.handle(message, at_ns)
    stopped = told(watchdog.handle(prices(at_ns + 1, 140, 100), at_ns + 1))
    assert [(each.leg_ids, each.reason) for each in stopped] == [(("ce",), ExitReason.STOP)]
    watchdog.handle(owed("ce"), at_ns + 2)
    watchdog.handle(ExitFinished("x:9", "s", ("ce",), at_ns + 3), at_ns + 3)
    assert told(watchdog.handle(prices(at_ns + 4, 145, 100), at_ns + 4)) == []


def test_once_a_part_of_a_leg_was_left_the_rest_is_guarded():
    watchdog = RiskWatchdog(ROUTER, AccountLimits())
    at_ns = clock("09:31:00")
    for message in (
        day_opened(),
        opened(leg_rules=LEG_RULES),
        sold("ce"),
        sold("pe"),
        ended(),
        ExitOwed("x:9", "s", ("ce",), ExitReason.MANUAL, at_ns, 30),
        ExitFinished("x:9", "s", ("ce",), at_ns),
    ):
        watchdog.handle(message, at_ns)
    stopped = told(watchdog.handle(prices(at_ns + 1, 140, 100), at_ns + 1))
    assert [each.leg_ids for each in stopped] == [("ce",)]
