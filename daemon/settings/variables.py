"""Variables of the environment that are called as Ordo's are and set nothing: a slip, and refused.

Passed over, a limit that somebody wrote as `ORDO_ACCOUNTS_PAPER_MAX_DAILY_LOSS` would not be one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from daemon.settings.environment import BETWEEN, PREFIX
from daemon.settings.faults import Fault
from daemon.settings.reading import fields_of
from daemon.settings.schema import Settings
from daemon.settings.tables import Listed, Table

READ_ELSEWHERE: Final = frozenset(
    {
        *("ORDO_TOKEN_FILE", "ORDO_TRACEBACK"),
        # Of benches and tests, whose daemons have the same environment.
        *("ORDO_BENCH_POSTGRES", "ORDO_CRASHES", "ORDO_CRASH_SEED", "ORDO_CRASH_STORES"),
        *("ORDO_DIFFERENCES", "ORDO_FAULTY_DAYS", "ORDO_FUZZ", "ORDO_FUZZ_SEED"),
        *("ORDO_LIVE_STORIES", "ORDO_POSTS", "ORDO_POST_KILLS", "ORDO_POST_SEED"),
        *("ORDO_SLICE_SEEDS", "ORDO_TEST_DATA", "ORDO_TEST_INITDB", "ORDO_TEST_REDIS_SERVER"),
        *("ORDO_TEST_SINK_KILLS", "ORDO_WRITE_DOCS", "ORDO_WRITE_WALKS"),
    }
)
"""What is no setting, and is read by its name all the same."""
# Of a service that is called ordo, or ordo-redis, which Kubernetes tells every container of.
_OF_A_SERVICE = re.compile(
    r"ORDO_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT)|PORT_[0-9]+_(TCP|UDP|SCTP))(_[A-Z0-9_]+)?"
)
_PORT, _ADDRESS = "_PORT", "://"
_COMPARED_MOST = 100


def set_nothing(raw: Mapping[str, Any], environ: Mapping[str, str]) -> list[Fault]:
    """Return a fault for each variable that is called as Ordo's are, and is not read.

    Args:
        raw: the sections and keys of a file, for the ids of its accounts.
        environ: variables; those of others are passed over.
    """
    names = sorted(name for name, text in environ.items() if _is_unread(name, text))
    ways = _by_one_stroke(raw) if names else {}
    where = "{} in the environment".format
    return [Fault(where(each), "", "sets nothing", _mend(each, ways)) for each in names]


def _is_unread(name: str, text: str) -> bool:
    """Say whether nobody reads a variable; one between whose words `__` stands is read."""
    if not name.startswith(PREFIX) or BETWEEN in name or name in READ_ELSEWHERE:
        return False
    of_a_service = _OF_A_SERVICE.fullmatch(name) or (name.endswith(_PORT) and _ADDRESS in text)
    return not of_a_service


def _mend(name: str, ways: Mapping[str, str]) -> str:
    close = difflib.get_close_matches(name[:_COMPARED_MOST], ways, n=1, cutoff=0.8)
    if close:
        return f"did you mean {ways[close[0]]}?"
    return "write ORDO_SECTION__KEY, such as ORDO_DAEMON__STATE_DIR, or take it out"


def _by_one_stroke(raw: Mapping[str, Any]) -> dict[str, str]:
    """Return every variable that sets something, by its name with single strokes and by its key."""
    known: dict[str, str] = {}
    for way in (*_ways(Settings), *_account_ways(raw)):
        name = PREFIX + BETWEEN.join(way).upper()
        known[name.replace(BETWEEN, "_")] = name
        known.setdefault(PREFIX + way[-1].upper(), name)
    return known


def _ways(table: type[Table]) -> Iterator[tuple[str, ...]]:
    for field in fields_of(table):
        if isinstance(field.shape, Listed):
            continue
        if field.table is None:
            yield (field.key,)
            continue
        names: list[tuple[str, ...]] = [()]
        if field.shape is not None:
            names = [(name,) for name in field.default]
        for name in names:
            yield from ((field.key, *name, *way) for way in _ways(field.table))


def _account_ways(raw: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    accounts = next(field for field in fields_of(Settings) if field.key == "accounts")
    assert accounts.table is not None, "an account is a section"
    written = raw.get(accounts.key)
    held = written if isinstance(written, list) else [{"id": "paper"}]
    for account in held:
        name = str(account.get("id", "")) if isinstance(account, dict) else ""
        for way in _ways(accounts.table) if name else ():
            yield (accounts.key, name.replace("-", "_"), *way)
