"""The page in a real browser, over the real port, hub and streams."""

from datetime import date, time
from itertools import pairwise

import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.cli.tables import amount
from daemon.domain.instants import DAY_NS, at
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.arming import READY
from daemon.messages import (
    AcknowledgeAlert,
    AlertRaised,
    AlertSeen,
    Noted,
    ReleaseLatch,
    Severity,
    Stage,
    TakeEntries,
    TakeNoEntries,
)
from daemon.web.house import Health
from tests.kit.browser import HOW, chromium
from tests.kit.page_world import ACCOUNT, HOLD_S, World, hold, opened, page_open, shown
from tests.kit.seen import ALERT, DIFFER
from tests.kit.watched import LEG, risk, watch

pytestmark = pytest.mark.skipif(chromium() is None, reason=HOW)


async def test_the_code_is_taken_out_of_the_address_and_the_page_is_logged_in(tmp_path):
    async with opened(tmp_path) as (tab, _):
        assert await tab.evaluate("location.hash + location.search") == ""
        assert await tab.text("#mode-name") == "PAPER"
        assert await tab.text("#clock") == "10:00:00"
        assert await tab.text("#feed") == "alive"
        assert await tab.text("#daemon") == "running"


async def test_profit_moves_on_the_page_with_its_sign(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await tab.wait_for(f"{shown('#total-pnl')} === '+776.25'")
        world.earn("-1234567.50")
        await tab.wait_for(f"{shown('.card .big')} === '\\u221212,34,567.50'")
        assert await tab.evaluate("document.querySelector('#total-pnl').className") == (
            "huge num loss"
        )


async def test_figures_are_rounded_as_a_terminal_shows_them(tmp_path):
    """Half to even as they were written, and a sum is exact: else half a paisa goes elsewhere."""
    world = World()
    even, odd, more = e4("0.125"), e4("167.635"), e4("0.16")
    legs = (replace(LEG, entry_e4=odd, ltp_e4=even, unrealised_e4=even),)
    world.risk = risk(
        watch(legs=legs, pnl_e4=even, today_e4=even),
        watch("other", pnl_e4=more, today_e4=more),
    )
    assert (amount(0.125), amount(167.635), amount(0.285)) == ("0.12", "167.64", "0.28")
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('#total-pnl')} === '+0.28'")
        assert await tab.text(".card .big") == "+0.12"
        cells = "[...document.querySelectorAll('tbody tr td')].map((cell) => cell.textContent)"
        assert (await tab.evaluate(cells))[2:6] == ["167.64", "0.12", "0.4 s", "+0.12"]


async def test_the_total_is_what_was_made_today_and_what_came_over_the_night_stands_beside_it(
    tmp_path,
):
    """Parts are since the entry; where nobody saw the last day end, today's is not known."""
    world = World()
    world.risk = risk(watch(today_e4=e4("-500")))
    before = "document.querySelector('#total-before').parentNode.hidden"
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('#total-pnl')} === '\u2212500.00'")
        assert await tab.text("#total-before") == "\u22121,276.25"
        assert await tab.text("#total-unrealised") == "+776.25"
        assert await tab.text("#total-net") == "\u2212541.20"
        world.risk = risk(watch(today_e4=None))
        await tab.wait_for(f"{shown('#total-pnl')} === '\u2013'")
        world.risk = risk(watch())
        await tab.wait_for(f"{shown('#total-pnl')} === '+776.25' && {before}")


async def test_what_the_daemon_tells_of_no_more_stands_neither_as_open_nor_as_guarded(tmp_path):
    """The page slept over the night with a position open; its strategy trades today as well."""
    rows = "document.querySelectorAll('tbody tr, .ladder').length"
    world = World()
    world.risk = risk()
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('.guard')} === 'guarded' && {rows} === 2")
        await tab.wait_for(f"{shown('.card .status')} === 'open · takes entries'")
        world.risk = replace(world.risk, watches=())
        await tab.wait_for(f"{rows} === 0")
        assert await tab.text(".card") == (
            "straddle\n\nwaits for 09:20:00 · takes entries\n\nStop entries"
        )

        world.risk = risk()
        await tab.wait_for(f"{shown('.guard')} === 'guarded' && {rows} === 2")
        assert (await tab.text(".card")).startswith("straddle\n\nopen · takes entries")
        assert await tab.text(".card .big") == "+776.25"


