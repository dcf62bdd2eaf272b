"""A kill at work: it cancels, closes, and reads the broker's book until that shows all flat.

It looks at its scope after every message and does what is missing, so it goes on after a restart
from the facts alone. Where the budget has too few slots, shorts are bought back first, for they can
lose without end already; then what could open more is taken back, sales first; longs are sold last.
What it closes it owes as exits like any other; of what is said to be held
only the broker's evidence counts. It ends with its latch, and no sooner: what turns up while that
stands is closed as well.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.order_router.broker import reconciling
from daemon.actors.order_router.broker.hours import next_opening_ns
from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.broker.sending import cancel, proven, to_take_back
from daemon.actors.order_router.closing import exits, markets
from daemon.actors.order_router.closing.withdrawals import awaited
from daemon.actors.order_router.known.alarms import KillDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.halts import Kill, covers
from daemon.actors.turn import Turn
from daemon.domain.instants import day_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.heard import Order
from daemon.domain.orders.kill import Sight, Stage, after
from daemon.domain.orders.lag import may_lag
from daemon.domain.orders.reconcile import Difference, id_in, positions
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import Pocket, Product, Purpose, State
from daemon.domain.risk.words import ExitReason
from daemon.messages import ExitLegs, KillStaged, Noted, Scope
from daemon.runtime.budget import Priority

_Holder = tuple[tuple[str, str], Pocket]
"""(strategy, leg) and what it holds."""


class _Seen(Struct, frozen=True):
    """What a kill has before it.

    Attributes:
        working: orders that rest and could open something.
        exits: exits that rest, resident stops among them.
        doubtful: orders of today that may still fill, and nobody knows.
        held: (strategy, leg) and what it holds, where the broker's evidence has it too.
        beyond: what the broker shows held beyond our book.
        unseen: (strategy, leg) and what has just filled of it, where the broker does not show it
            yet.
    """

    working: tuple[Order, ...]
    exits: tuple[Order, ...]
    doubtful: tuple[Order, ...]
    held: tuple[_Holder, ...]
    beyond: tuple[Difference, ...]
    unseen: tuple[_Holder, ...]

    @property
    def sight(self) -> Sight:
        """What of it is the most pressing."""
        if self.working:
            return Sight.WORKING
        if self.held or self.exits or self.beyond or self.unseen:
            return Sight.HELD
        return Sight.DOUBTFUL if self.doubtful else Sight.QUIET


def begin(desk: Desk, turn: Turn, latch_id: str, now_ns: int) -> None:
    """Begin a kill whose latch was just recorded."""
    _stage(desk, turn, KillStaged(latch_id, Stage.CANCELLING, (), 0, now_ns))


def prove_anew(desk: Desk, turn: Turn, latch_id: str, now_ns: int) -> None:
    """Look anew for a kill that is pulled again: whoever does that asks how it is now.

    The book is read as often as ever for that, however often somebody pulls.
    """
    kill = desk.halts.kills.get(latch_id)
    if kill is None or kill.progress is None:
        return
    kill.proof.lose()
    progress = after(kill.progress, Sight.ASKED_AGAIN, now_ns)
    if progress != kill.progress:
        left = _left(desk, kill, _look(desk, kill), now_ns)
        staged = KillStaged(latch_id, progress.stage, left, progress.attempts, now_ns)
        _stage(desk, turn, staged)


def go_on(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Do what every kill needs now, and say how far each has come."""
    for kill in tuple(desk.halts.kills.values()):
        if kill.progress is None:  # it was recorded, and a crash kept it from beginning
            begin(desk, turn, kill.latched.latch_id, now_ns)
        _close(desk, turn, kill, now_ns)
        _advance(desk, turn, kill, now_ns)
        if not kill.is_over or not kill.proof.given:
            _look_again(desk, turn, kill, now_ns)


def told(desk: Desk, latch_id: str, now_ns: int) -> KillStaged | None:
    """Return how far a kill has come; None: none such was pulled.

    Of one that stands, flat is what the readings of this run have shown, and not the record alone.
    """
    staged, kill = desk.halts.stages.get(latch_id), desk.halts.kills.get(latch_id)
    if staged is None or kill is None or not kill.is_over or kill.proof.given:
        return staged
    left = _left(desk, kill, _look(desk, kill), now_ns)
    return replace(staged, stage=Stage.VERIFYING, left=left)


def saw(desk: Desk, read: AccountRead) -> None:
    """Take a reading of the broker's book as proof, or as the end of it."""
    for kill in desk.halts.kills.values():
        is_quiet = _look(desk, kill).sight is Sight.QUIET
        is_flat = is_quiet and _shows_flat(desk, kill, read)
        kill.proof.take(read.at_ns, desk.terms.verify_ns, is_flat=is_flat)


