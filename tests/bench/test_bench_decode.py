"""The decode bench measures both sides on the same frames, and says where one of them is absent."""

from __future__ import annotations

import io
import json
import sys

import pytest

from daemon.bench import __main__ as command
from daemon.bench import decode, official
from daemon.brokers.zerodha import packets
from daemon.errors import OrdoError

STAND_IN = """
import datetime, struct

class KiteTicker:
    def __init__(self, key, token):
        pass

    def _parse_binary(self, frame):
        (price,) = struct.unpack(">H", frame)
        return [{"price": price, "at": datetime.datetime.fromtimestamp(price)}]
"""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(decode, "ROUNDS", 1)
    monkeypatch.setattr(decode, "PACKETS", 10)


def told(capsys) -> dict:
    command.main("decode")
    return json.loads(capsys.readouterr().out)["ours"]


def test_both_sides_are_measured(capsys):
    if not official.FOLDER.is_dir():
        pytest.skip("the broker's own client is not here: `make servers` fetches it")
    ours = told(capsys)

    assert list(ours) == ["full", "mixed"]
    sides = ("ticks_per_s", "whole_per_s", "official_per_s")
    assert all(each[side] > 0 for each in ours.values() for side in sides)


def test_without_the_official_client_the_bench_says_so(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(official, "FOLDER", tmp_path / "nowhere")
    ours = told(capsys)

    assert "make servers" in ours["official"]
    assert ours["full"]["ticks_per_s"] > 0


def test_a_client_that_cannot_run_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(official, "FOLDER", tmp_path)

    with pytest.raises(OrdoError, match="cannot run"):
        decode.bench()


def test_the_client_s_process_answers_with_ticks_with_seconds_and_with_nothing_on_a_fault(
    tmp_path, monkeypatch, capsys
):
    (tmp_path / "kiteconnect.py").write_text(STAND_IN)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "kiteconnect", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO('["0007"]\n["00"]\n["0007", 3]\n'))
    official.main(str(tmp_path))
    del sys.modules["kiteconnect"]
    ready, ticks, nothing, seconds = map(json.loads, capsys.readouterr().out.splitlines())

    assert ready == official.READY
    assert ticks == [{"price": 7, "at": 7}]
    assert nothing is None
    assert seconds >= 0


def test_the_frames_are_of_packets_that_are_read():
    assert len(packets.decode(decode.made((8, 28, 32, 44, 184)))) == 5
