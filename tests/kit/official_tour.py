"""Zerodha's own clients, in a process of its own: they do what they are told, for real.

It is started as a file, with the folder that holds them, and says that it is ready. A line is a
call in JSON, `[name, arguments]`: one of the REST client by its name, or one of `Tour`. It is
answered with `["done", value]`, or with `["failed", class, code, message]`. The ticker's reactor
can be started once in a process, so there is one ticker.
"""

from __future__ import annotations

import json
import sys
import threading
from importlib import import_module

PATIENCE_S = 20.0


class Tour:
    """What can be asked for beside the calls of the REST client."""

    def __init__(self, kite) -> None:
        self.kite = kite
        self.rest = None
        self.ticker = None
        self.seen = []
        self.came = threading.Condition()

    def open(self, url, key, token="", timeout=5):
        self.rest = self.kite.KiteConnect(key, token, root=url, timeout=timeout)

    def stream(self, url, key, modes):
        self.ticker = self.kite.KiteTicker(
            key, self.rest.access_token, root=url, reconnect_max_delay=5
        )
        self.modes = {mode: tokens for mode, tokens in modes.items() if tokens}
        self.ticker.on_connect = lambda ws, _: self.subscribed(ws)
        self.ticker.on_ticks = lambda _, ticks: self.saw("ticks", ticks)
        self.ticker.on_order_update = lambda _, order: self.saw("order", order)
        self.ticker.on_error = lambda _, code, reason: self.saw("error", [code, str(reason)])
        self.ticker.on_close = lambda _, code, reason: self.saw("close", [code, str(reason)])
        self.ticker.on_message = self.heard
        self.ticker.connect(threaded=True)

    def subscribed(self, ws):
        for mode, tokens in self.modes.items():
            ws.subscribe(tokens)
            ws.set_mode(mode, tokens)
        self.saw("open", None)

    def heard(self, _, payload, is_binary):
        if is_binary and len(payload) == 1:
            self.saw("heartbeat", payload.hex())

    def unsubscribe(self, tokens):
        self.inside(self.ticker.unsubscribe, tokens)

    def garble(self):
        self.inside(self.ticker.ws.sendMessage, b"{")

    def stop(self):
        self.inside(self.ticker.stop_retry)
        self.inside(self.ticker.close)

    def inside(self, act, *given):
        import_module("twisted.internet").reactor.callFromThread(act, *given)

    def saw(self, kind, what):
        with self.came:
            self.seen.append((kind, what))
            self.came.notify_all()

    def wait(self, kind, count=1):
        """Return so many of a kind, the oldest first, and forget them and what came before."""
        with self.came:
            if not self.came.wait_for(lambda: self.count(kind) >= count, PATIENCE_S):
                raise TimeoutError(f"{count} x {kind} did not come: {self.seen!r}")
            found, rest = [], list(self.seen)
            while len(found) < count:
                name, what = rest.pop(0)
                if name == kind:
                    found.append(what)
            self.seen = rest
            return found

    def count(self, kind):
        return sum(name == kind for name, _ in self.seen)


def answer(tour, name, arguments):
    try:
        call = getattr(tour if hasattr(tour, name) else tour.rest, name)
        done = call(**arguments) if isinstance(arguments, dict) else call(*arguments)
    except (tour.kite.exceptions.KiteException, OSError, TimeoutError) as error:
        return ["failed", type(error).__name__, getattr(error, "code", 0), str(error)]
    return ["done", done]


def main(folder: str) -> None:
    sys.path.insert(0, folder)
    tour = Tour(import_module("kiteconnect"))
    say("ready")
    for line in sys.stdin:
        say(answer(tour, *json.loads(line)))


def say(words: object) -> None:
    sys.stdout.write(json.dumps(words, default=str) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
