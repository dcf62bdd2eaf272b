"""The tidy rules of determinism and of exact money.

Clock, chance, identity and tasks come from the world that a program runs in, never from the
machine; `# sim-ok: reason` on the line is the visible exception. Money knows no floats.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.kit.tidy import Finding, Rule, Source

_CLOCK = "the `now` that a handler is given, or the world's clock"
_CHANCE = "the world's seeded random"
_IDENTITY = "an id from the world's source of ids"
_TASK = "a supervised task of the runtime"
_TIME_FORMS = ("time", "monotonic", "perf_counter")

BANNED: dict[str, str] = {
    **{f"time.{form}{ns}": _CLOCK for form in _TIME_FORMS for ns in ("", "_ns")},
    "datetime.datetime.now": _CLOCK,
    "datetime.datetime.utcnow": _CLOCK,
    "datetime.datetime.today": _CLOCK,
    "datetime.date.today": _CLOCK,
    "random": _CHANCE,
    "secrets": _CHANCE,
    "os.urandom": _CHANCE,
    "uuid.uuid1": _IDENTITY,
    "uuid.uuid4": _IDENTITY,
    "asyncio.create_task": _TASK,
    "asyncio.ensure_future": _TASK,
    "asyncio.get_event_loop": _TASK,
    "asyncio.Queue": "an inbox of the runtime",
    "threading.Thread": _TASK,
    "print": "a fact, a log line, or the command line's own output in daemon/cli",
}
"""Full name of what is banned, or of the module that it lies in -> what to use instead."""
ALLOWED_IN: dict[str, str] = {"asyncio.Queue": "daemon/runtime/", "print": "daemon/cli/"}
STATISTICS = frozenset(
    {"daemon/domain/market/options.py", "daemon/domain/plans/indicators.py"},
)
"""Where floats are meant: implied volatility, Greeks and indicators."""
EXACT = ("daemon/domain/", "daemon/messages/", "daemon/twin/")
"""Where money is counted."""
MODEL = "daemon/twin/generator/"
"""A market made by chance: options are valued by Black-76, and become whole ticks in a quote."""
WRITES_WHOLE = frozenset({"daemon/storage/whole.py", "daemon/kill.py"})
"""Who writes files whole: one function for all, and the latch, which stands alone."""
_WHOLE = "write_whole of daemon/storage/whole.py"
_WRITERS = frozenset({"write_text", "write_bytes", "NamedTemporaryFile", "mkstemp"})
_CHANGES = re.compile(r"[rwax]?[bt+]*[wax+][bt+]*")
_EXCUSE = re.compile(r"#\s*sim-ok:\s*\S")


def ambient_call(source: Source) -> Iterator[Finding]:
    """Nothing asks the machine for time, chance, ids, tasks or a terminal."""
    names = _imported(source)
    inner: set[int] = set()
    seeded = _seeded(source)
    for node in source.nodes:
        if id(node) in inner or not isinstance(node, ast.Attribute | ast.Name):
            continue
        if isinstance(node, ast.Attribute):
            inner.update(id(part) for part in ast.walk(node.value))
        full = _full_name(node, names)
        banned = _banned(full)
        if not banned or source.path.startswith(ALLOWED_IN.get(banned, "\0")):
            continue
        if full == "random.Random" and id(node) in seeded:
            continue
        if not _excused(source, node):
            yield source.found(node, full, BANNED[banned])


def _imported(source: Source) -> dict[str, str]:
    """Return what each imported name stands for, in full."""
    names = {"print": "print"}
    for node in source.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _full_name(node: ast.expr, names: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        owner = _full_name(node.value, names)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def _banned(full: str) -> str:
    """Return the key of the ban that a full name falls under; empty where none."""
    if full in BANNED and full not in {"random", "secrets"}:
        return full
    module, dot, _ = full.partition(".")
    return module if dot and module in {"random", "secrets"} else ""


def _seeded(source: Source) -> set[int]:
    """Return where `random.Random` is a type, or is made from a seed."""
    fine: set[int] = set()
    for node in source.nodes:
        if isinstance(node, ast.Call) and node.args:
            fine.add(id(node.func))
        for field in ("annotation", "returns"):
            annotation = getattr(node, field, None)
            if isinstance(annotation, ast.expr):
                fine.update(id(part) for part in ast.walk(annotation))
    return fine


def _excused(source: Source, node: ast.expr) -> bool:
    last = node.end_lineno or node.lineno
    return any(_EXCUSE.search(line) for line in source.lines[node.lineno - 1 : last])


def float_money(source: Source) -> Iterator[Finding]:
    """Where money is counted there is no float: no literal, no name, no true division."""
    exact = source.path.startswith(EXACT) and not source.path.startswith(MODEL)
    if not exact or source.path in STATISTICS:
        return
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield source.found(node, f"the literal {node.value!r}", "an integer in 1/10,000 (_e4)")
        elif isinstance(node, ast.Name) and node.id == "float":
            yield source.found(node, "float", "int in 1/10,000 (_e4), Decimal at the edges")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            instead = "//, divide_half_even, or joinpath for a path"
            yield source.found(node, "true division", instead)


def bare_write(source: Source) -> Iterator[Finding]:
    """A file is written whole or not at all, durably; two modules know how, and no other does."""
    if not source.path.startswith("daemon/") or source.path in WRITES_WHOLE:
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "O_TRUNC":
            yield source.found(node, "O_TRUNC", _WHOLE)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            name = called.rpartition(".")[2]
            if name in _WRITERS:
                yield source.found(node, called, _WHOLE)
            elif name == "open" and called != "os.open" and _for_writing(node):
                yield source.found(node, f"{called} for writing", _WHOLE)


def _for_writing(node: ast.Call) -> bool:
    """Return whether a file is opened in a mode that changes it."""
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    modes = [each.value for each in given if isinstance(each, ast.Constant)]
    return any(isinstance(mode, str) and _CHANGES.fullmatch(mode) for mode in modes)


CALL_RULES: tuple[Rule, ...] = (ambient_call, float_money, bare_write)
