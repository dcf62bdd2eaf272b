"""The wall of a cell: what comes in is its own, and what leaves bears its mark."""

from __future__ import annotations

from daemon.actors.cell_wall import CellWall
from daemon.actors.risk_watchdog import PnlSeen
from daemon.domain.market.frames import Frame
from daemon.messages import Done, EntriesPaused, RiskSeen, SeeRisk, Told
from daemon.messages.cells import Cell
from daemon.runtime.words import NOTHING, Alarm, Commit, Publish, Show, Tell

BETA = Cell("beta", "beta")
PAUSED = EntriesPaused("enough", 1)
MARKED = EntriesPaused("enough", 1, "beta")
RISK = RiskSeen(1, True, ())


class Script:
    """Does what it is told, and keeps what it hears."""

    def __init__(self, *effects) -> None:
        self.heard, self.effects = [], effects

    def handle(self, message, now_ns):
        self.heard.append(message)
        return self.effects


def test_news_of_other_accounts_is_kept_out():
    script = Script()
    wall = CellWall(BETA, script)

    assert wall.handle(PAUSED, 1) == NOTHING
    wall.handle(MARKED, 1)
    wall.handle(SeeRisk(), 1)
    wall.handle(Frame(1, {}), 1)
    assert script.heard == [PAUSED, SeeRisk(), Frame(1, {})]


def test_everything_that_leaves_is_marked_however_deep_it_lies():
    alarm = Alarm(2, PAUSED)
    seen = PnlSeen("s", 5, "NONE", 0, 1)
    script = Script(
        Commit((PAUSED,), (Publish(PAUSED), Tell("broadcaster", RISK), alarm)),
        Show(Told(1, RISK)),
        Show(Told(2, Done())),
        Show(seen),
    )

    assert CellWall(BETA, script).handle(SeeRisk(), 1) == (
        Commit(
            (MARKED,), (Publish(MARKED), Tell("broadcaster", RiskSeen(1, True, (), "beta")), alarm)
        ),
        Show(Told(1, RiskSeen(1, True, (), "beta"))),
        Show(Told(2, Done())),
        Show(PnlSeen("s", 5, "NONE", 0, 1, "beta")),
    )


def test_at_home_nothing_is_marked():
    script = Script(Publish(PAUSED))

    assert CellWall(Cell("paper"), script).handle(PAUSED, 1) is script.effects
    assert CellWall(Cell("paper"), script).handle(MARKED, 1) == NOTHING
