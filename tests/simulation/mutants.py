"""Faults planted in the daemon itself, each with the invariants that may be the ones to object.

They are the mistakes that other daemons have made, and those that a careless change would make
here. A simulator that does not notice one of them proves nothing of the daemon that it plays.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.actors import (
    market_feed,
    pnl_broadcaster,
    request_clerk,
    session_keeper,
)
from daemon.actors.order_router import by_hand, latches, router
from daemon.actors.order_router.broker import lookups, outside, sending
from daemon.actors.order_router.closing import doubts, exit_orders, holdings, killing, markets
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.halts import Halts
from daemon.actors.order_router.known.prices import Prices
from daemon.actors.order_router.opening import entries
from daemon.actors.outbox_publisher import OutboxPublisher
from daemon.actors.strategy_runner import runner
from daemon.actors.turn import Turn
from daemon.app.given import wiring
from daemon.brokers.door import Door
from daemon.domain.instants import SECOND_NS
from daemon.domain.market import freshness
from daemon.domain.orders import basket, book, flatten, lapsed, reconcile
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.kill import Sight
from daemon.domain.orders.limits import Parent
from daemon.domain.orders.words import (
    ConfirmationWanted,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    Purpose,
    Refusal,
    State,
)
from daemon.domain.risk import legs, mirrored, strategy, thresholds
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.strategy import StrategyRisk
from daemon.errors import StoreError
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    CancelAsked,
    Done,
    ExitOwed,
    FrameArrived,
    Latched,
    Place,
    RenewSession,
    Told,
)
from daemon.runtime.budget import Budget
from daemon.runtime.words import NOTHING, Call, Commit, Show
from daemon.simulation.ledger import SimulatedLedger
from daemon.simulation.outcome import Given
from daemon.simulation.pump import SimulatedPump
from daemon.simulation.sink import OutboxInMemory
from daemon.storage import codec, emergency, left_behind, recorder
from daemon.storage.emergency import GuardedLedger
from daemon.storage.emergency_file import EmergencyFile
from daemon.telemetry.redaction import Secret

Plant = Callable[[pytest.MonkeyPatch], None]


class Mutant(NamedTuple):
    """One planted fault, the invariants that may object, and a run that showed it once."""

    name: str
    caught_by: frozenset[str]
    plant: Plant
    given: Given


class _Sieve(set):
    """Remembers nothing."""

    def add(self, _: object) -> None:
        pass


def _forgetful_door(patch: pytest.MonkeyPatch) -> None:
    made = Door.__init__

    def make(door, *args, **named):
        made(door, *args, **named)
        door._passed = _Sieve()

    patch.setattr(Door, "__init__", make)


def what_a_person_closed_stays_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outside, "hand_on", lambda *_: ())


def what_a_person_and_an_exit_closed_stays_beyond_flat(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outside, "_sent_unaware", lambda *_: ())


def longs_are_sold_beside_a_persons_order(patch: pytest.MonkeyPatch) -> None:
    for module in (outside, holdings, sending):
        patch.setattr(module, "to_sell", lambda *_: 0)


def _approvals(patch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the gate has approved, by intent id."""
    kept, gate = {}, sending.gate

    def keep(intent, *rest):
        approved = kept[intent.intent_id] = gate(intent, *rest)
        return approved

    patch.setattr(sending, "gate", keep)
    return kept


