"""`ordo kill`, `pause`, `cancel-all`, `rearm`: with a daemon, and without one."""

from __future__ import annotations

import getpass
import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from daemon import kill
from daemon.cli import brakes
from daemon.cli.unanswered import once_released, to_come
from daemon.control.local import _name_of
from daemon.kill import Latch
from daemon.messages import CancelAll, Latched, LatchKind, PullLatch, ReleaseLatch, Scope
from daemon.messages.modes import Modes
from daemon.settings import Settings
from daemon.storage.exclusive import GUARDIAN, LOCK, exclusively
from daemon.storage.unused import never_ran
from tests.kit.braking import Actors, serving, staged
from tests.kit.commands import told
from tests.kit.tidy import ROOT

ME = _name_of(os.geteuid())
LATCH = Latch("kill-1", "kill", "all", "", "enough", "ann", 1)
ALONE = Latched("pause-2", LatchKind.PAUSE, Scope.ALL, "", "", "me", 1, unwritten=True)
GONE = "the daemon is not running/answering"


def gone(folder: str = "state") -> str:
    return f"{GONE} in {Path(folder).absolute()}"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(brakes, "_EVERY_S", 0)


@pytest.fixture
def actors():
    return Actors()


@pytest.fixture
def daemon(actors, tmp_path):
    with serving(actors, tmp_path / "state"):
        yield actors


def ran_once() -> None:
    """Leave what the first start of a daemon does."""
    Path("state").mkdir(exist_ok=True)
    Path("state", LOCK).touch()


@pytest.fixture
def silent(tmp_path, monkeypatch):
    """A daemon that takes requests and answers none."""
    monkeypatch.setattr(brakes, "_QUICK_S", 0.05)
    monkeypatch.setattr(brakes, "_PATIENT_S", 0.05)
    ran_once()
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(tmp_path / "state/kill.sock"))
        hung.listen(20)
        yield


def standing() -> tuple[Latch, ...]:
    return kill.standing(Path("state"))


def pulled(actors: Actors) -> list[tuple[str, LatchKind, Scope, str, str]]:
    return [
        (to, m.latched.kind, m.latched.scope, m.latched.id, m.latched.reason)
        for to, m, _ in actors.told
        if isinstance(m, PullLatch)
    ]


def test_a_kill_waits_until_every_account_is_flat(daemon):
    daemon.stages = {
        "router:paper": [staged("cancelling"), staged("closing", "75 NIFTY"), staged("flat")],
        "router:other": [staged("flat"), staged("verifying"), staged("flat")],
    }
    ended = told("kill", "--reason", "enough")
    (latch,) = standing()

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        f"PAPER  flat; latched as {latch.latch_id} until `ordo rearm {latch.latch_id}`\n"
    )
    assert pulled(daemon) == [
        (to, LatchKind.KILL, Scope.ALL, "", "enough") for to in ("router:paper", "router:other")
    ]


def test_a_kill_that_is_flat_says_what_our_book_alone_carries(daemon):
    daemon.stages["router:paper"] = [staged("flat", "s eq holds +100 SBIN carry by our book")]
    ended = told("kill", "--account", "paper")

    assert ended.code == 0
    assert ended.out.splitlines()[1:] == ["s eq holds +100 SBIN carry by our book"]


def test_a_person_sees_each_stage_once(daemon):
    stages = ["cancelling", "closing", "closing", "verifying", "flat"]
    daemon.stages["router:paper"] = [staged(stage) for stage in stages]

    assert told("kill", terminal=True).err.splitlines() == ["cancelling", "closing", "verifying"]


def test_a_kill_that_stays_incomplete_says_what_is_left(daemon):
    daemon.stages["router:paper"] = [staged("incomplete", "75 NIFTY", "an order of a stranger")]
    ended = told("kill", "--account", "paper")

    assert ended.code == 1
    assert ended.out.splitlines()[0].startswith(
        "PAPER  INCOMPLETE, and still tried; latched as kill-"
    )
    assert ended.out.splitlines()[1:] == ["75 NIFTY", "an order of a stranger"]


def test_a_kill_says_at_once_why_nothing_leaves_an_account_and_what_to_do(daemon):
    """Nobody at the other end of a pipe sees its stages."""
    daemon.sessions = {"paper": "EXPIRED", "other": "READY"}
    daemon.line.names.modes = Modes({"paper": "live", "other": "live"})
    daemon.stages = {
        "router:paper": [staged("closing"), staged("closing"), staged("incomplete", "75 NIFTY")],
        "router:other": [staged("flat")],
    }
    ended = told("kill")
    because = (
        "the session of paper is EXPIRED, and nothing leaves until `ordo login paper`, or close at "
        "the broker's own page"
    )

    assert (ended.code, ended.err) == (1, f"ordo: {because}\n")
    assert ended.out.splitlines()[1:] == ["paper: 75 NIFTY", because]


