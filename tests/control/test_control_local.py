"""The kill socket: one line in, one line out, for its own user alone, whatever is sent."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import stat
from pathlib import Path

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import kill
from daemon.control import Refusal, local
from daemon.control.local import LocalSocket
from daemon.control.reads import Reads
from daemon.errors import InboxFull, SettingsError
from daemon.messages import (
    Ask,
    CancelAll,
    Latched,
    LatchKind,
    PullLatch,
    ReleaseLatch,
    Scope,
    SeeKill,
)
from daemon.messages.modes import Modes
from daemon.runtime.words import Lane
from daemon.settings.kill_socket import LINE_BYTES, socket_path
from tests.kit.braking import MARKET_NS, Actors, exchanged, socket_over, staged, until

ME = local._name_of(os.geteuid())


@pytest.fixture
def actors():
    return Actors()


async def asked(actors: Actors, state_dir: Path, **words: str):
    async with socket_over(actors, state_dir) as served:
        return await exchanged(served.path, json.dumps(words).encode() + b"\n")


def refusal(code: str, sentence: str) -> dict[str, object]:
    return {"ok": False, "code": code, "sentence": sentence}


@pytest.mark.parametrize("verb", ["kill", "pause"])
@pytest.mark.parametrize(
    ("scope", "name", "reached"),
    [
        ("all", "", ["router:paper", "router:other"]),
        ("account", "other", ["router:other"]),
        ("strategy", "straddle", ["router:paper"]),
    ],
)
async def test_a_latch_is_written_and_its_routers_are_told(
    verb, scope, name, reached, actors, tmp_path
):
    answer = await asked(actors, tmp_path, verb=verb, scope=scope, id=name, reason="enough")
    (latch,) = kill.standing(tmp_path)
    latched = Latched(
        latch.latch_id, LatchKind(verb), Scope(scope), name, "enough", f"local:{ME}", MARKET_NS
    )

    assert actors.told == [(to, PullLatch(latched), Lane.CONTROL) for to in reached]
    assert answer["ok"]
    assert answer["latch"]["latch_id"] == latch.latch_id
    assert answer["latch"].items() >= {"kind": verb, "scope": scope, "id": name}.items()


@pytest.mark.parametrize("verb", ["kill", "pause"])
async def test_pulled_again_a_latch_that_stands_is_told_again_and_no_second_one_is_written(
    verb, actors, tmp_path
):
    first = await asked(actors, tmp_path, verb=verb, scope="all", reason="enough")
    again = await asked(actors, tmp_path, verb=verb, scope="all", reason="really")
    other = await asked(actors, tmp_path, verb=verb, scope="account", id="other")

    assert again["latch"] == first["latch"]
    assert len(kill.standing(tmp_path)) == 2
    assert other["latch"]["latch_id"] != first["latch"]["latch_id"]
    pulled = [about.latched.latch_id for _, about, _ in actors.told]
    assert pulled[:4] == [first["latch"]["latch_id"]] * 4


async def test_working_orders_are_cancelled_with_who_and_why(actors, tmp_path):
    answer = await asked(actors, tmp_path, verb="cancel_all", reason="day is over")
    wanted = CancelAll(Scope.ALL, "", f"local:{ME} (day is over)")

    assert answer == {"ok": True, "mode": "paper", "text": ""}
    assert [(to, ask.about) for to, ask, _ in actors.told] == [
        ("router:paper", wanted),
        ("router:other", wanted),
    ]


async def test_a_latch_is_released_for_every_account(actors, tmp_path):
    kill.pull(tmp_path, kill.Latch("kill-1", "kill", "all", "", "", "", 1))
    answer = await asked(actors, tmp_path, verb="rearm", latch_id="kill-1")

    assert (answer, kill.standing(tmp_path)) == ({"ok": True, "mode": "paper", "text": ""}, ())
    assert {ask.about for _, ask, _ in actors.told} == {ReleaseLatch("kill-1", f"local:{ME}")}


async def test_the_latches_that_stand_are_told(actors, tmp_path):
    kill.pull(tmp_path, kill.Latch("kill-1", "kill", "account", "other", "why", "ann", 1))

    assert await asked(actors, tmp_path, verb="latches") == {
        "ok": True,
        "mode": "paper",
        "latches": [
            {"latch_id": "kill-1", "kind": "kill", "scope": "account", "id": "other",
             "reason": "why", "by": "ann", "at_ns": 1}
        ],
    }  # fmt: skip


async def test_a_name_on_disk_that_is_no_text_is_told_all_the_same(actors, tmp_path):
    (tmp_path / kill.FOLDER).mkdir()
    (tmp_path / kill.FOLDER / "\udcff").touch()
    answer = await asked(actors, tmp_path, verb="latches")

    assert [each["latch_id"] for each in answer["latches"]] == ["\udcff"]


async def test_how_far_a_kill_is_is_told_by_the_accounts_that_it_reaches(actors, tmp_path):
    """One that knows nothing of it is left out."""
    actors.stages["router:other"] = [staged("closing", "75 NIFTY", attempts=2)]
    answer = await asked(actors, tmp_path, verb="kill_stage", latch_id="kill-1")

    assert answer == {
        "ok": True,
        "mode": "paper",
        "stages": [
            {"latch_id": "kill-1", "stage": "closing", "left": ["75 NIFTY"], "attempts": 2,
             "at_ns": MARKET_NS, "account": "other", "type": "KillStaged"}
        ],
    }  # fmt: skip
    assert [ask.about for _, ask, _ in actors.told] == [SeeKill("kill-1")] * 2


async def test_a_kill_that_no_account_knows_is_refused(actors, tmp_path):
    answer = await asked(actors, tmp_path, verb="kill_stage", latch_id="kill-9")

    assert answer == refusal("unknown_latch", "no kill kill-9")


async def test_an_account_that_does_not_answer_is_not_taken_for_one_without_a_kill(
    actors, tmp_path, monkeypatch
):
    monkeypatch.setattr("daemon.control.line._PATIENCE_S", 0.01)
    actors.silent = True
    answer = await asked(actors, tmp_path, verb="kill_stage", latch_id="kill-1")

    assert answer["code"] == "no_answer"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"verb": "nudge"}, "unknown_verb"),
        ({"verb": "kill", "scope": "account"}, "bad_request"),
        ({"verb": "kill", "id": "paper"}, "bad_request"),
        ({"verb": "kill", "scope": "planet", "id": "earth"}, "bad_request"),
        ({"verb": "kill", "loudly": "yes"}, "bad_request"),
        ({"verb": "kill", "scope": "account", "id": "nobody"}, "unknown_account"),
        ({"verb": "kill", "scope": "strategy", "id": "nothing"}, "unknown_strategy"),
        ({"verb": "rearm", "latch_id": "kill-9"}, "unknown_latch"),
        ({"scope": "all"}, "bad_request"),
    ],
)
async def test_what_cannot_be_done_is_refused_and_does_nothing(words, code, actors, tmp_path):
    answer = await asked(actors, tmp_path, **words)

    orders = [message for _, message, _ in actors.told if not isinstance(message, Ask)]
    assert (answer["ok"], answer["code"], bool(answer["sentence"])) == (False, code, True)
    assert (orders, kill.standing(tmp_path)) == ([], ())


async def test_a_disk_that_refuses_the_latch_is_told_and_so_are_the_actors(actors, tmp_path):
    (tmp_path / kill.FOLDER).write_text("in the way")
    answer = await asked(actors, tmp_path, verb="kill")

    assert answer["code"] == "latch_unwritten"
    assert "it stands in its record alone" in answer["sentence"]
    assert [type(message) for _, message, _ in actors.told] == [PullLatch, PullLatch]
    assert all(message.latched.unwritten for _, message, _ in actors.told)


async def test_a_latch_that_stands_in_the_record_alone_is_released_by_its_id(actors, tmp_path):
    actors.latches = (
        Latched("kill-1", LatchKind.KILL, Scope.ALL, "", "", "me", 1, unwritten=True),
    )
    answer = await asked(actors, tmp_path, verb="rearm", latch_id="kill-1")

    assert answer["ok"] is True
    released = [message.about for _, message, _ in actors.told if isinstance(message, Ask)]
    assert released[-1].latch_id == "kill-1"


@pytest.mark.parametrize("unwritten", [True, False])
async def test_a_latch_that_stands_in_the_record_alone_is_told_with_those_on_disk(
    actors, tmp_path, unwritten
):
    """Its file was refused, or went with its folder."""
    kill.pull(tmp_path, kill.Latch("kill-1", "kill", "all", "", "", "", 1))
    alone = Latched("pause-2", LatchKind.PAUSE, Scope.ALL, "", "", "me", 1, unwritten=unwritten)
    actors.latches = (alone,)
    answer = await asked(actors, tmp_path, verb="latches")

    assert [each["latch_id"] for each in answer["latches"]] == ["kill-1", "pause-2"]


async def test_while_no_account_answers_the_latches_on_disk_are_told(actors, tmp_path, monkeypatch):
    async def unanswered(*_):
        raise Refusal("no_answer", "router:paper is busy")

    monkeypatch.setattr(Reads, "accounts", unanswered)
    kill.pull(tmp_path, kill.Latch("kill-1", "kill", "all", "", "", "", 1))
    answer = await asked(actors, tmp_path, verb="latches")

    assert [each["latch_id"] for each in answer["latches"]] == ["kill-1"]


async def test_an_actor_without_room_is_told_in_a_sentence(actors, tmp_path):
    def full(to, message, lane):
        raise InboxFull(f"{to} is full")

    actors.tell = full

    assert await asked(actors, tmp_path, verb="cancel_all") == refusal(
        "inbox_full", "router:paper is full"
    )


async def test_a_line_that_was_cut_does_nothing(actors, tmp_path):
    async with socket_over(actors, tmp_path) as served:
        answer = await exchanged(served.path, b'{"verb": "kill"}', end=True)

    assert answer == refusal("bad_request", "the line was cut; nothing was done")
    assert actors.told == []


async def test_a_line_that_is_too_long_is_refused(actors, tmp_path):
    async with socket_over(actors, tmp_path) as served:
        answer = await exchanged(served.path, b"x" * (LINE_BYTES + 1) + b"\n")

    assert answer == refusal("too_long", f"a request has at most {LINE_BYTES} bytes")


async def test_who_sends_nothing_is_not_waited_for(actors, tmp_path):
    async with socket_over(actors, tmp_path, patience_s=0.01) as served:
        answer = await exchanged(served.path, b'{"verb"')

    assert answer == refusal("too_slow", "no whole line came within 0.01 s")


async def test_who_says_nothing_is_told_nothing(actors, tmp_path):
    async with socket_over(actors, tmp_path) as served:
        assert await exchanged(served.path, b"", end=True) is None


@pytest.mark.parametrize(
    ("scope", "name", "mode"),
    [
        *(("all", "", "live"), ("account", "paper", "paper"), ("account", "other", "live")),
        *(("strategy", "straddle@paper", "paper"), ("strategy", "nobody", "live")),
    ],
)
async def test_each_answer_says_whose_money_it_was_about(actors, tmp_path, scope, name, mode):
    actors.stages["router:paper"] = [staged("closing")]
    async with socket_over(actors, tmp_path) as served:
        actors.line.names.modes = Modes({"paper": "paper", "other": "live"})
        for verb in served._verbs:
            kill.pull(tmp_path, kill.Latch("pause-1", "pause", scope, name, "", "", 1))
            whom = {"scope": scope, "id": name}
            if verb in ("rearm", "kill_stage"):
                whom = {"latch_id": "pause-1"}
            line = json.dumps({"verb": verb, **whom}).encode() + b"\n"
            answer = await exchanged(served.path, line)
            assert not answer["ok"] or answer["mode"] == mode, verb


async def test_who_takes_no_answer_is_let_go(actors, tmp_path):
    """The next is served all the same."""
    long = tuple(str(number) for number in range(200_000))
    actors.stages["router:paper"] = [staged("closing", *long)]
    async with socket_over(actors, tmp_path, patience_s=0.05) as served:
        _, writer = await asyncio.open_unix_connection(served.path, limit=1_024)
        writer.write(b'{"verb": "kill_stage", "latch_id": "kill-1"}\n')
        await until(lambda: actors.told and not served._serving)
        again = await exchanged(served.path, b'{"verb": "latches"}\n')
        writer.close()

    assert again == {"ok": True, "mode": "paper", "latches": []}


async def test_the_connections_are_bounded(actors, tmp_path):
    """Those that are open go on; what is too many is told so."""
    async with socket_over(actors, tmp_path) as served:
        idle = [await asyncio.open_unix_connection(served.path) for _ in range(local.CONNECTIONS)]
        await until(lambda: len(served._serving) == local.CONNECTIONS)
        refused = await exchanged(served.path, b"")
        idle[0][1].write(b'{"verb": "latches"}\n')
        answered = json.loads(await idle[0][0].readline())
        for _, writer in idle:
            writer.close()

    assert (refused["code"], answered["ok"]) == ("busy", True)


async def test_another_user_is_refused_before_anything_is_read(actors, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "_user_of", lambda _: os.geteuid() + 1)
    async with socket_over(actors, tmp_path) as served:
        answer = await exchanged(served.path, b"")

    assert answer["code"] == "forbidden"


async def test_root_is_let_in(actors, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "_user_of", lambda _: 0)
    answer = await asked(actors, tmp_path, verb="pause")

    assert answer["latch"]["by"] == "local:root"


def test_a_user_without_a_name_is_called_by_his_number():
    assert local._name_of(3_999_999_999) == "3999999999"


def test_the_socket_works_on_the_loop_that_the_daemon_runs_on(actors, tmp_path):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answer = runner.run(asked(actors, tmp_path, verb="pause"))

    assert answer["latch"]["by"] == f"local:{ME}"


async def test_only_its_user_may_open_the_socket_and_its_folder(actors, tmp_path):
    state_dir = tmp_path / "new" / "state"
    async with socket_over(actors, state_dir) as served:
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (served.path, state_dir)]

    assert modes == [0o600, 0o700]
    assert not served.path.exists()


async def entered(served: LocalSocket) -> None:
    async with served:
        pass


async def test_a_folder_that_others_may_write_to_is_refused(actors, tmp_path):
    tmp_path.chmod(0o777)

    with pytest.raises(SettingsError, match=f"chmod o-w {tmp_path}"):
        await entered(socket_over(actors, tmp_path))


async def test_a_path_that_is_too_long_is_refused_with_its_mend(actors, tmp_path):
    state_dir = tmp_path / ("x" * 108)

    with pytest.raises(SettingsError, match=r"at most 107; let .* name a shorter one"):
        await entered(socket_over(actors, state_dir))
    with pytest.raises(SettingsError):
        socket_path(state_dir)


async def test_the_longest_path_is_served(actors, tmp_path):
    name = "x" * (107 - len(os.fsencode(tmp_path)) - len("//kill.sock"))
    if not name:
        pytest.skip("the temporary folder's own path is too long")

    assert (await asked(actors, tmp_path / name, verb="latches"))["ok"]


async def test_the_socket_of_a_daemon_that_is_gone_is_taken_over(actors, tmp_path):
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(tmp_path / "kill.sock"))

    assert (await asked(actors, tmp_path, verb="latches"))["ok"]


async def test_the_socket_of_a_daemon_that_answers_is_left_alone(actors, tmp_path):
    async with socket_over(actors, tmp_path) as first:
        with pytest.raises(SettingsError, match="another daemon answers"):
            await entered(socket_over(Actors(), tmp_path))
        assert (await exchanged(first.path, b'{"verb": "latches"}\n'))["ok"]


async def test_a_daemon_that_is_too_busy_to_answer_is_one_that_answers(actors, tmp_path):
    """Its queue of those who wait is full."""
    waiting = []
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(tmp_path / "kill.sock"))
        busy.listen(0)
        for _ in range(4):
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(str(tmp_path / "kill.sock"))
        with pytest.raises(SettingsError, match="another daemon answers"):
            await entered(socket_over(actors, tmp_path))
        for each in waiting:
            each.close()


async def test_what_is_no_socket_is_not_removed(actors, tmp_path):
    (tmp_path / "kill.sock").write_text("precious")

    with pytest.raises(SettingsError, match="is no socket; move it away"):
        await entered(socket_over(actors, tmp_path))
    assert (tmp_path / "kill.sock").read_text() == "precious"


@pytest.mark.parametrize(
    ("number", "told", "code"),
    [
        (errno.ENOSPC, "No space left on device; make room on its disk", "state_disk_fails"),
        (errno.EACCES, "Permission denied$", "socket_unusable"),
    ],
)
async def test_a_disk_that_takes_no_socket_is_told_from_a_setting(
    actors, tmp_path, monkeypatch, number, told, code
):
    def refused(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "chmod", refused)

    with pytest.raises(SettingsError, match=f"cannot be made: {told}") as error:
        await entered(socket_over(actors, tmp_path))
    assert error.value.code == code


async def test_the_end_cuts_who_is_connected_and_leaves_a_successors_socket(actors, tmp_path):
    async with socket_over(actors, tmp_path) as served:
        reader, writer = await asyncio.open_unix_connection(served.path)
        await until(lambda: served._serving)
        served.path.unlink()
        served.path.write_text("a successor's")

    assert (await reader.read(), served.path.read_text()) == (b"", "a successor's")
    writer.close()


WORDS = st.fixed_dictionaries(
    {},
    optional={
        "verb": st.sampled_from(["kill", "pause", "cancel_all", "rearm", "kill_stage", "latches"])
        | st.text(max_size=5),
        "scope": st.sampled_from(["all", "account", "strategy"]) | st.text(max_size=5),
        "id": st.sampled_from(["", "paper", "straddle"]) | st.text(max_size=5) | st.integers(),
        "reason": st.text(max_size=20),
        "latch_id": st.text(max_size=20) | st.none(),
        "more": st.recursive(st.none(), st.lists, max_leaves=3),
    },
)
SENT = st.one_of(
    WORDS.map(lambda words: json.dumps(words).encode()),
    WORDS.map(lambda words: json.dumps(words, ensure_ascii=False).encode("utf-8", "replace")),
    st.binary(max_size=60),
    st.just(b"[" * 10_000),
    st.just(b'{"verb": ' * 1_500),
    st.just(b'{"verb":"kill","reason":"\\ud800"}'),
    st.just(b'{"verb":"kill","reason":"\xff"}'),
)


@settings(max_examples=40)
@given(st.lists(SENT, min_size=1, max_size=10))
def test_whatever_is_sent_is_answered_in_one_line_of_json(tmp_path_factory, lines):
    """And nothing falls: what an event loop would print is a failure here."""
    state_dir = tmp_path_factory.mktemp("s")
    actors, fallen = Actors(), []

    async def fuzzed():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: fallen.append(context))
        async with socket_over(actors, state_dir) as served:
            return [
                await exchanged(served.path, line.replace(b"\n", b" ") + b"\n") for line in lines
            ]

    answers = asyncio.run(fuzzed())

    assert fallen == []
    for answer in answers:
        assert answer["ok"] is True or answer.keys() == {"ok", "code", "sentence"}
