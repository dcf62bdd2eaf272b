"""The description of all that is served, OpenAPI 3.1, made of the rows and the forms they name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

import msgspec
from msgspec import Struct

from daemon.web.admission.tokens import Role
from daemon.web.plan_form import plan_components
from daemon.web.problems import CONTENT_TYPE, ProblemDocument
from daemon.web.table import Route, Writes

_REF: Final = "#/components/schemas/{name}"
_PART = re.compile(r"{(\w+)}")
_REQUEST_ID: Final = {
    "name": "X-Request-Id",
    "in": "header",
    "description": "the same id is answered with the same bytes for 24 h, and acts once",
    "schema": {"type": "string", "pattern": r"^[A-Za-z0-9._:-]{1,64}$"},
}


def describe(routes: Iterable[Route], cookie: str) -> dict[str, Any]:
    """Return the document; what is not built yet, and what is no JSON, is left out.

    Args:
        routes: the rows.
        cookie: what the cookie of a session is called here.
    """
    served = [route for route in routes if route.handler is not None]
    kinds = {kind for route in served for kind in (route.body, route.query, route.answer) if kind}
    ordered = sorted(kinds | {ProblemDocument}, key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    components |= plan_components(_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in served:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ordo", "version": version("ordo")},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _security(cookie)},
    }


def _security(cookie: str) -> dict[str, Any]:
    return {
        "bearer": {"type": "http", "scheme": "bearer"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": cookie},
    }


def _operation(route: Route, components: dict[str, Any]) -> dict[str, Any]:
    answer = _content("application/json", route.answer) if route.answer else {}
    good = {"description": route.summary, **answer}
    responses = {
        str(route.status): good,
        "default": {"description": "a problem", **_content(CONTENT_TYPE, ProblemDocument)},
    }
    if route.writes is Writes.ORDER or route.by_account:
        responses["207"] = {**good, "description": "the accounts differ"}
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "x-role": route.role.word,
        "security": [] if route.role is Role.NONE else [{"bearer": []}, {"cookie": []}],
        "parameters": [*_parameters(route, components)],
        "responses": responses,
    }
    if route.body is not None:
        needed = bool(msgspec.structs.fields(route.body)) and any(
            field.required for field in msgspec.structs.fields(route.body)
        )
        body = _content("application/json", route.body)
        operation["requestBody"] = {"required": needed, **body}
    return operation


def _parameters(route: Route, components: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for name in _PART.findall(route.path):
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if route.query is not None:
        held = components[route.query.__name__]
        for name, schema in held["properties"].items():
            needed = name in held.get("required", [])
            yield {"name": name, "in": "query", "required": needed, "schema": schema}
    if route.writes is not Writes.NO:
        yield {**_REQUEST_ID, "required": route.writes is Writes.ORDER}


def _content(media: str, kind: type[Struct]) -> dict[str, Any]:
    return {"content": {media: {"schema": {"$ref": _REF.format(name=kind.__name__)}}}}


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.path)
    return "_".join([route.method.lower(), *words])
