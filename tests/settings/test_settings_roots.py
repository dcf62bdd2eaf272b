"""A stand-in for a broker may be named, and lies on this machine: credentials go there."""

from __future__ import annotations

import pytest

from daemon.settings import SettingsRefused, load
from daemon.settings.faults import Wrong
from daemon.settings.roots import api_root, ws_root


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
