"""Two daemons with folders of their own in one account on one day: no order's tag is both's."""

from __future__ import annotations

from daemon.domain.orders.ids import parse
from tests.kit.live_daemon import (
    LIVE,
    WHOLE,
    LiveDaemon,
    laid_down,
    live_daemon,
    started_again,
    strategy,
    witnessed,
)
from tests.kit.plans import CALL

LEG, QUICK = CALL + "stop = { percent = 40 }\n", "unfilled_after_ms = 10000"
LATER = strategy("09:15:40", "09:15:50", LEG, QUICK)
FIRST = strategy("09:15:05", "09:15:22", LEG, QUICK)


def meant(daemon: LiveDaemon) -> list[str]:
    """The orders that a daemon meant to send, or knows for a stranger's."""
    return [each["intent"]["intent_id"] for each in daemon.told("IntentRecorded")]


def test_two_fresh_folders_share_no_tag_and_a_restart_knows_its_own(tmp_path):
    ours, other = tmp_path / "ours", tmp_path / "other"
    ours.mkdir()
    other.mkdir()
    with live_daemon(ours, LIVE, FIRST) as (first, twin):
        twin.pass_by(12)
        first.wait_event("BasketEnded", complete=True)
        first.kill()
        with started_again(ours, twin) as again:
            twin.pass_by(15)
            again.wait_event("ExitFinished")
            assert witnessed(twin, first, again) == WHOLE
            again.kill()
        laid_down(other, twin, LIVE, LATER)
        stranger = LiveDaemon(other, twin)
        try:
            stranger.wait_line("needs a person")
            stranger.log_in()
            twin.pass_by(3)
            stranger.wait_ready()
            stranger.wait_event("Latched", by="ordo")  # for orders that it does not know
            latch_id = stranger.told("Latched")[0]["latch_id"]
            assert stranger.brake("rearm", latch_id=latch_id)["ok"]
            assert stranger.arm().status == 200
            twin.pass_by(25)
            stranger.wait_event("ExitFinished")
            book = twin.ask("GET", "book")
            ours_sent = {*meant(first), *meant(again)}
            theirs = {each for each in meant(stranger) if parse(each)}
            assert len(ours_sent) == len(theirs) == 2
            assert {each["tag"] for each in book["orders"]} == ours_sent | theirs
            assert len(book["orders"]) == len(ours_sent) + len(theirs)
            strange = [each for each in meant(stranger) if each not in theirs]
            assert len(strange) == len(ours_sent), "it takes none of them for its own"
            assert book["held"] == []
        finally:
            stranger.kill()
