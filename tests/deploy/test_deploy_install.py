"""`make install-systemd`: it says what it would do, and does it when that is confirmed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree, ignore_patterns, rmtree, which
from tempfile import TemporaryDirectory

import pytest

from daemon.app.machine.deployed import code_sha256
from daemon.settings import load
from tests.kit.plans import ROOT


def tried(
    verb: str, root: Path, checkout: Path = ROOT, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", checkout / "deploy" / "systemd.sh", verb],
        env={**os.environ, "ROOT": str(root), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ran(verb: str, root: Path, checkout: Path = ROOT, **environ: str) -> str:
    done = tried(verb, root, checkout, **environ)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose strategies may become those of another version."""
    folder = tmp_path / "checkout"
    for part in ("strategies", "systemd", "deploy"):
        copytree(ROOT / part, folder / part, ignore=ignore_patterns("__pycache__"))
    for part in ("daemon", "requirements"):
        (folder / part).mkdir()
    for part in ("Makefile", "pyproject.toml", "README.md", "settings.toml"):
        copy(ROOT / part, folder / part)
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_unconfirmed_it_says_what_it_would_do_and_does_nothing(tmp_path, verb):
    told = ran(verb, tmp_path, CONFIRM="")

    assert "/opt/ordo" in told
    assert "ordo.service" in told
    assert told.endswith(f"make {verb}-systemd CONFIRM=yes\n")
    assert list(tmp_path.iterdir()) == []


def test_confirmed_it_lays_code_settings_and_unit_and_keeps_settings_that_are_there(tmp_path):
    settings = tmp_path / "etc" / "ordo" / "settings.toml"
    ran("install", tmp_path, CONFIRM="yes")
    assert mode(settings) == 0o600
    assert load(settings, {}).daemon.state_dir == Path("/var/lib/ordo")
    assert "NOTE" not in ran("install", tmp_path, CONFIRM="yes")
    settings.write_text("[feed]\nseed = 7\n")
    (tmp_path / "opt" / "ordo" / "daemon" / "gone.py").write_text("")
    told = ran("install", tmp_path, CONFIRM="yes")

    unit = tmp_path / "etc" / "systemd" / "system" / "ordo.service"
    assert "left as they are" in told
    assert f"state folder is /var/lib/ordo, and {settings} does not say so" in told
    assert settings.read_text() == "[feed]\nseed = 7\n"
    assert unit.read_text() == (ROOT / "systemd" / "ordo.service").read_text()
    guardian = unit.with_name("ordo-guardian.service")
    assert guardian.read_text() == (ROOT / "systemd" / "ordo-guardian.service").read_text()
    code_sha256.cache_clear()
    assert code_sha256(tmp_path / "opt" / "ordo" / "daemon") == code_sha256(ROOT / "daemon")


