"""A walk as a page: numbered steps, the words used, and a diagram, all from one trace.

With ORDO_WRITE_WALKS=1 in the environment the pages are written; without, they are compared.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from msgspec import Struct

from daemon.actors.market_feed import Silence
from daemon.actors.order_router.known.alarms import Due, ReadDue
from daemon.domain.orders.words import IntentRecorded
from daemon.messages import Told
from daemon.runtime.words import Alarm, Call, Commit, Effect, Publish, Show, Take, Tell
from tests.kit.plans import ROOT
from tests.kit.trace import Event, Kind
from tests.kit.trace_words import joined, kind, said, short, time_of
from tests.kit.walk_diagram import diagram

FOLDER = ROOT / "docs" / "walks"
WRITE = "ORDO_WRITE_WALKS"
_NOISE = (Silence, ReadDue)
"""Alarms that tell nothing about a walk: whoever sets them sets them always."""
_DIAGRAM = (
    "Several words on one arrow came one after the other. What somebody hears was recorded before\n"
    "it was told; an arrow to the ledger is drawn only for what nobody hears."
)
_FOOT = (
    "This page is printed by the story tests in `tests/stories/` from what the daemon did, and is\n"
    "held against it by them: it cannot tell what is no longer so."
)


class Chapter(Struct):
    """Steps that belong together.

    Attributes:
        title: what they tell.
        text: a few sentences before them.
        steps: in order.
    """

    title: str
    text: str
    steps: list[Event]


class Page(Struct):
    """A walk.

    Attributes:
        name: of the file.
        title: of the page.
        text: an introduction.
        chapters: in order.
    """

    name: str
    title: str
    text: str
    chapters: list[Chapter]

    def steps(self) -> list[Event]:
        """Every step, in order."""
        return [step for chapter in self.chapters for step in chapter.steps]


def steps_of(
    events: Sequence[Event],
    *roots: Event,
    also: Callable[[Event], bool] = lambda _: False,
    but: tuple[type, ...] = (),
    quiet: bool = False,
) -> list[Event]:
    """Return what follows from these events and led to something.

    What the exchange does by itself is caused by a frame, and belongs to a walk if it is about an
    order of the walk.

    Args:
        events: of a trace, as far as the walk goes.
        roots: what the walk begins with.
        also: what belongs to it though something else caused it.
        but: what is not followed.
        quiet: those too who heard something and had nothing to do about it.
    """
    walk, intents = {id(root) for root in roots}, set[str]()
    for event in events:
        about_ours = any(getattr(each, "intent_id", "") in intents for each in event.answers)
        if not (id(event) in walk or id(event.cause) in walk or about_ours or also(event)):
            continue
        if isinstance(event.about, but):
            continue
        walk.add(id(event))
        intents |= {f.intent.intent_id for f in event.facts() if isinstance(f, IntentRecorded)}
    return [event for event in events if id(event) in walk and (quiet or _matters(event))]


def chapters(steps: Sequence[Event], *heads: tuple[str, str, Event]) -> list[Chapter]:
    """Return steps as chapters; each head is a title, a text, and the first of its steps."""
    made: list[Chapter] = []
    waiting = list(heads)
    for step in steps:
        if waiting and step is waiting[0][2]:
            title, text, _ = waiting.pop(0)
            made.append(Chapter(title, text, []))
        made[-1].steps.append(step)
    assert not waiting, f"no step of the walk begins {waiting[0][0]!r}"
    return made


def printed(page: Page) -> str:
    """Return the page as Markdown."""
    groups = [list(_together(chapter.steps)) for chapter in page.chapters]
    numbered = enumerate((group for each in groups for group in each), 1)
    numbers = {id(step): number for number, group in numbered for step in group}
    lines = [f"# {page.title}", "", page.text, ""]
    for chapter, each in zip(page.chapters, groups, strict=True):
        lines += [f"## {chapter.title}", "", chapter.text, ""]
        for group in each:
            lines += [*_step(group, numbers), ""]
    lines += ["## The same as a diagram", "", _DIAGRAM, "", *diagram(page.steps()), ""]
    lines += ["## The words of this walk", "", *_glossary(page.steps()), "", _FOOT]
    return "\n".join(lines) + "\n"


def assert_page(page: Page) -> None:
    """Hold the page in the repository against what the trace tells, or write it."""
    path, text = FOLDER / f"{page.name}.md", printed(page)
    if os.environ.get(WRITE) == "1":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    stands = path.read_text(encoding="utf-8") if path.exists() else ""
    assert stands == text, (
        f"docs/walks/{page.name}.md no longer tells what happens; read what changed, and if that "
        f"is meant, write it anew: {WRITE}=1 .venv/bin/python -m pytest tests/stories -k walk"
    )


def _matters(event: Event) -> bool:
    """Say whether an event led to more than that an alarm was set again."""
    if event.kind is not Kind.TOLD:
        return event.kind is not Kind.RECORDED
    if isinstance(event.about, Due | Silence):
        return any(not isinstance(effect, Alarm) for effect in event.effects)
    is_answer = event.cause is not None and event.cause.kind is Kind.ASKED
    return is_answer or any(map(_is_told, event.effects))


def _is_told(effect: Effect) -> bool:
    """Say whether a reader is told of an effect."""
    return not (isinstance(effect, Alarm) and isinstance(effect.message, _NOISE))


def _together(steps: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield steps; what an actor hears in one row and only records as heard goes with the next."""
    group: list[Event] = []
    for step in steps:
        if group and (step.who, step.cause) != (group[-1].who, group[-1].cause):
            yield group
            group = []
        group.append(step)
        if not _echoes(step):
            yield group
            group = []
    if group:
        yield group


