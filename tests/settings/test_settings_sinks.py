"""`[[sinks]]`: addresses that are told of events, and those that are refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.settings import EventKind, RedisPlace, Settings, SettingsRefused, load
from daemon.settings.faults import Wrong
from daemon.settings.sinks import sink_url


def refusal(text: str) -> Wrong:
    with pytest.raises(Wrong) as caught:
        sink_url(text)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hooks/ordo",
        "https://example.org:8443/",
        "http://127.0.0.1:8080/x",
        "http://localhost/x",
        "http://[::1]:80/x",
        "redis://127.0.0.1:6379/2",
        "unix:///run/redis.sock",
    ],
)
def test_an_address_of_a_webhook_or_a_redis_is_taken_as_it_is(url):
    assert sink_url(url) == url


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://user:hunter22@example.org/", "may hold a secret"),
        ("https://hunter22@example.org/", "may hold a secret"),
        ("https://example.org/?token=hunter22", "may hold a secret"),
        ("https://example.org/#hunter22", "may hold a secret"),
        ("https://example.org/" + "hunter22" * 100, "may hold a secret"),
        ("redis://:hunter22@127.0.0.1", "holds a password"),
        ("http://example.org/hunter22", "would be told over an open wire"),
        ("http://127.0.0.1.example.org/hunter22", "would be told over an open wire"),
        ("ftp://example.org/hunter22", "names no place"),
        ("https:///hunter22", "names no place"),
        ("https://example.org:0/hunter22", "names no place"),
        ("https://example.org:99999/hunter22", "names no place"),
        ("https://example.org/hunter22\r\nX: y", "names no place"),
        ("https://example.org/hunter 22", "names no place"),
        ("redis://127.0.0.1/99", "names no place"),
        ("", "names no place"),
    ],
)
def test_an_address_that_holds_a_secret_or_goes_over_an_open_wire_is_refused_and_not_shown(
    url, what
):
    wrong = refusal(url)

    assert what in wrong.what
    assert "hunter" not in f"{wrong.what} {wrong.mend}"


@given(st.text(max_size=40).map("https://{}".format))
def test_whatever_is_written_is_an_address_or_refused(text):
    with suppress(Wrong):
        assert sink_url(text) == text


FILE = """
[[sinks]]
id = "pager"
url = "https://example.org/hooks"
events = ["alert", "kill"]
tries = 3

[[sinks]]
id = "stream"
url = "unix:///run/redis.sock?db=2"
"""


def test_sinks_are_read_and_there_are_none_unless_they_are_written(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text(FILE)
    pager, stream = load(path, {}).sinks

    assert Settings().sinks == ()
    assert (pager.id, pager.events, pager.tries) == ("pager", (EventKind.ALERT, EventKind.KILL), 3)
    assert (pager.redis, stream.redis) == (None, RedisPlace(path="/run/redis.sock", db=2))
    assert stream.events == tuple(EventKind)


def test_every_fault_of_a_sink_is_told_with_its_line(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text(
        FILE.replace('"kill"', '"kil"').replace("tries = 3", "tries = 0")
        + '[[sinks]]\nid = "pager"\nurl = "http://example.org/"\nsecret = "hunter22"\n'
    )
    with pytest.raises(SettingsRefused) as caught:
        load(path, {})

    told = [(fault.where.rpartition("/")[2], fault.key) for fault in caught.value.faults]
    assert told == [
        ("settings.toml, line 5", "sinks[0].events[1]"),
        ("settings.toml, line 6", "sinks[0].tries"),
        ("settings.toml, line 14", "sinks[2].secret"),
        ("settings.toml, line 13", "sinks[2].url"),
        ("settings.toml, line 12", "sinks[2].id"),
    ]
    assert "hunter22" not in str(caught.value)
