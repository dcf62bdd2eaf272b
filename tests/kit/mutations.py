"""Mutations: each takes one check out of the code, and names the test that has to fail then.

`make mutate` tries them all. `docs/controls.md` lists them with the control that each belongs to.
"""

from __future__ import annotations

from msgspec import Struct

GATE, GATES = "daemon/domain/orders/controls.py", "tests/domain/orders/test_controls.py"
ROUTER, ROUTERS = "daemon/actors/order_router", "tests/actors/order_router"
DOUBT = "tests/domain/orders/test_doubt.py"
BOUNDARY = f"{GATES}::test_each_control_passes_at_its_boundary_and_refuses_one_step_beyond"


class Mutation(Struct, frozen=True):
    """One check, taken out.

    Attributes:
        control: the row of `docs/controls.md`.
        what: the check, in words.
        path: the file it stands in.
        old: its text; it occurs there exactly once.
        new: what stands in its place.
        test: what fails without it.
    """

    control: str
    what: str
    path: str
    old: str
    new: str
    test: str


def _gate(control: str, what: str, line: str, after: str = "") -> Mutation:
    """One line of the table for entries, taken out; known by the line that it comes after."""
    kept = f"        {after},\n" if after else ""
    return Mutation(control, f"the gate's {what}", GATE, f"{kept}        {line},\n", kept, BOUNDARY)