def tool(folder: Path, name: str, at: str, does: str) -> str:
    """Put a tool before the machine's own that does something else at one step; return a PATH."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    real = which(name)
    (tools / name).write_text(f'#!/bin/sh\ncase $* in {at}) {does};; esac\nexec {real} "$@"\n')
    (tools / name).chmod(0o755)
    return f"{tools}:{os.environ['PATH']}"


def test_a_copy_that_fails_leaves_what_was_installed_and_the_disk_as_it_was(tmp_path):
    """What a daemon records may lie on the same disk."""
    ran("install", tmp_path, CONFIRM="yes")
    code = tmp_path / "opt" / "ordo"
    (code / "daemon" / "mine.py").write_text("")
    path = tool(tmp_path, "cp", "*/README.md*", "exit 1")
    done = tried("install", tmp_path, CONFIRM="yes", PATH=path)

    assert done.returncode == 1
    assert (code / "daemon" / "mine.py").exists()
    assert not list(code.glob(".*"))
    ran("install", tmp_path, CONFIRM="yes")
    assert not (code / "daemon" / "mine.py").exists()
    assert not list(code.glob(".*"))


def trees(root: Path) -> dict[str, bytes]:
    """What is installed, but for what Python makes of it."""
    files = (path for path in root.rglob("*") if path.is_file() and "tools" not in path.parts)
    return {str(path): path.read_bytes() for path in files if "__pycache__" not in path.parts}


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("mv", "*/.new/daemon*"),
        ("mv", "*/.new/strategies.installed*"),
        ("mv", "*/ordo.service.new*"),
        ("mv", "*/ordo-guardian.service.new*"),
        ("cp", "*/ordo-guardian.service.new*"),
    ],
)
def test_what_cannot_be_replaced_to_the_end_is_put_back(tmp_path, checkout, name, at):
    """Else new code stands on what the old one was set up with, and neither may start."""
    root = tmp_path / "machine"
    ran("install", root, checkout, CONFIRM="yes")
    (root / "opt" / "ordo" / ".venv").mkdir()
    (root / "opt" / "ordo" / ".venv" / "old").write_text("old packages")
    before = trees(root)
    renewed(checkout)
    path = tool(tmp_path, name, at, "echo no room >&2; exit 1")
    done = tried("install", root, checkout, CONFIRM="yes", PATH=path)

    assert done.returncode == 1
    assert trees(root) == before
    told = "what was installed before stands again"
    assert (told in done.stderr) is (name == "mv")
    assert "Done" not in done.stdout
    ran("install", root, checkout, CONFIRM="yes")
    assert (root / "opt" / "ordo" / "daemon" / "kill.py").read_text() == "# another version\n"


def renewed(checkout: Path) -> None:
    """Make another version of a checkout."""
    for file in ("daemon/kill.py", "strategies/nifty_iron_condor.toml", "systemd/ordo.service"):
        (checkout / file).write_text("# another version\n")


@pytest.mark.parametrize("goes_on", [True, False], ids=["goes on", "goes back"])
@pytest.mark.parametrize("at", ["*/.new/daemon*", "*/.new/strategies*", "*/.new/settings.toml*"])
def test_after_a_fall_amid_the_replacement_the_same_or_the_old_version_is_installed(
    tmp_path, checkout, at, goes_on
):
    root, old = tmp_path / "machine", tmp_path / "old"
    copytree(checkout, old)
    ran("install", root, old, CONFIRM="yes")
    before = trees(root)
    renewed(checkout)
    path = tool(tmp_path, "mv", at, "kill -9 $PPID; exit 1")
    assert tried("install", root, checkout, CONFIRM="yes", PATH=path).returncode == -9
    mine = root / "opt" / "ordo" / "strategies" / "mine.toml"
    if mine.parent.exists():
        mine.write_text("id = 'mine'\n")
        done = tried("install", root, checkout if goes_on else old, CONFIRM="yes")
        assert (done.returncode, str(mine) in done.stderr, mine.exists()) == (1, True, True)
        mine.unlink()
    ran("install", root, checkout if goes_on else old, CONFIRM="yes")

    assert (trees(root) == before) is not goes_on
    kill = root / "opt" / "ordo" / "daemon" / "kill.py"
    assert (kill.exists(), list((root / "opt" / "ordo").glob(".*"))) == (goes_on, [])


def test_settings_that_the_new_code_refuses_keep_the_old_code_in_its_place(tmp_path):
    """Its own strategies count, for those that are installed go; the record is looked at too."""
    ran("install", tmp_path, CONFIRM="yes")
    code = tmp_path / "opt" / "ordo"
    settings = tmp_path / "etc" / "ordo" / "settings.toml"
    good = f'[strategies]\npaths = ["{code}/strategies", "{settings.parent}/strategies"]\n'
    settings.write_text(f"{good}[brokers.paper]\nread_attempts = 2\n")
    (code / "strategies" / "nifty_iron_condor.toml").write_text("of = 'an earlier version'\n")
    (code / "strategies.installed" / "nifty_iron_condor.toml").write_text(
        "of = 'an earlier version'\n"
    )
    (code / "daemon" / "old.py").write_text("")
    before = sorted(path for path in tmp_path.rglob("*"))

    done = tried("install", tmp_path, CONFIRM="yes", CHECKED_BY=sys.executable)
    assert done.returncode == 1
    assert "Nothing was replaced" in done.stderr
    assert "read_attempts is unknown here, or of another version; take it out" in done.stderr
    assert "Done" not in done.stdout
    assert sorted(path for path in tmp_path.rglob("*")) == before

    settings.write_text(good)
    ledger = tmp_path / "var" / "lib" / "ordo" / "ledger.sqlite"
    ledger.parent.mkdir(parents=True, mode=0o700)
    ledger.write_bytes(b"not a ledger, and longer than a header" * 9)
    done = tried("install", tmp_path, CONFIRM="yes", CHECKED_BY=sys.executable)
    assert done.returncode == 1
    assert f"{ledger} cannot be " in done.stderr
    assert (code / "daemon" / "old.py").exists()

    ledger.unlink()
    ran("install", tmp_path, CONFIRM="yes", CHECKED_BY=sys.executable)
    assert not (code / "daemon" / "old.py").exists()
    assert not list(code.rglob("__pycache__"))
    assert not list(code.glob(".*"))


def shut(folder: Path) -> None:
    """Take from everybody else what he may do with a folder, as a umask of 077 does."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(mode(path) & 0o700)


