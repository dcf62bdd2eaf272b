"""Codes of requests: what is wrong with how something was asked, or with who asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.errors.entry import Entry

_AGAIN = "look with `ordo status` what became of it before you repeat it"
_DOCUMENT = "look at the request's form in /api/openapi.json"

ANSWERS: Final[Mapping[str, Entry]] = {
    "bad_usage": Entry(
        "The command cannot be understood",
        "look at `--help` of the command",
    ),
    "bad_request": Entry("The request cannot be understood", _DOCUMENT, status=400),
    "bad_json": Entry("The body is not the JSON that is taken here", _DOCUMENT, status=400),
    "bad_request_id": Entry(
        "The request id has a form that is not taken",
        "send an X-Request-Id of 1 to 64 letters, digits and ._:-",
        status=400,
    ),
    "request_id_needed": Entry(
        "An order needs a request id",
        "send an X-Request-Id that is new for each order",
        status=400,
    ),
    "credential_in_url": Entry(
        "A credential stood in the address",
        "send it as `Authorization: Bearer TOKEN`, and revoke it: addresses are written to logs",
        "access",
        status=400,
    ),
    "duplicate_host": Entry(
        "More than one Host was named", "send one Host header", "access", status=400
    ),
    "unauthorised": Entry(
        "No credential that counts",
        "send a token that counts; `ordo token list` shows them, `ordo token create` makes one",
        "access",
        status=401,
    ),
    "bad_login": Entry(
        "The code is not valid",
        "open a new address, as `ordo page` prints one; its code counts once",
        "access",
        status=401,
    ),
    "plain_http": Entry(
        "No browser logs in by plain http from another machine",
        "come through a tunnel, and open the address on 127.0.0.1; or put a proxy with TLS before"
        " the daemon",
        "access",
        status=403,
    ),
    "forbidden": Entry(
        "The role does not reach",
        "ask with a token of a higher role: `ordo token create --role ROLE`",
        "access",
        status=403,
    ),
    "cross_site": Entry(
        "Another site's page may not act here",
        "name the page's origin in [web] allowed_origins if it is yours",
        "access",
        status=403,
    ),
    "no_route": Entry(
        "There is nothing at this address",
        "look at /api/openapi.json for what there is",
        status=404,
    ),
    "not_allowed": Entry(
        "The method is not taken here", "use one that the answer's Allow header names", status=405
    ),
    "timeout": Entry(
        "The request took too long to arrive",
        "send it again; look at the way to the daemon if that repeats itself",
        recoverable=True,
        retry_after_s=1,
        status=408,
    ),
    "request_begun": Entry(
        "The request was interrupted by a stop of the daemon",
        "look with `ordo orders` what became of it, then use a new X-Request-Id",
        "state",
    ),
    "too_large": Entry("The body is too large", "send less; 256 KiB are taken", status=413),
    "bad_media_type": Entry(
        "The body is not JSON as it stands",
        "send it unpacked, as Content-Type: application/json",
        status=415,
    ),
    "misdirected": Entry(
        "This name is not served here",
        "use a name of [web] allowed_hosts, or add yours to it",
        "access",
        status=421,
    ),
    "invalid": Entry("The request says something that cannot be", _DOCUMENT, status=422),
    "request_reused": Entry(
        "The request id was used for another request", "use a new X-Request-Id", status=422
    ),
    "too_many_logins": Entry(
        "Too many failed attempts",
        "wait, then try once more",
        "access",
        recoverable=True,
        status=429,
    ),
    "too_many": Entry(
        "There is too much of this",
        "end some of it, or wait",
        recoverable=True,
        status=429,
    ),
    "internal": Entry(
        "A defect of the daemon's",
        "look into its log, and report what stands there; what was recorded is kept",
        "daemon",
        "error",
        status=500,
    ),
    "not_built": Entry("Not built yet", "wait for a later version", "daemon", "info", status=501),
    "not_ready": Entry(
        "The daemon is recovering",
        "wait until GET /api/ready answers 200",
        "state",
        "info",
        recoverable=True,
        retry_after_s=1,
        status=503,
    ),
    "request_unfinished": Entry(
        "The request was not carried out",
        "send it again under the same X-Request-Id",
        "daemon",
        recoverable=True,
        retry_after_s=1,
        status=503,
    ),
    "no_answer": Entry("No answer in time; perhaps it acts", _AGAIN, "daemon", "error", status=504),
    "busy": Entry(
        "Too many connections to the kill socket",
        "try again; `ordo kill` latches all the same",
        "daemon",
        recoverable=True,
        retry_after_s=1,
        status=503,
    ),
    "too_slow": Entry(
        "The line took too long to arrive",
        "send it again, as one line",
        recoverable=True,
        retry_after_s=1,
        status=408,
    ),
    "too_long": Entry("The line is too long", "say the reason in fewer words", status=413),
    "unknown_verb": Entry(
        "The kill socket has no such verb", "use one of those that the sentence names", status=404
    ),
    "unreachable": Entry(
        "The daemon cannot be reached",
        "start it with `ordo run`, or let [web] host and port say where it listens",
        "daemon",
        "error",
        recoverable=True,
        status=503,
    ),
    "not_ordo": Entry(
        "Another program answers at the daemon's address",
        "let [web] port be the daemon's, or end the other program",
        "daemon",
        "error",
        status=502,
    ),
    "token_unreadable": Entry(
        "The file of the token cannot be read",
        "let ORDO_TOKEN_FILE name one that holds a token and that this user may read",
        "access",
        "error",
        status=401,
    ),
    "failed": Entry(
        "It could not be done", "do what the sentence says", "daemon", "error", status=500
    ),
}
"""Code -> what it means."""
