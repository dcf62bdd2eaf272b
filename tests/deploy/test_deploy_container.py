"""The container file: read, not built."""

from __future__ import annotations

import re

from tests.kit.plans import ROOT

TEXT = (ROOT / "deploy" / "Containerfile").read_text()
LINES = [line for line in TEXT.replace("\\\n", " ").splitlines() if line and line[0] != "#"]


def of(instruction: str) -> list[str]:
    """What stands behind each such instruction, in order."""
    return [line.partition(" ")[2].strip() for line in LINES if line.startswith(f"{instruction} ")]


def test_it_is_made_from_a_slim_python_by_its_plain_name_and_a_version():
    assert {re.sub(r" AS \w+$", "", base) for base in of("FROM")} == {"python:3.13-slim"}


def test_the_daemon_runs_as_a_user_that_is_not_root_and_keeps_its_state_in_a_volume():
    last = "\n".join(LINES).rpartition("FROM ")[2]

    assert of("USER") == ["ordo"]
    assert "--uid 10001" in last
    assert of("VOLUME") == ["/var/lib/ordo"]
    assert "ORDO_DAEMON__STATE_DIR=/var/lib/ordo" in of("ENV")[0]
    assert last.index("USER ") < last.index("ENTRYPOINT ")


def test_everything_is_installed_by_its_hash_or_from_here():
    installs = [each for line in of("RUN") for each in re.findall(r"pip install ([^&]*)", line)]

    assert len(installs) == 2
    assert all("--no-deps" in each for each in installs)
    assert "--require-hashes" in installs[0]
    assert installs[1].rstrip().endswith("--no-build-isolation .")


def test_it_is_ended_in_order_and_looked_at_by_the_command():
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert of("HEALTHCHECK")[0].endswith('CMD ["ordo", "status"]')
    assert (of("ENTRYPOINT"), of("CMD")) == (['["ordo"]'], ['["run"]'])


def test_nothing_is_copied_but_what_the_daemon_needs_and_no_secret_is_laid_in():
    assert {word for each in of("COPY") for word in each.split()[:-1] if word[0] != "-"} == {
        *("requirements/runtime.txt", "requirements/build.txt", "pyproject.toml", "README.md"),
        *("daemon", "strategies", "/opt/ordo/.venv", "/opt/ordo/strategies"),
    }
    assert not of("ADD")
    assert not re.search(r"token|password|secret|api_key|https?://", TEXT, re.IGNORECASE)