@pytest.mark.skipif(os.geteuid() != 0 or which("setpriv") is None, reason="needs root, and setpriv")
def test_own_strategies_that_a_user_without_rights_cannot_read_replace_nothing():
    """The units start as such a user, and do not start again where he may not read them."""
    with TemporaryDirectory(dir="/tmp") as folder:
        root = Path(folder)
        root.chmod(0o755)
        ran("install", root, CONFIRM="yes")
        (root / "opt" / "ordo" / "daemon" / "old.py").write_text("")
        mine = root / "etc" / "ordo" / "strategies" / "mine.toml"
        mine.write_text("id = 'mine'\n")
        draft = mine.with_name(".mine.toml.swp")
        draft.write_text("")
        draft.chmod(0o600)
        for path, bits in ((mine, 0o600), (mine.parent, 0o700)):
            path.chmod(bits)
            done = tried("install", root, CONFIRM="yes")
            assert done.returncode == 1
            assert f"a user without rights cannot read\n\n{path}\n" in done.stderr
            path.chmod(0o755)
        assert (root / "opt" / "ordo" / "daemon" / "old.py").exists()
        ran("install", root, CONFIRM="yes")


@pytest.mark.parametrize("line", ["state_dir = '/var/lib/ordo'", 'state_dir = "/var/lib/ordo"\r'])
def test_settings_that_name_the_state_folder_are_not_told_to(tmp_path, line):
    ran("install", tmp_path, CONFIRM="yes")
    settings = tmp_path / "etc" / "ordo" / "settings.toml"
    settings.write_bytes(f"[daemon]\r\n{line}\n".encode())
    assert load(settings, {}).daemon.state_dir == Path("/var/lib/ordo")
    assert "NOTE" not in ran("install", tmp_path, CONFIRM="yes")


def test_what_is_installed_every_user_may_read_though_its_checkout_is_shut(tmp_path, checkout):
    (checkout / "daemon" / "kill.py").write_text("")
    shut(checkout)
    code = tmp_path / "opt" / "ordo"
    code.mkdir(parents=True, mode=0o700)
    ran("install", tmp_path, checkout, CONFIRM="yes")

    assert (code / "daemon" / "kill.py").exists()
    for path in (code, *code.rglob("*")):
        assert mode(path) == (0o755 if path.is_dir() else 0o644)


