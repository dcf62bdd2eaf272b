"""What `ordo check` says of the hot state."""

from __future__ import annotations

import pytest

from daemon.cli.check.hot_state import hot_state
from daemon.jobs.preflight.findings import Verdict
from daemon.settings import Daemon, Feed, FeedKind, HotState, Settings
from tests.kit.servers import free_port, redis_server


def of(folder, url: str, **also) -> Settings:
    return Settings(daemon=Daemon(state_dir=folder), hot_state=HotState(url=url, **also))


@pytest.mark.parametrize(
    ("url", "evidence"),
    [
        ("sqlite:STATE/hot.sqlite", "sqlite, sqlite:STATE/hot.sqlite"),
        ("memory:", "none is kept"),
    ],
)
def test_a_file_or_none_is_well_and_not_touched(tmp_path, url, evidence):
    found = hot_state(of(tmp_path, url))

    assert (found.verdict, found.evidence) == (Verdict.OK, evidence)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("policy", "verdict", "told"),
    [
        ("noeviction", Verdict.OK, "redis, unix://"),
        ("allkeys-lru", Verdict.WARN, "its maxmemory-policy is allkeys-lru"),
    ],
)
def test_a_redis_is_asked_whether_it_is_safe(tmp_path, policy, verdict, told):
    with redis_server(options={"maxmemory-policy": policy}) as server:
        found = hot_state(of(tmp_path, server.url))

    assert found.verdict is verdict
    assert told in found.evidence


def test_one_that_is_not_there_is_a_warning_for_it_hinders_no_start(tmp_path):
    found = hot_state(of(tmp_path, f"redis://127.0.0.1:{free_port()}"))

    assert found.verdict is Verdict.WARN
    assert "could not be looked at" in found.evidence


def test_a_password_that_others_can_read_fails(tmp_path):
    path = tmp_path / "password"
    path.write_text("a-long-enough-password")
    path.chmod(0o644)
    found = hot_state(of(tmp_path, "redis://127.0.0.1:1", password_file=path))

    assert found.verdict is Verdict.FAIL
    assert "is open to others" in found.evidence


def test_a_replay_asks_no_redis(tmp_path):
    settings = Settings(
        daemon=Daemon(state_dir=tmp_path),
        hot_state=HotState(url="redis://127.0.0.1:1"),
        feed=Feed(kind=FeedKind.REPLAY),
    )

    assert hot_state(settings).verdict is Verdict.OK


@pytest.mark.parametrize("url", ["sqlite:STATE/hot.sqlite", "memory:"])
def test_a_file_of_a_password_that_nothing_reads_is_told(tmp_path, url):
    found = hot_state(of(tmp_path, url, password_file=tmp_path / "password"))

    assert (found.verdict, "password_file is not read" in found.evidence) == (Verdict.WARN, True)
