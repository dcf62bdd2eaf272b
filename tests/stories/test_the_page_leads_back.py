"""A person begins a log-in, opens the page of a stand-in, and his browser ends at the daemon."""

from __future__ import annotations

from daemon.control import LiveTerms
from daemon.messages import Done, TakeStep
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit.canary import remembered
from tests.kit.control_port import HOST_NS, open_port
from tests.kit.wire_twin import twin


async def test_one_browser_goes_from_the_page_to_a_session_of_the_stand_in(tmp_path):
    vault = Vault(Place(tmp_path))
    vault.begin(HOST_NS)
    async with twin() as client:
        root = client.ready.url
        vault.put("second", {"api_key": Secret(client.ready.api_key)}, HOST_NS)
        taken = {TakeStep: lambda _: Done("second is logged in")}
        terms = LiveTerms("live", {"second": "zerodha"}, stand_ins={"zerodha": root})
        async with open_port(
            tmp_path, taken, terms=terms, brokers={"paper": "paper", "second": "zerodha"}
        ) as port:
            back = {"to": f"{port.served.url}/login"}
            assert (await client.ask("POST", "/twin/redirect", json=back)).status == 200
            _, begun, _ = await port.ask("POST", "/api/sessions/second/login", json={})
            assert begun["page"].startswith(f"{root}/connect/login?")
            async with client.http.get(begun["page"]) as answer:
                page, ends_at = await answer.text(), answer.url
            lines = port.log.getvalue()

        assert str(ends_at) == f"{port.served.url}/login/{begun['login_id']}"
        assert "You are logged in" in page
        brought = remembered(vault.open("second", "request_token").reveal())
        assert brought not in page + lines + str(ends_at)
        assert (await client.log_in(brought)).status == 200