@pytest.mark.parametrize(("stage", "code"), [("flat", 0), ("incomplete", 1)])
def test_a_program_reads_one_document(stage, code, daemon):
    daemon.stages["router:paper"] = [staged(stage, attempts=3)]
    ended = told("kill", "--strategy", "straddle", "--json", terminal=False)
    (latch,) = standing()

    assert (ended.code, ended.err) == (code, "")
    assert json.loads(ended.out).items() >= {
        "kill_id": latch.latch_id, "latch_id": latch.latch_id, "kind": "kill",
        "scope": "strategy", "id": "straddle", "stage": stage, "left": [], "attempts": 3,
    }.items()  # fmt: skip


def test_a_kill_need_not_be_waited_for(daemon):
    ended = told("kill", "--no-wait", "--json")
    (latch,) = standing()

    assert (ended.code, json.loads(ended.out)["kill_id"]) == (0, latch.latch_id)


def told_json(*args: str) -> dict[str, Any]:
    """Return the document that a command wrote, which must be one line."""
    out = told(*args, "--json").out
    assert out.count("\n") == 1
    document = json.loads(out)
    assert isinstance(document, dict)
    return document


def test_a_program_reads_the_instant_of_a_latch_as_everywhere_on_one_line(daemon):
    """As `ordo status --json` shows it."""
    latched = told_json("pause")

    assert set(latched) == {"latch_id", "kind", "scope", "id", "reason", "by", "at", "mode"}
    assert datetime.fromisoformat(latched["at"]).utcoffset() == timedelta(hours=5, minutes=30)
    assert told_json("kill", "--no-wait")["at"] == latched["at"]
    assert [latch["at"] for latch in told_json("rearm", "none")["latches"]] == [latched["at"]] * 2
    assert told_json("cancel-all") == {"done": True, "daemon": "answered", "mode": "paper"}
    assert told_json("rearm", latched["latch_id"])["released"] is True


def test_nobody_says_when_a_latch_was_pulled_without_a_daemon():
    assert told_json("pause")["at"] is None


def test_a_kill_whose_daemon_goes_away_says_that_it_goes_on(daemon, monkeypatch):
    """The latch stands, so it is taken up again at the next start."""
    Path("state").mkdir(exist_ok=True)
    asked = brakes.ask

    def once(state_dir, request, within_s):
        if request["verb"] == "kill_stage":
            raise brakes.Unreached(GONE)
        return asked(state_dir, request, within_s)

    monkeypatch.setattr(brakes, "ask", once)
    ended = told("kill")

    assert ended.code == 3
    assert ended.out.endswith(f"; {GONE}; it goes on when the daemon runs\n")


@pytest.mark.parametrize("brake", ["kill", "pause", "cancel-all", "rearm"])
def test_a_daemon_that_does_not_say_whose_money_it_is_obeys_all_the_same(
    brake, daemon, monkeypatch
):
    """It was begun by an earlier version than the command's."""
    daemon.stages["router:paper"] = [staged("flat")]
    if brake == "rearm":
        kill.pull(Path("state"), replace(LATCH, scope="account", id="paper"))
    asked = brakes.ask

    def unsaid(state_dir, request, within_s):
        answer = asked(state_dir, request, within_s)
        return {name: value for name, value in answer.items() if name != "mode"}

    monkeypatch.setattr(brakes, "ask", unsaid)
    ended = told(brake, "--account", "paper")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("PAPER  ")


@pytest.mark.usefixtures("daemon")
def test_whoever_waits_for_a_kill_no_longer_reads_that_it_goes_on(monkeypatch):
    asked = brakes.ask

    def until_ctrl_c(state_dir, request, within_s):
        if request["verb"] == "kill_stage":
            raise KeyboardInterrupt
        return asked(state_dir, request, within_s)

    monkeypatch.setattr(brakes, "ask", until_ctrl_c)
    ended = told("kill")

    assert (ended.code, ended.err) == (130, "")
    assert ended.out.startswith("PAPER  latched as kill-")
    assert ended.out.endswith("; it goes on, and nobody watches here\n")
    assert told_json("kill")["kill_id"].startswith("kill-")


def test_a_kill_that_nobody_knows_any_more_is_told(daemon):
    """A defect of the daemon's; the latch stands."""
    ended = told("kill")

    assert (ended.code, ended.out) == (1, "")
    assert "no kill kill-" in ended.err
    assert [latch.kind for latch in standing()] == ["kill"]


def test_a_pause_returns_at_once(daemon):
    ended = told("pause", "--strategy", "straddle", "--reason", "news")
    (latch,) = standing()

    assert (ended.code, latch.by, latch.reason) == (0, f"local:{ME}", "news")
    assert ended.out == f"PAPER  latched as {latch.latch_id}; no new entries until it is released\n"
    assert pulled(daemon) == [("router:paper", LatchKind.PAUSE, Scope.STRATEGY, "straddle", "news")]


