"""A control port that somebody else listens on keeps no daemon from guarding what it holds."""

from __future__ import annotations

import socket

from tests.kit.commands import ended, ordo
from tests.kit.daemon_process import enter, running


def test_what_is_held_is_guarded_without_the_port_and_a_start_with_nothing_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = {"ORDO_WEB__PORT": str(other.getsockname()[1])}
        refused = ended(ordo("run", cwd=tmp_path, environ=taken))
        assert (refused.code, "cannot be listened on" in refused.err) == (2, True)
        enter(tmp_path)
        with running(tmp_path, "--speed", "1", environ=taken) as daemon:
            daemon.wait_ready()
            daemon.wait_line("ALERT what is held is guarded without page and control port: [web]")
            daemon.wait_line("P&L")
            paused = daemon.brake("pause", scope="account", id="paper", reason="no page")
            assert (daemon.url, paused["ok"]) == ("", True)