@pytest.mark.skipif(os.geteuid() != 0 or which("setpriv") is None, reason="needs root, and setpriv")
@pytest.mark.parametrize("is_shut", [False, True])
def test_what_a_user_without_rights_cannot_run_replaces_nothing(checkout, is_shut):
    """A tool that does nothing stands for whatever shuts him out."""
    with TemporaryDirectory(dir="/tmp") as folder:
        root, tools = Path(folder), Path(folder) / "tools"
        root.chmod(0o755)
        copytree(ROOT / "daemon", checkout / "daemon", dirs_exist_ok=True)
        ran("install", root, checkout, CONFIRM="yes")
        settings = root / "etc" / "ordo" / "settings.toml"
        settings.write_text(f'[strategies]\npaths = ["{root}/opt/ordo/strategies"]\n')
        (root / "opt" / "ordo" / "daemon" / "old.py").write_text("")
        python = open_python(root)
        if is_shut:
            shut(checkout)
            tools.mkdir()
            (tools / "chmod").write_text("#!/bin/sh\n")
            (tools / "chmod").chmod(0o755)
        path = f"{tools}:{os.environ['PATH']}"
        done = tried("install", root, checkout, CONFIRM="yes", CHECKED_BY=python, PATH=path)

        assert (done.returncode, "The units would not start" in done.stderr) == (is_shut, is_shut)
        assert (root / "opt" / "ordo" / "daemon" / "old.py").exists() is is_shut
        assert not list((root / "opt" / "ordo").glob(".*"))


def open_python(root: Path) -> str:
    """Return a Python with our packages for every user; without one the test is skipped."""
    python = root / "python"
    real = Path(sys.executable).resolve()
    packages = os.pathsep.join(each for each in sys.path if "site-packages" in each)
    python.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{packages}" exec {real} "$@"\n')
    python.chmod(0o755)
    nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    if subprocess.run([*nobody, python, "-c", "import msgspec"], cwd="/", check=False).returncode:
        pytest.skip("a user without rights cannot run the Python of these tests")
    return str(python)


@pytest.mark.parametrize(
    ("link", "home", "told"),
    [
        ("/home/python3.12", "/usr/bin", "/home/python3.12"),
        ("/usr/bin/python3", "/home/me/.pyenv/bin", "/home/me/.pyenv/bin"),
        ("/usr/bin/python3", "/root/.local/bin", "/root/.local/bin"),
        ("/usr/bin/python3", "/run/user/7/bin", "/run/user/7/bin"),
        ("/usr/bin/python3", "/usr/bin", ""),
    ],
)
def test_a_python_that_the_units_cannot_see_is_refused_with_the_mend(tmp_path, link, home, told):
    ran("install", tmp_path, CONFIRM="yes")
    code = tmp_path / "opt" / "ordo"
    (code / "daemon" / "old.py").write_text("")
    (code / ".venv" / "bin").mkdir(parents=True)
    (code / ".venv" / "bin" / "python").symlink_to(link)
    (code / ".venv" / "pyvenv.cfg").write_text(f"home = {home}\nversion = 3.12.1\n")
    done = tried("install", tmp_path, CONFIRM="yes")

    assert done.returncode == (1 if told else 0)
    assert (f"is at\n{told}, and they see nothing" in done.stderr) is bool(told)
    assert (f"remove {code}/.venv, and name it:" in done.stderr) is bool(told)
    assert ("Done" in done.stdout) is not bool(told)
    assert (code / "daemon" / "old.py").exists() is bool(told)


def test_what_was_changed_or_added_among_the_strategies_is_never_replaced(tmp_path):
    ran("install", tmp_path, CONFIRM="yes")
    strategies = tmp_path / "opt" / "ordo" / "strategies"
    added, changed = strategies / "mine.toml", strategies / "nifty_short_straddle.toml"
    added.write_text("id = 'mine'\n")
    changed.write_text(changed.read_text().replace("rupees = 6000", "rupees = 2000"))
    before = {file.name: file.read_bytes() for file in strategies.iterdir() if file.is_file()}

    for verb in ("install", "uninstall"):
        for confirm in ("yes", ""):
            done = tried(verb, tmp_path, CONFIRM=confirm)

            assert done.returncode == 1
            assert "Nothing was done" in done.stderr
            assert 'paths = ["/etc/ordo/strategies", "/opt/ordo/strategies"]' in done.stderr
            named = [line.strip() for line in done.stderr.splitlines() if line.endswith(".toml")]
            assert named == [str(added), str(changed)]
            after = {each.name: each.read_bytes() for each in strategies.iterdir()}
            assert after == before

    own = tmp_path / "etc" / "ordo" / "strategies"
    for file in (added, changed):
        file.rename(own / file.name)
    ran("install", tmp_path, CONFIRM="yes")
    assert changed.read_bytes() == (ROOT / "strategies" / changed.name).read_bytes()
    assert not added.exists()
    assert {each.name: each.read_bytes() for each in own.iterdir()}.items() <= before.items()


