"""The hot state at a start: opened, looked at, and held against the record."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import redis
from msgspec.structs import replace

from daemon.app import accounts_of
from daemon.app.given.assignment import RecordedDays
from daemon.app.given.records import Told, records
from daemon.app.machine.host import Host
from daemon.app.machine.telemetry import bare
from daemon.app.shown.hot_state import Where, opened, take_up, where_of
from daemon.domain.money import e4
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.domain.risk.mirrored import MirroredDay, MirroredLeg, MirroredLevels
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import Distance, LegRules, LockRule, StrategyRules, Trail
from daemon.errors import SettingsError
from daemon.messages import CodeLoaded
from daemon.messages.cells import Cell
from daemon.runtime.words import Origin
from daemon.settings import Account, HotState, Mode, ProfitLock, Settings, SettingsRefused
from daemon.storage.codec import decode_fact
from daemon.storage.hot.codec import Believed, owned
from daemon.storage.hot.sqlite import SqliteHot
from daemon.storage.hot.words import Batch
from daemon.storage.sqlite import SqliteStore
from daemon.storage.stored import Stored
from tests.kit.acting import BASKET, DAY, clock, day_opened, ended, sold
from tests.kit.acting import opened as entered
from tests.kit.handed import handed_over
from tests.kit.servers import free_port, redis_server

LIVE: Any = "live"  # a mode that settings refuse so far
RULE = LockRule(e4(1500), e4(750), e4(250), e4(200))
LEVELS = "strategy:s:risk_state"
PRESET, HOST = HotState(), Host()


def place(folder: Path, hot: HotState = PRESET, mode: Mode = Mode.PAPER, **also: Any) -> Where:
    return Where(hot, mode, folder, also.get("replays", False), also.get("record_id", ""))


async def found(where: Where, host: Host = HOST) -> tuple[Any, list[str]]:
    """Open it, and return what was found and what was said; it is closed again."""
    said: list[str] = []
    async with opened(where, host, bare(), said.append) as hot:
        return hot, said


def kind_of(hot: Any) -> str:
    return "" if hot is None else hot.mirror.kind


@pytest.mark.parametrize(
    ("url", "replays", "kind"),
    [
        ("memory:", False, ""),
        ("memory:", True, ""),
        ("sqlite:STATE/hot.sqlite", False, "sqlite"),
        ("sqlite:STATE/hot.sqlite", True, "sqlite"),
        ("redis://127.0.0.1:1", False, "redis"),
        ("redis://127.0.0.1:1", True, "sqlite"),
    ],
)
async def test_a_replay_never_reaches_a_redis(tmp_path, url, replays, kind):
    hot, _ = await found(place(tmp_path, HotState(url=url), replays=replays))

    assert kind_of(hot) == kind
    assert (tmp_path / "hot.sqlite").exists() == (kind == "sqlite")


async def test_one_that_is_not_there_hinders_no_start(tmp_path):
    hot, said = await found(place(tmp_path, HotState(url=f"redis://127.0.0.1:{free_port()}")))

    assert "could not be looked at" in hot.mirror.lost_because
    assert len(said) == 1
    assert said[0].startswith("ALERT the Redis redis://127.0.0.1:")
    assert said[0].endswith("every position stays guarded, from memory")


async def test_a_file_that_is_none_of_ours_hinders_no_start(tmp_path):
    (tmp_path / "hot.sqlite").write_bytes(b"not a store, and longer than a header is" * 9)
    hot, said = await found(place(tmp_path))

    assert "move it away" in hot.mirror.lost_because
    assert len(said) == 1


async def test_what_is_not_safe_is_warned_of_on_paper_and_refused_with_money_at_stake(tmp_path):
    with redis_server(options={"maxmemory-policy": "allkeys-lru"}) as server:
        hot = HotState(url=server.url)
        _, said = await found(place(tmp_path, hot))
        with pytest.raises(SettingsError, match="allkeys-lru; set it to noeviction") as refused:
            await found(place(tmp_path, hot, LIVE))

    assert refused.value.code == "hot_state_unsafe"
    assert [line.partition(" ")[0] for line in said] == ["WARNING"]


@pytest.mark.parametrize("handed", [True, False], ids=["credential", "password_file"])
async def test_the_password_comes_from_a_private_file(tmp_path, handed):
    path = tmp_path / "hot_state.password"
    path.write_text("a-long-enough-password\n")
    path.chmod(0o600)
    host = Host(credentials=str(tmp_path) if handed else "")
    with redis_server(options={"requirepass": "a-long-enough-password"}) as server:
        hot = HotState(url=server.url, password_file=None if handed else path)
        opened_, said = await found(place(tmp_path, hot), host)
        assert (opened_.mirror.lost_because, said) == ("", [])
        path.chmod(0o644)
        with pytest.raises(SettingsRefused, match="is open to others"):
            await found(place(tmp_path, hot), host)


async def test_a_password_that_one_user_is_let_into_by_an_access_list_is_taken(tmp_path):
    handed = {"hot_state.password": b"a-long-enough-password\n"}
    folder = handed_over(tmp_path / "unit", handed, by_list=False)
    with redis_server(options={"requirepass": "a-long-enough-password"}) as server:
        hot = HotState(url=server.url)
        opened_, _ = await found(place(tmp_path, hot), Host(credentials=str(folder)))

    assert opened_.mirror.lost_because == ""


async def test_a_poisoned_value_is_told_and_the_rest_is_believed(tmp_path):
    store = SqliteHot(tmp_path / "hot.sqlite")
    await store.write(Batch(changed={LEVELS: b"\x80pickle"}))
    await store.close()
    hot, said = await found(place(tmp_path))

    assert hot.believed.entries == ()
    assert len(said) == 1
    assert said[0].startswith(f"ALERT the hot state's {LEVELS} holds no levels of this version")
    assert hot.mirror.lost_because == ""


def lock(floor: int, best: int, basket: str = f"s:{DAY}") -> MirroredLevels:
    return MirroredLevels(basket, LockStatus.LOCKED, e4(floor), e4(best), ())


class Restart:
    """A record that holds a straddle, and what a start makes of a mirror beside it."""

    def __init__(self, folder: Path, mark: str = "", leg_rules: LegRules | None = None) -> None:
        self._folder, self._mark = folder, mark
        self._store = SqliteStore(folder / "ledger.sqlite")
        self.said: list[str] = []
        settings = Settings(
            accounts=(
                Account(
                    id="paper",
                    broker="paper",
                    profit_lock=ProfitLock(
                        at_e4=RULE.at_e4,
                        lock_e4=RULE.lock_e4,
                        every_e4=RULE.every_e4,
                        by_e4=RULE.by_e4,
                    ),
                ),
            )
        )
        self._accounts = [(accounts_of(settings, strict=False)[0], Cell("paper", mark))]
        with records(folder, self._store, "owner", Told(self.said.append), 250) as kept:
            entry = entered(rules=StrategyRules(lock=RULE), leg_rules=leg_rules)
            facts = [day_opened(), entry, sold("ce"), sold("pe"), ended()]
            for fact in facts:
                marked = Cell("paper", mark).marked(fact)
                kept.ledger.append((marked,), Origin("router:paper", 1, 0), fact.at_ns)

    def begin(self, told: Believed) -> list[tuple[str, LevelMoved]]:
        """Start, and return every level in the record with its origin."""
        with records(self._folder, self._store, "owner", Told(self.said.append), 250) as kept:
            take_up(told, self._accounts, kept.ledger, kept.reached_ns, self.said.append)
        rows = Stored(self._store, "owner").rows()
        return [(row.actor, decode_fact(row.body)) for row in rows if row.kind == "LevelMoved"]


AT = clock("09:30:01")


def test_a_higher_floor_becomes_a_fact_under_the_name_of_the_hot_state(tmp_path):
    restart = Restart(tmp_path)
    moved = LevelMoved("s", "", Move.LOCKED, 0, e4(1150), AT, e4(2000), basket_id=BASKET)

    assert restart.begin(Believed((lock(1150, 2000),))) == [("hot_state", moved)]
    assert restart.said == [
        "the hot state knew better: the floor of s stands at 1,150.00, by the record it was none"
    ]


def test_the_next_start_finds_it_in_the_record_and_takes_nothing_twice(tmp_path):
    restart = Restart(tmp_path)
    told = Believed((lock(1150, 2000),))

    assert restart.begin(told) == restart.begin(told)
    assert len(restart.begin(Believed((lock(750, 1500),)))) == 1
    assert len(restart.begin(Believed())) == 1


def test_the_floor_under_an_accounts_day_is_taken_up_too(tmp_path):
    restart = Restart(tmp_path)
    told = Believed(days={"paper": MirroredDay(DAY, e4(750), e4(1500))})

    ((origin, moved),) = restart.begin(told)
    assert (origin, moved.strategy_id, moved.to_e4) == ("hot_state", "", e4(750))
    assert "the floor of account paper stands at 750.00" in restart.said[0]


def test_in_another_account_it_carries_the_mark_of_that(tmp_path):
    restart = Restart(tmp_path, "second")
    ((_, moved),) = restart.begin(Believed((lock(750, 1500),)))

    assert moved.account == "second"
    assert "the floor of s@second stands at 750.00" in restart.said[0]


def test_what_a_tighter_stop_counts_from_is_entered_ahead_of_it(tmp_path):
    """Where a crash has cost the armings, its trail is not taken back before them."""
    step = Distance(points_e4=e4(5))
    restart = Restart(tmp_path, leg_rules=LegRules(stop=step, trail=Trail(step, step)))
    leg = MirroredLeg("ce", e4(85), e4(80))
    told = MirroredLevels(f"s:{DAY}", LockStatus.NONE, 0, 0, (leg,))

    moves = [moved for _, moved in restart.begin(Believed((told,)))]

    assert [(moved.leg_id, moved.move, moved.to_e4) for moved in moves] == [
        ("ce", Move.ARMED, e4(105)),
        ("pe", Move.ARMED, e4(105)),
        ("ce", Move.TRAILED, e4(85)),
    ]


@pytest.mark.parametrize("told", [lock(1151, 2000), lock(10**6, 10**7)])
def test_what_cannot_be_is_told_to_a_person_and_not_recorded(tmp_path, told):
    restart = Restart(tmp_path)

    assert restart.begin(Believed((told,))) == []
    assert restart.said[0].startswith("ALERT the hot state of s is not believed: ")
    assert "find out who else writes to it" in restart.said[0]


def test_a_daemon_of_recorded_days_is_known_to_replay():
    given = SimpleNamespace(settings=Settings(), folder=Path("state"), played=None)
    replays = SimpleNamespace(
        settings=Settings(hot_state=SHARED),
        folder=Path("state"),
        played=RecordedDays(None),
    )

    assert where_of(given, (), chance) == place(Path("state"))
    assert where_of(replays, (), chance) == place(Path("state"), SHARED, replays=True)


SHARED = HotState(url="redis://127.0.0.1:6379/0")
RUN = CodeLoaded("1", "", "", 1, 0)


def chance(bits: int) -> int:
    """Return bits that are all the same to whoever gave no id."""
    assert bits == 128
    return 7


@pytest.mark.parametrize(
    ("facts", "record_id"),
    [
        ((), f"{7:032x}"),
        ((RUN,), f"{7:032x}"),
        ((RUN, replace(RUN, record_id="a" * 32), RUN), "a" * 32),
    ],
    ids=["new", "from before", "known"],
)
def test_a_record_is_given_an_id_once_where_other_daemons_may_keep_theirs(facts, record_id):
    given = SimpleNamespace(settings=Settings(hot_state=SHARED), folder=Path("state"), played=None)

    assert where_of(given, facts, chance).record_id == record_id


async def test_where_another_daemons_state_stands_a_person_is_told_once_and_nothing_is_believed(
    tmp_path,
):
    with redis_server() as server, closing(redis.Redis(unix_socket_path=str(server.path))) as other:
        hot = HotState(url=server.url)
        told = msgspec.json.encode({"version": 1, "entries": [lock(1150, 2000)]})
        other.set(LEVELS, owned(told, "b" * 32))
        mine, alerts = await found(place(tmp_path, hot, record_id="a" * 32))
        theirs, _ = await found(place(tmp_path, hot, record_id="b" * 32))

    assert (mine.believed, theirs.believed) == (Believed(), Believed((lock(1150, 2000),)))
    assert "holds the state of another daemon" in mine.mirror.lost_because
    assert [line.partition(" ")[0] for line in alerts] == ["ALERT"]
