"""`docs/errors.md`, printed from the error catalogue.

With ORDO_WRITE_DOCS=1 in the environment it is written; without, it is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from daemon.errors.catalogue import CATALOGUE, CATEGORIES, Entry
from tests.kit.plans import ROOT

PATH = ROOT / "docs" / "errors.md"
WRITE = "ORDO_WRITE_DOCS"
_WIDTH = 100
_CHAPTERS = {
    "request": "How something is asked",
    "access": "Who may ask",
    "state": "What trading allows now",
    "broker": "The broker",
    "daemon": "The daemon itself",
    "settings": "Settings and strategies",
    "data": "Recordings, rules and records",
    "disk": "Files and their disk",
}
_HEAD = """\
# Errors

Every error that a person can meet has a code, a sentence and a page; these are the pages. The
sentence says what happened this once, where, and what to do; what stands here holds each time.

A command writes the sentence to stderr, and on a terminal the code behind it. With `--json` it
writes `{"error": {"code", "title", "sentence", "notes", "mend", "category", "severity",
"recoverable", "retry_after"}}` to stdout. Over HTTP it is a problem: `code` there is the code here,
`detail` the sentence, and `type` is `urn:ordo:problem:` with the code behind it.

*Recoverable* says that the same again may succeed later, as it is; where it is known when, the
seconds stand beside it. Severity: `info` need not be acted on, a `warning` was refused and changed
nothing, an `error` keeps something from working, and what is `critical` is to be acted on at once.

Printed from `daemon/errors/` by `tests/errors/`, which keep the two equal.
"""


def document() -> str:
    """Return the file: a chapter for each category, a page for each code."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for category in CATEGORIES:
        yield f"## {_CHAPTERS[category]}\n"
        for code in sorted(code for code, entry in CATALOGUE.items() if entry.category == category):
            yield _page(code, CATALOGUE[code])


def _page(code: str, entry: Entry) -> str:
    again = "recoverable" if entry.recoverable else "not recoverable as it is"
    if entry.retry_after_s is not None:
        again += f", after {entry.retry_after_s} s"
    told = fill(f"{entry.title}. To mend it: {entry.mend}.", _WIDTH, break_long_words=False)
    return f"### {code}\n\n{told}\n\n`{entry.severity}`, {again}, HTTP {entry.status}\n"