async def test_a_profit_that_nobody_knows_is_no_figure_anywhere_on_the_page(tmp_path):
    """As after a restart with a position open, until a price has come."""
    unknown = {"pnl_e4": None, "unrealised_e4": None, "today_e4": None}
    bare = replace(LEG, ltp_e4=0, age_ms=-1, unrealised_e4=None, unguarded_because=("no_price",))
    world = World()
    world.risk = risk(watch(legs=(bare,), current_sl_e4=e4(-900), **unknown))
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('.guard')} === 'no price yet'")
        for part in ("#total-pnl", "#total-unrealised", "#total-net", ".card .big"):
            assert await tab.text(part) == "\u2013"
        assert await tab.text("[data-name='P&L']") == "\u2013"
        assert await tab.text("#total-realised") == "0.00"
        assert await tab.text(".ladder .caption") == "Stop \u2212900.00"
        assert await tab.evaluate("document.querySelector('.ladder .here').hidden")
        assert await tab.evaluate("document.title") == "PAPER · Ordo"
        world.risk = risk(watch(current_sl_e4=e4(-900)))
        await tab.wait_for("document.title === 'PAPER · +776.25 · Ordo'")
        assert await tab.text(".ladder .caption") == "Stop \u2212900.00\n1,676.25 away"
        assert not await tab.evaluate("document.querySelector('.ladder .here').hidden")


async def test_money_and_what_is_simulated_are_not_added_up(tmp_path):
    """The total stands under the word LIVE: what an account on paper made is beside it."""
    world = World({"zed": "live", "paper": "paper"})
    lost, made = e4(-8_000), e4(20_000)
    world.risk = risk(
        watch(account="zed", pnl_e4=lost, unrealised_e4=lost),
        watch(account="paper", pnl_e4=made, unrealised_e4=made),
    )
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('#total-pnl')} === '\u22128,000.00'")
        assert await tab.text("#total-name") == "Total P&L today, live accounts alone"
        assert await tab.text("#total-net") == "\u22128,041.20"
        assert await tab.text("#accounts") == "zed, LIVE \u22128,000.00\npaper, PAPER +20,000.00"


async def test_each_leg_shows_its_levels_and_whether_it_is_guarded_or_why_not(tmp_path):
    world = World()
    bare = replace(LEG, leg_id="pe", unguarded_because=("link_dead", "a new reason"))
    world.risk = risk(watch(legs=(LEG, bare, replace(LEG, leg_id="x", quantity=0))), alive=False)
    async with opened(tmp_path, world) as (tab, _):
        rows = await tab.wait_for(
            "[...document.querySelectorAll('tbody tr')].map((row) => "
            "[...row.children].map((cell) => cell.textContent))"
        )
        assert rows[0][1:] == [
            *("\u221275", "112.35", "102.00", "0.4 s", "+776.25", "146.05", "\u2013"),
            "guarded",
        ]
        assert rows[0][0].split() == ["SELLNIFTY", "24550", "CE", "2", "Sep"]
        assert [row[-1] for row in rows[1:]] == ["the feed is dead, a new reason", "closed"]
        assert await tab.text("#feed") == "dead"


async def test_a_leg_whose_quote_is_asked_for_on_a_dead_link_says_so(tmp_path):
    world = World()
    bare = replace(LEG, unguarded_because=("link_dead", "no_price"))
    world.risk = risk(watch(legs=(bare,)), alive=False)
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('.guard')} === 'the feed is dead, no price yet'")
        asks = "the feed is silent for 10 s: what is held is priced by asking for it"
        world.hub.record([Noted(NoteKind.STALE, asks, 0)])
        await tab.wait_for(f"{shown('.guard')}.includes('asked for')")
        assert await tab.text(".guard") == "the feed is dead, its quote is asked for"


