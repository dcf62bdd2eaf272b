"""The register: which strategies there are, and how each is written.

Those of files are given, and changed in their files alone. The others were declared from outside;
they are facts of the ledger and nothing else. What is recorded is shown too, before the answer:
then a runner comes or goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from daemon.actors.turn import Turn
from daemon.messages import (
    Ask,
    ChangeStrategy,
    DeclarationSeen,
    DeclareStrategy,
    Declined,
    Done,
    JudgeChange,
    RemoveStrategy,
    SeeDeclaration,
    StrategyDeclared,
    StrategyRemoved,
    Told,
)
from daemon.runtime.words import NOTHING, Effect, Show, Started

MOST = 64
_DONE = Done()


class Filed(Struct, frozen=True):
    """A strategy of a file: the file's name, and the plan as JSON."""

    file: str
    declaration: str


class StrategyRegister:
    """Knows the strategies of one run.

    Args:
        filed: those of files, by id.
        facts: all that was recorded so far.
    """

    def __init__(self, filed: Mapping[str, Filed], facts: Iterable[object] = ()) -> None:
        self._filed = filed
        self._declared = declared(facts)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        match message:
            case Ask(number, about):
                turn = Turn()
                answer = self._answer(turn, about, now_ns)
                turn.do(Show(Told(number, answer)))
                return turn.done()
            case Started():
                return NOTHING
            case _:
                raise AssertionError(f"the register was told {message!r}")

    def _answer(self, turn: Turn, about: object, now_ns: int) -> Done | Declined | DeclarationSeen:
        match about:
            case DeclareStrategy(strategy_id, declaration, by):
                fact = StrategyDeclared(strategy_id, declaration, by, now_ns)
                return self._objection_to_new(strategy_id) or self._take(turn, fact)
            case ChangeStrategy(strategy_id, declaration, by):
                fact = StrategyDeclared(strategy_id, declaration, by, now_ns)
                return self._objection(strategy_id) or self._take(turn, fact)
            case RemoveStrategy(strategy_id, by):
                removed = StrategyRemoved(strategy_id, by, now_ns)
                return self._objection(strategy_id) or self._take(turn, removed)
            case JudgeChange(strategy_id):
                return self._objection(strategy_id) or _DONE
            case SeeDeclaration(strategy_id):
                return self._seen(strategy_id)
        raise AssertionError(f"the register was asked {about!r}")

    def _take(self, turn: Turn, fact: StrategyDeclared | StrategyRemoved) -> Done:
        _apply(self._declared, fact)
        turn.record(fact)
        turn.do(Show(fact))
        return _DONE

    def _objection_to_new(self, strategy_id: str) -> Declined | None:
        """Return why there can be no such strategy beside those that there are."""
        if strategy_id in self._filed or strategy_id in self._declared:
            text = f"there is a strategy {strategy_id} already; choose another id, or change it"
            return Declined("strategy_known", text)
        if len(self._declared) >= MOST:
            text = f"{MOST} strategies are declared, and no more are taken; remove one of them"
            return Declined("too_many_strategies", text)
        return None

    def _objection(self, strategy_id: str) -> Declined | None:
        """Return why a strategy cannot be changed or removed."""
        if strategy_id in self._filed:
            file = self._filed[strategy_id].file
            text = (
                f"{strategy_id} stands in {file}; change it there, and the next start takes that up"
            )
            return Declined("strategy_of_a_file", text)
        return None if strategy_id in self._declared else _unknown(strategy_id)

    def _seen(self, strategy_id: str) -> DeclarationSeen | Declined:
        filed = self._filed.get(strategy_id)
        if filed is not None:
            return DeclarationSeen(strategy_id, filed.declaration, filed.file)
        if strategy_id not in self._declared:
            return _unknown(strategy_id)
        return DeclarationSeen(strategy_id, self._declared[strategy_id], "")


def declared(facts: Iterable[object]) -> dict[str, str]:
    """Return the declaration of every strategy that was declared and not removed, by id."""
    there: dict[str, str] = {}
    for fact in facts:
        _apply(there, fact)
    return there


def _apply(there: dict[str, str], fact: object) -> None:
    match fact:
        case StrategyDeclared(strategy_id, declaration):
            there[strategy_id] = declaration
        case StrategyRemoved(strategy_id):
            there.pop(strategy_id, None)


def _unknown(strategy_id: str) -> Declined:
    text = f"no strategy {strategy_id} is known; GET /api/strategies lists them"
    return Declined("unknown_strategy", text)
