"""An account that keeps no seed of its one-time codes is logged in by a code that is said."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime

import pyotp

from daemon.brokers.zerodha.wire_twin.session import USER
from daemon.brokers.zerodha.wire_twin.website import PASSWORD, TOTP_SECRET
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit.canary import remembered
from tests.kit.live_daemon import LIVE, STRATEGY, LiveDaemon, Twin, laid_down, thorough
from tests.kit.plans import ROOT

ALONE = LIVE + "headless_login = true\n"


@thorough
def test_a_code_that_comes_by_a_pipe_makes_a_session_and_leaves_no_trace(tmp_path):
    twin = Twin(tmp_path)
    try:
        laid_down(tmp_path, twin, ALONE, STRATEGY)
        vault = Vault(Place(tmp_path / "state"))
        vault.put("zed", {"user_id": Secret(USER), "password": Secret(remembered(PASSWORD))}, 1)
        daemon = LiveDaemon(tmp_path, twin)
        try:
            daemon.wait_line("zed needs a person: it waits for a one-time code")
            now = datetime.fromisoformat(twin.ask("GET", "time")["now"])
            code = pyotp.TOTP(TOTP_SECRET).at(now)
            said = subprocess.run(
                [sys.executable, "-m", "daemon", "login", "zed", "--otp"],
                check=False,
                cwd=tmp_path,
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "ORDO_WEB__PORT": daemon.url.rpartition(":")[2],
                },
                input=f"{code}\n",
                capture_output=True,
                text=True,
            )
        finally:
            daemon.kill()
    finally:
        twin.end()

    assert (said.returncode, said.stdout) == (0, "LIVE  zed is logged in\n"), said.stderr
    fields = {row.field for row in vault.rows()}
    assert ("access_token" in fields, "otp" in fields) == (True, False)
    assert code not in "".join(daemon.lines) + said.stderr
