"""Which sink is meant, and where its secret comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.errors import SettingsError
from daemon.runtime.clock import VirtualClock
from daemon.settings import SinkSettings
from daemon.sinks.factory import sink_of
from daemon.sinks.redis_stream import RedisStream
from daemon.sinks.webhook import Webhook
from tests.kit.handed import handed_over

HOOK = SinkSettings(id="pager", url="https://example.org/hooks")
STREAM = SinkSettings(id="stream", url="redis://127.0.0.1/2")


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "sink.pager.secret"
    path.write_text("a-long-enough-secret\n")
    path.chmod(0o600)
    return path


def test_a_webhook_has_a_secret_from_its_file_or_from_the_service_manager(secret, tmp_path):
    known = []
    from_file = SinkSettings(id="pager", url=HOOK.url, secret_file=secret)
    for settings, folder in ((from_file, ""), (HOOK, str(tmp_path))):
        sink = sink_of(settings, folder, VirtualClock(), known.append)
        assert isinstance(sink, Webhook)
        assert (sink.kind, sink.name) == ("webhook", "https://example.org")

    assert [each.reveal() for each in known] == ["a-long-enough-secret"] * 2


def test_a_secret_that_the_service_manager_lets_one_user_into_by_an_access_list_is_taken(tmp_path):
    files = {"sink.pager.secret": b"a-long-enough-secret\n"}
    folder = str(handed_over(tmp_path / "unit", files, by_list=False))
    named = SinkSettings(id="other", url=HOOK.url, secret_file=Path(folder) / "sink.pager.secret")

    for settings in (HOOK, named):
        assert isinstance(sink_of(settings, folder, VirtualClock(), print), Webhook)


def test_a_webhook_without_a_secret_is_refused():
    with pytest.raises(SettingsError, match="the sink pager has no secret to sign with"):
        sink_of(HOOK, "", VirtualClock(), print)


def test_a_secret_that_others_can_read_is_refused_and_not_shown(secret):
    secret.chmod(0o644)
    with pytest.raises(SettingsError, match="is open to others") as caught:
        sink_of(SinkSettings(id="p", url=HOOK.url, secret_file=secret), "", VirtualClock(), print)

    assert "long-enough" not in str(caught.value)


def test_a_redis_may_ask_for_no_password():
    sink = sink_of(STREAM, "", VirtualClock(), print)

    assert isinstance(sink, RedisStream)
    assert (sink.kind, sink.name) == ("redis", "redis://127.0.0.1:6379/2 ordo:events")
