"""The decode bench measures both sides on the same frames, and says where one of them is absent."""

from __future__ import annotations

import json

import pytest

from daemon.bench import __main__ as command
from daemon.bench import decode, official
from daemon.brokers.zerodha import packets
from daemon.errors import OrdoError


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
    assert all(each["ticks_per_s"] > each["official_per_s"] > 0 for each in ours.values())


def test_without_the_official_client_the_bench_says_so(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(official, "FOLDER", tmp_path / "nowhere")
    ours = told(capsys)

    assert "make servers" in ours["official"]
    assert ours["full"]["ticks_per_s"] > 0


def test_a_client_that_cannot_run_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(official, "FOLDER", tmp_path)

    with pytest.raises(OrdoError, match="cannot run"):
        decode.bench()


def test_the_frames_are_of_packets_that_are_read():
    assert len(packets.decode(decode.made((8, 28, 32, 44, 184)))) == 5