def what_positions_show_late_is_taken_in_by_a_kill(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(killing, "may_lag", lambda *_: False)


def what_positions_show_late_is_a_persons_own(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "may_lag", lambda *_: False)


def what_a_reading_does_not_show_is_over(patch: pytest.MonkeyPatch) -> None:
    """Of what rests for longer than a whole book is late."""
    news = router.news

    def ends(ours, read):
        shown = {reconcile.id_in(ours, order, read.at_ns) for order in read.orders}
        for order in ours.open_orders():
            rests = order.state is State.WORKING and order.intent.intent_id not in shown
            if rests and read.at_ns - order.intent.decided_ns > 5 * SECOND_NS:
                yield from lapsed._ends(order, read.at_ns)

    patch.setattr(router, "news", lambda ours, read: (*news(ours, read), *ends(ours, read)))


def resend_on_time_out(patch: pytest.MonkeyPatch) -> None:
    _forgetful_door(patch)
    approved = _approvals(patch)

    def not_found(desk, turn, intent_id, now_ns):
        turn.do(Call(desk.terms.broker, Place(approved[intent_id])))

    patch.setattr(lookups, "not_found", not_found)


def resend_at_a_start(patch: pytest.MonkeyPatch) -> None:
    _forgetful_door(patch)
    approved = _approvals(patch)

    def doubt(self, turn, now_ns):
        for order in self._desk.book.open_orders():
            if order.state is State.INTENDED:
                turn.do(Call(self._desk.terms.broker, Place(approved[order.intent.intent_id])))

    patch.setattr(router.OrderRouter, "_doubt", doubt)


def _taken_for_a_no(patch: pytest.MonkeyPatch, kind: type) -> None:
    ask = Door.ask

    async def refuse(door, request):
        return tuple(
            OrderRefused(each.intent_id, Refusal.OTHER, "no", each.at_ns)
            if isinstance(each, kind)
            else each
            for each in await ask(door, request)
        )

    patch.setattr(Door, "ask", refuse)


def time_out_is_a_no(patch: pytest.MonkeyPatch) -> None:
    _taken_for_a_no(patch, OutcomeUnknown)


def a_question_is_a_no(patch: pytest.MonkeyPatch) -> None:
    _taken_for_a_no(patch, ConfirmationWanted)


def absence_is_terminal(patch: pytest.MonkeyPatch) -> None:
    def park(desk, turn, order, now_ns):
        over = now_ns - order.intent.decided_ns >= desk.terms.lookup_window_ns
        if over and order.state in (State.INTENDED, State.UNKNOWN):
            gone = OrderRefused(order.intent.intent_id, Refusal.OTHER, "it is not there", now_ns)
            desk.apply(gone)
            turn.record(gone)

    patch.setattr(lookups, "_park", park)


def parked_in_silence(patch: pytest.MonkeyPatch) -> None:
    announce = Turn.announce

    def unless_parked(turn, fact):
        if "is parked" not in getattr(fact, "text", ""):
            announce(turn, fact)

    patch.setattr(Turn, "announce", unless_parked)


def parked_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    due = lookups.due

    def unless_parked(desk, turn, intent_id, now_ns):
        order = desk.book.order(intent_id)
        if order is not None and order.state is not State.PARKED:
            due(desk, turn, intent_id, now_ns)

    patch.setattr(lookups, "due", unless_parked)
    patch.setattr(router, "news", lambda *_: ())


def effect_before_commit(patch: pytest.MonkeyPatch) -> None:
    def done(turn):
        if turn.facts:
            return (*turn.effects, Commit(tuple(turn.facts)))
        return tuple(turn.effects) or NOTHING

    patch.setattr(Turn, "done", done)


def acts_before_the_disk_has_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SimulatedPump, "_may_act", lambda _, slot: bool(slot.held))


