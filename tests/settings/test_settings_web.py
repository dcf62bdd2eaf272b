"""`[web]`: where the control port listens, and whom it hears."""

from __future__ import annotations

import pytest

from tests.kit.settings_file import loaded, refusals


def test_the_control_port_is_for_this_machine_alone_unless_it_is_told_otherwise():
    web = loaded("").web

    assert (web.enabled, web.host, web.port) == (True, "127.0.0.1", 8787)
    assert (web.allowed_hosts, web.allowed_origins, web.pnl_hz) == ((), (), 4)


def test_names_origins_and_caps_are_taken_as_written():
    web = loaded(
        "[web]\n"
        "enabled = false\n"
        'host = "0.0.0.0"\n'
        'allowed_hosts = ["ordo.example:8787", "[fd00::1]"]\n'
        'allowed_origins = ["https://page.example"]\n'
    ).web

    assert (web.enabled, web.host) == (False, "0.0.0.0")
    assert web.allowed_hosts == ("ordo.example:8787", "[fd00::1]")
    assert web.allowed_origins == ("https://page.example",)


@pytest.mark.parametrize("said", ["true", "TRUE", " true "])
def test_a_variable_switches_on(said):
    assert loaded("[web]\nenabled = false", {"ORDO_WEB__ENABLED": said}).web.enabled


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            'host = "0.0.0.0"',
            (
                "settings.toml, line 2: web.host is reached from other machines, and no "
                "allowed_hosts are named; write allowed_hosts, such as "
                '["ordo.example:8787"], or host = "127.0.0.1"'
            ),
        ),
        (
            'host = "ordo.example"',
            (
                'settings.toml, line 2: web.host is "ordo.example", which is no IP address; '
                'write an IP address, such as "127.0.0.1"'
            ),
        ),
        (
            "tls = true",
            "settings.toml, line 2: web.tls is unknown here, or of another version; take it out",
        ),
        (
            "enabled = 1",
            "settings.toml, line 2: web.enabled is 1; write true or false",
        ),
        (
            "max_connections = 100\nmax_connections_loopback = 100\nmax_connections_per_ip = 101",
            (
                "settings.toml, line 4: web.max_connections_per_ip leaves some of them no room: "
                "max_connections_per_ip is more than max_connections; "
                "write a max_connections_per_ip of at most that, or allow more in all"
            ),
        ),
        (
            "max_connections = 100",
            (
                "settings.toml, line 2: web.max_connections leaves some of them no room: "
                "max_connections_loopback is more than max_connections; "
                "write a max_connections_loopback of at most that, or allow more in all"
            ),
        ),
        (
            "max_connections_loopback = 1_501",
            (
                "settings.toml, line 2: web.max_connections_loopback leaves some of them no room: "
                "max_connections_loopback is more than max_connections; "
                "write a max_connections_loopback of at most that, or allow more in all"
            ),
        ),
    ],
)
def test_what_would_open_the_port_by_mistake_is_refused(written, told):
    assert refusals(f"[web]\n{written}") == [told]


@pytest.mark.parametrize(
    "origin", ["page.example", "https://page.example/", "ftp://page.example", "null", "*"]
)
def test_an_origin_is_a_scheme_and_a_host(origin):
    assert len(refusals(f'[web]\nallowed_origins = ["{origin}"]')) == 1
