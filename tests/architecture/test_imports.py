"""Every module can be imported, alone and first; help is asked for without the heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.kit.tidy import ROOT, module_names

HEAVY = {"aiohttp", "cryptography", "duckdb", "redis", "uvloop"}

# The arrows go one way from part to part, so only the modules of one part can wait for each other:
# what a part stands on is kept.
IMPORT_EACH = """
import importlib, json, sys, traceback
fallen, before = [], ""
for name in json.loads(sys.argv[1]):
    part = ".".join(name.split(".")[:2])
    forgotten = (part + ".",) if part == before else ("daemon.", "strategies.")
    for known in [m for m in sys.modules if (m + ".").startswith(forgotten)]:
        del sys.modules[known]
    before = part
    try:
        importlib.import_module(name)
    except BaseException:
        fallen.append(name + ": " + traceback.format_exc(limit=-1))
print(json.dumps(fallen))
"""

SHOW_HELP = """
import contextlib, importlib.util, io, json, sys
import daemon
said = io.StringIO()
if importlib.util.find_spec("daemon.cli"):
    from daemon.cli import main
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main(["--help"])
print(json.dumps([said.getvalue(), sorted({name.split(".")[0] for name in sys.modules})]))
"""


def answer_of(script: str, *arguments: str):
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    return json.loads(ended.stdout)


def test_every_module_can_be_the_first_that_is_imported():
    names = module_names()

    assert "daemon.domain.money" in names
    assert answer_of(IMPORT_EACH, json.dumps(names)) == []


def test_help_is_given_without_the_heavy_libraries():
    said, loaded = answer_of(SHOW_HELP)

    assert HEAVY & set(loaded) == set()
    assert said == "" or "run" in said


def test_a_module_that_cannot_be_imported_is_told():
    fallen = answer_of(IMPORT_EACH, json.dumps(["daemon.no_such_module"]))

    assert [told.split(":")[0] for told in fallen] == ["daemon.no_such_module"]
