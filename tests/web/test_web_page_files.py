import re
from graphlib import TopologicalSorter
from importlib.resources import files

import pytest

from daemon.web.page_files import POLICY, Page
from tests.kit.control_port import open_port

_FOLDER = files("daemon.web").joinpath("page")
_SCRIPTS = {
    f"/{file.name}": file.read_text("utf-8")
    for file in _FOLDER.iterdir()
    if file.name.endswith(".js")
}
_PATHS = ("/", "/page.css", *sorted(_SCRIPTS))
_INDEX = _FOLDER.joinpath("index.html").read_text("utf-8")


def _imported(script: str) -> set[str]:
    """The paths of what a module of the page imports, however it says so."""
    named = re.findall(r"""\b(?:from|import)\b\s*\(?\s*["'`]([^"'`]+)""", script)
    return {name.removeprefix(".") for name in named}


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html"),
        ("/page.css", "text/css"),
        *((path, "text/javascript") for path in sorted(_SCRIPTS)),
    ],
)
async def test_the_page_is_sent_to_anybody_with_its_policy_and_only_once(
    tmp_path, path, content_type
):
    async with open_port(tmp_path, more=Page().routes) as port:
        status, body, headers = await port.bare("GET", path)
        known = {"If-None-Match": headers["Etag"]}
        again = await port.bare("GET", path, headers=known)
        other = await port.bare("GET", path, headers={"If-None-Match": '"other"'})

    assert (status, headers["Content-Security-Policy"]) == (200, POLICY)
    assert headers["Content-Type"] == f"{content_type}; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-cache"
    assert (again[0], again[1]) == (304, b"")
    assert (other[0], other[1]) == (200, body)


async def test_the_page_holds_nothing_inline_and_asks_no_other_site(tmp_path):
    async with open_port(tmp_path, more=Page().routes) as port:
        texts = {path: (await port.bare("GET", path))[1].decode() for path in _PATHS}

    assert re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", texts["/"]) is None
    assert not [path for path in _SCRIPTS if "innerHTML" in texts[path]]
    named = [line for text in texts.values() for line in text.splitlines() if "//" in line]
    assert not [line for line in named if re.search(r"https?://(?!www\.w3\.org/2000/svg|…)", line)]


def test_every_module_of_the_page_is_served_and_imported_and_imports_what_is_served():
    served = {route.path for route in Page().routes}
    imported = {path: _imported(script) for path, script in _SCRIPTS.items()}

    assert served == set(_PATHS)
    assert set().union(*imported.values()) == set(_SCRIPTS) - {"/page.js"}


def test_the_page_has_a_browser_fetch_every_module_at_once():
    """Else each waits for the one that imports it, and a slow line is asked four times over."""
    fetched = set(re.findall(r'rel="modulepreload" href="([^"]+)"', _INDEX))

    assert fetched == set(_SCRIPTS) - {"/page.js"}


def test_the_kill_button_cannot_be_pressed_before_the_page_has_begun():
    """While a module has not arrived nobody listens to it, and whoever holds it must see that."""
    assert re.search(r'<button id="kill"[^>]* disabled', _INDEX)


def test_no_module_of_the_page_imports_one_that_imports_it():
    order = TopologicalSorter({path: _imported(script) for path, script in _SCRIPTS.items()})

    assert [*order.static_order()][-1] == "/page.js"


async def test_one_tag_stands_for_all_files_of_the_page(tmp_path):
    """Of which one has changed is all one: the page is of one daemon, or of two."""
    async with open_port(tmp_path, more=Page().routes) as port:
        tags = {(await port.bare("GET", path))[2]["Etag"] for path in _PATHS}
    assert len(tags) == 1