@pytest.mark.parametrize("brake", ["kill", "pause", "cancel-all"])
def test_what_the_daemon_does_not_know_is_refused_by_it(brake, daemon):
    ended = told(brake, "--account", "nobody")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        "ordo: no account nobody; there are: paper, other",
        "ordo: name one of [[accounts]] in the settings",
    ]
    assert standing() == ()


@pytest.mark.parametrize("brake", ["kill", "pause", "cancel-all"])
def test_a_strategy_that_the_daemon_does_not_know_is_refused_with_what_to_do(brake, daemon):
    ended = told(brake, "--strategy", "nobody")

    assert (ended.code, ended.out, standing()) == (1, "", ())
    assert ended.err.splitlines() == [
        (
            "ordo: no strategy nobody; there are: straddle; files are read at the start: those in "
            "the folders of [strategies] paths, and those that [strategies] autostart or "
            "`ordo run --strategy` names"
        ),
        "ordo: name one that `ordo status` lists, or its file",
    ]


def test_working_orders_are_cancelled_in_their_scope(daemon):
    ended = told("cancel-all", "--account", "other", "--reason", "close")

    assert (ended.code, ended.out) == (0, "PAPER  working orders are being cancelled\n")
    assert [(to, m.about) for to, m, _ in daemon.told] == [
        ("router:other", CancelAll(Scope.ACCOUNT, "other", f"local:{ME} (close)"))
    ]


@pytest.mark.parametrize("named", [("kill-1",), ()])
def test_a_latch_is_released_by_its_id_or_as_the_only_one_of_its_scope(named, daemon):
    kill.pull(Path("state"), LATCH)
    kill.pull(Path("state"), Latch("pause-1", "pause", "account", "paper", "", "", 1))
    ended = told("rearm", *named)

    assert (ended.code, ended.out) == (0, "PAPER  kill-1 is released\n")
    assert [latch.latch_id for latch in standing()] == ["pause-1"]
    assert {m.about for _, m, _ in daemon.told} == {ReleaseLatch("kill-1", f"local:{ME}")}


@pytest.mark.parametrize(
    ("args", "code", "head"),
    [
        ((), 2, "say which"),
        (("--account", "paper"), 1, "there is no latch of account paper"),
        (("--strategy", "strangle"), 2, "say which"),
        (("kill-9",), 1, "there is no latch kill-9"),
    ],
)
def test_where_it_is_not_plain_which_latch_is_meant_they_are_listed(args, code, head):
    """A name that is wanting or means several is bad usage; one that nobody has is refused."""
    kill.pull(Path("state"), LATCH)
    kill.pull(Path("state"), Latch("pause-1", "pause", "all", "", "", "bob", 1))
    kill.pull(Path("state"), Latch("pause-2", "pause", "strategy", "strangle", "x", "bob", 1))
    kill.pull(Path("state"), Latch("pause-3", "pause", "strategy", "strangle", "y", "bob", 1))
    ended = told("rearm", *args)

    assert ended.code == code
    assert ended.out.splitlines() == [
        f"PAPER  {head}: ordo rearm LATCH_ID; these stand:",
        "  kill-1  kill of all  by ann: enough",
        "  pause-1  pause of all  by bob: no reason",
        "  pause-2  pause of strategy strangle  by bob: x",
        "  pause-3  pause of strategy strangle  by bob: y",
    ]
    assert len(standing()) == 4


def test_a_program_reads_which_latches_stand():
    kill.pull(Path("state"), LATCH)
    document = json.loads(told("rearm", "kill-9", "--json").out)

    assert (document["released"], document["latches"][0]["latch_id"]) == (False, "kill-1")
    assert document["because"] == "there is no latch kill-9"


def test_where_no_latch_stands_there_is_nothing_to_release():
    ended = told("rearm")

    assert (ended.code, ended.out) == (1, "PAPER  no latch stands\n")


def test_of_a_daemon_that_has_ended_only_the_files_are_said_to_be_known():
    """It may have recorded a latch whose file a full disk refused."""
    ran_once()
    ended, document = told("rearm"), told_json("rearm", "kill-9")

    tells = (
        "PAPER  no latch has a file; whether the record holds one, only a running daemon tells\n"
    )
    assert (ended.code, ended.out) == (1, tells)
    assert (document["released"], document["daemon"]) == (False, "gone")


@pytest.mark.parametrize(("how", "word"), [("starting", "starting"), ("hangs", "silent")])
@pytest.mark.parametrize("args", [(), ("kill-9",)])
def test_while_a_daemon_does_not_answer_its_record_is_said_to_hold_perhaps_what_no_file_has(
    args, how, word, request
):
    if how == "hangs":
        request.getfixturevalue("silent")
    with exclusively(Path("state")):
        ended, document = told("rearm", *args), told_json("rearm", *args)

    whose = f"the daemon with process id {os.getpid()} does not answer yet, and its record may hold"
    said = f"PAPER  no latch has a file; {whose} one: repeat this when it runs\n"
    assert (ended.code, ended.out) == (3, said)
    assert (document["released"], document["daemon"]) == (False, word)


