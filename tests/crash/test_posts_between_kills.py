"""Orders by HTTP, 64 at a time, a third of them asked again, and the daemon killed -9 in between.

`make posts` asks 100,000 times (`ORDO_POSTS`), `make crash` 5,000 times, with a kill after every so
many answers (`ORDO_POST_KILLS` in all), and prints what was counted. What is judged:

- An answer is final unless its status is 503 or 504 (it says that nothing is known yet) or 429
  (nothing was taken up). From the first final one on, an id is answered with the same bytes, before
  and after every kill.
- Another order under an id that has its answer is refused with 422, and changes nothing.
- The exchange's own book, which outlives the daemon, holds at most one order of each id; and one of
  each id whose answer says that it was sent, unless a kill cut it off between intent and request.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import sys
import time
from collections import Counter
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from daemon.domain.orders.words import IntentRecorded, OrderUpdated
from daemon.storage.audit import verify
from daemon.storage.codec import decode_fact
from daemon.storage.sqlite import SqliteStore
from daemon.storage.stored import Stored
from daemon.twin.file import SqliteFile
from tests.kit.crash_days import MANY
from tests.kit.crashes import OWNER
from tests.kit.daemon_process import DaemonProcess, enter, running

POSTS = int(os.environ.get("ORDO_POSTS", "5000" if MANY else "0"))
KILLS = int(os.environ.get("ORDO_POST_KILLS", str(max(1, POSTS // 5_000))))
SEED = int(os.environ.get("ORDO_POST_SEED", "1"))
AT_ONCE = 64
REPEATED = 0.3
OTHERS = 0.005
"""The share of posts that bring another order under a known id, besides."""
SPEED = "60"
WAVE, REST_S = 250, 0.1
"""The market stands still while it is asked; after so many answers it goes on for so long."""
ENVIRON = {
    "ORDO_ACCOUNTS__PAPER__CASH": "10000000000",
    "ORDO_ACCOUNTS__PAPER__MAX_LOTS": "100000",
    "ORDO_RISK__MAX_INSTRUMENT_LOTS": "100000",
    "ORDO_RISK__MAX_STRATEGY_LOTS": "100000",
    "ORDO_RISK__DUPLICATE_WINDOW_MS": "100",
    "ORDO_BROKERS__PAPER__WRITES_PER_SECOND": "10",
    "ORDO_BROKERS__PAPER__WRITES_PER_MINUTE": "600",
    "ORDO_BROKERS__PAPER__EXIT_PER_SECOND": "1",
    "ORDO_BROKERS__PAPER__EXIT_PER_MINUTE": "1",
}
NOT_FINAL = (429, 503, 504)
SENT_BEYOND_DOUBT = ("WORKING", "FILLED", "CANCELLED")
NOT_SENT = ("DECLINED", "PASSED")
STRIKES = range(22_800, 23_300, 50)
pytestmark = [
    pytest.mark.timeout(7_200),
    pytest.mark.skipif(not POSTS, reason="asked for by `make posts`, or ORDO_POSTS"),
]


class Load:
    """What is asked, and what was answered.

    Attributes:
        answers: by the number of each id: a digest of its first final answer.
        sent: the numbers of ids whose answer says that the exchange has their order.
        declined: of those whose answer says that nothing was sent.
        statuses: how many answers of each status there were.
        differences: how many answers were not what they had to be.
        amiss: a few of them.
    """

    def __init__(self) -> None:
        self.answers: dict[int, bytes] = {}
        self.sent: set[int] = set()
        self.declined: set[int] = set()
        self.statuses: Counter[str] = Counter()
        self.amiss: list[str] = []
        self.differences = 0
        self.answered = self.posts = self.repeats = self.others = self.lost = self.ids = 0
        self.again: list[int] = []
        self._chance = random.Random(SEED)

    @property
    def is_left(self) -> bool:
        """Whether anything is still to be asked."""
        return self.posts < POSTS or bool(self.again)

    def next(self) -> tuple[int, bool]:
        """Return the number of the id that is asked next, and whether it is another order."""
        if self.again:
            return self.again.pop(), False  # a kill kept its answer from us
        self.posts += 1
        if self.ids and self._chance.random() < REPEATED:
            self.repeats += 1
            newest = self._chance.random() < 0.5  # still under way, as often as not
            lowest = max(0, self.ids - 2 * AT_ONCE) if newest else 0
            return self._chance.randrange(lowest, self.ids), False
        if self.answers and self._chance.random() < OTHERS:
            number = self._chance.randrange(self.ids)
            return number, number in self.answers
        self.ids += 1
        return self.ids - 1, False

    def take(self, number: int, status: int, body: bytes, *, other: bool) -> None:
        """Hold an answer against the one that the id had before."""
        self.answered += 1
        if other:
            self.others += 1
            if status != 422 or b"request_reused" not in body:
                self._say(f"{number}: another order under its id was answered {status}")
            return
        told = json.loads(body)
        self.statuses[f"{status} {told.get('code', '')}".strip()] += 1
        if status in NOT_FINAL:
            if number in self.answers:
                self._say(f"{number}: answered before, and now {status}")
            return
        digest = blake2b(b"%d %b" % (status, body), digest_size=16).digest()
        if self.answers.setdefault(number, digest) != digest:
            self._say(f"{number}: other bytes than before: {status} {body!r}")
        for result in told.get("results", ()):
            if result["status"] in SENT_BEYOND_DOUBT:
                self.sent.add(number)
            elif result["status"] in NOT_SENT:
                self.declined.add(number)

    def _say(self, sentence: str) -> None:
        self.differences += 1
        if len(self.amiss) < 20:
            self.amiss.append(sentence)


def test_each_id_has_one_effect_and_one_answer_whatever_is_killed(tmp_path):
    load, began_s = Load(), time.monotonic()
    enter(tmp_path, ENVIRON)
    rng, kills, ready_s = random.Random(SEED + 1), 0, list[float]()
    while load.is_left:
        share = POSTS if kills == KILLS else load.answered + POSTS // (KILLS + 1)
        with running(tmp_path, "--speed", SPEED, environ=ENVIRON) as process:
            process.wait_ready()
            ready_s.append((process.ready_ns - process.spawned_ns) / 1e9)
            process.wait(lambda: priced(process), "has a price")
            last = kills == KILLS
            asyncio.run(asked(process, load, None if last else share, rng))
            kills += not last
            if not load.is_left:
                asyncio.run(all_again(process, load, rng))
    figures = {
        "posts": load.posts,
        "answers": load.answered,
        "ids": load.ids,
        "ids_answered": len(load.answers),
        "repeats": load.repeats,
        "others_under_a_known_id": load.others,
        "answers_lost_to_kills": load.lost,
        "kills": kills,
        "statuses": dict(load.statuses.most_common()),
        "byte_differences": load.differences,
        "slowest_ready_s": round(max(ready_s), 2),
        "seconds": round(time.monotonic() - began_s, 1),
        "most_memory_of_a_daemon_mb": most_mb(resource.RUSAGE_CHILDREN),
        "most_memory_of_the_caller_mb": most_mb(resource.RUSAGE_SELF),
    }
    figures |= effects(tmp_path / "state", load)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")

    assert load.amiss == []
    assert load.posts == POSTS
    assert kills == KILLS
    assert len(load.sent) > POSTS // 200


def effects(state: Path, load: Load) -> dict[str, Any]:
    """Return what the exchange's own book tells of each id, counted; fail where it is not one."""
    ids, refused, cut = dict[str, int](), set[str](), 0
    store = SqliteStore(state / "ledger.sqlite")
    for row in Stored(store, OWNER).rows():
        if row.kind not in ("IntentRecorded", "OrderUpdated"):
            continue
        fact = decode_fact(row.body)
        match fact:
            case IntentRecorded(intent) if intent.parent.startswith("manual:post-"):
                ids[intent.intent_id] = int(intent.parent.removeprefix("manual:post-"))
            case OrderUpdated() if not fact.broker_order_id:
                refused.add(fact.intent_id)
    with closing(SqliteFile(state / "exchange.sqlite")) as file:
        book = Counter(ids[o.client_id] for o in file.load().orders if o.client_id in ids)
    intents = Counter(ids.values())
    cut = sum(number not in book for each, number in ids.items() if each not in refused)

    assert verify(store).broken is None
    assert all(count == 1 for count in book.values())
    assert all(count == 1 for count in intents.values())
    assert load.sent <= book.keys()
    assert not load.declined & book.keys()
    assert book.keys() <= load.answers.keys()
    return {
        "ids_with_an_order_in_the_exchanges_book": len(book),
        "answers_that_say_so": len(load.sent),
        "answers_that_say_no": len(load.declined),
        "intents": len(intents),
        "refused_by_the_exchange": len(refused & ids.keys()),
        "cut_between_intent_and_request": cut,
    }