async def test_a_book_that_was_not_read_is_told_on_the_page_until_it_was(tmp_path):
    world = World()
    world.account = replace(world.account, reconciled=False)
    async with opened(tmp_path, world) as (tab, _):
        told = await tab.wait_for("document.querySelector('#unread .latch')?.textContent")
        assert told.startswith("Book not read: paper, PAPER")
        assert "its session is NEEDS_LOGIN: `ordo login paper`" in told

        world.account = replace(world.account, reconciled=True)
        await tab.wait_for("document.querySelector('#unread').children.length === 0")


async def test_the_kill_button_held_posts_a_kill_and_shows_its_stages_to_flat(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await hold(tab)
        await tab.wait_for("document.querySelector('.latch').dataset.stage === 'cancelling'")
        assert len(world.kills) == 2  # one for the router of each account
        assert world.kills[0].latched.reason == "held on the page"
        assert [each.kind for each in kill.standing(tmp_path)] == ["kill"]
        assert "4 orders are working" in await tab.text(".left")

        world.go_on(Stage.CLOSING, "75 of a call are short")
        await tab.wait_for(f"{shown('.steps .now')} === 'Closing'")
        world.go_on(Stage.INCOMPLETE, "75 of a call are short")
        await tab.wait_for("document.querySelector('.steps .failed')")
        world.go_on(Stage.FLAT)
        await tab.wait_for("document.querySelectorAll('.steps .done').length === 4")
        assert await tab.text("#kill-label") == "Killed"
        assert len(world.kills) == 2


@pytest.mark.parametrize("key", [" ", "Enter"])
async def test_the_kill_button_is_held_with_a_key_as_well(tmp_path, key):
    async with opened(tmp_path) as (tab, world):
        await tab.evaluate("document.querySelector('#kill').focus()")
        await tab.key("keyDown", key)
        await tab.wait_for("document.querySelector('#kill').classList.contains('holding')")
        await tab.wait_for("document.querySelector('#kill').classList.contains('sent')", HOLD_S)
        await tab.key("keyUp", key)
        await tab.wait_for("document.querySelector('.latch')")
        assert len(world.kills) == 2


async def test_the_kill_button_released_early_does_nothing(tmp_path):
    async with opened(tmp_path) as (tab, world):
        at = await tab.press("#kill")
        await tab.wait_for("document.querySelector('#kill').classList.contains('holding')")
        await tab.release(at)
        await tab.evaluate("new Promise((done) => setTimeout(done, 1500))")
        assert await tab.text("#kill-label") == "Hold to kill"
        assert world.kills == []


async def test_a_latch_survives_a_reload_until_it_is_rearmed_and_that_is_asked_twice(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await hold(tab)
        await tab.wait_for("document.querySelector('.latch')")
        world.go_on(Stage.FLAT)
        await tab.wait_for("document.querySelector('.latch').dataset.stage === 'flat'")
        await tab.send("Page.reload")
        await tab.wait_for("document.querySelector('.latch')?.dataset.stage === 'flat'")
        assert await tab.text("#kill-label") == "Killed"
        assert "by operator" in await tab.text(".latch .why")
        assert await tab.text("#daemon") == "halted"

        await tab.click(".rearm")
        await tab.click(".no")
        assert kill.standing(tmp_path)
        await tab.click(".rearm")
        await tab.click(".yes")
        await tab.wait_for("!document.querySelector('.latch')")
        await tab.wait_for(f"{shown('#kill-label')} === 'Hold to kill'")
        assert not kill.standing(tmp_path)
        assert world.port.actors.told(ReleaseLatch)


async def test_entries_are_stopped_and_started_again(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await tab.wait_for(f"{shown('.act')} === 'Stop entries'")
        await tab.click(".act")
        await tab.wait_for(f"{shown('.act')} === 'Start entries'")
        await tab.wait_for(f"{shown('.card .status')} === 'open · takes no entries'")
        await tab.click(".act")
        await tab.wait_for(f"{shown('.act')} === 'Stop entries'")
        assert world.port.actors.told(TakeNoEntries) == [TakeNoEntries("operator")]
        assert world.port.actors.told(TakeEntries) == [TakeEntries("operator")]


@pytest.mark.parametrize(
    ("account", "opted_in", "told"),
    [
        ({"paused": "a day's loss is met"}, True, "no entries: a day's loss is met"),
        ({"reconciled": False}, True, "no entries: book not read"),
        ({"live": True}, False, "no entries: live = false"),
        ({"live": True}, True, "no entries: not armed"),
    ],
)
async def test_a_card_says_what_keeps_a_strategy_that_was_started_from_entering(
    tmp_path, account, opted_in, told
):
    world = World()
    world.account, world.opted_in, world.session = replace(ACCOUNT, **account), opted_in, READY
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('.card .status')} === {'open · ' + told!r}")
        assert await tab.text(".act") == "Stop entries"  # it was started all the same


async def test_no_card_says_that_entries_are_taken_while_only_exits_go_on(tmp_path):
    world = World()
    world.health = Health(ledger_ok=False, actors=())
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('.card .status')} === 'open · no entries: reduce only'")
        assert await tab.text("#daemon") == "reduce only"


async def test_a_strategy_has_a_card_in_each_account_and_no_button_where_it_trades_no_more(
    tmp_path,
):
    """What it made there today stays in sight."""
    world = World()
    world.risk = risk(watch(), watch(account="second"))
    async with opened(tmp_path, world) as (tab, _):
        names = world.port.actors.line.names
        names.come("straddle", "runner:straddle", ("paper", "second"))
        buttons = "[...document.querySelectorAll('.card .act')].map((each) => each.hidden).join()"
        await tab.wait_for(f"{buttons} === 'false,false'")
        assert await tab.text(".act") == "Stop entries in paper and second"  # either stops both
        names.come("straddle", "runner:straddle", ("second",))
        await tab.wait_for(f"{buttons} === 'true,false'")
        assert await tab.text(".card .account") == "paper"
        assert await tab.text(".card .status") == "open"
        alone = "document.querySelectorAll('.card .act')[1].textContent"
        assert await tab.evaluate(alone) == "Stop entries"


async def test_profit_of_a_day_before_that_of_the_clock_says_whose_it_is(tmp_path):
    """After midnight and on a day without a session the last one's is shown."""
    world = World()
    world.risk = replace(risk(), day=date(2025, 8, 29))
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('#total-name')} === 'Total P&L of Friday 29 August'")
        assert await tab.text("#date") == "2025-09-01"
        title = "PAPER · +776.25 of Friday 29 August · Ordo"
        await tab.wait_for(f"document.title === '{title}'")  # its mode comes by itself
        world.risk = replace(world.risk, day=date(2025, 9, 1))
        await tab.wait_for(f"{shown('#total-name')} === 'Total P&L today'")