def test_while_a_guardian_has_the_folder_the_record_is_said_to_hold_perhaps_what_no_file_has():
    with exclusively(Path("state"), GUARDIAN):
        ended, document = told("rearm"), told_json("rearm")

    whose = f"the guardian with process id {os.getpid()} has this folder, and the record may hold"
    said = f"PAPER  no latch has a file; {whose} one: repeat this when a daemon runs\n"
    assert (ended.code, ended.out, document["daemon"]) == (3, said, "guardian")


def test_while_a_daemon_does_not_answer_latches_that_have_a_file_are_listed_beside_one_without():
    kill.pull(Path("state"), LATCH)
    with exclusively(Path("state")):
        ended = told("rearm", "kill-9")

    head, line = ended.out.splitlines()
    assert (ended.code, line) == (3, "  kill-1  kill of all  by ann: enough")
    assert head.startswith("PAPER  no latch kill-9 has a file; the daemon with process id ")
    assert head.endswith(": repeat this when it runs; these have one:")


def test_while_a_daemon_does_not_answer_a_name_is_asked_for_where_several_files_are_meant():
    kill.pull(Path("state"), LATCH)
    kill.pull(Path("state"), replace(LATCH, latch_id="pause-1", kind="pause"))
    with exclusively(Path("state")):
        ended = told("rearm")

    assert ended.code == 2
    assert ended.out.startswith("PAPER  say which: ordo rearm LATCH_ID; these stand:\n  kill-1 ")


def test_a_program_reads_why_nothing_is_released():
    document = json.loads(told("rearm", "--json").out)

    where = {"state_dir": str(Path("state").absolute()), "daemon_ran_here": False}
    because = {"because": "no latch stands", "mode": "paper"}
    assert document == {"released": False, **because, "latches": [], "daemon": "gone", **where}


def test_a_program_reads_of_a_daemon_that_answered_and_has_no_latch(daemon):
    assert (
        told_json("rearm").items() >= {"because": "no latch stands", "daemon": "answered"}.items()
    )


def test_a_latch_whose_name_is_no_text_is_listed():
    Path("state/killed").mkdir(parents=True)
    Path("state/killed/\udcff").touch()

    assert "\\udcff  kill of all" in told("rearm", "kill-9").out


NOT_YET = "nothing has been closed yet; it will be closed when the daemon runs"
PERHAPS = (
    "perhaps it took this, latched it by another name as well, and closes already; "
    "otherwise it closes when it answers again, or a guardian that watches does, unless the "
    "ledger cannot be opened"
)


@pytest.mark.parametrize(
    ("how", "brake", "then"),
    [
        ("nowhere", "kill", NOT_YET),
        ("refused", "kill", NOT_YET),
        ("silent", "kill", PERHAPS),
        ("nowhere", "pause", "no new entries when the daemon runs"),
        ("refused", "pause", "no new entries when the daemon runs"),
        ("silent", "pause", "no new entries when the daemon runs"),
    ],
)
def test_without_a_daemon_the_latch_is_pulled_all_the_same(how, brake, then, request, tmp_path):
    ran_once()
    if how == "silent":
        request.getfixturevalue("silent")
    if how == "refused":
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / "state/kill.sock"))
    ended = told(brake, "--reason", "enough")
    (latch,) = standing()

    assert (ended.code, ended.out) == (3, f"PAPER  latched as {latch.latch_id}; {gone()}: {then}\n")
    assert (latch.kind, latch.scope, latch.reason) == (brake, "all", "enough")
    assert latch.by == f"local:{getpass.getuser()}"


def test_a_brake_in_a_folder_that_no_daemon_ever_ran_on_says_so(monkeypatch):
    """Whoever names the wrong settings must not wait for a daemon that never comes."""
    folder, never = str(Path("state").absolute()), "; if yours runs elsewhere, name its settings: "
    monkeypatch.setenv("ORDO_DAEMON__STATE_DIR", folder)
    never = f"no daemon ever ran on {folder}{never}"
    for brake in ("kill", "pause", "cancel-all"):
        ended = told(brake)
        assert (ended.code, f"{gone()}" in ended.out, never in ended.out) == (3, True, True)
        assert "when the daemon runs" not in ended.out
        assert ("nothing has been closed yet" in ended.out) == (brake == "kill")
        assert told_json(brake)["daemon_ran_here"] is False
    kill.pull(Path("state"), LATCH)

    assert told("rearm", "kill-1").out.startswith(f"PAPER  kill-1 is released; {gone()}: {never}")


