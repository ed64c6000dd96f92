"""A past written at once: messages of earlier days with what was answered, and visits from them.

Nothing is reported to the console, no unit is spent, fatigue counts what was delivered. The log marks each
line as history. A `key` makes a call repeatable: the same key again writes nothing.
"""

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator.clock import DAY_SECONDS, beijing, beijing_day
from simulator.codes import SUB_CODES
from simulator.control import (
    YIELD_EVERY,
    BadRequest,
    app_named,
    body_of,
    failing_politely,
    person_named,
    template_named,
    whole,
)
from simulator.log import SEND, Entry, Log
from simulator.reading import json_object
from simulator.store import App, Store, Template

MAX_HISTORY = 200_000
MAX_AT_ONCE = 20_000  # with a key: written without a pause, so that a kill leaves all of it or nothing
MAX_DAYS = 400
# SIM: shares and hours for a past made up by number; visits lie near the benchmark of good merchants.
VISITED_SHARE = 0.22
BUSY_HOURS = (9, 10, 11, 12, 12, 15, 17, 18, 19, 19, 20, 20, 21)
ANSWERED = "accepted"
# Both were answered with HTTP 500; only the first brought the message to the person.
DELIVERED_500, LOST_500 = "http_500_delivered", "http_500_lost"
SHAPE = (
    'messages: each {"open_id", "days_ago" from 0 to ' + str(MAX_DAYS) + ' or "at" in Unix seconds,'
    ' "visited"? or "visited_at"? in Unix seconds, "page"?, "outcome"?: accepted, '
    f"{DELIVERED_500}, {LOST_500} or a sub_code" + "}"
)


@dataclass(frozen=True, slots=True)
class Past:
    """One message; Unix seconds."""

    open_id: str
    at: float
    visited_at: float | None
    page: str
    outcome: str

    @property
    def delivered(self) -> bool:
        return self.outcome in (ANSWERED, DELIVERED_500)


class History:
    def __init__(self, store: Store, log: Log) -> None:
        self._store, self._log = store, log

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/sim/history", failing_politely(self.history))]

    async def history(self, http: web.Request) -> web.Response:
        body = await body_of(http)
        app = app_named(self._store, body.get("app_id"))
        template = template_named(app, body.get("template_id"))
        now, page = self._store.clock.now(), str(body.get("page") or "pages/index/index")
        if "messages" in body:
            past = _listed(app, body["messages"], now=now, page=page)
        else:
            past = _made_up(app, body, now=now, page=page)
        past.sort(key=lambda one: one.at)
        data, key = _text(app, template, body.get("data")), _key(body, len(past))
        if key and not self._store.take_key(f"history {app.app_id} {key}"):
            return web.json_response({"written": 0, "visited": 0, "repeated": True})
        for number, one in enumerate(past):
            self._write(app, template, one, data=data)
            if not key and number % YIELD_EVERY == YIELD_EVERY - 1:
                await self._store.disk.flush()
                await asyncio.sleep(0)
        visits = sum(one.visited_at is not None for one in past)
        answer: dict[str, Any] = {"written": len(past), "visited": visits}
        if not key:
            answer["messages"] = [
                {"open_id": one.open_id, "at": _iso(one.at), "visited_at": _iso(one.visited_at)}
                for one in past
            ]
        return web.json_response(answer)

    def _write(self, app: App, template: Template, one: Past, *, data: str) -> None:
        message_id = None
        if one.delivered:
            message_id = self._store.deliver(
                app, template, one.open_id, data=data, page=one.page, at=one.at, history=True
            )
            if one.visited_at is not None:
                self._store.visit(app, one.open_id, message_id, at=one.visited_at, reported="history")
        answered = one.outcome not in (DELIVERED_500, LOST_500)
        refused = answered and not one.delivered
        code = "10000" if one.delivered else SUB_CODES.get(one.outcome, ("40004", ""))[0]
        entry = Entry(
            received_at=one.at,
            app_id=app.app_id,
            method=SEND,
            http_status=200 if answered else 500,
            code=code if answered else None,
            sub_code=one.outcome if refused else None,
            open_id=one.open_id,
            template_id=template.template_id,
            page=one.page,
            message_id=message_id,
            accepted=one.delivered,
            fault=None if answered else "http_500",
            history=True,
            at=one.at,
            finished_at=one.at,
        )
        self._log.write(entry)