LEVELS = "[...document.querySelectorAll('.ladder .caption')].map((each) => each.textContent)"
ROWS = """[...document.querySelectorAll('tbody tr')].map((row) =>
    [row.firstChild, row.lastChild].map((cell) => cell.textContent.trim()).join(' '))"""


def entered(day, **changes):
    """An entry of a day with one leg; the legs of every day have one name."""
    leg = replace(LEG, quantity=-75 if changes["status"] == "open" else 0)
    return watch(basket_id=f"straddle:2025-{day}", legs=(leg,), **changes)


async def test_a_card_adds_up_all_entries_of_its_strategy_and_lists_the_legs_of_each(tmp_path):
    """Yesterday's was left today; the other is open, whichever of them the stream tells last."""
    left = entered("08-29", status="flat", pnl_e4=e4(500), realised_e4=e4(500), unrealised_e4=0)
    is_open = entered("09-01", status="open")
    world = World()
    world.risk = risk(is_open, left)
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('.card .big')} === '+1,276.25'")
        assert await tab.text(".card .parts") == (
            "Realised\n+500.00\nUnrealised\n+776.25\nCharges\n82.40"
        )
        assert (await tab.text(".card .status")).startswith("open")
        assert await tab.evaluate(ROWS) == [
            "SELLNIFTY 24550 CE 2 Sep · entry of 1 Sep guarded",
            "SELLNIFTY 24550 CE 2 Sep · entry of 29 Aug closed",
        ]
        assert await tab.evaluate(LEVELS) == [
            "Entry of 1 Sep, at +776.25. Stop \u22126,000.006,776.25 away"
        ]

        world.risk = risk(left)  # the other day's is out of the picture
        await tab.wait_for(f"{shown('.card .big')} === '+500.00'")
        assert len(await tab.evaluate(ROWS)) == 1
        assert await tab.evaluate(LEVELS) == ["Stop was \u22126,000.00"]


