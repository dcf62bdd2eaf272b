"""Deeds: hands on strategies, and the brakes."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from daemon.control import Outcome
from daemon.control.line import NO_ANSWER
from daemon.kill import LatchUnwritten
from daemon.messages import AdjustByHand, ExitByHand, Latched, LatchKind, Scope
from daemon.web.answers.asks import AdjustBody, ExitBody, amount_e4
from daemon.web.problems import Problem
from daemon.web.table import Answer, Call
from daemon.web.told.deed_shapes import DoneTold, KilledTold, OutcomeTold, PausedTold
from daemon.web.told.telling import done_told


async def start(call: Call) -> DoneTold:
    """Let a strategy take entries."""
    hands = call.house.control.hands
    return done_told(await hands.start(call.path["strategy_id"], call.who.name), call.mode)


async def stop(call: Call) -> DoneTold:
    """Let a strategy take no more entries."""
    hands = call.house.control.hands
    return done_told(await hands.stop(call.path["strategy_id"], call.who.name), call.mode)


async def leave(call: Call) -> Answer | DoneTold:
    """Close a position, or part of it."""
    body: ExitBody = call.body
    wanted = ExitByHand(
        strategy_id=call.path["strategy_id"],
        leg_id=body.leg_id or "",
        lots=body.lots or 0,
        by=call.who.name,
        reason=body.reason,
    )
    return _each(await call.house.control.hands.exit(wanted), call)


async def adjust(call: Call) -> Answer | DoneTold:
    """Move a stop."""
    body: AdjustBody = call.body
    wanted = AdjustByHand(
        strategy_id=call.path["strategy_id"],
        leg_id=body.leg_id or "",
        stop_e4=amount_e4(body.stop, "stop"),
        loosen=body.loosen,
        by=call.who.name,
    )
    return _each(await call.house.control.hands.adjust(wanted), call)


async def kill_strategy(call: Call) -> KilledTold:
    """Stop and close one strategy."""
    told = (Scope.STRATEGY, call.path["strategy_id"], call.body.reason)
    return KilledTold((await _latched(call, LatchKind.KILL, told)).latch_id, mode=call.mode)


async def kill(call: Call) -> KilledTold:
    """Stop and close a scope."""
    told = (call.body.scope, _name(call), call.body.reason)
    return KilledTold((await _latched(call, LatchKind.KILL, told)).latch_id, mode=call.mode)


async def pause(call: Call) -> PausedTold:
    """Take no new entries in a scope."""
    told = (call.body.scope, _name(call), call.body.reason)
    return PausedTold((await _latched(call, LatchKind.PAUSE, told)).latch_id, mode=call.mode)


async def cancel_all(call: Call) -> DoneTold:
    """Take every working order of a scope out of the book."""
    brakes, body = call.house.control.brakes, call.body
    done = await brakes.cancel_all(body.scope, _name(call), body.reason, call.who.name)
    return done_told(done, call.mode)


async def rearm(call: Call) -> DoneTold:
    """Release a latch."""
    brakes, latch_id = call.house.control.brakes, call.body.kill_id
    mode = brakes.mode(Scope.ALL, "", latch_id)  # once it is gone nothing says whom it was about
    return done_told(await brakes.rearm(latch_id, call.who.name), mode)


async def _latched(call: Call, kind: LatchKind, told: tuple[Scope, str, str]) -> Latched:
    """Pull a latch.

    Raises:
        Problem: the disk refused it; the actors were told all the same.
    """
    scope, name, reason = told
    brakes = call.house.control.brakes
    pull = brakes.kill if kind is LatchKind.KILL else brakes.pause
    try:
        return await pull(scope, name, reason, call.who.name)
    except LatchUnwritten as error:
        sentence = f"the actors were told and act, but a restart would forget it: {error}"
        raise Problem("latch_unwritten", sentence) from error


def _name(call: Call) -> str:
    """Return whose the scope is.

    Raises:
        Problem: everything was meant and a name given, or the other way round.
    """
    scope, name = call.body.scope, call.body.id
    if (scope is Scope.ALL) != (name is None):
        says = "takes no id" if scope is Scope.ALL else "needs the id of it"
        raise Problem("invalid", f"scope {scope} {says} - at `$.id`")
    return name or ""


def _each(outcomes: Sequence[Outcome], call: Call) -> Answer | DoneTold:
    """Tell what came of it in each account; 207 where they differ.

    Raises:
        Problem: it was refused in all of them alike.
    """
    if len(outcomes) == 1 and not outcomes[0].code:
        return done_told(outcomes[0], call.mode)
    mode_of = call.house.modes.of
    results = tuple(
        OutcomeTold(o.account, not o.code, o.text, o.code, o.owed, mode=mode_of(o.account))
        for o in outcomes
    )
    text = "; ".join(f"{o.account}: {o.text}" for o in outcomes)
    owed = "; ".join(f"{o.account}: {o.owed}" for o in outcomes if o.owed)
    codes = {each.code for each in outcomes}
    if len(codes) > 1:
        told = DoneTold(ok=False, text=text, results=results, owed=owed, mode=call.mode)
        return Answer(HTTPStatus.MULTI_STATUS, told, final=NO_ANSWER not in codes)
    if not outcomes[0].code:
        return DoneTold(ok=True, text=text, results=results, owed=owed, mode=call.mode)
    if len(outcomes) == 1:
        raise Problem(outcomes[0].code, outcomes[0].text)
    raise Problem(outcomes[0].code, text, more={"results": results})
