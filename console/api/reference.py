"""The routes as a person reads them, taken from the same OpenAPI description that programs read.

Summaries and descriptions stay as the schema has them, English and marked for the catalogue: the page
translates them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.api.access import ScopedKey
from console.api.urls import api
from console.templatetags.console import number

REF = "#/components/schemas/"
MAY_FAIL = ("400", "401", "403", "404", "413", "422", "429")


@dataclass(frozen=True)
class Field:
    """`form`: its type and limits in words. `inside`: a field of the things in a list."""

    name: str
    form: str
    description: str
    is_required: bool
    inside: bool = False


@dataclass(frozen=True)
class Route:
    """`key`: the operation's id, also its anchor. `answers`: fields of the answer 200."""

    key: str
    method: str
    path: str
    summary: str
    scope: str
    client_keys: bool
    fields: list[Field]
    answers: list[Field]
    codes: list[str]
    most_bytes: int


def routes() -> list[Route]:
    schema = json.loads(json.dumps(api.get_openapi_schema()))
    known = schema["components"]["schemas"]
    guards = _guards()
    return [
        _route(path, method, operation, known, guards[operation["operationId"]])
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def _guards() -> dict[str, ScopedKey]:
    """Who guards each operation, by its id."""
    found = {}
    for _prefix, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                guard = operation.auth_callbacks[0]
                if not isinstance(guard, ScopedKey):
                    raise TypeError(f"{operation.operation_id} is not guarded by a key")
                found[str(operation.operation_id)] = guard
    return found


def _route(
    path: str, method: str, operation: Mapping[str, Any], known: Mapping[str, Any], guard: ScopedKey
) -> Route:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    given = [
        Field(one["name"], _form(one["schema"], known), _("Part of the address."), is_required=True)
        for one in operation.get("parameters", [])
    ]
    return Route(
        key=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        scope=guard.scope,
        client_keys=guard.client_keys,
        fields=[*given, *(_fields(body, known) if body else [])],
        answers=list(_fields(answer, known)),
        codes=[code for code in MAY_FAIL if code in operation["responses"]],
        most_bytes=guard.max_body_bytes if method == "post" else 0,
    )


def _resolved(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Behind a reference, and of what may be null the rest."""
    if "$ref" in schema:
        found: Mapping[str, Any] = known[schema["$ref"].removeprefix(REF)]
        return found
    options = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    return {**_resolved(options[0], known), **schema} if options else schema


def _fields(schema: Mapping[str, Any], known: Mapping[str, Any], *, inside: bool = False) -> Iterator[Field]:
    whole = _resolved(schema, known)
    for name, described in whole.get("properties", {}).items():
        one = _resolved(described, known)
        yield Field(
            name,
            _form(one, known),
            described.get("description", ""),
            is_required=name in whole.get("required", []),
            inside=inside,
        )
        if one.get("type") == "array":
            yield from _fields(one.get("items", {}), known, inside=True)


def _form(schema: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    kind = "time" if schema.get("format") == "date-time" else schema.get("type", "")
    words = {
        "string": _("text"),
        "integer": _("whole number"),
        "array": _("list"),
        "object": _("texts by name"),
        "time": _("time with zone"),
    }.get(kind, kind)
    return " · ".join(filter(None, [words, _limit(schema)]))


def _limit(schema: Mapping[str, Any]) -> str:
    if "maxLength" in schema:
        most = schema["maxLength"]
        return ngettext("at most %(n)s character", "at most %(n)s characters", most) % {"n": number(most)}
    if "maxItems" in schema:
        return _("%(least)s to %(most)s") % {"least": schema.get("minItems", 1), "most": schema["maxItems"]}
    return ""
