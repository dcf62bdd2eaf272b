"""A stand-in for a broker may be named, and lies on this machine: credentials go there."""

from __future__ import annotations

import pytest

from daemon.settings import SettingsRefused, load
from daemon.settings.faults import Wrong
from daemon.settings.roots import address_url, api_root, ws_root


@pytest.mark.parametrize(
    ("read", "written", "root"),
    [
        (api_root, "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        (api_root, " http://[::1]:80/ ", "http://[::1]:80"),
        (ws_root, "ws://127.0.0.1:8080", "ws://127.0.0.1:8080"),
    ],
)
def test_a_stand_in_on_this_machine_is_one(read, written, root):
    assert read(written) == root


@pytest.mark.parametrize(
    "written",
    [
        *("", "127.0.0.1:8080", "http://127.0.0.1", "http://kite.example:80", "ws://127.0.0.1:1"),
        *("https://127.0.0.1:8080", "http://8.8.8.8:80", "http://127.0.0.1:8080/x", "http://[::1"),
    ],
)
def test_nothing_else_is(written):
    with pytest.raises(Wrong):
        api_root(written)


def test_a_stand_in_is_named_with_its_ticker(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text('[brokers.paper]\napi_root = "http://127.0.0.1:8080"\n')
    with pytest.raises(SettingsRefused, match="has a ticker too; write both"):
        load(file, {})


@pytest.mark.parametrize(
    "written", ["https://icanhazip.com", "https://[2606:4700::1111]/ip", "http://127.0.0.1:80/x"]
)
def test_whoever_says_our_address_is_asked_over_a_closed_wire_or_on_this_machine(written):
    assert address_url(written) == written


@pytest.mark.parametrize(
    "written",
    [
        *("", "icanhazip.com", "http://icanhazip.com", "ftp://127.0.0.1/", "https://[::1"),
        *("https://me:secret@x.example", "https://x.example/?key=1", "https://x.example/#a"),
        *("https://x.example/ a", "https://x.example:0/"),
    ],
)
def test_nobody_else_is_asked_for_it(written):
    with pytest.raises(Wrong):
        address_url(written)