async def asked(process: DaemonProcess, load: Load, share: int | None, rng: random.Random) -> None:
    """Ask until all is asked; or kill the daemon after so many answers, in the middle of it."""
    killed, goes_on = asyncio.Event(), asyncio.Event()
    goes_on.set()

    async def caller(client: aiohttp.ClientSession) -> None:
        while not killed.is_set() and load.is_left:
            await goes_on.wait()
            number, other = load.next()
            await post(client, load, number, other=other)
            if killed.is_set():
                return
            if share is not None and load.answered >= share:
                killed.set()
                await asyncio.sleep(rng.uniform(0, 0.02))
                process.kill()
            elif load.answered % WAVE == 0 and goes_on.is_set():
                goes_on.clear()
                await asyncio.sleep(REST_S)
                goes_on.set()

    async with calling(process) as client:
        await asyncio.gather(*(caller(client) for _ in range(AT_ONCE)))


async def all_again(process: DaemonProcess, load: Load, rng: random.Random) -> None:
    """Ask once more for what has no answer yet, and for a part of what has one."""
    known = rng.sample(sorted(load.answers), min(len(load.answers), max(100, POSTS // 50)))
    wanted = [number for number in range(load.ids) if number not in load.answers]
    numbers = iter([*wanted, *known])

    async def caller(client: aiohttp.ClientSession) -> None:
        for number in numbers:
            await post(client, load, number)

    async with calling(process) as client:
        await asyncio.gather(*(caller(client) for _ in range(AT_ONCE)))


async def post(
    client: aiohttp.ClientSession, load: Load, number: int, *, other: bool = False
) -> None:
    """Ask for the order of an id; one whose answer does not come is asked for again later."""
    order = order_of(number)
    if other:
        order = {**order, "quantity": order["quantity"] + 65}
    try:
        async with client.post(
            "/api/order", json=order, headers={"X-Request-Id": f"post-{number}"}
        ) as reply:
            load.take(number, reply.status, await reply.read(), other=other)
    except aiohttp.ClientError:
        load.lost += 1
        if not other:
            load.again.append(number)


def order_of(number: int) -> dict[str, Any]:
    """Return the order of an id: most can be done, some cannot."""
    chance = random.Random(number)
    kind = "CE" if chance.random() < 0.5 else "PE"
    order: dict[str, Any] = {
        "symbol": f"NIFTY-2026-03-10-{chance.choice(STRIKES)}-{kind}",
        "side": chance.choice(("buy", "sell")),
        "quantity": 65 * chance.randint(1, 3),
        "order_type": "market",
    }
    what = chance.random()
    if what < 0.05:
        order["quantity"] = 64
    elif what < 0.1:
        order["dry_run"] = True
    elif what < 0.15:
        order |= {"order_type": "limit", "price": 100_000}
    return order


def most_mb(whose: int) -> int:
    return resource.getrusage(whose).ru_maxrss // 1_024


def calling(process: DaemonProcess) -> aiohttp.ClientSession:
    """Return a client of the operator's with as many connections as are used at a time."""
    token = (process.state / "operator.token").read_text().strip()
    return aiohttp.ClientSession(
        process.url.partition("/#")[0].partition("?")[0],
        headers={"Authorization": f"Bearer {token}"},
        connector=aiohttp.TCPConnector(limit=AT_ONCE),
        timeout=aiohttp.ClientTimeout(total=60),
    )


def priced(process: DaemonProcess) -> bool:
    return process.get(f"/api/ltp?symbol={order_of(0)['symbol']}").status == 200