def _echoes(step: Event) -> bool:
    """Say whether an actor did nothing but record what it heard."""
    facts = step.facts()
    return len(facts) == len(step.effects[1:]) + 1 and facts[0] is step.about


def _step(group: list[Event], numbers: dict[int, int]) -> Iterator[str]:
    step = group[0]
    path = step.module.replace(".", "/") + ".py"
    link = f" · [{path.removeprefix('daemon/')}](../../{path})" if step.module else ""
    yield f"**{numbers[id(step)]}. {short(step.who)}** · {time_of(step.at_ns)}{link}  "
    yield _heard(group, numbers)
    done = [line for each in group for line in (_done if each.kind is Kind.TOLD else _led_to)(each)]
    if done:
        yield from ("", *(f"- {line}{_times(len(list(same)))}" for line, same in groupby(done)))


def _heard(group: list[Event], numbers: dict[int, int]) -> str:
    """Who came with what."""
    step, cause = group[0], group[0].cause
    if isinstance(step.about, str):
        return f"{step.about}."
    number = numbers.get(id(cause)) if cause is not None else None
    after = f" (step {number})" if number else ""
    what, words = kind(step.about), _words(step.about)
    if step.kind is Kind.ASKED:
        return f"is asked {what}{after}{words}"
    if step.kind is Kind.HAPPENED:
        return f"sees {what}{after}{words}"
    if cause is None:
        return f"is told {what}{words}"
    if cause.who == step.who:
        return f"is rung by an alarm that it set{after}, {what}{words}"
    if len(group) > 1:
        what = ", ".join(kind(each.about) for each in group)
        return f"hears {what} from the {short(cause.who)}{after}, one after the other"
    return f"hears {what} from the {short(cause.who)}{after}{words}"


def _done(step: Event) -> Iterator[str]:
    """What an actor did, in order; alarms in one line at the end."""
    alarms: list[str] = []
    for effect in step.effects:
        match effect:
            case Commit(facts):
                yield f"records{_listed(facts, 'in one piece', step.about)}"
            case Tell(to, message):
                yield f"tells the {short(to)} {kind(message)}{_words(message)}"
            case Publish(message):
                hearers = [f"the {short(who)}" for told, who in step.heard if told is message]
                yield f"announces {kind(message)}" + (f" to {joined(hearers)}" if hearers else "")
            case Take():
                yield "enters the frame into the journal"
            case Call(_, request):
                yield f"asks the door {kind(request)}"
            case Alarm(at_ns, message) if _is_told(effect):
                alarms.append(f"{kind(message)} at {time_of(at_ns)}")
            case Show(Told(answer=answer)):
                yield f"answers {kind(answer)}{_words(answer)}"
            case Show(view):
                yield f"shows {kind(view)}{_words(view)}"
    if alarms:
        yield f"sets alarms: {', '.join(dict.fromkeys(alarms))}"
    if not step.effects:
        yield "looks, and has nothing to do about it"


def _led_to(step: Event) -> Iterator[str]:
    """What a port answered, or what followed from what happened."""
    if step.answers:
        verb = "answers" if step.kind is Kind.ASKED else "tells"
        yield f"{verb}{_listed(step.answers, 'one after the other')}"


def _listed(messages: Sequence[object], how: str, heard: object = None) -> str:
    """One message in the line; several in lines of their own."""
    told = [
        f"{kind(each)}, as heard" if each is heard else f"{kind(each)}{_words(each)}"
        for each in messages
    ]
    if len(told) == 1:
        return f" {told[0]}"
    return "\n  - ".join((f", {how}:", *told))


def _words(message: object) -> str:
    words = said(message)
    return f": {words}" if words else ""


def _times(count: int) -> str:
    return "" if count == 1 else f", {count} times"


def _glossary(steps: Sequence[Event]) -> Iterator[str]:
    """Every type of message that stands on the page, by its own docstring."""
    words = {type(each).__name__: type(each) for step in steps for each in _mentioned(step)}
    yield "| word | is |"
    yield "| --- | --- |"
    for name, word in sorted(words.items()):
        path = word.__module__.replace(".", "/") + ".py"
        first = (inspect.getdoc(word) or "").partition("\n")[0]
        yield f"| [`{name}`](../../{path}) | {first} |"


def _mentioned(step: Event) -> Iterator[Any]:
    if not isinstance(step.about, str):
        yield step.about
    yield from step.answers
    for effect in step.effects:
        yield from _carried(effect)


def _carried(effect: Effect) -> tuple[Any, ...]:
    match effect:
        case Commit(facts):
            return facts
        case Tell() | Publish():
            return (effect.message,)
        case Alarm(_, message):
            return (message,) if _is_told(effect) else ()
        case Call(_, request):
            return (request,)
        case Show(Told(answer=answer)):
            return (answer,)
        case Show(view):
            return (view,)
    return ()
