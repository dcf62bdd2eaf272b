from __future__ import annotations

import pytest

from tests.kit.fake_daemon import TOKEN, serving


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Stand in a folder of one's own, where the presets hold and the operator has a token."""
    monkeypatch.chdir(tmp_path)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    token = state / "operator.token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    return tmp_path


@pytest.fixture
def fake(house, monkeypatch):
    """Serve as the daemon of that folder."""
    with serving() as daemon:
        monkeypatch.setenv("ORDO_WEB__PORT", str(daemon.port))
        yield daemon
