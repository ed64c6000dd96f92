"""The control API under /sim/: who exists, who subscribed, what goes wrong, what happened. JSON both ways."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Any

from aiohttp import web

from simulator.card_terms import CARD_LIMITS
from simulator.clock import BadClock, iso_beijing, read_wish
from simulator.faults import BadFault, Faults
from simulator.library import INDUSTRIES, LIBRARY
from simulator.limits import Limits
from simulator.log import MAX_ENTRIES, Log
from simulator.people import open_ids
from simulator.reading import json_object
from simulator.sealing import key_of
from simulator.signing import Keys
from simulator.store import (
    APP_STATES,
    APPROVE,
    COUPON_REVIEWS,
    MINI_PROGRAM,
    PROVIDER,
    STATUSES,
    App,
    Person,
    Settings,
    Store,
    Template,
    new_app_id,
)

MAX_PEOPLE = 1_000_000
YIELD_EVERY = 2_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BadRequest(Exception):
    """Answered as 400 with a sentence that says what to send."""

    status = 400


class NotFound(BadRequest):
    status = 404


def failing_politely(handler: Handler) -> Handler:
    async def handle(http: web.Request) -> web.StreamResponse:
        try:
            return await handler(http)
        except (BadFault, BadClock) as error:
            return web.json_response({"error": str(error)}, status=400)
        except BadRequest as error:
            return web.json_response({"error": str(error)}, status=error.status)

    return handle


async def body_of(http: web.Request) -> dict[str, Any]:
    if http.content_type != "application/json":
        raise BadRequest("send JSON with Content-Type: application/json")
    body = json_object((await http.read()).decode("utf-8", "replace"))
    if body is None:
        raise BadRequest("the body is not a JSON object")
    return body


def app_named(store: Store, app_id: Any) -> App:
    app = store.apps.get(app_id) if isinstance(app_id, str) else None
    if app is None:
        raise NotFound(f"app_id: no app {app_id!r}; make one with POST /sim/apps")
    return app


def person_named(app: App, open_id: Any) -> Person:
    person = app.people.get(open_id) if isinstance(open_id, str) else None
    if person is None:
        raise NotFound(f"open_id: app {app.app_id} has no person {open_id!r}")
    return person


def template_named(app: App, template_id: Any) -> Template:
    template = app.templates.get(template_id) if isinstance(template_id, str) else None
    if template is None:
        raise NotFound(f"template_id: app {app.app_id} has adopted no template {template_id!r}")
    return template


def whole(body: dict[str, Any], name: str, *, least: int, most: int, usual: int | None = None) -> int:
    value = body.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadRequest(f"{name}: a whole number from {least} to {most}")
    return value


class Control:
    def __init__(self, store: Store, log: Log, faults: Faults) -> None:
        self._store, self._log, self._faults = store, log, faults

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sim/apps", failing_politely(self.apps)),
            web.post("/sim/templates", failing_politely(self.templates)),
            web.post("/sim/people", failing_politely(self.people)),
            web.get("/sim/faults", failing_politely(self.list_faults)),
            web.post("/sim/faults", failing_politely(self.add_fault)),
            web.delete("/sim/faults", failing_politely(self.clear_faults)),
            web.get("/sim/log", failing_politely(self.log)),
            web.get("/sim/log/summary", failing_politely(self.summary)),
            web.get("/sim/clock", failing_politely(self.read_clock)),
            web.post("/sim/clock", failing_politely(self.set_clock)),
        ]

    async def apps(self, http: web.Request) -> web.Response:
        """Make an app, or change the settings of a known app_id; fields left out keep their value."""
        body = await body_of(http)
        app_id = body.pop("app_id", None)
        if app_id is not None and not (isinstance(app_id, str) and app_id.isdigit() and len(app_id) <= 32):
            raise BadRequest("app_id: digits, at most 32, or left out")
        app = self._store.apps.get(app_id or "")
        _check_settings(body)
        if app is None:
            if "industry" not in body:
                raise BadRequest(f"industry: one of {', '.join(INDUSTRIES)}")
            keys = await asyncio.to_thread(Keys.generate)
            app = App(app_id or new_app_id(self._store), Settings(), keys, Limits())
        for name, value in body.items():
            setattr(app.settings, name, value)
        app.settings.name = app.settings.name or f"小程序 {app.app_id[-4:]}"
        self._store.save_app(app)
        gateway_url = f"{http.scheme}://{http.host}/gateway.do"
        facts = {"app_id": app.app_id, "gateway_url": gateway_url, **app.keys.texts()}
        return web.json_response({**facts, "aes_key": app.settings.aes_key, "pid": app.pid})

    async def templates(self, http: web.Request) -> web.Response:
        """Act as the platform's staff: force a template's status or words, take a library entry offline."""
        body = await body_of(http)
        app, status = app_named(self._store, body.get("app_id")), body.get("status")
        if body.get("lib_code") is not None:
            if body["lib_code"] not in LIBRARY or status not in ("ONLINE", "OFFLINE"):
                raise BadRequest("lib_code: a code of the library; status: ONLINE or OFFLINE")
            offline = set(app.settings.library_offline) - {body["lib_code"]}
            app.settings.library_offline = sorted(
                offline | ({body["lib_code"]} if status == "OFFLINE" else set())
            )
            self._store.save_app(app)
            return web.json_response({"lib_code": body["lib_code"], "status": status})
        template = template_named(app, body.get("template_id"))
        if "keywords" in body:
            template.keywords = _new_keywords(template, body["keywords"])
            self._store.save_template(app, template)
            return web.json_response({"template_id": template.template_id, "keywords": template.keywords})
        if status not in STATUSES:
            raise BadRequest(f"status: one of {', '.join(STATUSES)}")
        template.forced_status = status
        self._store.save_template(app, template)
        return web.json_response({"template_id": template.template_id, "status": status})

    async def people(self, http: web.Request) -> web.Response:
        """The same seed names the same people; asked for more, the first ones are the same."""
        body = await body_of(http)
        app = app_named(self._store, body.get("app_id"))
        count = whole(body, "count", least=0, most=MAX_PEOPLE)
        seed = whole(body, "seed", least=0, most=2**63, usual=1)
        made, now = [], self._store.clock.now()
        for position, open_id in enumerate(open_ids(app.app_id, seed, count)):
            made.append(open_id)
            if open_id not in app.people:
                self._store.join(app, open_id, seed=seed, position=position, at=now)
            if len(made) % YIELD_EVERY == 0:
                self._store.save_intakes()
                await asyncio.sleep(0)
        self._store.save_intakes()
        if not app.settings.user_ids:
            return web.json_response({"open_ids": made})
        return web.json_response({"open_ids": made, "user_ids": [app.user_id_of(one) for one in made]})

    async def list_faults(self, http: web.Request) -> web.Response:
        return web.json_response({"faults": self._faults.listed()})

    async def add_fault(self, http: web.Request) -> web.Response:
        self._faults.add(await body_of(http))
        return web.json_response({"faults": self._faults.listed()})

    async def clear_faults(self, http: web.Request) -> web.Response:
        return web.json_response({"cleared": self._faults.clear()})

    async def log(self, http: web.Request) -> web.Response:
        after = query_number(http, "after", 0)
        limit = max(1, min(MAX_ENTRIES, query_number(http, "limit", 1000)))
        entries = await self._log.entries(after=after, limit=limit, **_filters(http))
        return web.json_response({"entries": entries, "next_after": entries[-1]["id"] if entries else after})

    async def summary(self, http: web.Request) -> web.Response:
        since, late_ms = query_number(http, "since_id", 0), query_number(http, "late_ms", 1000)
        people = http.query.get("people") == "1"
        return web.json_response(
            await self._log.summary(after=since, late_ms=late_ms, people=people, **_filters(http))
        )

    async def read_clock(self, http: web.Request) -> web.Response:
        return web.json_response(self._clock_facts())

    async def set_clock(self, http: web.Request) -> web.Response:
        advance, speed = read_wish(await body_of(http))
        self._store.move_clock(advance, speed)
        return web.json_response(self._clock_facts())

    def _clock_facts(self) -> dict[str, Any]:
        clock = self._store.clock
        return {"now": iso_beijing(clock.now()), "speed": clock.speed}


def query_number(http: web.Request, name: str, usual: int) -> int:
    text = http.query.get(name, str(usual))
    if not text.isdigit():
        raise BadRequest(f"{name}: a whole number")
    return int(text)


def _new_keywords(template: Template, given: Any) -> tuple[str, ...]:
    if (
        not isinstance(given, list)
        or len(given) != len(template.keywords)
        or not all(isinstance(word, str) and word for word in given)
    ):
        raise BadRequest(f"keywords: a list of {len(template.keywords)} texts, as many as there are now")
    return tuple(given)


def _filters(http: web.Request) -> dict[str, str | None]:
    names = {
        name: name
        for name in ("app_id", "method", "template_id", "out_biz_no", "activity_id", "voucher_id", "card_no")
    } | {"to": "open_id"}
    return {column: http.query.get(name) for name, column in names.items()}


_SWITCHES = (
    "public_app_bound",
    "user_ids",
    "allow_rsa",
    "sign_with_empties",
    "signature_config",
    "refuses_key_names",
    "sensitive_fields",
)
_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(
        (
            "industry",
            "name",
            "notify_url",
            "signals_url",
            "client_key",
            "server_key",
            "state",
            "kind",
            "coupon_review",
            "auth_callback",
            "aes_key",
        ),
        str,
    ),
    **dict.fromkeys(("skew_seconds", "review_seconds", "delivery_stop_seconds"), (int, float)),
    "limits": dict,
    "card_limits": dict,
    "no_permission": list,
    **dict.fromkeys(_SWITCHES, bool),
}


def _check_settings(body: dict[str, Any]) -> None:
    """Nulls mean "left out"; they are removed."""
    for name in [name for name, value in body.items() if value is None]:
        del body[name]
    known = {field.name for field in fields(Settings)} - {"library_offline"}
    for name, value in body.items():
        if name not in known:
            raise BadRequest(f"{name}: unknown; known are app_id, {', '.join(sorted(known))}")
        if not isinstance(value, _KINDS[name]) or (isinstance(value, bool) and name not in _SWITCHES):
            raise BadRequest(f"{name}: wrong type of value")
    if body.get("industry", "general") not in INDUSTRIES:
        raise BadRequest(f"industry: one of {', '.join(INDUSTRIES)}")
    if body.get("state", "online") not in APP_STATES:
        raise BadRequest(f"state: one of {', '.join(APP_STATES)}")
    if min(body.get(name, 0) for name in ("skew_seconds", "review_seconds", "delivery_stop_seconds")) < 0:
        raise BadRequest("skew_seconds, review_seconds, delivery_stop_seconds: from 0")
    _check_ways(body)
    _check_card_limits(body.get("card_limits", {}))
    for name in ("signals_url", "notify_url", "auth_callback"):
        if body.get(name, "") and not body[name].startswith(("http://", "https://")):
            raise BadRequest(f"{name}: starts with http:// or https://")
    for rate in body.get("limits", {}).values():
        if isinstance(rate, bool) or not isinstance(rate, int | float) or rate < 0:
            raise BadRequest(
                "limits: calls per second from 0 (no limit) under app, method or a method's name"
            )


def _check_card_limits(limits: dict[str, Any]) -> None:
    for name, value in limits.items():
        if name not in CARD_LIMITS or isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise BadRequest(f"card_limits: whole numbers from 0 under {', '.join(CARD_LIMITS)}")


def _check_ways(body: dict[str, Any]) -> None:
    if body.get("coupon_review", APPROVE) not in COUPON_REVIEWS:
        raise BadRequest(f"coupon_review: one of {', '.join(COUPON_REVIEWS)}")
    if body.get("kind", MINI_PROGRAM) not in (MINI_PROGRAM, PROVIDER):
        raise BadRequest(f"kind: {MINI_PROGRAM} or {PROVIDER}")
    if body.get("aes_key") and key_of(body["aes_key"]) is None:
        raise BadRequest("aes_key: 16 or 32 bytes in base64, or empty to take no encrypted content")
    if not all(isinstance(method, str) for method in body.get("no_permission", [])):
        raise BadRequest("no_permission: a list of methods' names")
