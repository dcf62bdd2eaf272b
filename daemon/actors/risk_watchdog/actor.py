"""The actor: which message leads to which decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from daemon.actors.newest import Newest
from daemon.actors.risk_watchdog import by_hand, mirror
from daemon.actors.risk_watchdog.account import LIMITS, AccountDay, because, leave_all
from daemon.actors.risk_watchdog.beats import Beats
from daemon.actors.risk_watchdog.feed_link import FeedLink
from daemon.actors.risk_watchdog.leaving import Leaving
from daemon.actors.risk_watchdog.loose_legs import entered
from daemon.actors.risk_watchdog.picture import Picture
from daemon.actors.risk_watchdog.strays import MARKED
from daemon.actors.risk_watchdog.views import Around
from daemon.actors.risk_watchdog.watch import Watch
from daemon.actors.risk_watchdog.watches import Watches
from daemon.actors.risk_watchdog.words import ExitTime, exit_alarm, marked, pnl_seen
from daemon.actors.turn import Turn
from daemon.domain.market.frames import Frame
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.mirrored import Mirrored, Unsound
from daemon.domain.risk.moves import LevelMoved
from daemon.messages import (
    AdjustByHand,
    Ask,
    BasketEnded,
    BasketOpened,
    DayEnded,
    DayMarked,
    DayOpened,
    Declined,
    Done,
    EntriesPaused,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    FramePolled,
    LegExpired,
    LinkDied,
    LinkRevived,
    Noted,
    PaceLearnt,
    PauseEntries,
    PositionChanged,
    Pulsed,
    RiskSeen,
    SeeRisk,
    TellRisk,
    Told,
)
from daemon.runtime.words import NOTHING, Effect, Lane, Show, Started, Tell


class RiskWatchdog:
    """Guards the positions of one account.

    Args:
        router: the address of the account's router.
        limits: of the account's day.
        facts: what was recorded before.
        shown: somebody may watch; else nothing is made, and no price kept, for nobody to see.

    Attributes:
        lacking: stops that recorded fills have armed and a crash kept out of the record.
    """

    def __init__(
        self,
        router: str,
        limits: AccountLimits,
        facts: Iterable[object] = (),
        *,
        shown: bool = True,
    ) -> None:
        self._router = router
        self._shown = shown
        self._account = AccountDay(limits)
        self._watches = Watches()
        self._leaving = Leaving(router, self._watches)
        self._picture = Picture()
        self._newest = Newest()
        self._beats = Beats(router)
        self._link = FeedLink(self._newest)
        self._day: date | None = None
        self._sessions: tuple[tuple[int, int], ...] = ()
        self._last_ns = 0
        for fact in facts:
            self._recall(fact)
        self.lacking = self._watches.armed(ends=True)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        if type(message) is Frame:
            self._newest.see(message)
            return self._see(message, now_ns, fresh=self._link.alive)
        turn = Turn()
        match message:
            case PositionChanged():
                self._fill(turn, message, now_ns)
            case BasketOpened():
                self._apply(message)
                self._know(message)
                turn.do(exit_alarm(message, self._sessions, self._link.interval_ns))
            case BasketEnded() | ExitOwed() | ExitFinished() | LegExpired() | ExitOverdue():
                self._apply(message)
            case Ask(number, about):
                turn.do(Show(Told(number, self._answer(turn, about, now_ns))))
            case Pulsed():
                turn.do(*self._beats.hear(message))
            case TellRisk(to):
                turn.do(Tell(to, self._risk_seen(now_ns)))
            case ExitTime(strategy_id):
                self._leaving.ring(turn, strategy_id, now_ns)
            case _:
                self._take_notice(turn, message, now_ns)
        return turn.done()

    def held_against(self, told: Mirrored, at_ns: int) -> Iterator[LevelMoved | Unsound]:
        """Yield what a mirror knows to be tighter than the record that this was built from."""
        if told.day is not None and told.day.day == self._day:
            yield from self._account.held_against(told.day, self._watches.all(), at_ns)
        yield from mirror.held_against(told.entries, self._watches.active, at_ns)

    def _take_notice(self, turn: Turn, message: object, now_ns: int) -> None:
        match message:
            case FramePolled(frame):
                if not self._link.alive:  # judged by its own prices alone: no mark outlives it
                    turn.do(*self._see(frame, now_ns, fresh=True))
                    self._die()
            case LinkDied():
                self._die()
                self._account.await_prices()
            case LinkRevived():
                self._link.hear(message)
                self._account.await_prices()
            case PaceLearnt():
                self._link.hear(message)
            case DayOpened():
                self._begin_day(message)
                self._set_alarms(turn, now_ns)
            case DayEnded():
                self._end_day(turn, message)
            case Started():
                self._set_alarms(turn, now_ns)
                self._link.let_go(turn, self._watches.active, now_ns)
                for moved in self.lacking:
                    turn.record(moved)
                self.lacking = ()
                self._leaving.tell(turn)
            case _:
                raise AssertionError(f"the watchdog was told {message!r}")

    def _see(self, frame: Frame, now_ns: int, *, fresh: bool) -> Sequence[Effect]:
        """Judge one frame; the path of every tick."""
        self._last_ns, watches = now_ns, self._watches
        if self._shown:
            self._picture.see(frame.quotes, now_ns)
        active, limited = watches.active, self._account.limited
        if not active and not limited:
            return NOTHING
        quotes, turn, effects = frame.quotes, None, list[Effect]()
        young = fresh and self._link.keeps(frame.at_ns, now_ns)  # else it is judged with the next
        for watch in active if fresh else ():
            risk = watch.risk
            risk.see(quotes, now_ns)
            verdicts = risk.judge(now_ns) if young else ()
            if verdicts:
                turn = turn or Turn()
                self._leaving.act(turn, watch, verdicts)
            if self._shown:
                effects.extend(pnl_seen(watch, now_ns))
        if now_ns >= self._link.looks_ns and young and active:
            turn = self._link.look(turn, frame, active, now_ns)
        hurried = limited or watches.unheard or turn
        if now_ns < watches.next_exit_ns and not hurried:
            return effects
        turn = turn or Turn()
        if limited and young:
            self._judge_account(turn, now_ns)
        for watch in watches.active:
            self._leaving.leave_due(turn, watch, now_ns)
        self._leaving.tell(turn)
        turn.do(*effects)
        return turn.done()

    def _fill(self, turn: Turn, changed: PositionChanged, now_ns: int) -> None:
        """Take a fill in; what is filled after its entry was left is left at once."""
        watch, moves = self._take_fill(changed)
        for moved in moves:
            turn.record(moved)
        if watch is None:
            return
        self._link.let_go(turn, self._watches.active, now_ns)
        known = self._watches.unheard
        self._leaving.leave_due(turn, watch, now_ns)
        if self._watches.unheard is not known:
            self._leaving.insist(turn, changed.strategy_id, now_ns)
        if self._shown and not watch.is_open:
            turn.do(*pnl_seen(watch, now_ns))

    def _take_fill(self, changed: PositionChanged) -> tuple[Watch | None, tuple[LevelMoved, ...]]:
        watch, moves = self._watches.fill(changed)
        self._picture.fill(changed, watch, self._watches.all())
        return watch, moves

    def _apply(self, fact: object) -> None:
        """Take a fact in that moves what is watched or seen; the same live and after a restart."""
        self._watches.apply(fact)
        match fact:
            case BasketOpened():
                self._picture.open(fact, self._watches.all())
            case BasketEnded() | ExitOwed() | ExitFinished() | ExitOverdue() | LegExpired():
                self._picture.hear(fact)

    def _know(self, opened: BasketOpened) -> None:
        """Mark what is quiet at its newest price from before the entry."""
        for symbol, quote, came_ns in self._newest.of(leg.symbol for leg in opened.basket.legs):
            self._watches.know(opened.basket.basket_id, symbol, quote, came_ns)
            if self._shown:
                self._picture.know(symbol, quote, came_ns)

    def _answer(self, turn: Turn, about: object, now_ns: int) -> RiskSeen | Done | Declined:
        """Answer a question, or carry out a command by hand."""
        match about:
            case SeeRisk():
                return self._risk_seen(now_ns)
            case AdjustByHand():
                return by_hand.adjust(turn, self._watches, self._know, about, now_ns)
        raise AssertionError(f"the watchdog was asked {about!r}")

    def _risk_seen(self, now_ns: int) -> RiskSeen:
        assert self._shown, "prices are kept only where somebody may look"
        link, interval_ns = self._link, max(self._link.interval_ns, self._picture.gap_ns)
        around = Around(now_ns, link.alive, self._sessions, interval_ns, self._day, link.silent)
        seen = self._picture.risk_seen(around, self._watches.active)
        return replace(seen, floors=self._account.floors(self._day))

    def _judge_account(self, turn: Turn, now_ns: int) -> None:
        """Hold the account's day to its limits."""
        reason = self._account.judge(turn, entered(self._watches.all()), now_ns)
        if reason is not None:
            turn.do(Tell(self._router, PauseEntries(because(reason)), Lane.CONTROL))
            leave_all(self._watches, reason)

    def _die(self) -> None:
        """The link is dead: its prices are stale, and nothing is judged until it lives again."""
        self._link.alive = False
        self._newest.lose()
        for watch in self._watches.active:
            watch.risk.lose_marks()

    def _set_alarms(self, turn: Turn, now_ns: int) -> None:
        for watch in self._watches.active:
            if self._sessions or now_ns < watch.opened.exit_ns:
                turn.do(exit_alarm(watch.opened, self._sessions, self._link.interval_ns))

    def _begin_day(self, opened: DayOpened) -> None:
        self._sessions = opened.sessions
        self._link.begin_day(opened)
        self._watches.begin_day(opened.day, max((last for _, last in opened.sessions), default=0))
        if opened.day != self._day:
            self._day = opened.day
            self._newest.lose()
            self._account.begin()
            self._picture.begin_day(self._watches.all())

    def _end_day(self, turn: Turn, ended: DayEnded) -> None:
        opened_ns = min((first for first, _ in self._sessions), default=0)
        self._sessions = ()
        told: set[str] = set()
        for watch in tuple(entered(self._watches.all())):  # what was taken up is among the strays
            strategy_id = watch.risk.strategy_id
            if watch.legs or strategy_id not in told:
                told.add(strategy_id)
                mark = marked(watch, ended, self._last_ns, opened_ns)
                turn.record(mark)
                self._watches.close_day(watch, mark)
        for mark in self._picture.marked(ended, opened_ns):
            turn.record(mark)
            self._picture.close_day(mark)

    def _recall(self, fact: object) -> None:
        """Take in what was recorded before."""
        match fact:
            case LevelMoved("", ""):
                self._account.restore(fact)
            case LevelMoved():
                self._watches.recall(fact)
            case DayOpened():
                self._begin_day(fact)
            case DayEnded():
                self._sessions = ()
                self._watches.armed(ends=False)
            case DayMarked(strategy_id):
                self._picture.close_day(fact)
                for watch in self._watches.of(strategy_id):
                    if fact.basket_id in ("", MARKED, watch.opened.basket.basket_id):
                        self._watches.close_day(watch, fact)
            case LinkDied():
                self._die()
            case LinkRevived() | Noted():
                self._link.hear(fact)
            case EntriesPaused(why) if why in LIMITS:
                self._account.recall(LIMITS[why])
                leave_all(self._watches, LIMITS[why])
            case PositionChanged():
                self._take_fill(fact)
            case _:
                self._apply(fact)