@pytest.mark.parametrize("brake", ["kill", "pause", "cancel-all"])
def test_a_brake_typed_elsewhere_than_the_daemon_says_what_its_relative_folder_hangs_on(
    tmp_path, monkeypatch, brake
):
    """Its settings were named already: to name them again helps nobody."""
    settings, elsewhere = tmp_path / "settings.toml", tmp_path / "elsewhere"
    settings.write_text('[daemon]\nstate_dir = "mine"\n')
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    ended = told(brake, "--settings", settings)

    assert ended.code == 3
    assert f"no daemon ever ran on {elsewhere / 'mine'}; [daemon] state_dir mine is" in ended.out
    assert "type it where the daemon was started, or let the settings of" in ended.out


def test_a_folder_that_may_not_be_looked_into_is_not_said_to_be_unused(monkeypatch):
    def forbidden(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "lstat", forbidden)

    assert never_ran(Path("state")) == ""


@pytest.fixture
def another_user(tmp_path):
    """Be a user whose daemon it is not, in a folder of its own."""
    ran_once()
    tmp_path.chmod(0o755)
    Path("state").chmod(0o700 if os.geteuid() == 0 else 0)
    if me_is_root := os.geteuid() == 0:
        os.seteuid(NOBODY)
    yield
    if me_is_root:
        os.seteuid(0)
    Path("state").chmod(0o700)


NOBODY = 65534
AS_ANOTHER = "repeat it with sudo, or as the user whose daemon it is"


@pytest.mark.parametrize(
    ("brake", "code", "nothing"),
    [
        (("kill",), 1, "NOTHING is latched, and "),
        (("pause",), 1, "NOTHING is latched, and "),
        (("rearm",), 1, "NOTHING is released, and "),
        (("cancel-all",), 3, "nothing was cancelled: "),
        (("rearm", "kill-1"), 3, "no latch kill-1 is seen, for "),
    ],
)
def test_a_brake_that_the_wrong_user_types_says_nothing_of_the_daemon_and_who_is_to_repeat_it(
    another_user, brake, code, nothing
):
    ended = told(*brake)
    text = ended.out + ended.err

    assert ended.code == code
    assert f"{nothing}this user may not look" in text
    assert AS_ANOTHER in text
    assert "running" not in text
    assert "ordo run" not in text


def test_a_program_reads_that_the_wrong_user_knows_nothing_of_the_daemon(another_user):
    document = told_json("cancel-all")

    assert (document["daemon"], document["daemon_ran_here"]) == ("unknown", None)


@pytest.mark.parametrize("say", [partial(to_come, kind="kill", taken=False), once_released])
def test_what_comes_of_a_latch_whose_daemon_this_user_may_not_see_is_not_said(another_user, say):
    given = Settings() if isinstance(say, partial) else Path("state")

    assert say(given) == AS_ANOTHER


SLIP = "[risk]\nmax_entires = 5\n"


@pytest.mark.parametrize("brake", [("kill", "--no-wait"), ("pause",), ("cancel-all",)])
def test_a_slip_in_the_settings_keeps_no_brake_from_a_daemon_that_runs(brake, daemon):
    Path("settings.toml").write_text(SLIP)
    ended = told(*brake, "--account", "paper")

    assert ended.code == 0
    assert "risk.max_entires is unknown; did you mean max_entries?" in ended.err
    assert f"refused, this brakes in {Path('state').absolute()}" in ended.err


ACCOUNTS = "[[accounts]]\nid = 'zed'\nbroker = 'zeroda'\n"


def test_with_accounts_refused_none_is_held_against_them():
    Path("settings.toml").write_text(SLIP + ACCOUNTS)
    ended = told("kill", "--account", "zed")

    assert (ended.code, [latch.id for latch in standing()]) == (3, ["zed"])


@pytest.mark.parametrize("brake", [("kill",), ("pause", "--account", "zed"), ("cancel-all",)])
def test_with_accounts_refused_a_live_daemon_is_told_of_as_live(brake):
    """Nobody is to be told that his kill was about simulated money."""
    Path("settings.toml").write_text("[daemon]\nmode = 'live'\nstate_dir = 'state'\n" + ACCOUNTS)

    assert told(*brake).out.startswith("LIVE  ")


def test_with_other_settings_refused_an_account_that_is_not_there_is_refused_still():
    Path("settings.toml").write_text(SLIP)
    ended = told("kill", "--account", "pape")

    assert (ended.code, standing()) == (2, ())


@pytest.mark.parametrize(
    "settings",
    [
        "[daemon\n",
        "[daemon]\nstate_dri = 'else'\n",
        "[deamon]\nstate_dir = 'else'\n",
        "state_dir = 'else'\n",
        "[daemon]\nstate_dir = 5\n",
        "daemon = 5\n",
        "[web]\nstate_dir = 'else'\n",
    ],
)
def test_settings_that_do_not_tell_the_folder_are_refused(settings):
    """A latch in a folder that was not meant would stop nothing."""
    Path("settings.toml").write_text(settings)
    ended = told("kill")

    assert (ended.code, standing(), Path("state").exists()) == (2, (), False)