def _close(desk: Desk, turn: Turn, kill: Kill, now_ns: int) -> None:
    """Owe an exit of all that is held, and take back what could open something.

    A reading that may lag behind a fill still shows what that has closed: nothing is taken in as
    external by it.
    """
    for difference in _beyond(desk, kill):
        lasted = desk.reads.gap(difference.pocket, desk.terms.verify_ns) is not None
        if lasted and not _lags(desk, difference.pocket):
            desk.reads.adopted(difference.pocket)
            reconciling.adopt(desk, turn, difference, now_ns)
    legs: dict[str, list[str]] = {}
    for (strategy_id, leg_id), _ in _held(desk, kill):
        legs.setdefault(strategy_id, []).append(leg_id)
    for strategy_id, leg_ids in sorted(legs.items(), key=lambda each: not _is_short(desk, *each)):
        wanted = ExitLegs(strategy_id, tuple(leg_ids), ExitReason.KILL)
        exits.begin(desk, turn, wanted, now_ns)
    _take_back(desk, turn, kill, now_ns)


def _is_short(desk: Desk, strategy_id: str, leg_ids: list[str]) -> bool:
    return any(desk.book.position(strategy_id, leg_id).net_quantity < 0 for leg_id in leg_ids)


def _take_back(desk: Desk, turn: Turn, kill: Kill, now_ns: int) -> None:
    """Ask for the cancellation of what could open something, as far as the budget has slots."""
    if to_take_back(desk):  # whoever waits for the same slots to buy a short back goes first
        exits.proceed_all(desk, turn, now_ns)
    working = _entries(_resting(_orders(desk, kill)))
    never_asked = [order for order in to_take_back(desk) if order in working]
    kept = awaited(desk)  # these slots are of shorts whose stop will be gone in a moment
    for order in (*never_asked, *working):
        if desk.budget.room(now_ns, Priority.EXIT) > kept:
            cancel(desk, turn, order, now_ns)
    if not kept and any(order.intent.intent_id not in desk.cancelling for order in never_asked):
        free_ns = desk.budget.free_ns(now_ns, Priority.EXIT)
        desk.wakes.wake(turn, KillDue(kill.latched.latch_id, free_ns))


def _advance(desk: Desk, turn: Turn, kill: Kill, now_ns: int) -> None:
    """Take the stage that follows from what is seen, and tell of it when it is another."""
    before = kill.progress
    assert before is not None, "a kill that goes on was begun"
    seen = _look(desk, kill)
    if seen.sight is not Sight.QUIET:
        kill.proof.lose()
    sight = Sight.VERIFIED if kill.proof.given else seen.sight
    progress = after(before, sight, now_ns)
    if now_ns - progress.began_ns >= desk.terms.kill_limit_ns:
        progress = after(progress, Sight.OVERDUE, now_ns)
    if progress == before:
        return
    latch_id, stage = kill.latched.latch_id, progress.stage
    left = _unshown(desk, kill) if stage is Stage.FLAT else _left(desk, kill, seen, now_ns)
    _stage(desk, turn, KillStaged(latch_id, stage, left, progress.attempts, now_ns))
    if stage is Stage.INCOMPLETE:
        text = f"{latch_id} is incomplete and goes on: {'; '.join(left)}"
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns))
    elif stage is Stage.FLAT and left:
        text = f"{latch_id} is flat by the broker's book alone: {'; '.join(left)}"
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns))


def _look_again(desk: Desk, turn: Turn, kill: Kill, now_ns: int) -> None:
    """Read the broker's book as often as a proof needs it; one past its time is not hurried.

    What could not be closed by the end of the session waits for the next one. One that was flat is
    proven anew in this run, be the market shut, at the pace of a book where nothing is on its way.
    """
    assert kill.progress is not None, "a kill that goes on was begun"
    late = kill.progress.stage is Stage.INCOMPLETE
    if late and not desk.session_open(now_ns):
        at_ns = next_opening_ns(desk, now_ns)
    else:
        pace_ns = desk.terms.answer_ns if late else desk.terms.lookup_ns
        if kill.is_over:
            pace_ns = max(desk.terms.seldom_ns, desk.terms.answer_ns)
        at_ns = now_ns + pace_ns
        if now_ns - desk.reads.read_ns >= pace_ns:
            reconciling.ask(desk, turn, now_ns)
    if at_ns:
        desk.wakes.wake(turn, KillDue(kill.latched.latch_id, at_ns))


def _stage(desk: Desk, turn: Turn, staged: KillStaged) -> None:
    desk.apply(staged)
    turn.announce(staged)


def _look(desk: Desk, kill: Kill) -> _Seen:
    """Return what there is of a kill's scope now."""
    orders = _orders(desk, kill)
    rests = _resting(orders)
    return _Seen(
        working=_entries(rests),
        exits=tuple(order for order in rests if order.intent.purpose is not Purpose.ENTRY),
        doubtful=tuple(
            order
            for order in orders
            if order.state is not State.WORKING and day_of(order.intent.decided_ns) == desk.day
        ),
        held=_held(desk, kill),
        beyond=_beyond(desk, kill),
        unseen=_unseen(desk, kill),
    )


