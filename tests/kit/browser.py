"""A real browser for tests: headless Chromium, driven over its DevTools protocol.

One process of it serves all tests of a worker. Each has a context of its own, which shares neither
cookies nor storage with another and goes with the test.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOW = "no Chromium is on the PATH: apt-get install --no-install-recommends chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--metrics-recording-only",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
PATIENCE_S = 20
_START_S = 30
_MESSAGE_BYTES = 64 * 1024 * 1024
_RUNNING = ExitStack()


def chromium() -> str | None:
    """Return the browser's path; None where none is found."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Wire:
    """One connection to the browser: what is sent is numbered, and so is what it answers."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._waiting: dict[int, asyncio.Future[dict]] = {}

    async def listen(self) -> None:
        """Take in what the browser says, until it goes."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                continue
            told = json.loads(message.data)
            if "id" in told:
                self._waiting.pop(told["id"]).set_result(told)
            else:
                self._hear(told["method"], told["params"])

    def _hear(self, method: str, params: dict) -> None:
        """Take in what nobody asked for."""

    async def send(self, method: str, patience_s: float = PATIENCE_S, **params) -> dict:
        """Have the browser do something, and return what it answers."""
        self._number += 1
        answered = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = answered
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(patience_s):
            told = await answered
        assert "error" not in told, f"{method}: {told['error']}"
        return told["result"]


class Tab(Wire):
    """One tab.

    Attributes:
        told: what the page has written to its console, and what the browser says against it.
    """

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        super().__init__(socket)
        self.told: list[str] = []

    def _hear(self, method: str, params: dict) -> None:
        if method == "Runtime.consoleAPICalled":
            self.told.append(" ".join(str(arg.get("value", arg)) for arg in params["args"]))
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.told.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded":
            entry = params["entry"]
            self.told.append(f"{entry['source']}: {entry['text']}")

    async def navigate(self, url: str) -> None:
        """Open an address; a bare change of the fragment loads nothing, so leave first."""
        await self.send("Page.navigate", url="about:blank")
        await self.send("Page.navigate", url=url)

    async def evaluate(self, expression: str, patience_s: float = PATIENCE_S):
        """Return what an expression gives in the page."""
        told = await self.send(
            "Runtime.evaluate",
            patience_s,
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def wait_for(self, expression: str, patience_s: float = PATIENCE_S):
        """Return what an expression gives as soon as that is truthy."""
        watched = f"""new Promise((done) => {{
          const look = () => {{
            const found = (() => {{ try {{ return {expression}; }} catch {{ return null; }} }})();
            if (found) done(found); else setTimeout(look, 20);
          }};
          look();
        }})"""
        try:
            return await self.evaluate(watched, patience_s)
        except TimeoutError:
            text = await self.evaluate("document.body.innerText")
            raise AssertionError(f"never came: {expression}\non the page: {text}") from None

    async def text(self, selector: str) -> str:
        """Return the text of an element."""
        return await self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")

    async def press(self, selector: str) -> tuple[float, float]:
        """Press the mouse upon an element, and return where; nothing releases it."""
        box = await self.wait_for(f"""(() => {{
          const element = document.querySelector({json.dumps(selector)});
          element.scrollIntoView({{ block: "nearest" }});
          const box = element.getBoundingClientRect();
          return box.width && {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }};
        }})()""")
        await self._mouse("mouseMoved", box["x"], box["y"])
        await self._mouse("mousePressed", box["x"], box["y"])
        return box["x"], box["y"]

    async def move(self, to: tuple[float, float]) -> None:
        """Move the mouse while it is pressed."""
        x, y = to
        held = {"button": "left", "buttons": 1}
        await self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, **held)

    async def release(self, at: tuple[float, float]) -> None:
        """Release the mouse."""
        await self._mouse("mouseReleased", *at)

    async def click(self, selector: str) -> None:
        """Click upon an element."""
        await self.release(await self.press(selector))

    async def key(self, kind: str, key: str = " ") -> None:
        """Press (`keyDown`) or release (`keyUp`) a key."""
        code = "Space" if key == " " else key
        await self.send("Input.dispatchKeyEvent", type=kind, key=key, code=code)

    async def _mouse(self, kind: str, x: float, y: float) -> None:
        button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        await self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)

    async def size(self, width: int, height: int) -> None:
        """Give the tab a size."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def colours(self, scheme: str) -> None:
        """Prefer `dark` or `light`."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self.send("Emulation.setEmulatedMedia", features=[feature])

    async def screenshot(self) -> bytes:
        """Return what the tab shows, as PNG."""
        told = await self.send("Page.captureScreenshot", format="png")
        return base64.b64decode(told["data"])


@contextmanager
def running(path: str) -> Iterator[str]:
    """Run a browser with a profile of its own, and give the address that it is driven at."""
    with tempfile.TemporaryDirectory(prefix="ordo-browser-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [path, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _address(Path(folder) / "DevToolsActivePort", process)
        finally:
            process.terminate()
            process.wait()


def _address(path: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait until the browser has written which port it chose, and under which name."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        assert process.poll() is None, f"the browser ended with {process.returncode}"
        port, _, name = path.read_text().partition("\n") if path.exists() else ("", "", "")
        if port and name:
            return f"ws://127.0.0.1:{port}{name.strip()}"
        time.sleep(0.02)
    raise AssertionError(f"the browser wrote no {path.name} within {_START_S} s")


@cache
def _shared() -> str:
    path = chromium()
    assert path is not None, "a test without one is skipped"
    return _RUNNING.enter_context(running(path))


def end() -> None:
    """End the browser, once no test of this process needs it any more."""
    _shared.cache_clear()
    _RUNNING.close()


@asynccontextmanager
async def browsing() -> AsyncIterator[Tab]:
    """Give a tab in a context of its own."""
    address = _shared()
    async with ClientSession() as session, _wire(session, address, Wire) as browser:
        context = (await browser.send("Target.createBrowserContext"))["browserContextId"]
        made = await browser.send(
            "Target.createTarget", url="about:blank", browserContextId=context
        )
        page = f"{address.partition('/devtools')[0]}/devtools/page/{made['targetId']}"
        async with _wire(session, page, Tab) as tab:
            for domain in ("Page", "Runtime", "Log"):
                await tab.send(f"{domain}.enable")
            yield tab
        await browser.send("Target.disposeBrowserContext", browserContextId=context)


_W = TypeVar("_W", bound=Wire)


@asynccontextmanager
async def _wire(session: ClientSession, address: str, kind: type[_W]) -> AsyncIterator[_W]:
    async with session.ws_connect(address, max_msg_size=_MESSAGE_BYTES) as socket:
        wire = kind(socket)
        listening = asyncio.create_task(wire.listen())
        yield wire
        listening.cancel()
        await asyncio.wait({listening})