def test_a_variable_that_may_have_meant_the_folder_is_refused(monkeypatch):
    monkeypatch.setenv("ORDO_DAEMON_STATE_DIR", "else")

    assert (told("kill").code, standing()) == (2, ())


def test_a_section_that_nobody_knows_hides_no_folder_that_is_written():
    Path("settings.toml").write_text("[daemon]\nstate_dir = 'state'\n[rsik]\nmost = 5\n")

    assert (told("pause").code, len(standing())) == (3, 1)


def test_a_daemon_with_too_many_connections_is_one_that_does_not_answer(tmp_path):
    (tmp_path / "state").mkdir()
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(tmp_path / "state/kill.sock"))
        busy.listen(1)

        def refuse():
            one, _ = busy.accept()
            one.recv(1_000)
            one.sendall(b'{"ok": false, "code": "busy", "sentence": "later"}\n')
            one.close()

        thread = threading.Thread(target=refuse)
        thread.start()
        ended = told("pause")
        thread.join()

    assert (ended.code, len(standing())) == (3, 1)


def test_without_a_daemon_a_program_reads_so():
    document = json.loads(told("kill", "--json").out)

    assert (document["daemon"], document["latch_id"]) == ("gone", standing()[0].latch_id)
    assert document["state_dir"] == str(Path("state").absolute())


def test_without_a_daemon_an_account_is_looked_up_in_the_settings():
    ended = told("kill", "--account", "papre")

    assert (ended.code, standing()) == (2, ())
    assert "no account papre; the settings have paper" in ended.err


@pytest.mark.parametrize(
    ("meant", "sentence"),
    [
        ("straddle@papre", "no account papre; the settings have paper"),
        ("straddle@", "straddle@ names no account; leave the @ out to reach all of them"),
    ],
)
def test_without_a_daemon_the_account_of_a_strategy_is_looked_up_in_the_settings(meant, sentence):
    ended = told("kill", "--strategy", meant)

    assert (ended.code, standing()) == (2, ())
    assert sentence in ended.err


@pytest.mark.parametrize("brake", ["kill", "pause"])
def test_without_a_daemon_a_strategy_that_no_file_has_is_told_with_those_that_have_one(brake):
    Path("strategies").mkdir()
    Path("strategies/one.toml").write_text('id = "mine"')
    Path("strategies/broken_one.toml").write_text("id = [")
    ended = told(brake, "--strategy", "nobody@paper")
    (latch,) = standing()
    _, doubt, mend = ended.out.splitlines()

    assert ended.code == 3
    assert doubt.startswith("nobody could check that there is a strategy nobody: no file has it")
    assert mend.startswith("the files have banknifty-short-strangle, broken-one, mine, nifty-")
    assert mend.endswith(
        f"if one of them was meant, {brake} that one, and release this: ordo rearm {latch.latch_id}"
    )
    document = json.loads(told(brake, "--strategy", "nobody@paper", "--json").out)
    assert document["unchecked"][0] == doubt


@pytest.mark.parametrize("known", ["mine", "nifty-short-straddle", "external", "manual@paper"])
def test_without_a_daemon_a_strategy_of_a_file_needs_no_doubt(known):
    Path("strategies").mkdir()
    Path("strategies/one.toml").write_text('id = "mine"')
    ended = told("kill", "--strategy", known)

    assert (ended.code, len(standing()), len(ended.out.splitlines())) == (3, 1, 1)


@pytest.mark.parametrize("folder", ["there-is-none", "x" * 300])
def test_a_folder_of_strategies_that_cannot_be_read_keeps_no_latch_from_being_pulled(folder):
    Path("settings.toml").write_text(f'[strategies]\npaths = ["{folder}"]\n')
    ended = told("kill", "--strategy", "nobody")

    assert (ended.code, len(standing())) == (3, 1)


def test_without_a_daemon_and_without_a_disk_nothing_is_latched_and_that_is_said():
    Path("state").mkdir()
    Path("state/killed").write_text("in the way")
    ended = told("kill")

    assert ended.code == 1
    assert ended.err.startswith(f"ordo: NOTHING is latched, and {gone()}: state/killed cannot be")


def test_without_a_daemon_nothing_is_cancelled():
    ran_once()
    ended = told("cancel-all")

    assert ended.code == 3
    assert ended.out.startswith(f"PAPER  nothing was cancelled: {gone()}: ")
    assert ended.out.endswith(
        "; start it with `ordo run` and repeat this, or cancel at the broker's own page\n"
    )


