"""The locks pin what pyproject asks for, with hashes, and name no index."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.kit.tidy import ROOT

LOCKS = ("runtime", "dev", "build")
FETCHED = ("server-redis", "server-postgres", "oracle-kite")
"""What stands beside the environment, and not in it."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
ASKED = {
    "runtime": [*PROJECT["project"]["dependencies"], *EXTRAS["history"]],
    "dev": [*PROJECT["project"]["dependencies"], *(r for extra in EXTRAS.values() for r in extra)],
    "build": PROJECT["build-system"]["requires"],
}


def entries(text: str) -> list[str]:
    """The lock's entries, each on one line."""
    joined = text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")


def pins(name: str) -> dict[str, set[str]]:
    """Name -> versions; more than one where markers choose."""
    found: dict[str, set[str]] = {}
    for entry in entries(lock(name)):
        requirement = Requirement(entry.split(" --hash")[0])
        versions = {spec.version for spec in requirement.specifier}
        found.setdefault(canonicalize_name(requirement.name), set()).update(versions)
    return found


@pytest.mark.parametrize("name", LOCKS + FETCHED)
def test_a_lock_names_no_index_and_no_address(name):
    unwanted = r"://|^\s*-|\bindex|find-links|trusted-host| @ "
    lines = lock(name).replace("--hash=", "hash=").splitlines()

    assert [line for line in lines if re.search(unwanted, line)] == []


@pytest.mark.parametrize("name", LOCKS + FETCHED)
def test_every_entry_of_a_lock_is_one_version_with_its_hashes(name):
    form = r"[\w.\-]+==[\w.]+( +;[^\\]+?)?( +--hash=sha256:[0-9a-f]{64})+ *"

    assert [e for e in entries(lock(name)) if not re.fullmatch(form, e)] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_covers_what_pyproject_asks_for(name):
    pinned = pins(name)
    unmet = [
        text
        for text in ASKED[name]
        for asked in [Requirement(text)]
        if not any(
            asked.specifier.contains(v) for v in pinned.get(canonicalize_name(asked.name), ())
        )
    ]

    assert unmet == []


@pytest.mark.parametrize("name", ["runtime", "build"])
def test_what_two_locks_pin_is_pinned_alike(name):
    dev = pins("dev")
    other = pins(name)

    assert {n: v for n, v in other.items() if n in dev and dev[n] != v} == {}


def test_the_development_lock_holds_all_that_running_needs():
    assert set(pins("runtime")) - set(pins("dev")) == set()
