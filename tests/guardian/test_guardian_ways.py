"""The ways to accounts at brokers: by the session that is kept, and by no other."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.domain.orders.words import Product
from daemon.errors import BrokerUnavailable, SessionRefused, SettingsError
from daemon.guardian import ways as module
from daemon.guardian.ways import Ways, at_brokers
from daemon.messages import AccountRead, AccountUnread, BrokerPosition, ReadAccount
from daemon.runtime.clock import VirtualClock
from daemon.settings import Settings, load
from daemon.storage.contract_file import ContractFile
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit.kite_account import API_SECRET, BROUGHT, CALL, CONTRACTS, GRANTED, KEY, NOW
from tests.kit.kite_script import CLOSES, DEAD, HANGS, PAGE, Answer, scripted_kite, yes
from tests.kit.live_daemon import BOTH

HELD = {"exchange": "NFO", "tradingsymbol": "NIFTY26AUG24350CE", "quantity": -65, "product": "MIS"}


class Hands:
    """A clock of a stand-in whose hands a test moves."""

    at_ns = NOW
    closed = False

    def __init__(self, root: str) -> None:
        self.root = root

    def now_ns(self) -> int:
        """Return what they show."""
        return self.at_ns

    def close(self) -> None:
        """Stand."""
        type(self).closed = True


def settings_of(folder, where: str) -> Settings:
    (folder / "settings.toml").write_text(f"{BOTH}[brokers.zerodha]\n{where}\n")
    return load(folder / "settings.toml", {"ORDO_DAEMON__STATE_DIR": str(folder)})


@pytest.fixture
def vault(tmp_path) -> Vault:
    made = Vault(Place(tmp_path))
    made.begin(NOW)
    made.put("zed", {"api_key": Secret(KEY), "api_secret": Secret(API_SECRET)}, NOW)
    return made


@pytest.fixture
async def script():
    async with scripted_kite() as answers:
        answers.on("GET /user/profile", yes({"user_id": "AB1234"}))
        answers.on("GET /instruments", Answer(200, CONTRACTS.encode(), "text/csv"))
        answers.on("GET /orders", yes([]))
        answers.on("GET /portfolio/positions", yes({"net": [HELD], "day": []}))
        answers.on("GET /portfolio/holdings", yes([]))
        yield answers


@pytest.fixture
async def ways(tmp_path, vault, script, monkeypatch):
    monkeypatch.setattr(module, "StandInClock", Hands)
    monkeypatch.setattr(Hands, "at_ns", NOW)
    roots = f'api_root = "{script.url}"\nws_root = "ws://127.0.0.1:1"'
    made = Ways(settings_of(tmp_path, roots), vault)
    yield made
    await made.close()


def keep(vault: Vault, token: str = GRANTED, until_ns: int = NOW + DAY_NS) -> None:
    vault.put("zed", {"access_token": Secret(f"{until_ns} {token}")}, NOW)


async def test_the_session_that_is_kept_is_shown_to_the_broker_and_used(ways, vault, script):
    keep(vault)
    (way,) = ways.all()
    await way.take_up()
    await way.take_up()
    (read,) = await way.door.ask(ReadAccount())
    assert isinstance(read, AccountRead)
    assert read.positions == (BrokerPosition(CALL, -65),)
    assert script.routes().count("GET /user/profile") == 1
    assert {each.headers["Authorization"] for each in script.asked} == {f"token {KEY}:{GRANTED}"}


async def test_shares_that_the_broker_keeps_under_bse_are_seen_as_those_of_nse(ways, vault, script):
    keep(vault)
    row = {"exchange": "BSE", "tradingsymbol": "SBIN", "average_price": 1, "t1_quantity": 0}
    script.on("GET /portfolio/holdings", yes([row | {"quantity": 7}]))
    (way,) = ways.all()
    await way.take_up()
    (read,) = await way.door.ask(ReadAccount())
    assert read.owned == (BrokerPosition("SBIN", 7, Product.CARRY),)


@pytest.mark.parametrize("answer", [HANGS, PAGE], ids=["it hangs", "it does not come"])
async def test_it_works_by_the_contracts_that_the_daemon_kept_and_keeps_none_itself(
    ways, vault, script, tmp_path, answer
):
    """It is called where all is slow already: what it closes the daemon had listed before."""
    keep(vault)
    script.on("GET /instruments", answer)
    (way,) = ways.all()
    file = ContractFile(tmp_path, "zed", script.url)
    file.keep(CONTRACTS, NOW - DAY_NS)
    before = file.path.read_bytes()
    await way.take_up()
    (read,) = await way.door.ask(ReadAccount())
    assert read.positions == (BrokerPosition(CALL, -65),)
    assert file.path.read_bytes() == before


async def test_a_token_that_a_person_brought_the_daemon_is_left_to_it(ways, vault, script):
    """To make a session of it would end the one that the daemon has."""
    vault.put("zed", {"request_token": Secret(BROUGHT)}, NOW)
    before = vault.path.read_bytes()
    with pytest.raises(SessionRefused):
        await ways.all()[0].take_up()
    assert script.routes() == []
    assert vault.path.read_bytes() == before


@pytest.mark.parametrize(
    ("token", "until_ns", "answer"),
    [("", 0, None), (GRANTED, NOW, None), (GRANTED, NOW + SECOND_NS, DEAD)],
    ids=["none", "over", "refused"],
)
async def test_without_a_session_that_stands_it_says_what_a_person_can_do(
    ways, vault, script, token, until_ns, answer
):
    if token:
        keep(vault, token, until_ns)
    if answer is not None:
        script.on("GET /user/profile", answer)
    with pytest.raises(SessionRefused, match="`ordo login zed`") as refused:
        await ways.all()[0].take_up()
    assert "the guardian has no session of zed" in str(refused.value)


async def test_what_did_not_stand_is_shown_again_only_once_something_else_is_kept(
    ways, vault, script
):
    keep(vault, "dead")
    script.on("GET /user/profile", DEAD, yes({"user_id": "AB1234"}))
    (way,) = ways.all()
    for _ in range(3):
        with pytest.raises(SessionRefused):
            await way.take_up()
    assert script.routes() == ["GET /user/profile"]
    keep(vault)
    await way.take_up()
    assert way.stands


@pytest.mark.parametrize("breaks", ["locked", "empty", "gone"])
async def test_a_vault_that_cannot_be_opened_is_asked_again_each_time(ways, vault, breaks):
    keep(vault)
    kept = vault.path.read_bytes()
    if breaks == "locked":
        vault.path.chmod(0o644)
    elif breaks == "empty":
        vault.remove("zed", "api_key")
    else:
        vault.path.unlink()
    (way,) = ways.all()
    for _ in range(2):
        with pytest.raises(SessionRefused, match="the guardian has no session of zed"):
            await way.take_up()
    vault.path.write_bytes(kept)
    vault.path.chmod(0o600)
    await way.take_up()


async def test_a_broker_that_does_not_answer_is_no_session_that_is_refused(
    ways, vault, script, monkeypatch
):
    keep(vault)
    (way,) = ways.all()
    script.on("GET /user/profile", CLOSES)
    with pytest.raises(BrokerUnavailable):
        await way.take_up()
    monkeypatch.setattr(module, "_PATIENCE_S", 0)
    with pytest.raises(BrokerUnavailable, match="gave no answer within 0 s"):
        await way.take_up()


async def test_a_session_that_the_broker_refuses_later_is_used_no_longer(ways, vault, script):
    keep(vault)
    (way,) = ways.all()
    await way.take_up()
    script.on("GET /portfolio/holdings", DEAD)
    (told,) = await way.door.ask(ReadAccount())
    assert isinstance(told, AccountUnread)
    assert not way.stands


async def test_time_never_goes_back_while_the_ways_are_held(ways, monkeypatch):
    ways.all()
    assert ways.now_ns() == NOW
    monkeypatch.setattr(Hands, "at_ns", NOW - SECOND_NS)
    assert ways.now_ns() == NOW
    await ways.close()
    assert Hands.closed
    ways.all()
    assert ways.now_ns() == NOW - SECOND_NS


async def test_whoever_looks_or_closes_anew_goes_by_the_clock_as_it_is(ways, monkeypatch):
    """A clock that stood hours ahead has a market look closed; once put right, it is open."""
    monkeypatch.setattr(Hands, "at_ns", NOW + 6 * 3_600 * SECOND_NS)
    ways.all()
    monkeypatch.setattr(Hands, "at_ns", NOW)
    assert ways.now_ns() > NOW + 5 * 3_600 * SECOND_NS
    ways.all()
    assert ways.now_ns() == NOW


async def test_while_something_is_closed_time_does_not_stand_for_hours(ways, monkeypatch):
    running = VirtualClock()
    monkeypatch.setattr(module, "MonotonicClock", lambda: running)
    ways.all()
    monkeypatch.setattr(Hands, "at_ns", NOW - 3_600 * SECOND_NS)
    assert ways.now_ns() == NOW
    running.advance(3 * SECOND_NS)
    assert ways.now_ns() == NOW + 2 * SECOND_NS


async def test_at_the_broker_itself_time_is_that_of_the_wall(tmp_path, vault):
    ways = Ways(settings_of(tmp_path, 'static_ip = "8.8.4.4"'), vault)
    (way,) = ways.all()
    assert way.account == "zed"
    assert ways.now_ns() > NOW
    await ways.close()


def test_accounts_on_paper_are_not_among_them_and_a_broker_without_a_way_is_refused(
    tmp_path, vault, monkeypatch
):
    settings = settings_of(tmp_path, 'static_ip = "8.8.4.4"')
    assert [each.id for each in at_brokers(settings)] == ["zed"]
    assert at_brokers(replace(settings, accounts=settings.accounts[1:])) == ()
    monkeypatch.setattr(module, "OPENERS", {})
    with pytest.raises(SettingsError, match="zed: no guardian can close at zerodha yet"):
        Ways(settings, vault)