MUTATIONS = (
    _gate("P1", "price collar", "Control.COLLAR: _collar"),
    _gate("P2", "largest quantity", "Control.QUANTITY: _quantity"),
    _gate("P3", "largest value", "Control.VALUE: _value"),
    _gate("P4", "possible exposure", "Control.EXPOSURE: _exposure"),
    _gate("P5", "message rate", "Control.RATE: _rate"),
    _gate("P6", "duplicate check", "Control.DUPLICATE: _duplicate"),
    Mutation(
        "P6",
        "the door lets an intent through once",
        "daemon/brokers/door.py",
        "        assert intent.intent_id not in self._passed, ",
        "        assert True, ",
        "tests/brokers/test_door.py::test_an_intent_goes_through_once",
    ),
    _gate(
        *("P7", "self-trade check", "Control.SELF_TRADE: _self_trade"),
        after="Control.DUPLICATE: _duplicate",
    ),
    Mutation(
        "P8",
        "the gate's stale price",
        GATE,
        "        Control.STALE: _stale,\n        Control.LINK",
        "        Control.LINK",
        BOUNDARY,
    ),
    Mutation(
        "P8",
        "the age of the newest frame",
        f"{ROUTER}/known/prices.py",
        " and now_ns - frames[-1].at_ns <= self.lives_ns",
        "",
        f"{ROUTERS}/closing/test_silence.py"
        "::test_an_entry_waits_where_its_price_has_died_and_nobody_has_said_so_yet",
    ),
    Mutation(
        "P9",
        "a contract that expired is not traded",
        GATE,
        "    if contract.expiry is not None and contract.expiry < day:\n",
        "    if False:\n",
        BOUNDARY,
    ),
    Mutation(
        "P10",
        "an entry waits for its margin",
        f"{ROUTER}/opening/entries.py",
        "    if held is None and not _is_borne(desk, turn, basket, now_ns):\n        return\n",
        "",
        f"{ROUTERS}/opening/test_funds.py::test_an_entry_leaves_once_its_margin_is_there_and_not_before",
    ),
    Mutation(
        "P10",
        "the share of the free margin",
        "daemon/domain/orders/margin.py",
        "    if required_e4 <= most_e4:\n",
        "    if True:\n",
        "tests/domain/orders/test_order_margin.py"
        "::test_an_entry_takes_at_most_its_share_of_what_is_free",
    ),
    Mutation(
        "P10",
        "our own model beside the broker's word",
        f"{ROUTER}/opening/funds.py",
        "max(told.required_e4, _own_e4(desk, legs))",
        "told.required_e4",
        f"{ROUTERS}/opening/test_funds.py::test_the_dearer_of_two_witnesses_counts",
    ),
    Mutation(
        "P10",
        "what was promised is not free before the orders that left are answered",
        f"{ROUTER}/opening/promised.py",
        "return _is_unanswered(desk, parent) or _is_half_out(desk, parent)",
        "return _is_half_out(desk, parent)",
        f"{ROUTERS}/opening/test_funds.py"
        "::test_of_two_entries_on_one_frame_the_second_is_judged_once_the_first_is_answered",
    ),
    Mutation(
        "P11",
        "entries that are decided too often",
        f"{ROUTER}/entering.py",
        "    storms.repeated(desk, turn, opened.basket, now_ns)\n",
        "",
        f"{ROUTERS}/test_storms.py"
        "::test_one_entry_more_than_may_be_in_the_while_stops_the_strategy",
    ),
    Mutation(
        "P12",
        "children within their parent",
        GATE,
        "    if parent.others_quantity + quantity > parent.quantity:\n",
        "    if False:\n",
        BOUNDARY,
    ),
    Mutation(
        "P13",
        "a broker with money only where the mode is live",
        "daemon/settings/live.py",
        "    return daemon.mode == LIVE or all(each.broker == PAPER for each in accounts)\n",
        "    return True\n",
        "tests/settings/test_settings_live.py::test_whatever_live_lacks_is_refused",
    ),
    _gate("P14", "check of the strategy's configuration", "Control.STRATEGY: _strategy"),
    Mutation(
        "D1",
        "the largest loss of an account's day",
        "daemon/domain/risk/account.py",
        "    if limits.loss_e4 and both.most_e4 <= -limits.loss_e4:\n",
        "    if False:\n",
        "tests/domain/risk/test_account.py::test_a_limit_holds_on_two_valuations_in_a_row",
    ),
    Mutation(
        "D1",
        "the second valuation before the loss counts",
        "daemon/domain/risk/account.py",
        "    before = state.beyond\n",
        "    before = state.beyond or Beyond(False, 0, -(10**12), -(10**12))\n",
        "tests/domain/risk/test_account.py::test_a_limit_holds_on_two_valuations_in_a_row",
    ),
    Mutation(
        "D1",
        "what is open quoted again before the loss counts",
        "daemon/domain/risk/account.py",
        "    if not _quoted_since(before.since_ns, valued):\n",
        "    if False:\n",
        "tests/domain/risk/test_account.py::"
        "test_a_second_valuation_counts_once_what_is_open_was_quoted_again",
    ),
    Mutation(
        "D2",
        "the floor under a strategy's profit",
        "daemon/domain/risk/lock_and_trail.py",
        "lock.status is LockStatus.LOCKED and pnl_e4 <= lock.floor_e4",
        "False",
        "tests/domain/risk/test_lock_and_trail.py::test_profit_at_or_below_the_floor_breaks_it",
    ),
    Mutation(
        "D2",
        "the record's floor beside a mirror's",
        "daemon/domain/risk/mirrored.py",
        " or (is_locked and told.floor_e4 <= kept.floor_e4):\n",
        ":\n",
        "tests/domain/risk/test_mirrored.py::test_the_higher_of_two_floors_stands",
    ),
    Mutation(
        "D2",
        "a mirror's floor on a profit that cannot have been",
        "daemon/domain/risk/mirrored.py",
        "    if told.best_e4 > known.most_e4:\n",
        "    if False:\n",
        "tests/domain/risk/test_mirrored.py::test_a_floor_that_cannot_be_is_not_taken",
    ),
    Mutation(
        "D3",
        "the door asks for latches",
        "daemon/brokers/door.py",
        "            if text:\n",
        "            if False:\n",
        "tests/brokers/test_door.py::test_a_latched_kill_stops_entries_and_lets_exits_pass",
    ),
    Mutation(
        "D4",
        "shorts are left in a silence where the owner says so",
        f"{ROUTER}/closing/silence.py",
        "        if leaves:\n",
        "        if False:\n",
        f"{ROUTERS}/closing/test_silence.py"
        "::test_after_a_minute_of_silence_a_short_is_told_and_left_where_the_owner_says_so",
    ),
    Mutation(
        "D4",
        "the age of a quote that was asked for",
        "daemon/domain/market/polled.py",
        "now_ns - exchange_ns <= LIVES_NS\n",
        "now_ns - exchange_ns\n",
        "tests/domain/market/test_polled.py"
        "::test_a_quote_is_as_old_as_the_exchange_says_and_judges_nothing_after_three_seconds",
    ),
    Mutation(
        "D5",
        "exits that are on their way count",
        f"{ROUTER}/closing/holdings.py",
        "closing_quantity=remaining(exits, side) + ",
        "closing_quantity=0 + ",
        f"{ROUTERS}/closing/test_exits.py"
        "::test_a_resting_exit_climbs_the_ladder_and_is_replaced_only_once_it_is_gone",
    ),
    Mutation(
        "D5",
        "what lies outside the band leads back to the touch",
        "daemon/domain/orders/flatten.py",
        "                leg.come_back(now_ns)\n",
        "                self._take_step(leg, now_ns)\n",
        f"{ROUTERS}/closing/test_outside_the_band.py"
        "::test_an_exit_is_through_as_soon_as_the_exchange_takes_a_limit_at_the_touch",
    ),
    Mutation(
        "D5",
        "what was never seen is waited for two minutes",
        "daemon/domain/orders/doubt.py",
        "    return ago_ns < OLD_NS or not (doubt.old and _is_unseen(doubt, apart_ns))\n",
        "    return True\n",
        f"{DOUBT}"
        "::test_where_nothing_ever_arrives_what_was_short_leaves_once_more_every_two_minutes",
    ),
    Mutation(
        "D5",
        "no more given up in two minutes than was short",
        "daemon/domain/orders/doubt.py",
        "        if beyond + each.quantity <= most or (each.old and not beyond):\n",
        "        if True:\n",
        f"{DOUBT}::test_if_all_that_comes_late_fills_no_more_is_held_than_was_short",
    ),
    Mutation(
        "D6",
        "no entry where the books differ",
        f"{ROUTER}/broker/reconciling.py",
        "        known = desk.reads.differing.get(pocket)\n        if known is not None:\n",
        "        known = desk.reads.differing.get(pocket)\n        if False:\n",
        f"{ROUTERS}/broker/test_reconciling.py"
        "::test_a_position_that_differs_is_told_once_and_keeps_entries_in_it_out",
    ),
    Mutation(
        "D7",
        "a stranger's order is taken in",
        f"{ROUTER}/broker/reconciling.py",
        "        if order.state is State.WORKING or order.filled_quantity:\n",
        "        if False:\n",
        f"{ROUTERS}/broker/test_reconciling.py::test_a_strangers_order_is_taken_in_counted_and_left_alone",
    ),
    Mutation(
        "D8",
        "refusals that storm",
        f"{ROUTER}/router.py",
        "        storms.refused(desk, turn, order, now_ns)\n",
        "",
        f"{ROUTERS}/test_storms.py"
        "::test_three_refusals_for_one_reason_stop_the_strategy_and_its_entry",
    ),
    _gate("D8", "look at the link to the broker", "Control.LINK: _link"),
    Mutation(
        "D9",
        "entries wait without a beat",
        "daemon/app/watching/beat.py",
        "        if silent and not self._held:\n",
        "        if False:\n",
        "tests/app/watching/test_beat.py"
        "::test_eight_looks_without_a_beat_hold_entries_and_the_next_beat_frees_them",
    ),
    Mutation(
        "D10",
        "a wall clock that jumps",
        "daemon/app/machine/clock_watch.py",
        "        if abs(by_ns) > JUMP_NS:\n",
        "        if False:\n",
        "tests/app/machine/test_clock_watch.py"
        "::test_a_wall_that_moves_half_a_second_more_or_less_than_running_time_has_jumped",
    ),
    Mutation(
        "D11",
        "the escalation of an alert that nobody acknowledged",
        "daemon/actors/alert_keeper/keeper.py",
        "                self._escalate(turn, self._alerts.get(alert_id), level, now_ns)\n",
        "                pass\n",
        "tests/actors/alert_keeper/test_alert_keeper.py"
        "::test_an_alert_that_nobody_acknowledges_escalates_level_by_level_to_the_last",
    ),
    Mutation(
        "T2",
        "each record is held against the one before it",
        "daemon/domain/chain.py",
        "        if row[0] != number or not _follows(row, digest, number):\n",
        "        if row[0] != number:\n",
        "tests/domain/test_chain.py::test_a_flipped_bit_in_a_body_is_found",
    ),
    Mutation(
        "T3",
        "an entry names the version of its strategy",
        "daemon/actors/strategy_runner/entry_basket.py",
        "        version=version_of(plan),\n",
        "",
        "tests/actors/strategy_runner/test_strategy_runner.py::test_an_entry_is_recorded_and_told_with_everything_it_is_held_to",
    ),
    Mutation(
        "T5",
        "every file counts in the hash of the code",
        "daemon/app/machine/deployed.py",
        '        whole.update(f"{name}\\0{len(content)}\\0".encode() + content)\n',
        "        whole.update(name.encode())\n",
        "tests/app/machine/test_deployed.py::test_any_other_file_gives_another_hash",
    ),
)
"""In the order of the table."""
