"""The strategy runner: on which frame a declared strategy enters, and with which legs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from daemon.actors.listings import Listings
from daemon.actors.strategy_runner.chain_view import Chain, Seen, crossed, lacks_options
from daemon.actors.strategy_runner.entry_basket import decided, opened_by
from daemon.actors.strategy_runner.entry_window import Window, window_of
from daemon.actors.strategy_runner.fan_out import ENTERED, FanOut, Place, Stage
from daemon.actors.strategy_runner.last_moment import LastMoment, WindowOver
from daemon.actors.strategy_runner.reasons import Reasons
from daemon.actors.turn import Turn
from daemon.domain.instants import wall_of
from daemon.domain.market.frames import Frame
from daemon.domain.market.instruments import Instrument, Kind, Parts, contract
from daemon.domain.market.notes import NoteKind
from daemon.domain.plans.legs import entry_fault, legs
from daemon.domain.plans.schema import Plan
from daemon.domain.plans.validation import Fault
from daemon.messages import (
    Ask,
    BasketEnded,
    BasketOpened,
    DayEnded,
    DayOpened,
    Done,
    LinkDied,
    LinkRevived,
    Noted,
    OptionsListed,
    PaceLearnt,
    SeeStrategy,
    StrategyDeclared,
    StrategyRemoved,
    StrategySeen,
    StrategyStarted,
    StrategyStopped,
    TakeEntries,
    TakeNoEntries,
    Told,
    WaitOver,
)
from daemon.runtime.words import NOTHING, Effect, Show, Started, Tell

_NO_DAY = "resting: no day is open"
HEARS = (
    *(Frame, DayOpened, DayEnded, LinkDied, LinkRevived, PaceLearnt, OptionsListed),
    *(BasketEnded, StrategyStopped, WaitOver),
)


class StrategyRunner:
    """Runs one declared strategy.

    Args:
        plan: the strategy.
        places: the accounts that it trades in.
        strict: refuse contracts whose tables are not certain.
        taking: whether it takes entries before anybody has said so or not.
        facts: what was recorded before.
    """

    def __init__(
        self,
        plan: Plan,
        places: Sequence[Place],
        *,
        strict: bool,
        taking: bool = True,
        facts: Iterable[object] = (),
    ) -> None:
        self._plan = plan
        self._fan_out = FanOut(plan, places)
        self._last_moment = LastMoment(self._fan_out)
        self._reasons = Reasons(plan, tuple(place.mark for place in places))
        self._strict = strict
        self._seen = Seen(plan)
        self._listings = Listings()
        self._window: Window | None = None
        self._alive = True
        self._taking = self._taking_unasked = taking
        self._rests = _NO_DAY
        self._why = ""
        for fact in facts:
            self._recall(fact)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        if type(message) is Frame:
            window = self._window
            if window is None or not self._alive:
                return NOTHING
            self._seen.see(message, now_ns)
            if not (window.opens_ns <= now_ns <= window.closes_ns and self._taking):
                return NOTHING
            if now_ns - message.at_ns > self._seen.lives_ns:
                return NOTHING  # read so late that its link may be dead by now
            return self._try(window, now_ns)
        turn = Turn()
        match message:
            case DayOpened():
                self._open(turn, message)
            case DayEnded():
                self._end(turn, now_ns)
            case LinkDied() | LinkRevived() | PaceLearnt() | OptionsListed():
                self._take_in(message)
            case BasketEnded() | StrategyStopped():
                if message.strategy_id == self._plan.id:
                    self._hear(turn, message, now_ns)
            case WaitOver():
                if message.strategy_id == self._plan.id:
                    self._take_word(message)
            case Ask(number, about):
                turn.do(Show(Told(number, self._answer(turn, about, now_ns))))
            case Started() | WindowOver():
                pass
            case _:
                raise AssertionError(f"the runner was told {message!r}")
        self._last_moment.watch(turn, self._window, now_ns)
        return turn.done()

    @property
    def awaited(self) -> Window | None:
        """When it is to enter, if it would and nothing is told that keeps it but a silent feed."""
        asks = self._fan_out.stage() in (Stage.ASKS, Stage.REST)
        kept = self._reasons.standing and not self._reasons.is_silence
        return self._window if self._taking and asks and not kept else None

    def _hear(self, turn: Turn, told: BasketEnded | StrategyStopped, now_ns: int) -> None:
        """Take in what the router says of this strategy."""
        if isinstance(told, BasketEnded):
            self._take_word(told)
            if not told.complete:
                self._reasons.note(
                    turn, NoteKind.REFUSED, self._fan_out.said(told), now_ns, told.account
                )
        elif told.because:  # what a person stops was heard when he said so
            self._taking, self._why = False, told.because

    def _take_word(self, fact: BasketOpened | BasketEnded | WaitOver) -> None:
        """Take in what an account made of an entry; frames are looked at while others wait."""
        if not self._fan_out.hear(fact):
            return
        self._rests = self._fan_out.status()
        stage = self._fan_out.stage()
        if isinstance(fact, BasketEnded) and stage in (Stage.WAITS, Stage.ASKS):
            self._reasons.stand(self._rests)
        if stage is Stage.OVER:
            self._window = None

    def _take_in(self, told: LinkDied | LinkRevived | PaceLearnt | OptionsListed) -> None:
        """Take in what the feed says of its link, and of what there is to choose from."""
        match told:
            case LinkDied():
                self._alive = False
                self._seen.lose()
            case LinkRevived():
                self._alive = True
            case PaceLearnt():
                self._seen.lives_ns = told.lives_ns
            case OptionsListed():
                self._listings.hear(told)

    def _recall(self, fact: object) -> None:
        """Take in what was recorded before."""
        mine = self._plan.id
        match fact:
            # A decision that no basket followed never reached the router: it is taken anew. Where
            # it did after all, the router knows the basket by its id. One that some accounts have
            # is told to the rest of them.
            case BasketOpened(basket) if basket.strategy_id == mine:
                self._take_word(fact)
            case BasketEnded(_, strategy_id) if strategy_id == mine:
                self._take_word(fact)
                if fact.waits:  # whether what it waits for has passed, another decision shows
                    self._take_word(WaitOver(mine, fact.account))
            case Noted(strategy_id=strategy_id) if strategy_id == mine:
                self._reasons.recall(fact)
            case StrategyStarted(strategy_id) if strategy_id == mine:
                self._taking = True
            case StrategyStopped(strategy_id, because=because) if strategy_id == mine:
                self._taking, self._why = False, because
            case StrategyDeclared(strategy_id) if strategy_id == mine:
                self._begin_anew(taking=False)
            case StrategyRemoved(strategy_id) if strategy_id == mine:
                self._begin_anew(taking=self._taking_unasked)
            case DayOpened():
                self._open(Turn(), fact)
            case DayEnded():
                self._close()
            case LinkDied() | LinkRevived() | OptionsListed():
                self._take_in(fact)

    def _begin_anew(self, *, taking: bool) -> None:
        """Forget what was said to and by another strategy under this id, but not its entries."""
        self._taking, self._why = taking, ""
        self._reasons.begin_anew()
        self._fan_out.forget()
        if self._window is not None and self._fan_out.stage() is Stage.OVER:
            self._window, self._rests = None, ENTERED

    def _answer(self, turn: Turn, about: object, now_ns: int) -> StrategySeen | Done:
        """Answer a question, or carry out a command by hand."""
        match about:
            case SeeStrategy():
                plan = self._plan
                return StrategySeen(plan.id, self._taking, self._status(now_ns), plan.live)
            case TakeEntries(by):
                return self._take(turn, StrategyStarted(self._plan.id, by, now_ns))
            case TakeNoEntries(by):
                return self._take(turn, StrategyStopped(self._plan.id, by, now_ns))
        raise AssertionError(f"the runner was asked {about!r}")

    def _take(self, turn: Turn, wanted: StrategyStarted | StrategyStopped) -> Done:
        """Take entries from here on, or none; what is held stays guarded either way."""
        taking = isinstance(wanted, StrategyStarted)
        if taking is self._taking:
            return Done("already so")
        self._taking, self._why = taking, ""
        turn.announce(wanted)
        return Done("takes entries" if taking else "takes no entries")

    def _status(self, now_ns: int) -> str:
        """Return what it waits for, in words for people."""
        window = self._window
        if not self._taking:
            return f"stopped, {self._why}" if self._why else "stopped"
        stage = self._fan_out.stage()
        if window is None or stage in (Stage.ENTERING, Stage.LOST):
            return self._rests
        if now_ns < window.opens_ns:
            return f"waiting for {wall_of(window.opens_ns):%H:%M:%S}"
        status = "waiting" if stage is Stage.WAITS else "waiting for prices"
        status = "too late today" if now_ns > window.closes_ns else status
        return f"{status}; {reason}" if (reason := self._reasons.standing) else status

    def _open(self, turn: Turn, opened: DayOpened) -> None:
        """Find out whether and when the strategy trades on a day."""
        self._window = None
        self._reasons.stand("")
        if self._fan_out.begin_day(opened.day):
            self._reasons.begin_day()
        self._seen.begin_day(opened)
        self._listings.hear(opened)
        if not opened.sessions:
            self._rests = "resting: the market is closed today"
            return
        if self._fan_out.stage() is Stage.OVER:
            self._rests = ENTERED if self._rests == _NO_DAY else self._rests
            return
        found = window_of(self._plan, opened)
        if isinstance(found, Fault):
            text = f"{found.place}: {found.reason}"
            self._rests = f"resting: {text}"
            if self._taking:  # of others nobody waits for an entry; their status says it
                self._reasons.note(turn, NoteKind.REFUSED, text, opened.at_ns)
        else:
            self._window = found

    def _close(self) -> None:
        self._window, self._rests = None, _NO_DAY

    def _end(self, turn: Turn, now_ns: int) -> None:
        """Tell that what was waited for since the first refusal never came."""
        lost = self._fan_out.lost(day_over=True)
        for mark, text in lost:
            self._reasons.note(turn, NoteKind.REFUSED, text, now_ns, mark)
        asks = self._window is not None and self._fan_out.stage() is Stage.ASKS
        if asks and not lost and self._reasons.were_told:
            self._reasons.note(turn, NoteKind.REFUSED, "no entry today", now_ns)
        self._close()

    def _try(self, window: Window, now_ns: int) -> Sequence[Effect]:
        """Enter on this frame, or say once why not."""
        turn, plan, stage = Turn(), self._plan, self._fan_out.stage()
        if stage in (Stage.REST, Stage.LOST):
            return self._tell_rest(turn, now_ns)
        if stage is not Stage.ASKS:
            return NOTHING
        quotes = self._seen.quotes
        chain = Chain(plan.underlying, plan.basis, window.day, quotes, self._listings)
        lacking = lacks_options(plan, quotes)
        if self._reasons.look_for_options(turn, now_ns, lacking=lacking):
            return turn.done()
        chosen = legs(plan, window.expiries, chain, self._contract)
        silent = self._seen.silent(now_ns)
        if chain.substituted and not silent:
            text = f"{plan.underlying} has no {plan.basis} price; the synthetic forward is taken"
            self._reasons.note(turn, NoteKind.BASIS, text, now_ns)
        why = chosen if isinstance(chosen, Fault) else entry_fault(plan, chosen)
        refusal = silent or (f"{why.place}: {why.reason}" if why else crossed(chosen))
        if refusal:
            self._reasons.refuse(turn, refusal, now_ns, is_silence=bool(silent))
            return turn.done()
        assert not isinstance(chosen, Fault), "a fault is a refusal"
        opened = opened_by(plan, window, chosen, self._fan_out.tried + 1, now_ns)
        nearest = next((expiry for expiry in window.expiries if expiry is not None), window.day)
        turn.record(decided(opened, chosen, chain.basis_e4(nearest)))
        return self._tell(turn, self._fan_out.tell(opened))

    def _tell_rest(self, turn: Turn, now_ns: int) -> Sequence[Effect]:
        """Tell the accounts that a crash kept from an entry, or what that has cost."""
        lost = self._fan_out.lost(day_over=False)
        rest = self._fan_out.tell_rest(now_ns)
        for mark, text in () if rest else lost:
            self._reasons.note(turn, NoteKind.REFUSED, text, now_ns, mark)
        return self._tell(turn, rest)

    def _tell(self, turn: Turn, told: Sequence[Tell]) -> Sequence[Effect]:
        """Tell the accounts; there is no entry after this one today but where it waits."""
        self._reasons.stand("")
        self._rests = self._fan_out.status()
        if self._fan_out.stage() is Stage.OVER:
            self._window = None
        turn.do(*told)
        return turn.done()

    def _contract(
        self, underlying: str, kind: Kind, expiry: date | None, strike_e4: int
    ) -> Instrument | None:
        assert self._window is not None, "contracts are looked up while a day is open"
        parts = Parts(underlying, kind, expiry, strike_e4)
        return contract(parts, self._window.day, strict=self._strict)