def _orders(desk: Desk, kill: Kill) -> list[Order]:
    scope, name = kill.latched.scope, kill.latched.id
    return [o for o in open_orders(desk) if covers(scope, name, o.intent.strategy_id)]


def _resting(orders: list[Order]) -> list[Order]:
    return [o for o in orders if o.state is State.WORKING]


def _entries(orders: list[Order]) -> tuple[Order, ...]:
    return tuple(order for order in orders if order.intent.purpose is Purpose.ENTRY)


def _held(desk: Desk, kill: Kill) -> tuple[_Holder, ...]:
    """Return the legs of a scope that hold something which the broker does not deny."""
    return tuple(each for each in _holders(desk, kill) if _is_proven(desk, each))


def _unseen(desk: Desk, kill: Kill) -> tuple[_Holder, ...]:
    """Return the legs that hold something by our book which the newest reading may not show yet."""
    holders = (each for each in _holders(desk, kill) if _lags(desk, each[1]))
    return tuple(each for each in holders if not _is_proven(desk, each))


def _holders(desk: Desk, kill: Kill) -> list[_Holder]:
    scope, name = kill.latched.scope, kill.latched.id
    return [each for each in desk.holders() if covers(scope, name, each[0][0])]


def _is_proven(desk: Desk, holder: _Holder) -> bool:
    key, pocket = holder
    return bool(proven(desk, key, pocket, desk.book.position(*key).net_quantity))


def _beyond(desk: Desk, kill: Kill) -> tuple[Difference, ...]:
    """Return what the newest reading shows held, where it is more than our book has."""
    found: list[Difference] = []
    if kill.latched.scope is Scope.STRATEGY:
        return ()
    for pocket in sorted(desk.reads.gaps):
        ours, more = desk.book.within(pocket).net, desk.reads.gap(pocket, 0) or 0
        if (ours + more) * more > 0:
            found.append(Difference(pocket.symbol, ours, ours + more, pocket.product))
    return tuple(found)


def _lags(desk: Desk, pocket: Pocket) -> bool:
    """Say whether the newest reading may lack what has filled in a pocket."""
    newest = desk.reads.newest
    return newest is not None and may_lag(desk.book, pocket, newest.at_ns)


def _shows_flat(desk: Desk, kill: Kill, read: AccountRead) -> bool:
    """Say whether a reading shows nothing of a scope; of a strategy it names orders alone."""
    rests = [order for order in read.orders if order.state is State.WORKING]
    if kill.latched.scope is not Scope.STRATEGY:
        return not rests and not positions(read)
    known = (desk.book.order(id_in(desk.book, order, read.at_ns)) for order in rests)
    scope, name = kill.latched.scope, kill.latched.id
    return not any(o is not None and covers(scope, name, o.intent.strategy_id) for o in known)


def _left(desk: Desk, kill: Kill, seen: _Seen, now_ns: int) -> tuple[str, ...]:
    """Return what is still open or on its way, a sentence each."""
    held = (
        f"{' '.join(key)} holds {net:+d} {pocket}{markets.because(desk, key, now_ns)}"
        for key, pocket in seen.held
        if (net := desk.book.position(*key).net_quantity)
    )
    orders = (*seen.working, *seen.exits, *seen.doubtful)
    beyond = (
        f"the broker shows {d.theirs - d.ours:+d} {d.pocket} beyond our book" for d in seen.beyond
    )
    unseen = (
        f"{' '.join(key)} holds {net:+d} {pocket}: it has just filled, and is not shown yet"
        for key, pocket in seen.unseen
        if (net := desk.book.position(*key).net_quantity)
    )
    left = (*held, *map(order_left, orders), *beyond, *unseen)
    if not left and not kill.proof.given:
        unread = desk.reads.unread
        because = f": it cannot be read: {unread}" if unread else ""
        left = (f"the broker's book has not yet shown all flat twice{because}",)
    return (*left, *_unshown(desk, kill))


def _unshown(desk: Desk, kill: Kill) -> tuple[str, ...]:
    """Return what legs carry by our book and the broker shows nowhere, a sentence each.

    Nothing can be closed of that, and whether it is there is for a person to say: shares may lie
    under another name after a night.
    """
    scope, name = kill.latched.scope, kill.latched.id
    found: list[str] = []
    for key, pocket in desk.holders():
        net = desk.book.position(*key).net_quantity
        is_asked = covers(scope, name, key[0]) and pocket.product is Product.CARRY
        if is_asked and not proven(desk, key, pocket, net) and not _lags(desk, pocket):
            what = f"{' '.join(key)} holds {net:+d} {pocket} by our book"
            found.append(f"{what}, and the broker shows none of it: look for it there")
    return tuple(found)


def order_left(order: Order) -> str:
    """Return what an order may still do."""
    intent = order.intent
    what = f"{intent.intent_id}, {intent.side} {order.remaining_quantity} {intent.symbol}"
    if order.state is State.WORKING:
        return f"{what}, rests in the broker's book"
    return f"{what}, is in doubt ({order.state}) and may still fill"
