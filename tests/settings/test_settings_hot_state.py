"""`[hot_state]`: which places it may name, and that no password stands in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.settings import HotState, RedisPlace, SettingsRefused, load
from daemon.settings.credentials import secret_in


def loaded(tmp_path, text: str, **environ: str) -> HotState:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return load(path, environ).hot_state


def test_without_a_word_the_hot_state_is_a_file_beside_the_ledger(tmp_path):
    preset = loaded(tmp_path, "")

    assert (preset.file, preset.redis, preset.pause_entries) == ("hot.sqlite", None, False)


@pytest.mark.parametrize(
    ("url", "place", "told"),
    [
        ("redis://127.0.0.1", RedisPlace("127.0.0.1", 6379), "redis://127.0.0.1:6379"),
        ("redis://ordo@[::1]:7000/3", RedisPlace("::1", 7000, "", 3, "ordo"), None),
        ("redis://cache.example:6379/", RedisPlace("cache.example", 6379), None),
        ("unix:///run/redis.sock", RedisPlace(path="/run/redis.sock"), "unix:///run/redis.sock"),
        ("unix://ordo@/run/r.sock?db=2", RedisPlace("", 0, "/run/r.sock", 2, "ordo"), None),
    ],
)
def test_a_redis_is_named_by_host_or_socket(tmp_path, url, place, told):
    found = loaded(tmp_path, f'[hot_state]\nurl = "{url}"').redis

    assert found == place
    assert str(found) == (told or url.removesuffix("/") if told is None else told)


def test_memory_is_no_place_at_all(tmp_path):
    found = loaded(tmp_path, "", ORDO_HOT_STATE__URL="memory:")

    assert (found.file, found.redis) == ("", None)


@pytest.mark.parametrize(
    "url",
    [
        *("", "redis", "redis://", "redis:///0", "redis://h:99999", "redis://h:x", "redis://h/x"),
        *("redis://h/16", "redis://h/999", "redis://h/0?x=1", "redis://h#x", "redis://a b@h"),
        *("unix://", "unix://run/redis.sock", "unix:///r.sock?db=x", "unix:///r.sock?x=1"),
        *("rediss://h", "http://h", "sqlite:elsewhere/hot.sqlite", "sqlite:STATE/../hot.sqlite"),
    ],
)
def test_what_names_no_place_is_refused_with_what_to_write(tmp_path, url):
    with pytest.raises(SettingsRefused, match=r"hot_state\.url .*; write ") as refused:
        loaded(tmp_path, f'[hot_state]\nurl = "{url}"')

    assert len(refused.value.faults) == 1


@pytest.mark.parametrize(
    "url", ["redis://:hunter22@h", "redis://u:hunter22@h", "unix://u:hunter22@/s"]
)
def test_a_password_in_the_address_is_refused_and_not_shown(tmp_path, url):
    with pytest.raises(SettingsRefused, match="password_file") as refused:
        loaded(tmp_path, f'[hot_state]\nurl = "{url}"')

    assert "hunter22" not in str(refused.value)


def secret_file(tmp_path, text: bytes, mode: int = 0o600) -> Path:
    path = tmp_path / "redis.password"
    path.write_bytes(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "text", [b"a password \nmore\n", b"\xef\xbb\xbfa password\r\n"], ids=["plain", "of an editor"]
)
def test_a_secret_is_the_first_line_of_its_file(tmp_path, text):
    secret = secret_in(secret_file(tmp_path, text, 0o400), {})

    assert secret.reveal() == "a password"
    assert f"{secret}" == "***"


@pytest.mark.parametrize(
    ("text", "mode", "what"),
    [
        (b"secret-1", 0o640, "is open to others"),
        (b"secret-1", 0o604, "is open to others"),
        (b"", 0o600, "holds no secret"),
        (b"\nsecret-1", 0o600, "holds no secret"),
        (b"\xff\xfe", 0o600, "cannot be read"),
    ],
)
def test_a_file_of_a_secret_that_cannot_be_used_is_refused_without_its_text(
    tmp_path, text, mode, what
):
    with pytest.raises(SettingsRefused, match=what) as refused:
        secret_in(secret_file(tmp_path, text, mode), {})

    assert "secret-1" not in str(refused.value)


def test_a_file_of_a_secret_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SettingsRefused, match="cannot be read: No such file"):
        secret_in(tmp_path / "nothing", {})