def ids_counted_anew(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(wiring, "IntentIds", lambda _: IntentIds(1))


def kill_in_memory_only(patch: pytest.MonkeyPatch) -> None:
    announce = Turn.announce

    def unless_latched(turn, fact):
        if type(fact).__name__ not in ("Latched", "KillStaged"):
            announce(turn, fact)

    patch.setattr(kill, "pull", lambda *_: None)
    patch.setattr(Turn, "announce", unless_latched)


def kill_that_closes_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(router.killing, "go_on", lambda *_: None)


def a_kill_is_called_flat_while_it_closes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(killing._Seen, "sight", Sight.QUIET)
    patch.setattr(killing, "_shows_flat", lambda *_: True)


def a_second_kill_ends_the_first(patch: pytest.MonkeyPatch) -> None:
    apply = Halts.apply

    def alone(halts, fact):
        if isinstance(fact, Latched):
            halts.kills.clear()
        apply(halts, fact)

    patch.setattr(Halts, "apply", alone)


def a_release_forgets_what_its_kill_owes(patch: pytest.MonkeyPatch) -> None:
    release = latches.release

    def forget(desk, turn, *rest):
        desk.closings.clear()
        return release(desk, turn, *rest)

    patch.setattr(latches, "release", forget)


def entries_pass_a_kill(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(kill, "forbids", lambda *_: "")
    patch.setattr(Halts, "over", lambda *_: None)
    patch.setattr(latches, "_under_way", lambda *_: ())


def _without(restore, *kinds):
    """A restore that does not see facts of some kinds."""

    def restored(self, facts):
        restore(self, [fact for fact in facts if type(fact).__name__ not in kinds])

    return restored


def longs_first(patch: pytest.MonkeyPatch) -> None:
    def following(self, holdings, now_ns):
        words = []
        for holding in sorted(holdings, key=lambda each: each.net_quantity < 0):
            words += self._place(holding, now_ns)
            words += self._reprice(holding, now_ns)
        return tuple(words)

    patch.setattr(flatten.Flatten, "next", following)
    patch.setattr(markets, "to_buy_back", lambda *_: ())


def hedges_are_sold_beside_a_sale_that_may_fill(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(exit_orders, "_guards", lambda *_: False)


def a_fill_after_a_cancel_is_ignored(patch: pytest.MonkeyPatch) -> None:
    hear = book.hear

    def unless_cancelled(file, fact):
        if not (isinstance(fact, OrderUpdated) and file.state is State.CANCELLED):
            hear(file, fact)

    patch.setattr(book, "hear", unless_cancelled)


def partial_is_full(patch: pytest.MonkeyPatch) -> None:
    hear = book.hear

    def whole(file, fact):
        if isinstance(fact, OrderUpdated) and fact.filled_quantity and file.intent:
            fact = replace(fact, filled_quantity=file.intent.quantity)
        hear(file, fact)

    patch.setattr(book, "hear", whole)


def fills_add_up(patch: pytest.MonkeyPatch) -> None:
    hear = book.hear

    def added(file, fact):
        if isinstance(fact, OrderUpdated):
            before = file.parts.get(fact.broker_order_id)
            quantity, value_e4 = before.filled if before else (0, 0)
            fact = replace(
                fact,
                filled_quantity=quantity + fact.filled_quantity,
                filled_value_e4=value_e4 + fact.filled_value_e4,
            )
        hear(file, fact)

    patch.setattr(book, "hear", added)


def a_feed_that_is_stuck_is_believed(patch: pytest.MonkeyPatch) -> None:
    handle = market_feed.MarketFeed.handle

    def believe(feed, message, now_ns):
        if isinstance(message, FrameArrived):
            message = replace(message, fingerprint=message.frame.at_ns)
        return handle(feed, message, now_ns)

    patch.setattr(market_feed.MarketFeed, "handle", believe)


def a_dead_link_waits_for_the_disk(patch: pytest.MonkeyPatch) -> None:
    """And nobody looks how old a price is, which alone would do."""
    patch.setattr(Turn, "warn", Turn.announce)
    patch.setattr(Prices, "_live", lambda prices, _: bool(prices._newest.recent()))


def a_feed_is_granted_its_longest_step(patch: pytest.MonkeyPatch) -> None:
    def longest_ns(link):
        return max((*link.gaps_ns, link.declared_ns))

    patch.setattr(freshness, "interval_ns", longest_ns)


def limiter_forgets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Budget, "restore", lambda *_: None)


def limiter_forgets_cancellations(patch: pytest.MonkeyPatch) -> None:
    restore = Desk.restore

    def orders_alone(desk, facts):
        restore(desk, [fact for fact in facts if not isinstance(fact, CancelAsked)])

    patch.setattr(Desk, "restore", orders_alone)


def exit_larger_than_open(patch: pytest.MonkeyPatch) -> None:
    for module in (sending, holdings, exit_orders):
        patch.setattr(module, "remaining", lambda *_: 0)


def resting_stops_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    on_their_way = sending.exits_on_their_way

    def exits_alone(desk, strategy_id, leg_id):
        orders = on_their_way(desk, strategy_id, leg_id)
        return tuple(o for o in orders if o.intent.purpose is not Purpose.RESIDENT_STOP)

    for module in (sending, holdings, exit_orders):
        patch.setattr(module, "exits_on_their_way", exits_alone)


def what_never_left_is_waited_for_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doubts, "is_old", lambda *_: False)


def what_is_replaced_has_no_bound(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doubts, "_most", lambda *_: 1 << 40)


def what_was_replaced_before_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Each reading bounds by what it replaces itself."""
    given_up = doubts.given_up

    def anew(found, short, most, apart_ns):
        left = {each: doubt for each, doubt in found.items() if doubt.replaced_ago_ns is None}
        return given_up(left, short, most, apart_ns)

    patch.setattr(doubts, "given_up", anew)


def every_purchase_in_doubt_is_replaced_at_once(patch: pytest.MonkeyPatch) -> None:
    given_up = doubts.given_up

    def each_alone(found, short, most, apart_ns):
        alone = (given_up({each: found[each]}, short, most, apart_ns) for each in found)
        return tuple(itertools.chain.from_iterable(alone))

    patch.setattr(doubts, "given_up", each_alone)


def replacements_that_are_neither_bounded_nor_dated(patch: pytest.MonkeyPatch) -> None:
    every_purchase_in_doubt_is_replaced_at_once(patch)
    go_beside = doubts.go_beside

    def an_hour_apart(desk, turn, order, because, now_ns):
        dated_ns = now_ns + 3_600 * SECOND_NS * len(desk.replaced)
        go_beside(desk, turn, order, because, dated_ns)

    patch.setattr(doubts, "go_beside", an_hour_apart)


def trail_lost_at_a_start(patch: pytest.MonkeyPatch) -> None:
    restore = StrategyRisk.restore
    patch.setattr(StrategyRisk, "restore", lambda risk, *_, ends=True: restore(risk, ends=ends))


def slices_do_not_sum(patch: pytest.MonkeyPatch) -> None:
    cut = basket.slices

    def once_more(*args):
        found = cut(*args)
        return (*found, *found[-1:])

    patch.setattr(basket, "slices", once_more)
    send = entries.send

    def unbounded(desk, turn, errand, now_ns):
        return send(desk, turn, replace(errand, parent=Parent(True, 1 << 40, 0)), now_ns)

    patch.setattr(entries, "send", unbounded)


def entries_of_a_day_are_not_counted_over_starts(patch: pytest.MonkeyPatch) -> None:
    opened_by = runner.opened_by

    def numbered(plan, window, chosen, number, now_ns):
        opened = opened_by(plan, window, chosen, number, now_ns)
        basket_id = f"{plan.id}:{now_ns}"
        return replace(opened, basket=replace(opened.basket, basket_id=basket_id))

    patch.setattr(runner, "opened_by", numbered)
    recall = runner.StrategyRunner._recall

    def forgetful(self, fact):
        if not isinstance(fact, BasketOpened | BasketEnded):
            recall(self, fact)

    patch.setattr(runner.StrategyRunner, "_recall", forgetful)


def owed_exits_lost_at_a_start(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "restore", _without(Desk.restore, ExitOwed.__name__))


def answers_forgotten_at_a_start(patch: pytest.MonkeyPatch) -> None:
    made = request_clerk.RequestClerk
    patch.setattr(wiring, "RequestClerk", lambda name, _: made(name))


def effect_before_the_idempotency_key(patch: pytest.MonkeyPatch) -> None:
    def claim(clerk, number, wanted):
        clerk._open[wanted.request_id] = request_clerk._Claim(wanted.digest, once=True)
        return (Show(Told(number, Done())),)

    patch.setattr(request_clerk.RequestClerk, "_open_claim", claim)
    patch.setattr(by_hand, "found", lambda *_: None)


def a_stop_that_looks_three_times(patch: pytest.MonkeyPatch) -> None:
    stopped, met = legs._stopped, Counter()

    def thrice(levels, price_e4):
        met[levels] += stopped(levels, price_e4)
        return met[levels] > 2

    patch.setattr(legs, "_stopped", thrice)


def percent_stops_are_ten_times_too_wide(patch: pytest.MonkeyPatch) -> None:
    distance_e4 = legs._distance_e4

    def wide(distance, entry_e4):
        return distance_e4(distance, entry_e4) * (10 if distance.percent_e4 else 1)

    patch.setattr(legs, "_distance_e4", wide)


def no_stop_or_target_of_a_whole_ever_fires(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(strategy, "crossed", lambda *_: None)


def a_combined_premium_stop_is_never_met(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(thresholds, "loss_limit_e4", lambda *_: 0)


def a_target_that_is_a_share_of_the_premium_is_never_met(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(thresholds, "percent_limit_e4", lambda *_: 0)


def a_floor_is_never_broken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(strategy, "broken", lambda *_: False)


def a_kill_that_waits_for_the_next_frames(patch: pytest.MonkeyPatch) -> None:
    go_on = router.killing.go_on

    def later(desk, turn, now_ns):
        if all(now_ns - kill.latched.at_ns > 2 * SECOND_NS for kill in desk.halts.kills.values()):
            go_on(desk, turn, now_ns)

    patch.setattr(router.killing, "go_on", later)


def what_people_see_stands_still(patch: pytest.MonkeyPatch) -> None:
    whole_of, seen = pnl_broadcaster.whole_of, {}

    def first(told):
        whole = whole_of(told)
        return replace(seen.setdefault(bool(whole.watches), whole), at_ns=whole.at_ns)

    patch.setattr(pnl_broadcaster, "whole_of", first)


def quotes_of_another_contract(patch: pytest.MonkeyPatch) -> None:
    handle = market_feed.MarketFeed.handle

    def mixed_up(feed, message, now_ns):
        if isinstance(message, FrameArrived):
            quotes = message.frame.quotes
            names = sorted(quotes)
            turned = dict(zip(names, (quotes[n] for n in (*names[1:], names[0])), strict=True))
            message = replace(message, frame=replace(message.frame, quotes=turned))
        return handle(feed, message, now_ns)

    patch.setattr(market_feed.MarketFeed, "handle", mixed_up)


def a_strategy_that_raises_ends_all(patch: pytest.MonkeyPatch) -> None:
    made = wiring.runner_spec
    patch.setattr(
        wiring, "runner_spec", lambda *given, **named: replace(made(*given, **named), disarm=False)
    )


def the_hot_state_wins(patch: pytest.MonkeyPatch) -> None:
    def believe(told, view, known, at_ns):
        stands_e4, stood_e4 = view.stop_e4, told.stop_e4
        if stands_e4 != stood_e4:
            who, move = known.strategy_id, Move.TRAILED
            yield LevelMoved(who, view.leg_id, move, stands_e4, stood_e4, at_ns, told.followed_e4)

    patch.setattr(mirrored, "_tightened", believe)


def unlinked_records(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recorder, "sealed", lambda row, _: codec.sealed(row, bytes(32)))


def events_before_their_commit(patch: pytest.MonkeyPatch) -> None:
    """The outbox outside the commit: a sink is told of what is entered, and may be undone."""
    ledgers, made, entered = [], SimulatedLedger.__init__, SimulatedLedger.append

    def make(ledger, *args):
        made(ledger, *args)
        ledgers.append(ledger)

    def append(ledger, *args):
        entered(ledger, *args)
        ledger.stored()

    def rows(_, after, most):
        disk = ledgers[-1].disk
        return [*disk.rows, *disk.handed, *disk.linked][after : after + most]

    patch.setattr(SimulatedLedger, "__init__", make)
    patch.setattr(SimulatedLedger, "append", append)
    patch.setattr(OutboxInMemory, "rows", rows)


def a_cursor_ahead_of_its_sink(patch: pytest.MonkeyPatch) -> None:
    """What was read counts as given."""
    settled = OutboxPublisher._settle

    def settle(publisher, turn, now_ns):
        held, publisher._held = publisher._held, {}
        settled(publisher, turn, now_ns)
        publisher._held = held

    patch.setattr(OutboxPublisher, "_settle", settle)


def the_emergency_file_is_not_read(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(EmergencyFile, "read", lambda file: ((), False))


def what_recovery_finds_in_the_ledger_is_entered_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(left_behind, "_lacking", lambda batches, _: iter(batches))


def a_torn_record_keeps_the_daemon_from_starting(patch: pytest.MonkeyPatch) -> None:
    read = EmergencyFile.read

    def refuse(file):
        records, torn = read(file)
        if torn:
            raise StoreError("it is damaged")
        return records, torn

    patch.setattr(EmergencyFile, "read", refuse)


def what_waited_for_a_failed_flush_is_dropped(patch: pytest.MonkeyPatch) -> None:
    fail = GuardedLedger._fail

    def drop(ledger, because):
        fail(ledger, because)
        ledger._waiting.clear()

    patch.setattr(GuardedLedger, "_fail", drop)


def entries_go_on_without_a_ledger(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(router.OrderRouter, "_pause", lambda *_: None)


def exits_stop_without_a_ledger(patch: pytest.MonkeyPatch) -> None:
    """The emergency file takes nothing more once the ledger has failed."""
    weight_bytes = emergency.weight_bytes
    patch.setattr(emergency, "weight_bytes", lambda batch: weight_bytes(batch) + (1 << 18))


def a_session_that_is_refused_is_not_renewed(patch: pytest.MonkeyPatch) -> None:
    patch.delitem(session_keeper._NEXT, (session_keeper.Session.READY, RenewSession))


def secrets_are_written_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Secret, "__str__", Secret.reveal)
    patch.setattr(Secret, "__format__", lambda secret, _: secret.reveal())


def entries_go_on_while_the_clock_is_in_doubt(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(router.holds, "hold", lambda *_: False)


def _of(plant: Plant, seed: int, *caught_by: str, crash_at: int | None = None) -> Mutant:
    given = Given(seed, crash_at=crash_at)
    return Mutant(plant.__name__.replace("_", " "), frozenset(caught_by), plant, given)


MUTANTS: tuple[Mutant, ...] = (
    _of(resend_on_time_out, 1, "I2"),
    _of(resend_at_a_start, 12, "I2", "I13"),
    _of(time_out_is_a_no, 1, "I10", "I14", "I3"),
    _of(a_question_is_a_no, 5, "I10", "I14", "I3"),
    _of(absence_is_terminal, 5, "I10", "I14", "I3"),
    _of(parked_in_silence, 1, "I3"),
    _of(parked_is_forgotten, 10, "I3", "I4"),
    _of(effect_before_commit, 1, "I1"),
    _of(acts_before_the_disk_has_it, 1, "I1"),
    _of(ids_counted_anew, 10, "I1", "I2"),
    _of(kill_in_memory_only, 4, "I8", "I9", "I21"),
    _of(kill_that_closes_nothing, 36, "I9", "I21"),
    _of(a_kill_is_called_flat_while_it_closes, 36, "I9"),
    _of(a_second_kill_ends_the_first, 15, "I9"),
    _of(a_release_forgets_what_its_kill_owes, 36, "I9"),
    _of(entries_pass_a_kill, 9, "I8"),
    _of(longs_first, 5, "I11"),
    _of(hedges_are_sold_beside_a_sale_that_may_fill, 17, "I11"),
    _of(a_fill_after_a_cancel_is_ignored, 1, "I4", "I5", "I7"),
    _of(partial_is_full, 14, "I4", "I5", "I7"),
    _of(fills_add_up, 1, "I6", "I4"),
    _of(a_feed_that_is_stuck_is_believed, 25, "I12"),
    _of(a_dead_link_waits_for_the_disk, 17, "I12", crash_at=22),
    _of(a_feed_is_granted_its_longest_step, 3, "I12"),
    _of(limiter_forgets, 14, "I13"),
    _of(limiter_forgets_cancellations, 7, "I13"),
    _of(exit_larger_than_open, 1, "I10"),
    _of(resting_stops_are_forgotten, 1, "I10"),
    _of(what_never_left_is_waited_for_for_ever, 58, "I9"),
    _of(what_a_person_closed_stays_open, 3, "I10"),
    _of(what_a_person_and_an_exit_closed_stays_beyond_flat, 227, "I10"),
    _of(longs_are_sold_beside_a_persons_order, 37, "I10"),
    _of(what_positions_show_late_is_taken_in_by_a_kill, 52, "I10"),
    _of(what_positions_show_late_is_a_persons_own, 59, "I10"),
    _of(what_a_reading_does_not_show_is_over, 11, "I10", "I4"),
    _of(what_is_replaced_has_no_bound, 1, "I10"),
    _of(what_was_replaced_before_is_forgotten, 1, "I10"),
    _of(every_purchase_in_doubt_is_replaced_at_once, 1, "I10"),
    _of(replacements_that_are_neither_bounded_nor_dated, 5, "I10"),
    _of(trail_lost_at_a_start, 3, "I15"),
    _of(slices_do_not_sum, 1, "I14"),
    _of(entries_of_a_day_are_not_counted_over_starts, 160, "I14", "I22"),
    _of(owed_exits_lost_at_a_start, 1, "I9", "I21", crash_at=65),
    _of(answers_forgotten_at_a_start, 3, "I17"),
    _of(effect_before_the_idempotency_key, 5, "I17", crash_at=37),
    _of(a_stop_that_looks_three_times, 14, "I21"),
    _of(percent_stops_are_ten_times_too_wide, 1, "I15"),
    _of(no_stop_or_target_of_a_whole_ever_fires, 44, "I21"),
    _of(a_combined_premium_stop_is_never_met, 44, "I21"),
    _of(a_target_that_is_a_share_of_the_premium_is_never_met, 79, "I21"),
    _of(a_floor_is_never_broken, 48, "I21"),
    _of(a_kill_that_waits_for_the_next_frames, 36, "I21"),
    _of(what_people_see_stands_still, 1, "I22"),
    _of(quotes_of_another_contract, 3, "I12"),
    _of(a_strategy_that_raises_ends_all, 160, "I20"),
    _of(the_hot_state_wins, 51, "I15"),
    _of(unlinked_records, 1, "I16"),
    _of(events_before_their_commit, 45, "I18"),
    _of(a_cursor_ahead_of_its_sink, 3, "I18"),
    _of(the_emergency_file_is_not_read, 24, "I16"),
    _of(what_recovery_finds_in_the_ledger_is_entered_again, 24, "I16"),
    _of(a_torn_record_keeps_the_daemon_from_starting, 27, "I20"),
    _of(what_waited_for_a_failed_flush_is_dropped, 89, "I16", "I1"),
    _of(entries_go_on_without_a_ledger, 24, "I16"),
    _of(exits_stop_without_a_ledger, 24, "I20"),
    _of(a_session_that_is_refused_is_not_renewed, 15, "I4", "I9", "I3"),
    _of(secrets_are_written_out, 7, "I19"),
    _of(entries_go_on_while_the_clock_is_in_doubt, 3, "I12"),
)