async def test_each_open_entry_of_a_strategy_has_its_own_ladder(tmp_path):
    world = World()
    floor = {"lock": "LOCKED", "current_sl_e4": e4(250)}
    world.risk = risk(entered("08-29", status="leaving", **floor), entered("09-01", status="open"))
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{LEVELS}.length === 2")
        assert await tab.evaluate(LEVELS) == [
            "Entry of 29 Aug, at +776.25. Locked: floor +250.00526.25 away",
            "Entry of 1 Sep, at +776.25. Stop \u22126,000.006,776.25 away",
        ]
        assert (await tab.text(".card .status")).startswith("leaving, open")

        await tab.size(360, 800)
        reach = "[...document.querySelectorAll('.ladder *')].map((each) => each.scrollWidth && "
        reach += "each.getBoundingClientRect().right)"
        assert max(await tab.evaluate(reach)) < 360 - 12  # none leaves its card


async def test_a_cut_link_is_unmistakable_and_mends_itself(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await world.cut()
        await tab.wait_for("document.body.dataset.link === 'cut'")
        banner = await tab.text("#cut")
        assert "these are old figures" in banner
        assert "last seen" in banner
        faded = "getComputedStyle(document.querySelector('#total')).opacity"
        assert await tab.evaluate(faded) == "0.4"

        world.earn("5")
        world.mend()
        await tab.wait_for("document.body.dataset.link === 'live'")
        await tab.wait_for(f"{shown('#total-pnl')} === '+5.00'")
        assert await tab.evaluate("document.querySelector('#cut').hidden")
        assert await tab.evaluate(faded) == "1"


async def test_latches_stages_and_events_fade_like_the_figures_while_the_link_is_cut(tmp_path):
    """How far a kill had come is as old as the profit beside it."""
    old = (".facts", "#kill.sent", "#latches", "#total", "#strategies", "#news")
    looks = (
        f"{list(old)}.map((part) => getComputedStyle(document.querySelector(part)))"
        ".map((style) => `${style.filter} ${style.opacity}`)"
    )
    async with opened(tmp_path) as (tab, world):
        await hold(tab)
        await tab.wait_for("document.querySelector('.latch .steps')")
        assert await tab.evaluate(looks) == ["none 1"] * len(old)
        await world.cut()
        await tab.wait_for("document.body.dataset.link === 'cut'")
        assert await tab.evaluate(looks) == ["grayscale(1) 0.4"] * len(old)


async def test_the_kill_button_is_at_hand_wherever_the_page_is_scrolled_and_while_cut(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await tab.size(380, 500)
        await world.cut()
        await tab.wait_for("document.body.dataset.link === 'cut'")
        await tab.evaluate("scrollTo(0, document.body.scrollHeight)")
        assert await tab.wait_for("scrollY > 100")
        assert await tab.evaluate(
            "(() => { const box = document.querySelector('#kill').getBoundingClientRect(); "
            "const there = document.elementFromPoint(box.x + 20, box.y + 20); "
            "return there.closest('#kill') !== null; })()"
        )
        await hold(tab)
        assert world.kills


async def test_a_hold_goes_on_while_the_page_moves_under_it_and_ends_where_the_pointer_leaves(
    tmp_path,
):
    async with opened(tmp_path) as (tab, world):
        x, y = await tab.press("#kill")
        await tab.move((x, y + 70))
        await tab.wait_for(f"{shown('#kill-label')} === 'Hold to kill'")
        await tab.release((x, y + 70))
        assert world.kills == []

        await world.cut()
        await tab.wait_for("document.body.dataset.link === 'cut'")
        at = await tab.press("#kill")
        world.mend()
        await tab.wait_for("document.querySelector('#kill').classList.contains('sent')", HOLD_S)
        await tab.release(at)
        assert world.kills


async def test_a_link_that_is_open_and_silent_counts_as_cut(tmp_path):
    async with opened(tmp_path) as (tab, world):
        world.mute = True
        await tab.wait_for("document.body.dataset.link === 'cut'")
        world.mute = False
        await tab.wait_for("document.body.dataset.link === 'live'")
        assert await tab.evaluate("document.querySelector('#cut').hidden")


async def test_who_is_logged_out_is_told_how_to_come_in_again(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await tab.evaluate("fetch('/api/logout', { method: 'POST' }).then(() => true)")
        await world.streams.close()
        await tab.wait_for("document.body.dataset.link === 'out'")
        told = await tab.text("#out")
        assert "ordo page, in a terminal on the daemon's machine, prints a fresh address" in told
        assert "To stop and close everything you need not come in: ordo kill" in told
        assert await tab.evaluate("document.querySelector('#kill').disabled")

        faded = "getComputedStyle(document.querySelector('.facts')).opacity"
        assert await tab.evaluate(faded) == "0.4"

        code = world.port.served.ready_url.partition("#")[2]
        await tab.evaluate(f"location.hash = {code!r}")
        await tab.wait_for("document.body.dataset.link === 'live'")
        assert await tab.evaluate("document.querySelector('#out').hidden")


async def test_a_code_that_does_not_count_says_so(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await tab.send("Network.clearBrowserCookies")
        await tab.navigate(world.port.served.url + "/#code=wrong")
        await tab.wait_for("document.body.dataset.link === 'out'")
        assert "That code was not taken" in await tab.text("#out-why")


async def test_text_from_outside_is_shown_and_never_run(tmp_path):
    evil = '<img src=x onerror="window.run=1"><script>window.run=1</script>'
    world = World()
    leg = replace(LEG, symbol=evil, unguarded_because=(evil,))
    world.risk = risk(watch(evil, legs=(leg,)))
    async with opened(tmp_path, world) as (tab, _):
        names = "[...document.querySelectorAll('.card h3')].map((name) => name.textContent)"
        assert evil in await tab.wait_for(f"document.querySelector('tbody .symbol') && {names}")
        assert await tab.evaluate(shown("tbody .symbol")) == evil
        assert await tab.evaluate("window.run === undefined && document.images.length === 0")


async def test_what_the_policy_forbids_is_noticed_by_these_tests(tmp_path):
    async with page_open(tmp_path) as (tab, _):
        await tab.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), "
            "{ textContent: 'window.run = 1' }))"
        )
        assert await tab.evaluate("window.run === undefined")
        assert any("Content Security Policy" in told for told in tab.told)


@pytest.mark.parametrize("width", [320, 390, 430, 860, 1280])
async def test_nothing_is_wider_than_the_window(tmp_path, width):
    async with opened(tmp_path) as (tab, world):
        await tab.size(width, 800)
        world.earn("-1234567890.50")
        await tab.wait_for(f"{shown('.card .big')}.endsWith('890.50')")
        assert await tab.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [320, 360, 860, 1280])
async def test_no_name_however_long_makes_the_page_wider_than_the_window(tmp_path, width):
    name, account = "nifty_" + "s" * 58, "acct_" + "a" * 59
    world = World({account: "paper", "paper": "paper"})
    world.risk = risk(watch(name, account=account), watch(name, account="paper"))
    world.account = replace(ACCOUNT, account=account, reconciled=False)
    for scope, whose in (("strategy", name), ("account", account)):
        for kind in (kill.KILL, kill.PAUSE):
            latch = kill.Latch(f"{kind}-{scope}", kind, scope, whose, "w" * 64, "b" * 64, 0)
            kill.pull(tmp_path, latch)
    wide = """[...document.querySelectorAll('body *')].filter((each) =>
        each.getBoundingClientRect().right > innerWidth && !each.closest('thead')
    ).map((each) => `${each.tagName}.${each.className}`)"""
    async with opened(tmp_path, world) as (tab, _):
        await tab.size(width, 800)
        await tab.wait_for("document.querySelectorAll('#latches .latch').length === 4")
        await tab.wait_for("document.querySelector('#unread .latch')")
        assert await tab.evaluate(wide) == []
        assert await tab.evaluate("document.documentElement.scrollWidth") == width


FIGURES = """[...document.querySelectorAll('tbody td')].slice(1).map((cell) => {
    const words = document.createRange();
    words.selectNodeContents(cell);
    const { left, right } = words.getBoundingClientRect();
    return [cell.getBoundingClientRect().top, left, right, cell.textContent];
})"""
"""Of each figure of a leg: its line, where its text begins and ends, and what it says."""


WON = replace(LEG, quantity=-2600, ltp_e4=e4("1200.05"), unrealised_e4=e4("112661.25"))
DEAR = replace(
    WON,
    entry_e4=e4("54321.05"),
    ltp_e4=e4("54310.55"),
    stop_e4=e4("61250.95"),
    target_e4=e4("48888.85"),
)


@pytest.mark.parametrize(
    ("leg", "width"),
    [
        *((WON, width) for width in (320, 360, 390, 430, 480, 481, 861, 1280)),
        *((DEAR, width) for width in (360, 861, 870, 940, 1000, 1100, 1101, 1280)),
    ],
)
async def test_no_figure_of_a_leg_runs_into_the_next(tmp_path, leg, width):
    world = World()
    world.risk = risk(watch(legs=(leg,)))
    async with opened(tmp_path, world) as (tab, _):
        await tab.size(width, 800)
        await tab.wait_for(f"{shown('tbody td:nth-child(6)')} === '+1,12,661.25'")
        figures = sorted(await tab.evaluate(FIGURES))

    pairs = [(a, b) for a, b in pairwise(figures) if a[0] == b[0]]
    assert len(pairs) >= 5
    assert [(a[3], b[3]) for a, b in pairs if b[1] - a[2] < 4] == []
    assert max(right for _, _, right, _ in figures) < width - 12  # and none leaves its card


async def test_an_alert_stands_on_the_page_until_somebody_says_that_he_has_seen_it(tmp_path):
    world = World()
    world.alerts = (ALERT,)
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{shown('#alerts h3')} === 'ALERT, level 2'")
        assert "they differ" in await tab.text("#alerts .why")
        await tab.click("#alerts .seen")
        await tab.wait_for("!document.querySelector('#alerts article')")
        assert world.port.actors.told(AcknowledgeAlert) == [AcknowledgeAlert("alert-1", "operator")]


def of_alert(alert_id, severity, *, days_ago=0):
    """An alert of market time, as the page's own clock tells it, or of a day before."""
    at_ns = at(date(2025, 9, 1), time(10)) - days_ago * DAY_NS
    return AlertSeen(AlertRaised(alert_id, replace(DIFFER, severity=severity), at_ns), 1, at_ns)


async def test_what_is_critical_comes_first_and_what_is_of_another_day_says_of_which(tmp_path):
    """The newest warning came first until now, and a flood of them hid all else."""
    world = World()
    world.alerts = (of_alert("alert-3", Severity.WARNING), of_alert("alert-2", Severity.WARNING))
    heads = "[...document.querySelectorAll('#alerts h3')].map((each) => each.textContent)"
    said = "[...document.querySelectorAll('#alerts .why')].map((each) => each.textContent)"
    async with opened(tmp_path, world) as (tab, _):
        await tab.wait_for(f"{heads}.length === 2 && {shown('#clock')} !== '--:--:--'")
        world.alerts = (*world.alerts, of_alert("alert-1", Severity.CRITICAL, days_ago=1))
        await tab.wait_for(f"{heads}.length === 3")
        assert await tab.evaluate(heads) == ["ALERT, level 1", "Alert", "Alert"]
        first, second, _ = await tab.evaluate(said)
        assert [first[:15], second[:8]] == ["31 Aug 10:00:00", "10:00:00"]
