"""Reads wait their turn and are asked again, writes are sent once, a dead session is dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from msgspec.structs import replace

from daemon.brokers.zerodha import answers, questions
from daemon.brokers.zerodha.client import (
    MOST_CHANGES,
    READING,
    READS,
    WRITES_DENIED,
    Client,
    Session,
)
from daemon.brokers.zerodha.forms import PLAIN_FORM, Change, Sent, cancellation
from daemon.brokers.zerodha.questions import Kind, Question
from daemon.brokers.zerodha.transport import Transport
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.orders.words import OutcomeUnknown as Unknown
from daemon.errors import (
    BrokerMisused,
    BrokerUnavailable,
    OutcomeUnknown,
    SessionRefused,
    WireGarbled,
)
from daemon.runtime.clock import VirtualClock
from daemon.telemetry.redaction import Secret
from tests.kit.kite_script import (
    CLOSES,
    CUTS,
    DEAD,
    HANGS,
    PAGE,
    Answer,
    KiteScript,
    no,
    scripted_kite,
    yes,
)

PLACE = Sent("POST", "/orders/regular", b"quantity=65", PLAIN_FORM)
PROFILE = questions.profile()
OK = yes({"user_id": "AB1234"})
POLICY = type(READING)(attempts=3, base_ms=0, jitter_ms=0, longest_wait_ms=0, on=READING.on)


def session(generation: int) -> Session:
    return Session(generation, Secret("the-api-key"), Secret(f"token-of-{generation}"))


class House:
    """A client, and all that it told and waited for."""

    def __init__(self, url: str) -> None:
        self.refused: list[int] = []
        self.waited: list[float] = []
        self.clock = VirtualClock()
        self.client = Client(Transport(url), self.clock, self.refused.append, POLICY, self.sleep)
        self.client.use(session(1))

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.clock.advance(round(seconds * SECOND_NS))
        await asyncio.sleep(0)


@pytest.fixture
async def script() -> AsyncIterator[KiteScript]:
    async with scripted_kite() as made:
        yield made


@pytest.fixture
async def house(script) -> AsyncIterator[House]:
    made = House(script.url)
    yield made
    await made.client.close()


async def test_who_can_do_without_an_answer_waits_no_longer_than_he_says(script, house):
    script.on("GET /user/profile", HANGS)
    with pytest.raises(BrokerUnavailable, match=r"the profile at Zerodha: no answer by .* 50 ms"):
        await house.client.read(PROFILE, 50)
    assert len(script.asked) == 1


class Noting(Transport):
    """A way that notes how long each answer may take."""

    def __init__(self, url: str) -> None:
        super().__init__(url, 60_000)
        self.noted: list[int | None] = []

    async def send(self, sent, authorization, timeout_ms=None, in_time=None):
        """Send it."""
        self.noted.append(timeout_ms)
        return await super().send(sent, authorization, timeout_ms, in_time)


async def test_the_book_and_what_is_held_may_take_as_long_as_the_broker_may_for_any(script):
    """A book that took more than three seconds was never read, whatever was set."""
    way = Noting(script.url)
    client = Client(way, VirtualClock(), lambda _: None, POLICY)
    client.use(session(1))
    for route in ("/orders", "/orders/1"):
        script.on(f"GET {route}", yes([]))
    script.on("GET /portfolio/positions", yes({"net": []}))
    script.on("GET /user/profile", OK)
    held = questions.positions(lambda *_: "")
    for asked in (questions.orders(), questions.states("1"), held, PROFILE):
        await client.read(asked)
    await client.close()

    assert way.noted == [None, None, None, questions.READ_MS]


async def test_a_book_that_took_all_its_time_is_not_asked_for_again_by_the_same_wait(script):
    client = Client(Transport(script.url, 50), VirtualClock(), lambda _: None, POLICY)
    client.use(session(1))
    script.on("GET /orders", HANGS)
    with pytest.raises(BrokerUnavailable, match=r"deadline of 50 ms in 1 of 3"):
        await client.read(questions.orders())
    await client.close()

    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "failure", [CLOSES, CUTS, PAGE, no(429, "NetworkException"), no(503, "NetworkException")]
)
async def test_a_read_that_failed_is_asked_again(script, house, failure):
    script.on("GET /user/profile", failure, failure, OK)

    assert (await house.client.read(PROFILE)).user_id == "AB1234"
    assert len(script.asked) == 3


async def test_a_read_that_fails_on_is_given_up(script, house):
    script.on("GET /user/profile", PAGE)
    with pytest.raises(BrokerUnavailable, match=r"the profile at Zerodha: no answer in 3 of 3"):
        await house.client.read(PROFILE)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (no(400, "InputException"), BrokerMisused),
        (DEAD, SessionRefused),
        (Answer(200, b"<html>"), WireGarbled),
    ],
)
async def test_a_read_that_was_answered_is_not_asked_again(script, house, answer, error):
    script.on("GET /user/profile", answer)
    with pytest.raises(error):
        await house.client.read(PROFILE)

    assert len(script.asked) == 1


@pytest.mark.parametrize("failure", [CLOSES, CUTS])
async def test_a_write_is_never_sent_again(script, house, failure):
    script.on("POST /orders/regular", failure)
    script.on("DELETE /orders/regular/15", failure)
    script.on("PUT /orders/regular/15", failure)
    for asking in (
        house.client.write(PLACE),
        house.client.write(cancellation("regular", "15")),
        house.client.change("regular", "15", Change(price="1")),
    ):
        with pytest.raises(OutcomeUnknown):
            await asking

    assert len(script.asked) == 3


async def test_an_answer_to_a_write_comes_back_whatever_it_is(script, house):
    script.on("POST /orders/regular", PAGE)
    reply = await house.client.write(PLACE)

    assert isinstance(answers.placed("OR1", reply, 1), Unknown)


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_dead_session_is_told_and_used_no_more_until_there_is_another(script, house, kind):
    script.on("GET /user/profile", DEAD, OK)
    script.on("POST /orders/regular", DEAD)
    client = house.client
    if kind == "read":
        with pytest.raises(SessionRefused):
            await client.read(PROFILE)
    else:
        assert (await client.write(PLACE)).status == 403
    assert (house.refused, len(script.asked)) == ([1], 1)
    for asking in (client.read(PROFILE), client.write(PLACE)):
        with pytest.raises(SessionRefused, match="ordo login"):
            await asking

    assert (house.refused, len(script.asked)) == ([1, 1, 1], 1)

    script.on("GET /user/profile", OK)
    client.use(session(2))
    await client.read(PROFILE)

    assert script.asked[-1].headers["Authorization"] == "token the-api-key:token-of-2"


@pytest.mark.parametrize("status", [200, 400, 401, 403])
@pytest.mark.parametrize("kind", ["TokenException", "TwoFAException"])
async def test_a_read_ends_the_session_under_whatever_status_it_is_refused(
    script, house, status, kind
):
    script.on("GET /user/profile", no(status, kind))
    with pytest.raises(SessionRefused):
        await house.client.read(PROFILE)

    assert (house.refused, len(script.asked)) == ([1], 1)
    assert house.client.session is None


async def test_that_there_is_no_session_is_told_by_the_last_that_stood(script, house):
    """Nobody else would look for another; of one on trial its log-in knows, and tells by itself."""
    script.on("GET /user/profile", DEAD)
    house.client.use(session(2), on_trial=True)
    for _ in range(2):
        with pytest.raises(SessionRefused):
            await house.client.read(PROFILE)
    assert (house.refused, len(script.asked)) == ([1, 1], 1)

    house.client.use(session(2))
    assert house.client.standing() == session(2)
    house.client.leave()
    with pytest.raises(SessionRefused):
        house.client.standing()
    assert house.refused == [1, 1, 2]


async def test_before_there_was_a_session_nobody_hears_that_there_is_none(script):
    told = []
    client = Client(Transport(script.url), VirtualClock(), told.append)
    client.use(session(1), on_trial=True)
    script.on("GET /user/profile", DEAD)
    for _ in range(2):
        with pytest.raises(SessionRefused):
            await client.read(PROFILE)
    await client.close()

    assert told == []


@pytest.mark.parametrize("status", [200, 400, 401])
async def test_a_write_leaves_the_session_where_its_refusal_is_not_believed(script, house, status):
    script.on("POST /orders/regular", no(status, "TokenException"))
    told = answers.placed("OR1", await house.client.write(PLACE), 1)

    assert isinstance(told, Unknown)
    assert house.refused == []


async def test_a_session_that_is_refused_to_writes_alone_is_given_up_a_few_times_and_then_kept(
    script, house
):
    """It was given up and taken up again for ever: a log-in shows it to a read, and it stands."""
    script.on("POST /orders/regular", DEAD)
    said = []
    house.client.on_amiss = said.append
    for generation in range(2, 9):
        assert (await house.client.write(PLACE)).status == 403
        if house.client.session is None:
            house.client.use(replace(session(1), generation=generation))
    assert (house.refused, house.client.denies_writes) == ([1, 2], True)
    assert said == [WRITES_DENIED]

    script.on("GET /user/profile", DEAD)
    with pytest.raises(SessionRefused):
        await house.client.read(PROFILE)
    assert (house.refused, house.client.denies_writes) == ([1, 2, 3], False)


@pytest.mark.parametrize("mended", ["accepted", "another token"])
async def test_whatever_mends_writes_has_the_next_refusal_end_the_session_again(
    script, house, mended
):
    script.on("POST /orders/regular", DEAD)
    for generation in range(2, 5):
        await house.client.write(PLACE)
        house.client.use(replace(session(1), generation=generation))
    if mended == "accepted":
        script.on("POST /orders/regular", yes({"order_id": "15"}), DEAD)
        await house.client.write(PLACE)
    else:
        house.client.use(session(4))
    assert not house.client.denies_writes
    await house.client.write(PLACE)
    assert house.refused == [1, 2, 4]


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_late_no_to_an_older_session_does_not_end_the_newer(script, house, kind):
    def meanwhile(_) -> Answer:
        house.client.use(session(2))
        return DEAD

    script.on("POST /orders/regular", meanwhile)
    script.on("GET /user/profile", meanwhile, OK)
    if kind == "read":
        with pytest.raises(SessionRefused):
            await house.client.read(PROFILE)
    else:
        script.on("GET /user/profile", OK)
        await house.client.write(PLACE)

    assert (await house.client.read(PROFILE)).user_id == "AB1234"
    assert house.refused == []


async def test_a_403_that_is_no_word_about_the_session_leaves_it(script, house):
    script.on("POST /orders/regular", no(403, "PermissionException"), Answer(403, b"<html>"))
    await house.client.write(PLACE)
    await house.client.write(PLACE)

    assert (await house.client.write(PLACE)).status == 403
    assert house.refused == []


async def test_the_request_that_makes_a_session_needs_none(script, house):
    script.on("POST /session/token", yes({}))
    house.client.leave()
    await house.client.exchange(Sent("POST", "/session/token", b"a=b", PLAIN_FORM))

    assert "Authorization" not in script.asked[0].headers


@pytest.mark.parametrize(("kind", "most"), [(Kind.QUOTE, 1), (Kind.HISTORY, 3), (Kind.OTHER, 10)])
async def test_reads_of_a_kind_wait_their_turn_in_order(script, house, kind, most):
    async def ask(number: int) -> None:
        sent = Sent("GET", f"/quote?i={number}")
        question = Question(what="it", sent=sent, read=lambda reply: reply, kind=kind)
        await house.client.read(question)

    assert READS[kind].limit == most
    script.on("GET /quote", yes({}))
    for number in range(3 * most):
        await ask(number)

    assert sum(house.waited) == pytest.approx(2.2)
    assert [each.path for each in script.asked] == [f"/quote?i={n}" for n in range(3 * most)]


@pytest.mark.parametrize(("kind", "most"), [(Kind.QUOTE, 1), (Kind.HISTORY, 3), (Kind.OTHER, 10)])
async def test_reads_of_which_some_are_slow_on_their_way_come_no_faster_than_the_broker_counts(
    script, house, kind, most
):
    left: list[int] = []

    async def ask() -> None:
        sent = Sent("GET", "/quote")
        await house.client.read(Question(what="it", sent=sent, read=lambda r: r, kind=kind))
        left.append(house.clock.now_ns())

    script.on("GET /quote", yes({}))
    for _ in range(3 * most):
        await ask()

    quick_ns, slow_ns = 10 * MILLISECOND_NS, 100 * MILLISECOND_NS
    for first in range(len(left)):  # all that left before it were slow
        came = [at + (slow_ns if n < first else quick_ns) for n, at in enumerate(left)]
        for since in came:
            assert sum(since <= at < since + SECOND_NS for at in came) <= most


async def test_one_kind_does_not_wait_for_another(script, house):
    script.on("GET /quote", yes({}))
    for kind in Kind:
        sent = Sent("GET", "/quote")
        await house.client.read(Question(what="it", sent=sent, read=lambda r: r, kind=kind))

    assert house.waited == []


async def test_an_order_is_changed_25_times_and_then_refused_here(script, house):
    script.on("PUT /orders/regular/15", yes({"order_id": "15"}))
    for _ in range(MOST_CHANGES):
        await house.client.change("regular", "15", Change(price="1"))
    with pytest.raises(BrokerMisused, match="cancel it, and place another"):
        await house.client.change("regular", "15", Change(price="1"))

    assert len(script.asked) == MOST_CHANGES == 25


async def test_nothing_shows_the_session(script, house):
    assert "token-of-1" not in repr(session(1)) + str(session(1))
    assert "the-api-key" not in repr(session(1)) + repr(session(1).authorization)


ERRORS = (
    *("TokenException", "InputException", "MarginException", "OrderException", "DataException"),
    *("NetworkException", "GeneralException", "HoldingException", "PermissionException", ""),
)


def outcomes() -> Iterator[tuple[int, str, str]]:
    for status in (200, 201, 302, 400, 403, 404, 405, 410, 429, 500, 502, 503, 504):
        for error in ERRORS:
            for text in ("no", "Order request timed out. Please check the order book"):
                yield status, error, text


async def test_no_outcome_after_a_sent_byte_is_a_refusal_that_the_codec_does_not_name(
    script, house
):
    named = {(status, error) for status, error in answers.REFUSALS}
    for status, error, text in outcomes():
        house.client.use(session(1))
        script.on("POST /orders/regular", no(status, error, text))
        told = answers.placed("OR1", await house.client.write(PLACE), 1)
        surely = text == "no" and (status == 429 or (status, error) in named)

        assert isinstance(told, Unknown) is not surely, (status, error, text)