READS_FIRST = (
    "nothing has been closed yet; it closes what is open once it has read its record; where that "
    "takes over 300 s, or where it is ending, a guardian that watches does, unless the "
    "ledger cannot be opened"
)
UNHEARD = f"the daemon with process id {os.getpid()} does not answer yet in"


@pytest.mark.parametrize("how", ["no socket yet", "a socket of the last one"])
@pytest.mark.parametrize(
    ("brake", "then"),
    [("kill", READS_FIRST), ("pause", "no new entries once it has read its record")],
)
def test_a_latch_that_is_pulled_while_a_daemon_reads_its_record_is_said_to_wait_for_that(
    brake, then, how, tmp_path
):
    with exclusively(Path("state")), socket.socket(socket.AF_UNIX) as left:
        if how != "no socket yet":
            left.bind(str(tmp_path / "state/kill.sock"))
        ended = told(brake)
        (latch,) = standing()
        document = told_json(brake)

    where = f"{UNHEARD} {Path('state').absolute()}"
    assert (ended.code, ended.out) == (3, f"PAPER  latched as {latch.latch_id}; {where}: {then}\n")
    assert (document["daemon"], document["daemon_ran_here"]) == ("starting", True)


def test_a_daemon_that_reads_its_record_is_waited_for_before_working_orders_are_cancelled():
    with exclusively(Path("state")):
        ended, document = told("cancel-all"), told_json("cancel-all")

    assert (ended.code, document["daemon"]) == (3, "starting")
    assert ended.out.startswith(f"PAPER  nothing was cancelled: {UNHEARD} ")
    assert "; wait until it has read its record and repeat this, or cancel at" in ended.out


def test_a_daemon_that_hangs_is_not_said_to_start(silent):
    """Nor that nothing has been closed: perhaps it took the request."""
    with exclusively(Path("state")):
        ended, document = told("kill"), told_json("kill")

    assert ended.out.endswith(f"{gone()}: {PERHAPS}\n")
    assert document["daemon"] == "silent"


def test_of_a_daemon_that_hangs_it_is_said_that_perhaps_it_cancels(silent):
    with exclusively(Path("state")):
        ended, document = told("cancel-all"), told_json("cancel-all")

    assert (ended.code, document["done"], document["daemon"]) == (3, None, "silent")
    assert ended.out == (
        f"PAPER  perhaps orders are being cancelled: {gone()}: timed out; look with `ordo orders`, "
        "or at the broker's own page, before you repeat this\n"
    )


def test_a_daemon_that_hangs_and_takes_no_more_is_waited_for_and_not_started(tmp_path):
    with exclusively(Path("state")), socket.socket(socket.AF_UNIX) as full:
        full.bind(str(tmp_path / "state/kill.sock"))
        full.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(tmp_path / "state/kill.sock"))
            ended, document = told("cancel-all"), told_json("cancel-all")

    assert (ended.code, document["done"], document["daemon"]) == (3, False, "silent")
    assert ended.out.startswith("PAPER  nothing was cancelled: ")
    assert "; wait until it answers and repeat this, or cancel at the broker's" in ended.out


def test_a_guardian_that_has_the_folder_is_said_to_close_everything():
    """It does so whatever is latched, and no daemon starts before it is done."""
    by = f"the guardian with process id {os.getpid()} has this folder, and"
    with exclusively(Path("state"), GUARDIAN):
        killed, cancelled = told("kill"), told("cancel-all")
        documents = [told_json(brake) for brake in ("kill", "pause", "cancel-all")]

    assert f"{gone()}: {by} closes everything\n" in killed.out
    assert [document["daemon"] for document in documents] == ["guardian"] * 3
    assert f"nothing was cancelled: {gone()}: " in cancelled.out
    assert f"; {by} cancels and closes all\n" in cancelled.out


@pytest.mark.parametrize("how", ["nowhere", "silent"])
def test_without_a_daemon_the_file_is_released_for_it_is_the_truth(how, request):
    ran_once()
    if how == "silent":
        request.getfixturevalue("silent")
    kill.pull(Path("state"), LATCH)
    ended = told("rearm", "kill-1")

    assert (ended.code, standing()) == (0, ())
    assert ended.out == f"PAPER  kill-1 is released; {gone()}: it finds that when it runs\n"


def test_beside_a_guardian_a_release_is_said_not_to_keep_it_from_closing():
    """At its end it latches a kill of its own, where none stands."""
    kill.pull(Path("state"), LATCH)
    with exclusively(Path("state"), GUARDIAN):
        ended = told("rearm", "kill-1")

    by = f"the guardian with process id {os.getpid()} has this folder, and goes on closing"
    then = f"{by}; a kill of its own stands when it is done"
    assert (ended.code, standing()) == (0, ())
    assert ended.out == f"PAPER  kill-1 is released; {gone()}: {then}\n"