def _key(body: dict[str, Any], count: int) -> str:
    key = body.get("key") or ""
    if not isinstance(key, str) or len(key) > 100:
        raise BadRequest("key: a text of at most 100 characters")
    if key and count > MAX_AT_ONCE:
        raise BadRequest(f"messages: with a key at most {MAX_AT_ONCE} at once")
    return key


def _listed(app: App, messages: Any, *, now: float, page: str) -> list[Past]:
    if not isinstance(messages, list) or len(messages) > MAX_HISTORY:
        raise BadRequest(f"messages: a list of at most {MAX_HISTORY}")
    found = [_one(message, now=now, page=page) for message in messages]
    for one in found:
        person_named(app, one.open_id)
    return found


def _one(message: Any, *, now: float, page: str) -> Past:
    if not isinstance(message, dict):
        raise BadRequest(SHAPE)
    at = _number(message, "at")
    if at is None:
        days = _number(message, "days_ago")
        at = None if days is None else now - days * DAY_SECONDS
    outcome, visited_at = message.get("outcome", ANSWERED), _number(message, "visited_at")
    known = outcome in (ANSWERED, DELIVERED_500, LOST_500) or outcome in SUB_CODES
    if at is None or not known or not now - MAX_DAYS * DAY_SECONDS <= at <= now:
        raise BadRequest(SHAPE)
    if visited_at is None and message.get("visited"):
        visited_at = min(at + 3600.0, now)
    past = Past(message.get("open_id", ""), at, visited_at, str(message.get("page") or page), str(outcome))
    if visited_at is not None and not (past.delivered and at <= visited_at <= now):
        raise BadRequest("visited_at: after the message, before now, and only of a message that arrived")
    return past


def _number(message: dict[str, Any], name: str) -> float | None:
    value = message.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequest(SHAPE)
    return float(value)


def _made_up(app: App, body: dict[str, Any], *, now: float, page: str) -> list[Past]:
    count = whole(body, "count", least=1, most=MAX_HISTORY)
    days = whole(body, "days", least=1, most=MAX_DAYS)
    seed = whole(body, "seed", least=0, most=2**63, usual=1)
    if not app.people:
        raise BadRequest("this app has no people yet; make some with POST /sim/people")
    chance, people = random.Random(seed), list(app.people)  # noqa: S311 - repeatable on purpose
    midnight, made = DAY_SECONDS * beijing_day(now) - 8 * 3600, []
    for _ in range(count):
        # Whole days before today, at hours when merchants send.
        hour = chance.choice(BUSY_HOURS) + chance.random()
        at = midnight - DAY_SECONDS * chance.randrange(1, days + 1) + hour * 3600
        open_id, visited = chance.choice(people), chance.random() < VISITED_SHARE
        made.append(Past(open_id, at, min(at + 3600.0, now) if visited else None, page, ANSWERED))
    return made


def _text(app: App, template: Template, given: Any) -> str:
    """The data as the caller gives it, or a sample."""
    if given is not None:
        data = json_object(given) if isinstance(given, str) else given
        if not isinstance(data, dict) or data.keys() != template.data_keys:
            raise BadRequest(f"data: an object with {', '.join(sorted(template.data_keys))}, or left out")
        return json.dumps(data, ensure_ascii=False)
    sample = {"商户名称": app.settings.name, "使用方法": "进入小程序查看", "参与方式": "点击消息参与"}
    values = {
        f"keyword{number}": {"value": sample.get(keyword, f"{keyword}见详情")[:50]}
        for number, keyword in enumerate(template.keywords, 1)
    }
    return json.dumps(values, ensure_ascii=False)


def _iso(at: float | None) -> str | None:
    return None if at is None else beijing(at).isoformat(timespec="seconds")
