"""Zerodha's own REST client, in a process of its own: says what it would send, and sends nothing.

It is started as a file, with the folder that holds the client, and says that it is ready. A line
is a call in JSON, `[name, arguments]`; it is answered with method, path and body. After
`["speak_to", {"root": url}]` calls are sent there, for whoever looks at what arrives; `constants`
are answered with the words that the client knows under a prefix.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from types import SimpleNamespace


class Recorder:
    """Stands where the session of the client was, and answers everything with a yes."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def request(self, method, url, *, json, data, params, headers, **_):
        request = import_module("requests").Request(
            method, url, json=json, data=data, params=params, headers=headers
        )
        made = request.prepare()
        body = made.body.decode() if isinstance(made.body, bytes) else made.body or ""
        self.seen = [made.method, made.path_url, body]
        told = {"status": "success", "data": {"order_id": "1"}}
        return SimpleNamespace(
            headers={"content-type": "application/json"}, status_code=200, json=lambda: told
        )


def main(folder: str) -> None:
    sys.path.insert(0, folder)
    client = import_module("kiteconnect").KiteConnect("key", "token")
    own, client.reqsession = client.reqsession, (recorder := Recorder())
    say("ready")
    for line in sys.stdin:
        name, arguments = json.loads(line)
        if name == "constants":
            known = [each for each in dir(client) if each.startswith(arguments["prefix"])]
            say([getattr(client, each) for each in known])
            continue
        if name == "speak_to":
            client.root, client.reqsession = arguments["root"], own
        else:
            getattr(client, name)(**arguments)
        say(recorder.seen)


def say(words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