def test_a_shipped_strategy_that_nobody_changed_becomes_that_of_the_new_version(tmp_path, checkout):
    ran("install", tmp_path, checkout, CONFIRM="yes")
    strategies = tmp_path / "opt" / "ordo" / "strategies"
    (strategies / "__pycache__").mkdir()
    (strategies / "__pycache__" / "made.pyc").write_text("")
    (checkout / "strategies" / "nifty_short_straddle.toml").write_text("# another version\n")
    (checkout / "strategies" / "nifty_iron_condor.toml").unlink()
    ran("install", tmp_path, checkout, CONFIRM="yes")

    assert (strategies / "nifty_short_straddle.toml").read_text() == "# another version\n"
    assert not (strategies / "nifty_iron_condor.toml").exists()
    ran("uninstall", tmp_path, checkout, CONFIRM="yes")
    assert not strategies.exists()


def test_of_an_installation_that_kept_no_record_only_what_comes_anyway_is_replaced(
    tmp_path, checkout
):
    ran("install", tmp_path, checkout, CONFIRM="yes")
    rmtree(tmp_path / "opt" / "ordo" / "strategies.installed")
    ran("install", tmp_path, checkout, CONFIRM="yes")
    rmtree(tmp_path / "opt" / "ordo" / "strategies.installed")
    (checkout / "strategies" / "nifty_short_straddle.toml").write_text("# another version\n")

    done = tried("install", tmp_path, checkout, CONFIRM="yes")

    assert done.returncode == 1
    assert "opt/ordo/strategies/nifty_short_straddle.toml" in done.stderr
    assert "nifty_iron_condor" not in done.stderr


def test_taken_away_from_where_it_is_installed_it_knows_what_was_changed_as_well(tmp_path):
    (tmp_path / "srv").mkdir()
    (tmp_path / "opt").symlink_to("srv")
    ran("install", tmp_path, CONFIRM="yes")
    code = tmp_path / "opt" / "ordo"
    (code / "strategies" / "mine.toml").write_text("id = 'mine'\n")

    done = tried("uninstall", tmp_path, code, CONFIRM="yes")

    assert done.returncode == 1
    assert "mine.toml" in done.stderr
    (code / "strategies" / "mine.toml").unlink()
    ran("uninstall", tmp_path, code, CONFIRM="yes")
    assert not code.exists()


def test_a_folder_for_own_strategies_is_looked_into_first_and_left_alone(tmp_path):
    own = tmp_path / "etc" / "ordo" / "strategies"
    settings = own.with_name("settings.toml")
    told = ran("install", tmp_path, CONFIRM="yes")
    assert str(own) in told
    assert mode(own) == 0o755
    paths = load(settings, {}).strategies.paths
    assert paths == (Path("/etc/ordo/strategies"), Path("/opt/ordo/strategies"))
    (own / "mine.toml").write_text("id = 'mine'\n")
    assert "do not name it" not in ran("install", tmp_path, CONFIRM="yes")
    settings.write_text("")
    assert "do not name it" in ran("install", tmp_path, CONFIRM="yes")
    ran("uninstall", tmp_path, CONFIRM="yes")

    assert (own / "mine.toml").read_text() == "id = 'mine'\n"


def test_taken_away_it_leaves_settings_and_records(tmp_path):
    ran("install", tmp_path, CONFIRM="yes")
    ran("uninstall", tmp_path, CONFIRM="yes")

    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"etc/ordo/settings.toml"}


def test_what_is_installed_is_not_laid_over_itself(tmp_path):
    ran("install", tmp_path, CONFIRM="yes")
    done = subprocess.run(
        ["sh", tmp_path / "opt" / "ordo" / "deploy" / "systemd.sh", "install"],
        env={**os.environ, "ROOT": str(tmp_path), "CONFIRM": "yes"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "run this in the checkout" in done.stderr
    assert (tmp_path / "opt" / "ordo" / "daemon" / "kill.py").exists()
