from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests.kit import browser, warm
from tests.kit.canary import leaks
from tests.kit.servers import PostgresServer, postgres_server
from tests.kit.tidy import module_names

# How long an example takes says more about the machine than about the code.
settings.register_profile(
    "house", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

# No test speaks to a stranger over TLS. Reading whom the machine trusts is a seventh of what each
# of the hundreds of processes takes that tests start.
os.environ["SSL_CERT_FILE"] = os.devnull

# A disk that other tests keep busy has not failed, for the daemons that tests start.
os.environ["ORDO_LEDGER__FLUSH_MS"] = "10000"


def _folders(*names: str) -> frozenset[Path]:
    return frozenset(Path(__file__).parent / name for name in names)


_WAITING = _folders("crash", "browser", "guardian", "bench")
"""Of what these last, most is waiting: for a page to fall silent, a beat to fail, a kill to end."""
_COMPUTING = _folders("simulation", "stories")
_UNTRACED = _folders("stories", "crash", "browser", "machine", "deploy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a worker of four begin with what waits, and the others with what computes long.

    Each worker begins with an equal share of what was collected, in its order, and takes over from
    others only what stands last in theirs.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    beside = workers // 4
    if not beside:
        return
    rest = [i for i in items if (_WAITING | _COMPUTING).isdisjoint(i.path.parents)]
    shares = [*_dealt(items, _WAITING, beside), *_dealt(items, _COMPUTING, workers - beside)]
    each = len(items) // workers
    items.clear()
    for share in shares:
        room = max(each - len(share), 0)
        items += share + rest[:room]
        del rest[:room]
    items += rest


def _dealt(
    items: list[pytest.Item], folders: frozenset[Path], workers: int
) -> list[list[pytest.Item]]:
    """Deal out the tests of some folders, file by file."""
    found = [item for item in items if not folders.isdisjoint(item.path.parents)]
    files = list(dict.fromkeys(item.path for item in found))
    return [[i for i in found if i.path in files[n::workers]] for n in range(workers)]


def _is_traced(item: pytest.Item) -> bool:
    """Say whether the lines of a test count as covered.

    To trace a line takes longer than to play it, so days that are played whole, processes that are
    started, and hundreds of examples of one property are not traced. What they run is covered by
    the other tests of its own module, and must be.
    """
    if item.get_closest_marker("untraced") or not _UNTRACED.isdisjoint(item.path.parents):
        return False
    return not is_hypothesis_test(getattr(item, "obj", None))


@contextmanager
def _untraced() -> Iterator[None]:
    stopped: list[Coverage] = []
    while tracing := Coverage.current():
        tracing.stop()  # in a worker pytest-cov has started two, one upon the other
        stopped.append(tracing)
    try:
        yield
    finally:
        for tracing in reversed(stopped):
            tracing.start()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import the house traced, for its definitions count, and collect its tests untraced."""
    if Coverage.current():
        for name in module_names():
            import_module(name)
    with _untraced():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace those tests alone whose lines count."""
    with nullcontext() if _is_traced(item) else _untraced():
        return (yield)


_SECRETIVE = _folders("stories", "crash", "cli", "web", "brokers")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that leaves a secret in a file, or tells one, once all of it has ended."""
    report = yield
    if report.when == "teardown" and report.passed and not _SECRETIVE.isdisjoint(item.path.parents):
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        told = "".join(text for _, text in report.sections)
        if found := leaks(folder, told):
            report.outcome = "failed"
            report.longrepr = f"a secret came out: {', '.join(found)}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _ended_with_the_tests() -> Iterator[None]:
    yield
    browser.end()
    warm.end()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests of this process; each test makes a schema of its own."""
    with postgres_server() as server:
        yield server


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later collection of garbage: it stays to the end.

    What comes after is looked through less often than is preset, for a day of trading makes much
    and leaves little: a tenth of a simulated run goes to that else.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
