import re

import pytest

from daemon.web.page_files import POLICY, Page
from tests.kit.control_port import open_port


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")],
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
    assert (again[0], again[1]) == (304, b"")
    assert (other[0], other[1]) == (200, body)


async def test_the_page_holds_nothing_inline_and_asks_no_other_site(tmp_path):
    async with open_port(tmp_path, more=Page().routes) as port:
        texts = {path: (await port.bare("GET", path))[1].decode() for path in _PATHS}

    assert re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", texts["/"]) is None
    assert "innerHTML" not in texts["/page.js"]
    named = [line for text in texts.values() for line in text.splitlines() if "//" in line]
    assert not [line for line in named if re.search(r"https?://(?!www\.w3\.org/2000/svg|…)", line)]


_PATHS = ("/", "/page.css", "/page.js")
