"""What `ordo check` looks at besides: tokens, the port, where prices come from."""

from __future__ import annotations

import os
import socket
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.cli.check import outside
from daemon.cli.client import Address, Client
from daemon.errors import SettingsError
from daemon.jobs.preflight.findings import Verdict
from daemon.settings import Daemon, Feed, FeedKind, Settings, SinkSettings, Web
from daemon.web.admission.sessions import Sessions
from daemon.web.admission.tokens import Tokens
from tests.kit.canary import planted
from tests.kit.fake_daemon import TOKEN

OK, WARN, FAIL = Verdict
DAY = date(2026, 11, 18)
SOMEBODY = 54_321
REPLAY = Settings(feed=Feed(kind=FeedKind.REPLAY))


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def token(state):
    path = state / "operator.token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    return path


def of(folder: Path) -> Settings:
    return Settings(daemon=Daemon(state_dir=folder))


def client(port: int, host: str = "127.0.0.1") -> Client:
    return Client(Address(host, port), Path("none"))


def test_no_token_yet_is_well(state):
    assert outside.secrets(of(state), state / "operator.token").verdict is OK


def test_a_private_token_is_well_and_not_shown(state, token):
    found = outside.secrets(of(state), token)

    assert (found.verdict, found.evidence) == (OK, f"{token}: private")
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("name", ["operator.token", "tokens.json"])
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_of_tokens_that_is_open_to_others_fails(state, token, name, mode):
    (state / name).touch()
    (state / name).chmod(mode)
    found = outside.secrets(of(state), token)

    assert found.verdict is FAIL
    assert f"{state / name} is open to others (mode {mode:04o})" in found.evidence


def test_a_token_of_another_user_fails(state, token, monkeypatch):
    mine = os.getuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    found = outside.secrets(of(state), token)

    assert (found.verdict, found.evidence) == (FAIL, f"{token} belongs to user {mine}")
    assert f"chown it to user {mine + 1}," in found.mend


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize(("owner", "verdict"), [(SOMEBODY, OK), (0, FAIL)])
def test_root_wants_the_tokens_to_be_of_whom_the_daemons_folder_is(state, token, owner, verdict):
    os.chown(state, SOMEBODY, SOMEBODY)
    os.chown(token, owner, owner)
    found = outside.secrets(of(state), token)

    assert found.verdict is verdict
    assert (f"chown it to user {SOMEBODY}," in found.mend) is (verdict is FAIL)


def test_a_file_that_holds_no_token_fails(state, token):
    token.write_text("two words")
    found = outside.secrets(of(state), token)

    assert found.verdict is FAIL
    assert "holds no token" in found.evidence


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("tokens.json", "garbage", "tokens.json cannot be understood: JSON is malformed"),
        ("tokens.json", "", "tokens.json cannot be understood: Input data was truncated"),
        ("operator.token", "garbage", "operator.token holds no token; remove it, and the next sta"),
        ("sessions.json", "garbage", "sessions.json cannot be understood: JSON is malformed"),
    ],
)
def test_a_file_of_tokens_that_a_start_would_refuse_fails(state, name, content, told):
    (state / name).write_text(content)
    (state / name).chmod(0o600)
    with pytest.raises(SettingsError, match=told):
        (Tokens(state), Sessions(state))
    found = outside.secrets(of(state), state / "operator.token")

    assert (found.verdict, told in found.evidence) == (FAIL, True)
    portless = replace(of(state), web=Web(enabled=False))
    assert outside.secrets(portless, state / "none").verdict is OK


def test_a_free_port_is_well():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    assert outside.port(client(port)).evidence == f"http://127.0.0.1:{port} is free"


def test_any_port_that_is_free_is_well():
    assert outside.port(client(0)).evidence == "any that is free is taken"


def test_a_port_where_nobody_answers_is_not_mended_by_the_check_that_found_it():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        found = outside.port(client(silent.getsockname()[1]))

    assert found.verdict is FAIL
    assert found.mend == "stop what listens there, or let [web] port name another"


def test_an_address_that_this_machine_has_not_fails():
    found = outside.port(client(8787, "192.0.2.1"))

    assert found.verdict is FAIL
    assert found.evidence.startswith("http://192.0.2.1:8787 cannot be had: ")


def test_another_program_on_the_port_fails(fake):
    fake.replies["GET", "/api/status"] = (200, "text/html", b"<h1>It works</h1>")
    found = outside.port(Client(Address("127.0.0.1", fake.port), Path("state/operator.token")))

    assert (found.verdict, found.mend) == (
        FAIL,
        "stop what listens there, or let [web] port name another",
    )


def test_a_daemon_that_does_not_know_our_token_fails_with_what_to_do(fake):
    found = outside.port(client(fake.port))

    assert found.verdict is FAIL
    assert "unauthorised" in found.evidence
    assert "a token is wanted, and none is in none" in found.mend


def test_the_day_that_comes_with_ordo_is_the_day_that_is_traded_first():
    found, day = outside.feed(REPLAY, date(2030, 1, 1))

    assert (found.verdict, day) == (OK, DAY)
    assert found.evidence.endswith(f": 1 recorded, {DAY} to {DAY}")


def test_a_recording_that_is_not_there_fails(tmp_path):
    absent = Settings(feed=Feed(kind=FeedKind.REPLAY, path=tmp_path / "absent.parquet"))
    found, day = outside.feed(absent, DAY)

    assert (found.verdict, day) == (FAIL, DAY)
    assert found.evidence == f"{tmp_path / 'absent.parquet'} does not exist"


def test_a_generated_feed_begins_on_its_first_day():
    found, first = outside.feed(Settings(feed=Feed(first_day=DAY)), date(2030, 1, 1))

    assert (found.verdict, found.evidence, first) == (OK, f"generated, from {DAY} on", DAY)


def test_a_recording_that_a_generated_feed_does_not_play_is_told(tmp_path):
    settings = Settings(feed=Feed(first_day=DAY, path=tmp_path))
    found, first = outside.feed(settings, date(2030, 1, 1))

    assert (found.verdict, first) == (WARN, DAY)
    assert found.evidence == f"generated, from {DAY} on; {tmp_path} is not played"


def test_every_sink_is_named_without_its_path_and_nobody_is_spoken_to(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(planted("pager"))
    secret.chmod(0o600)
    hook = SinkSettings(id="pager", url="https://example.org/hooks/x", secret_file=secret)
    stream = SinkSettings(id="stream", url="redis://127.0.0.1:1")
    told = outside.sinks(Settings(sinks=(hook, stream)))

    assert (told.verdict, told.evidence) == (
        OK,
        "pager at https://example.org, stream at redis://127.0.0.1:1 ordo:events",
    )
    assert outside.sinks(Settings()).evidence == "nobody outside is told of anything"


def test_a_sink_whose_secret_is_missing_hinders_a_start():
    hook = SinkSettings(id="pager", url="https://example.org/hooks/x")
    told = outside.sinks(Settings(sinks=(hook,)))

    assert told.verdict is FAIL
    assert "the sink pager has no secret to sign with" in told.evidence
