"""A walk as a sequence diagram: arrows between those who took part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from daemon.domain.orders.words import OrderUpdated
from daemon.messages import KillStaged
from tests.kit.trace import Event, Kind
from tests.kit.trace_words import short

MOST_ARROWS = 25
_NOTE = "Note over"


def diagram(steps: Sequence[Event]) -> list[str]:
    """The arrows between who took part; what goes the same way one after the other is one arrow.

    What another step hears was recorded before, and what a broker said is recorded as heard: such
    facts have no arrow to the ledger.
    """
    heard = {id(step.about) for step in steps}
    arrows: list[tuple[str, str, str, str]] = []
    for _, group in groupby(steps, key=lambda step: (step.who, id(step.cause))):
        together = list(group)
        arrows += [arrow for step in together for arrow in _incoming(step)]
        facts = [fact for step in together for fact in step.facts() if id(fact) not in heard]
        arrows += [(_drawn(together[0].who), "->>", "ledger", _label(fact)) for fact in facts]
    drawn = [
        f"    {start}{line}{end}: {_counted(each[3] for each in same)}"
        for (start, line, end), same in groupby(arrows, key=lambda arrow: arrow[:3])
    ]
    count = sum(">>" in line for line in drawn)
    assert count <= MOST_ARROWS, f"{count} arrows are more than anybody reads"
    who = dict.fromkeys(
        name for start, _, end, _ in arrows for name in (start, end) if name != _NOTE
    )
    return [
        "```mermaid",
        "sequenceDiagram",
        *(f"    participant {name}" for name in who),
        *drawn,
        "```",
    ]


def _incoming(step: Event) -> Iterator[tuple[str, str, str, str]]:
    who, cause = _drawn(step.who), step.cause
    if isinstance(step.about, str):
        yield _NOTE, " ", who, step.about.partition(",")[0].replace("`", "")
    elif cause is None:
        yield "world", "->>", who, _label(step.about)
    elif cause.who != step.who:
        line = "-->>" if cause.kind is Kind.ASKED else "->>"
        yield _drawn(cause.who), line, who, _label(step.about)


def _label(message: object) -> str:
    name = type(message).__name__
    match message:
        case OrderUpdated(state=word) | KillStaged(stage=word):
            return f"{name} {word.upper()}"
    return name


def _drawn(who: str) -> str:
    return short(who).replace(" ", "_")


def _counted(names: Iterable[str]) -> str:
    """Names in order, each once, with how often it comes."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(name if n == 1 else f"{name} x{n}" for name, n in counts.items())
