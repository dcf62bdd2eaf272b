"""What holds for every strategy under any prices: the quick watch is the plain reading."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.frames import Quote
from daemon.domain.money import E4, e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.legs import arm, judge_leg
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.domain.risk.moves import Exit, LevelMoved, Move
from daemon.domain.risk.pnl import NO_MARK, LegPosition, mark_of, total_e4
from daemon.domain.risk.strategy import StrategyRisk
from daemon.domain.risk.words import (
    Distance,
    ExitReason,
    LegRules,
    LockRule,
    Mark,
    StrategyRules,
    Trail,
)

A, B = "NIFTY-2025-09-02-24550-CE", "NIFTY-2025-09-02-24550-PE"
C = "NIFTY-2025-09-30-FUT"
SYMBOLS = {"a": A, "b": B, "c": C}
price_e4s = st.integers(1, 300 * E4)
distances = st.builds(Distance, percent_e4=st.integers(1, 100 * E4))
leg_rules = st.builds(
    LegRules,
    stop=st.none() | distances,
    target=st.none() | distances,
    trail=st.none() | st.builds(Trail, distances, distances),
)
money = st.just(0) | st.integers(1, 20_000 * E4)
strategy_rules = st.builds(
    StrategyRules,
    combined_premium_stop=st.none() | distances | st.builds(Distance, st.just(0), price_e4s),
    stop_e4=money,
    stop_premium_percent_e4=st.just(0) | st.integers(1, 100 * E4),
    target_e4=money,
    lock=st.none() | st.builds(LockRule, st.integers(1, 9_000 * E4), money, money, money),
    all_on_leg_stop=st.booleans(),
    mark=st.sampled_from(Mark),
)
positions = st.lists(
    st.builds(
        lambda side, quantity, price_e4: (side, quantity, price_e4),
        st.sampled_from(Side),
        st.integers(1, 200),
        price_e4s,
    ),
    min_size=1,
    max_size=3,
)
maybe_e4s = st.just(0) | price_e4s
quotes = st.builds(
    Quote, price_e4s, bid_e4=maybe_e4s, ask_e4=maybe_e4s, high_e4=price_e4s, low_e4=price_e4s
) | st.builds(Quote, maybe_e4s, bid_e4=maybe_e4s, ask_e4=maybe_e4s)
frames = st.lists(st.dictionaries(st.sampled_from([A, B, C]), quotes), max_size=12)


def stops(risk: StrategyRisk) -> list[int]:
    return [leg.stop_e4 for leg in risk.legs()]


class Plain:
    """The rules as their sentences say them, worked out anew in every frame."""

    def __init__(
        self, rules: StrategyRules, legs: dict[str, LegRules], held: dict[str, LegPosition]
    ) -> None:
        self.rules, self.held = rules, held
        self.levels = {leg: arm(legs[leg], held[leg].side, held[leg].entry_e4) for leg in held}
        self.marks = dict.fromkeys(held, NO_MARK)
        self.free = list(held)
        self.floor_e4: int | None = None

    def frame(self, quotes: dict[str, Quote]) -> list[tuple[tuple[str, ...], ExitReason]]:
        left = []
        for leg, position in self.held.items():
            quote = quotes.get(position.symbol)
            if quote:
                short = position.side is Side.SELL
                option = position.symbol != C
                self.marks[leg] = mark_of(quote, self.rules.mark, short=short, option=option)
            low_e4 = high_e4 = last_e4 = self.marks[leg]
            if quote and self.rules.mark is Mark.LTP:
                low_e4 = min(last_e4, quote.low_e4 or last_e4)
                high_e4 = max(last_e4, quote.high_e4)
            if leg in self.free and last_e4 != NO_MARK:
                _, reason = judge_leg(self.levels[leg], low_e4, high_e4, last_e4)
                left += [((leg,), reason)] if reason else []
        stopped = [why for _, why in left if why is not ExitReason.TARGET]
        if stopped and self.rules.all_on_leg_stop:
            left = [(tuple(self.free), stopped[0])]
        self.free = [leg for leg in self.free if all(leg not in legs for legs, _ in left)]
        reason = self.whole() if self.free and self.sees() else None
        if reason:
            left.append((tuple(self.free), reason))
            self.free = []
        return left

    def sees(self) -> bool:
        return NO_MARK not in self.marks.values()

    def pnl_e4(self, legs: str = "abc") -> int:
        return sum(total_e4(self.held[leg], self.marks[leg]) for leg in legs if leg in self.held)

    def whole(self) -> ExitReason | None:
        rules, pnl_e4, lost_e4 = self.rules, self.pnl_e4(), -self.pnl_e4("ab")
        options = [each for leg, each in self.held.items() if leg in "ab"]
        premium_e4 = abs(sum(each.cash_e4 for each in options))
        combined = rules.combined_premium_stop
        if combined and combined.points_e4:
            if lost_e4 >= combined.points_e4 * min(each.entry_quantity for each in options):
                return ExitReason.COMBINED_PREMIUM
        elif combined and premium_e4 and lost_e4 >= share(premium_e4, combined.percent_e4):
            return ExitReason.COMBINED_PREMIUM
        percent_e4 = rules.stop_premium_percent_e4
        if percent_e4 and premium_e4 and -pnl_e4 >= share(premium_e4, percent_e4):
            return ExitReason.STRATEGY_STOP
        if rules.stop_e4 and -pnl_e4 >= rules.stop_e4:
            return ExitReason.STRATEGY_STOP
        if rules.target_e4 and pnl_e4 >= rules.target_e4:
            return ExitReason.STRATEGY_TARGET
        return self.locked(pnl_e4)

    def locked(self, pnl_e4: int) -> ExitReason | None:
        rule = self.rules.lock
        if rule is not None and pnl_e4 >= rule.at_e4:
            steps = (pnl_e4 - rule.at_e4) // rule.every_e4 if rule.every_e4 else 0
            floor_e4 = rule.lock_e4 + steps * rule.by_e4
            self.floor_e4 = floor_e4 if self.floor_e4 is None else max(self.floor_e4, floor_e4)
        if self.floor_e4 is not None and pnl_e4 <= self.floor_e4:
            return ExitReason.LOCK
        return None


def share(amount_e4: int, percent_e4: int) -> int:
    return max(1, round(amount_e4 * percent_e4 / (100 * E4)))


def entered(trades: list[tuple[Side, int, int]]) -> dict[str, LegPosition]:
    return {
        leg: LegPosition(leg, SYMBOLS[leg], side).filled(side, quantity, price_e4)
        for leg, (side, quantity, price_e4) in zip("abc", trades, strict=False)
    }


@given(strategy_rules, st.lists(leg_rules, min_size=3, max_size=3), positions, frames)
def test_what_is_quick_says_what_the_rules_say(
    rules: StrategyRules,
    legs: list[LegRules],
    trades: list[tuple[Side, int, int]],
    path: list[dict[str, Quote]],
) -> None:
    """Trips, running sums and kept thresholds change no verdict, no stop and no floor."""
    held, held_to = entered(trades), dict(zip("abc", legs, strict=True))
    plain, risk = Plain(rules, held_to, held), StrategyRisk("s", rules, held_to)
    for position in held.values():
        risk.fill(position, 0)
    for at_ns, prices in enumerate(path, start=1):
        expected = plain.frame(prices)
        risk.see(prices, at_ns)
        verdicts = risk.judge(at_ns)
        exits = [(each.leg_ids, each.reason) for each in verdicts if isinstance(each, Exit)]
        assert exits == expected
        assert stops(risk) == [levels.stop_e4 for levels in plain.levels.values()]
        assert (risk.lock.floor_e4 if risk.lock.status is LockStatus.LOCKED else None) == (
            plain.floor_e4
        )
        if plain.sees():
            assert risk.pnl.last_e4 == plain.pnl_e4()
            assert risk.pnl.low_e4 <= risk.pnl.last_e4 <= risk.pnl.high_e4


acts = st.one_of(
    st.tuples(st.just("price"), st.integers(1, 300 * E4)),
    st.tuples(st.sampled_from(["sell", "sold before"]), st.integers(1, 300 * E4)),
    st.tuples(st.just("hand"), st.integers(1, 300 * E4)),
    st.tuples(st.just("loosen"), st.integers(1, 300 * E4)),
    st.tuples(st.just("whole"), st.integers(-900 * E4, 0)),
)


@given(leg_rules, st.lists(acts, max_size=20))
def test_a_restart_finds_the_same_levels(legs: LegRules, path: list[tuple[str, int]]) -> None:
    """Positions and the record of moves give the same stops, however late a fill was learnt."""
    rules = StrategyRules(lock=LockRule(9 * E4, 4 * E4, 2 * E4, E4))
    risk, facts = StrategyRisk("s", rules, {"ce": legs}), []
    position = LegPosition("ce", "CE", Side.SELL).filled(Side.SELL, 1, e4("100"))
    facts += risk.fill(position, 0)
    for at_ns, (act, value_e4) in enumerate(path, start=1):
        match act:
            case "price":
                risk.see({"CE": Quote(value_e4)}, at_ns)
                verdicts = risk.judge(at_ns)
                facts += [each for each in verdicts if isinstance(each, LevelMoved)]
                risk.withdraw(["ce"])
            case "sell" | "sold before":
                position = position.filled(Side.SELL, 1, value_e4)
                facts += risk.fill(position, at_ns if act == "sell" else 0)
            case _:
                leg_id = "" if act == "whole" else "ce"
                moved = risk.adjust(leg_id, value_e4, at_ns, loosen=act == "loosen")
                facts += [moved] if moved else []
    again = StrategyRisk("s", rules, {"ce": legs})
    again.fill(position, 99)
    again.restore(facts)
    assert stops(again) == stops(risk)
    assert again.lock == risk.lock
    probe = {"CE": Quote(path[-1][1] if path else e4("100"))}
    for each in (risk, again):
        each.lose_marks()
        each.see(probe, 100)
    assert again.judge(100) == risk.judge(100)


TRAILED = LegRules(
    stop=Distance(points_e4=e4("30")),
    trail=Trail(Distance(points_e4=e4("10")), Distance(points_e4=e4("5"))),
)
near_acts = st.tuples(
    st.sampled_from(["price", "sell", "sold before", "hand", "loosen"]), st.integers(60, 130)
)


class Recorded:
    """A strategy under watch, with the record of its fills and moves."""

    def __init__(self) -> None:
        self.record: list[tuple[LegPosition, int] | LevelMoved] = []
        self.position = LegPosition("ce", "CE", Side.SELL)
        self.risk = StrategyRisk("s", StrategyRules(), {"ce": TRAILED})

    def act(self, act: str, price_e4: int, at_ns: int) -> None:
        match act:
            case "price":
                self.risk.see({"CE": Quote(price_e4)}, at_ns)
                self.record += [x for x in self.risk.judge(at_ns) if isinstance(x, LevelMoved)]
                self.risk.withdraw(["ce"])
            case "sell" | "sold before":
                self.position = self.position.filled(Side.SELL, 1, price_e4)
                fill = (self.position, at_ns if act == "sell" else 0)
                self.record += [fill, *self.risk.fill(*fill)]
            case _:
                moved = self.risk.adjust("ce", price_e4, at_ns, loosen=act == "loosen")
                self.record += [moved] if moved else []

    def restart(self, lost: int) -> None:
        """Begin anew from the record; an arming that ends it may be lost."""
        last = self.record[-1] if self.record else None
        if lost and isinstance(last, LevelMoved) and last.move is Move.ARMED:
            self.record.pop()
        self.risk = StrategyRisk("s", StrategyRules(), {"ce": TRAILED})
        for each in self.record:
            if isinstance(each, LevelMoved):
                self.risk.restore([each], ends=False)
            else:
                self.risk.fill(*each, recalled=True)
        self.record += self.risk.restore()


@given(st.lists(st.tuples(near_acts, st.sampled_from([None, 0, 1])), max_size=12))
def test_whoever_restarts_at_any_time_has_the_stops_of_who_never_did(
    path: list[tuple[tuple[str, int], int | None]],
) -> None:
    """However late a fill was learnt, and also where a crash cost its arming."""
    whole, cut = Recorded(), Recorded()
    for at_ns, ((act, price), restart) in enumerate([(("sell", 100), None), *path], start=1):
        for each in (whole, cut):
            each.act(act, price * E4, at_ns)
        if restart is not None:
            cut.restart(restart)
        assert stops(cut.risk) == stops(whole.risk)
    levels = [
        [(x.move, x.from_e4, x.to_e4) for x in each.record if isinstance(x, LevelMoved)]
        for each in (whole, cut)
    ]
    assert levels[0] == levels[1]
