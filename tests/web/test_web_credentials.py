"""Credentials go into the vault over HTTP, who put which in is recorded, and none comes out."""

from __future__ import annotations

import json

import pytest

from daemon.messages import Declined, Done, NoteCredentials
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from daemon.web.answers.credentials import read_credentials
from tests.kit.canary import planted
from tests.kit.control_port import HOST_NS, open_port

PATH = "/api/broker/credentials"
CANARY = planted("api-key")
BODY = {"account": "paper", "credentials": {"api_key": "kkk", "api_secret": CANARY}}
NOTED = {NoteCredentials: lambda _: Done()}


@pytest.fixture
def vault(tmp_path) -> Vault:
    made = Vault(Place(tmp_path))
    made.begin(HOST_NS)
    return made


def said(port) -> str:
    """Whatever left the port, or was recorded behind it."""
    return port.log.getvalue() + repr(port.actors.asked) + repr(port.actors.recorded)


async def test_what_is_put_in_can_be_opened_and_the_record_says_who_put_which_in(tmp_path, vault):
    async with open_port(tmp_path, NOTED) as port:
        status, told, _ = await port.ask("POST", PATH, json=BODY)

        assert (status, told["text"]) == (200, "the vault keeps api_key, api_secret of paper")
        assert port.actors.asked == [
            ("session_keeper:paper", NoteCredentials(("api_key", "api_secret"), "operator"))
        ]
        assert CANARY not in said(port) + json.dumps(told)
    assert vault.open("paper", "api_secret").reveal() == CANARY
    assert {row.written_ns for row in vault.rows()} == {HOST_NS}


async def test_under_a_request_id_not_even_the_digest_of_a_secret_is_recorded(tmp_path, vault):
    """It acts again on a repeat, which does no harm."""
    async with open_port(tmp_path, NOTED) as port:
        for _ in range(2):
            status, _, _ = await port.ask("POST", PATH, json=BODY, headers={"X-Request-Id": "one"})
            assert status == 200

        assert port.actors.recorded == []
    assert vault.check() == 2


@pytest.mark.parametrize("role", ["viewer", "trader"])
async def test_only_an_administrator_puts_credentials_in(tmp_path, vault, role):
    async with open_port(tmp_path, NOTED) as port:
        status, _, _ = await port.bare("POST", PATH, json=BODY, headers=port.token(role))

    assert status == 403
    assert vault.rows() == ()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_there_is_no_way_to_ask_for_them(tmp_path, vault, method):
    async with open_port(tmp_path, NOTED) as port:
        status, told, _ = await port.ask(method, PATH)

    assert (status, told["code"]) == (405, "not_allowed")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (CANARY, 400, "bad_json"),
        (f'{{"account": "{CANARY}', 400, "bad_json"),
        ("[" * 100_000, 422, "invalid"),
        (json.dumps({**BODY, CANARY: "x"}), 422, "invalid"),
        (json.dumps({**BODY, "account": CANARY + "!"}), 422, "invalid"),
        (json.dumps({**BODY, "credentials": CANARY}), 422, "invalid"),
        (json.dumps({**BODY, "credentials": {}}), 422, "invalid"),
        (json.dumps({**BODY, "credentials": {"api_key": ""}}), 422, "invalid"),
        (json.dumps({**BODY, "credentials": {"api_key": CANARY * 400}}), 422, "invalid"),
        (json.dumps({**BODY, "credentials": {CANARY: "x"}}), 422, "credential_refused"),
        (json.dumps({**BODY, "credentials": {"access_token": CANARY}}), 422, "credential_refused"),
        (json.dumps({**BODY, "credentials": {"api_key": " "}}), 422, "credential_refused"),
        (json.dumps({**BODY, "account": "papre"}), 404, "unknown_account"),
    ],
)
async def test_what_cannot_be_put_in_is_refused_and_not_quoted(tmp_path, vault, body, status, code):
    async with open_port(tmp_path, NOTED) as port:
        answered, told, _ = await port.ask(
            "POST", PATH, data=body, headers={"Content-Type": "application/json"}
        )

        assert (answered, told["code"]) == (status, code)
        assert CANARY not in json.dumps(told) + said(port)
        assert port.actors.asked == []
    assert vault.rows() == ()


async def test_without_a_vault_it_says_how_to_make_one(tmp_path):
    async with open_port(tmp_path, NOTED) as port:
        status, told, _ = await port.ask("POST", PATH, json=BODY)

    assert (status, told["code"]) == (409, "no_vault")
    assert "`ordo vault init` makes one" in told["detail"]


async def test_a_vault_that_others_can_read_takes_nothing(tmp_path, vault):
    vault.path.chmod(0o644)
    async with open_port(tmp_path, NOTED) as port:
        status, told, _ = await port.ask("POST", PATH, json=BODY)

        assert (status, told["code"]) == (500, "secret_exposed")
        assert CANARY not in json.dumps(told) + said(port)


async def test_what_was_kept_and_could_not_be_recorded_says_so(tmp_path, vault):
    refused = {NoteCredentials: lambda _: Declined("ledger_unusable", "the disk is full")}
    async with open_port(tmp_path, refused) as port:
        status, told, _ = await port.ask("POST", PATH, json=BODY)

    assert status == 503
    assert told["detail"] == (
        "the vault keeps them, but nothing says so in the record: the disk is full"
    )
    assert vault.open("paper", "api_secret") == Secret(CANARY)


async def test_the_description_says_that_they_are_written_and_never_read(tmp_path):
    async with open_port(tmp_path) as port:
        _, told, _ = await port.ask("GET", "/api/openapi.json")

    body = told["components"]["schemas"]["CredentialsBody"]
    text = body["properties"]["credentials"]["additionalProperties"]
    assert (text["writeOnly"], text["format"]) == (True, "password")


def test_a_body_shows_nothing_where_a_defect_tells_of_it():
    body = read_credentials(json.dumps(BODY).encode())

    assert repr(body) == str(body) == "CredentialsBody(***)"