@pytest.mark.parametrize("args", [("rearm",), ("rearm", "pause-2")])
def test_a_latch_whose_file_a_full_disk_refused_is_released_by_the_daemon(args, daemon):
    daemon.latches = (ALONE,)
    ended = told(*args)

    assert (ended.code, ended.out) == (0, "PAPER  pause-2 is released\n")
    released = {ask.about for _, ask, _ in daemon.told if isinstance(ask.about, ReleaseLatch)}
    assert [each.latch_id for each in released] == ["pause-2"]


def test_without_a_daemon_a_latch_that_has_no_file_is_not_said_to_be_released(monkeypatch):
    ran_once()
    found = Latch("pause-2", "pause", "all", "", "", "me", 1)
    monkeypatch.setattr(brakes, "latches_told", lambda *_: (found,))
    ended = told("rearm", "pause-2")

    alone = f"PAPER  NOTHING is released: pause-2 stands in the record alone, and {gone()}: "
    assert (ended.code, ended.out.startswith(alone)) == (3, True)
    assert told_json("rearm", "pause-2")["released"] is False


def test_a_daemon_that_hangs_has_perhaps_released_a_latch_that_has_no_file(silent, monkeypatch):
    found = Latch("pause-2", "pause", "all", "", "", "me", 1)
    monkeypatch.setattr(brakes, "latches_told", lambda *_: (found,))

    assert told("rearm").out.startswith("PAPER  perhaps NOTHING is released: pause-2 stands in the")
    assert told_json("rearm")["released"] is None


def test_a_latch_that_has_a_file_is_released_though_the_daemon_falls_silent_between(monkeypatch):
    ran_once()
    kill.pull(Path("state"), LATCH)
    kill.pull(Path("state"), replace(LATCH, latch_id="pause-1", kind="pause"))
    left = kill.standing(Path("state"))[:1]
    monkeypatch.setattr(brakes, "latches_told", lambda *_: left)
    ended = told("rearm")

    assert (ended.code, ended.out.startswith("PAPER  kill-1 is released; ")) == (0, True)


def test_a_folder_of_latches_that_leads_nowhere_is_not_said_to_be_released():
    Path("state").mkdir()
    Path("state/killed").symlink_to("nowhere")
    ended = told("rearm", "killed")

    assert (ended.code, len(standing())) == (1, 1)
    assert ended.err.startswith(f"ordo: NOTHING is released, and {gone()}: the latch killed cannot")


def test_a_latch_that_somebody_else_has_just_released_is_released(monkeypatch):
    kill.pull(Path("state"), LATCH)
    release = kill.release
    monkeypatch.setattr(kill, "release", lambda *of: release(*of) and False)

    assert told("rearm", "kill-1").code == 0


def test_without_a_daemon_a_latch_that_cannot_be_removed_is_told():
    Path("state/killed/kill-1").mkdir(parents=True)
    ended = told("rearm", "kill-1")

    assert (ended.code, len(standing())) == (1, 1)
    assert ended.err.startswith(f"ordo: NOTHING is released, and {gone()}: state/killed/kill-1")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("kill", "--strategy", "a", "--account", "b"), "name a strategy or an account, not both"),
        (("kill", "--strategy", ""), "--strategy needs an id"),
        (("rearm", "kill-1", "--account", "b"), "name a latch or a scope, not both"),
        (("pause", "--reason", "x" * 20_000), "the reason is too long"),
        (("pause", "--settings", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_misuse_is_told_and_nothing_is_latched(args, sentence):
    ended = told(*args)

    assert (ended.code, standing()) == (2, ())
    assert sentence in ended.err


def test_a_state_folder_that_holds_no_socket_is_refused_with_its_mend(monkeypatch):
    monkeypatch.setenv("ORDO_DAEMON__STATE_DIR", "x" * 120)
    ended = told("kill")

    assert ended.code == 2
    assert "let [daemon] state_dir name a shorter one" in ended.err


def test_a_user_without_a_name_is_called_by_his_number(monkeypatch):
    def nameless():
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nameless)

    assert brakes._user() == str(os.getuid())


LOADED = """
import json, sys
import daemon.cli.brakes
print(json.dumps(sorted(sys.modules)))
"""


def test_the_brakes_bring_nothing_along_that_only_a_daemon_needs():
    """Of where facts are kept they see who has the folder, and what that file needs."""
    ended = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(ended.stdout))

    assert {"daemon.kill", "daemon.settings.kill_socket"} <= loaded
    assert not loaded & {
        *("aiohttp", "asyncio", "duckdb", "sqlite3", "structlog", "uvloop", "daemon.worlds"),
        *("daemon.app", "daemon.actors", "daemon.control", "daemon.messages", "daemon.web"),
    }
    stored = {name.rpartition(".")[2] for name in loaded if name.startswith("daemon.storage.")}
    assert stored == {"exclusive", "unused", "ballast", "failing", "fence", "whole"}
