"""What simulated people do: subscribe, change their mind, come from a message. Also a whole past at once."""

import asyncio
import json
import random
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator.clock import DAY_SECONDS, beijing, beijing_day
from simulator.control import (
    YIELD_EVERY,
    BadRequest,
    NotFound,
    app_named,
    body_of,
    failing_politely,
    person_named,
    template_named,
    whole,
)
from simulator.log import SEND, Entry, Log
from simulator.signals import Reporter, consent_signal, visit_signal
from simulator.store import STANDING, App, Store, Template

ACTIONS = (
    "subscribe",
    "unsubscribe",
    "reject_messages",
    "allow_messages",
    "not_interested",
    "visit",
)
KINDS = ("one_time", "long_term")
MAX_UNITS = 1_000
MAX_HISTORY = 200_000
MAX_DAYS = 400
# SIM: shares and hours for a past made up by number; visits lie near the benchmark of good merchants.
VISITED_SHARE = 0.22
BUSY_HOURS = (9, 10, 11, 12, 12, 15, 17, 18, 19, 19, 20, 20, 21)


@dataclass(frozen=True, slots=True)
class Message:
    message_id: int
    template_id: str
    data: str
    page: str
    at: float


class Acts:
    def __init__(self, store: Store, log: Log, reporter: Reporter) -> None:
        self._store, self._log, self._reporter = store, log, reporter

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sim/consents", failing_politely(self.consents)),
            web.post("/sim/act", failing_politely(self.act)),
            web.post("/sim/history", failing_politely(self.history)),
        ]

    async def consents(self, http: web.Request) -> web.Response:
        """Many people subscribe to one template; with `report` (the default) the mini program says so."""
        body = await body_of(http)
        app = app_named(self._store, body.get("app_id"))
        template = template_named(app, body.get("template_id"))
        _check_kind(template, body.get("kind"))
        units = whole(body, "units", least=1, most=MAX_UNITS, usual=1)
        chosen, now = _chosen(app, body.get("open_ids")), time.time()
        for number, open_id in enumerate(chosen):
            self._grant(app, template, open_id, units)
            if number % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(0)
        signals = []
        if body.get("report", True) and app.settings.signals_url:
            signals = [consent_signal("subscribed", template, one, at=now, units=units) for one in chosen]
        report = await self._reporter.report(app, app.settings.server_key, signals)
        return web.json_response({"granted": len(chosen), **report.as_answer()})

    async def act(self, http: web.Request) -> web.Response:
        body = await body_of(http)
        app = app_named(self._store, body.get("app_id"))
        return web.json_response(await self.do(app, body))

    async def do(self, app: App, body: dict[str, Any]) -> dict[str, Any]:
        """One action of one person; what the mini program would report is reported."""
        action, open_id = body.get("action"), body.get("open_id")
        person = person_named(app, open_id)
        if action not in ACTIONS:
            raise BadRequest(f"action: one of {', '.join(ACTIONS)}")
        if action == "visit":
            return await self.visit(app, str(open_id), body.get("message_id"))
        if action in ("reject_messages", "allow_messages"):
            person.rejects = action == "reject_messages"
            self._store.save_person(app, str(open_id), person)
            self._store.note(app, str(open_id), action)
            return {"done": action}
        template = template_named(app, body.get("template_id"))
        if action == "not_interested":
            person.not_interested |= {template.template_id}
            self._store.save_person(app, str(open_id), person)
            self._store.note(app, str(open_id), action, template.entry.name)
            return {"done": action}
        return await self._change_consent(app, template, str(open_id), body)

    async def visit(self, app: App, open_id: str, message_id: Any = None) -> dict[str, Any]:
        """Open the mini program from the given message or the newest, as a tap on the phone does."""
        message = await self.message(app, open_id, message_id)
        if message is None:
            raise NotFound("this person has no such message")
        signal = visit_signal(open_id, message.page, at=time.time())
        report = await self._reporter.report(app, app.settings.client_key, [signal])
        outcome = report.report_error or ("reported" if report.reported else "no signals_url")
        self._store.visit(app, open_id, message.message_id, reported=outcome)
        self._store.note(app, open_id, "visit", outcome)
        token = signal.get("token")
        return {"done": "visit", "message_id": message.message_id, "token": token, **report.as_answer()}

    async def message(self, app: App, open_id: str, message_id: Any = None) -> Message | None:
        sql = "SELECT message_id, template_id, data, page, at FROM messages"
        sql += " WHERE app_id = ? AND open_id = ?"
        args: list[Any] = [app.app_id, open_id]
        if message_id is not None:
            sql, args = f"{sql} AND message_id = ?", [*args, message_id]
        rows = await self._store.disk.read(f"{sql} ORDER BY at DESC, message_id DESC LIMIT 1", args)
        return Message(*rows[0]) if rows else None

    async def _change_consent(
        self, app: App, template: Template, open_id: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        units = whole(body, "units", least=1, most=MAX_UNITS, usual=1)
        if body["action"] == "subscribe":
            self._grant(app, template, open_id, units)
            kind = "subscribed"
        else:
            self._store.set_consent(app, template, open_id, 0)
            kind = "revoked"
        self._store.note(app, open_id, str(body["action"]), template.entry.name)
        signal = consent_signal(kind, template, open_id, at=time.time(), units=units)
        report = await self._reporter.report(app, app.settings.server_key, [signal])
        return {"done": body["action"], "balance": template.consents[open_id], **report.as_answer()}

    def _grant(self, app: App, template: Template, open_id: str, units: int) -> None:
        """One-time units accumulate; a long-term consent stands until the person ends it."""
        held = template.consents.get(open_id, 0)
        self._store.set_consent(app, template, open_id, STANDING if template.long_term else held + units)

    async def history(self, http: web.Request) -> web.Response:
        """A past: delivered messages and visits from them. Nothing is reported, no unit is spent."""
        body = await body_of(http)
        app = app_named(self._store, body.get("app_id"))
        template = template_named(app, body.get("template_id"))
        rows = (
            _listed(app, body["messages"])
            if "messages" in body
            else _made_up(app, body, self._store.clock.now())
        )
        text, page = _sample_text(app, template), str(body.get("page") or "pages/index/index")
        now, written = self._store.clock.now(), []
        for number, (open_id, days_ago, visited) in enumerate(sorted(rows, key=lambda row: -row[1])):
            at = now - days_ago * DAY_SECONDS
            visited_at = min(at + 3600.0, now) if visited else None
            self._past_message(app, template, open_id, data=text, page=page, at=at, visited_at=visited_at)
            written.append({"open_id": open_id, "at": _iso(at), "visited_at": _iso(visited_at)})
            if number % YIELD_EVERY == YIELD_EVERY - 1:
                await self._store.disk.flush()
        visits = sum(one["visited_at"] is not None for one in written)
        return web.json_response({"written": len(written), "visited": visits, "messages": written})

    def _past_message(
        self,
        app: App,
        template: Template,
        open_id: str,
        *,
        data: str,
        page: str,
        at: float,
        visited_at: float | None,
    ) -> None:
        message_id = self._store.deliver(app, template, open_id, data=data, page=page, at=at)
        if visited_at is not None:
            self._store.visit(app, open_id, message_id, at=visited_at, reported="history")
        entry = Entry(
            received_at=at,
            app_id=app.app_id,
            method=SEND,
            code="10000",
            open_id=open_id,
            template_id=template.template_id,
            page=page,
            message_id=message_id,
            accepted=True,
            history=True,
            at=at,
            finished_at=at,
        )
        self._log.write(entry)


def _check_kind(template: Template, kind: Any) -> None:
    if kind not in KINDS:
        raise BadRequest(f"kind: one of {', '.join(KINDS)}")
    if (kind == "long_term") != template.long_term:
        raise BadRequest(f"kind: template {template.template_id} is {template.entry.scene_rule}")


def _chosen(app: App, wish: Any) -> list[str]:
    if wish == "all":
        return list(app.people)
    if not isinstance(wish, list):
        raise BadRequest('open_ids: a list, or "all"')
    unknown = [open_id for open_id in wish if not isinstance(open_id, str) or open_id not in app.people]
    if unknown:
        raise NotFound(f"open_ids: {len(unknown)} unknown, the first is {unknown[0]!r}")
    return wish


def _listed(app: App, messages: Any) -> list[tuple[str, float, bool]]:
    if not isinstance(messages, list) or len(messages) > MAX_HISTORY:
        raise BadRequest(f"messages: a list of at most {MAX_HISTORY}")
    rows = []
    for message in messages:
        days = message.get("days_ago") if isinstance(message, dict) else None
        if isinstance(days, bool) or not isinstance(days, int | float) or not 0 <= days <= MAX_DAYS:
            raise BadRequest(f'messages: each {{"open_id", "days_ago" from 0 to {MAX_DAYS}, "visited"?}}')
        person_named(app, message.get("open_id"))
        rows.append((message["open_id"], float(days), bool(message.get("visited"))))
    return rows


def _made_up(app: App, body: dict[str, Any], now: float) -> list[tuple[str, float, bool]]:
    count = whole(body, "count", least=1, most=MAX_HISTORY)
    days = whole(body, "days", least=1, most=MAX_DAYS)
    seed = whole(body, "seed", least=0, most=2**63, usual=1)
    if not app.people:
        raise BadRequest("this app has no people yet; make some with POST /sim/people")
    chance, people = random.Random(seed), list(app.people)  # noqa: S311 - repeatable on purpose
    since_midnight, rows = (now - DAY_SECONDS * beijing_day(now) + 8 * 3600) / DAY_SECONDS, []
    for _ in range(count):
        # Whole days before today, at hours when merchants send.
        hour = chance.choice(BUSY_HOURS) + chance.random()
        days_ago = since_midnight + chance.randrange(1, days + 1) - hour / 24
        rows.append((chance.choice(people), days_ago, chance.random() < VISITED_SHARE))
    return rows


def _sample_text(app: App, template: Template) -> str:
    sample = {"商户名称": app.settings.name, "使用方法": "进入小程序查看", "参与方式": "点击消息参与"}
    values = {
        f"keyword{number}": {"value": sample.get(keyword, f"{keyword}见详情")[:50]}
        for number, keyword in enumerate(template.keywords, 1)
    }
    return json.dumps(values, ensure_ascii=False)


def _iso(at: float | None) -> str | None:
    return None if at is None else beijing(at).isoformat(timespec="seconds")
