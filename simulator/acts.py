"""What simulated people do: subscribe, answer the prompt, change their mind, come from a message."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator.card_messages import title_of
from simulator.choices import TEMPLATES_A_PROMPT, ask, subscribe, unsubscribe
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
from simulator.library import SUBSCRIBED
from simulator.order_centre import status_of
from simulator.signals import (
    MESSAGE_SCENE,
    NOWHERE,
    PUSH_SCENE,
    REPORTED,
    Report,
    Reporter,
    consent_signal,
    outcome_told,
    visit_signal,
)
from simulator.store import STANDING, App, Store, Template

ACTIONS = (
    "subscribe",
    "unsubscribe",
    "prompt",
    "ask_again",
    "reject_messages",
    "allow_messages",
    "not_interested",
    "visit",
    "enter",
)
UNREPORTED = ("reject_messages", "allow_messages", "not_interested")
KINDS = ("one_time", "long_term")
MAX_UNITS = 1_000
WAYS = {"message": MESSAGE_SCENE, "push": PUSH_SCENE}


@dataclass(frozen=True, slots=True)
class Message:
    message_id: int
    template_id: str
    data: str
    page: str
    at: float


class Acts:
    def __init__(self, store: Store, reporter: Reporter) -> None:
        self._store, self._reporter = store, reporter

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sim/consents", failing_politely(self.consents)),
            web.post("/sim/act", failing_politely(self.act)),
        ]

    async def consents(self, http: web.Request) -> web.Response:
        """Many people subscribe to one template; with `report` (the default) the mini program says so.

        With `set` the balance becomes `units`, which may be 0, whatever it was: that can be repeated.
        """
        body = await body_of(http)
        app = app_named(self._store, body.get("app_id"))
        template = template_named(app, body.get("template_id"))
        _check_kind(template, body.get("kind"))
        setting = body.get("set") is True
        units = whole(body, "units", least=0 if setting else 1, most=MAX_UNITS, usual=1)
        chosen, now = _chosen(app, body.get("open_ids")), time.time()
        for number, open_id in enumerate(chosen):
            if setting:
                self._set(app, template, open_id, units)
            else:
                subscribe(self._store, app, template, open_id, units)
            if number % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(0)
        signals = []
        if body.get("report", not setting) and units and app.settings.signals_url:
            signals = [consent_signal("subscribed", template, one, at=now, units=units) for one in chosen]
        report = await self._reporter.report(app, app.settings.server_key, signals)
        return web.json_response({"granted": len(chosen), **report.as_answer()})

    async def act(self, http: web.Request) -> web.Response:
        body = await body_of(http)
        app = app_named(self._store, body.get("app_id"))
        if "open_ids" in body:
            return web.json_response(self._change_minds(app, body))
        return web.json_response(await self.do(app, body))

    def _change_minds(self, app: App, body: dict[str, Any]) -> dict[str, Any]:
        """Many people at once, for what nobody reports."""
        action, chosen = body.get("action"), _chosen(app, body.get("open_ids"))
        if action not in UNREPORTED:
            raise BadRequest(f"action: with open_ids one of {', '.join(UNREPORTED)}")
        template = template_named(app, body.get("template_id")) if action == "not_interested" else None
        for open_id in chosen:
            self._change_mind(app, open_id, action, template)
        return {"done": action, "people": len(chosen)}

    def _change_mind(self, app: App, open_id: str, action: str, template: Template | None) -> None:
        person = app.people[open_id]
        if template is None:
            person.rejects = action == "reject_messages"
        else:
            person.not_interested |= {template.template_id}
        self._store.save_person(app, open_id, person)
        self._store.note(app, open_id, action, template.entry.name if template else "")

    async def do(self, app: App, body: dict[str, Any]) -> dict[str, Any]:
        """One action of one person; what the mini program would report is reported."""
        action, open_id = body.get("action"), body.get("open_id")
        person_named(app, open_id)
        if action not in ACTIONS:
            raise BadRequest(f"action: one of {', '.join(ACTIONS)}")
        if action == "visit":
            return await self.visit(app, str(open_id), body.get("message_id"), via=body.get("via", "message"))
        if action == "enter":
            return await self.enter(app, str(open_id))
        if action in ("reject_messages", "allow_messages"):
            self._change_mind(app, str(open_id), action, None)
            return {"done": action}
        if action == "prompt":
            return await self._answer_prompt(app, str(open_id), body)
        template = template_named(app, body.get("template_id"))
        if action == "not_interested":
            self._change_mind(app, str(open_id), action, template)
            return {"done": action}
        if action == "ask_again":
            self._store.keep_choice(app, template, str(open_id), "")
            self._store.note(app, str(open_id), action, template.entry.name)
            return {"done": action}
        return await self._change_consent(app, template, str(open_id), body)

    async def visit(
        self, app: App, open_id: str, message_id: Any = None, *, via: Any = "message"
    ) -> dict[str, Any]:
        """Open the mini program from the given message or the newest, as a tap on the phone does."""
        message = await self.message(app, open_id, message_id)
        if message is None:
            raise NotFound("this person has no such message")
        if not isinstance(via, str) or via not in WAYS:
            raise BadRequest(f"via: one of {', '.join(WAYS)}")
        if via == "push" and not has_push(app, message.template_id):
            raise BadRequest("via: this message came without a push")
        signal = visit_signal(open_id, message.page, at=time.time(), scene=WAYS[via])
        report = await self._reporter.report(app, app.settings.client_key, [signal])
        outcome = outcome_told(_outcome(report), WAYS[via])
        self._store.visit(app, open_id, message.message_id, reported=outcome)
        self._store.note(app, open_id, "visit", outcome)
        told = {name: signal.get(name) for name in ("token", "scene")}
        return {"done": "visit", "message_id": message.message_id, **told, **report.as_answer()}

    async def enter(self, app: App, open_id: str) -> dict[str, Any]:
        """Open the mini program from the top of the merchant's messages; the visit belongs to none."""
        signal = visit_signal(open_id, "", at=time.time())
        report = await self._reporter.report(app, app.settings.client_key, [signal])
        self._store.seen(app, open_id, self._store.clock.now())
        self._store.note(app, open_id, "enter", _outcome(report))
        return {"done": "enter", **report.as_answer()}

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
        _check_subscribable(template)
        units = whole(body, "units", least=1, most=MAX_UNITS, usual=1)
        if body["action"] == "subscribe":
            subscribe(self._store, app, template, open_id, units, keep=_keep(body))
            kind = "subscribed"
        else:
            unsubscribe(self._store, app, template, open_id)
            kind = "revoked"
        self._store.note(app, open_id, str(body["action"]), template.entry.name)
        signal = consent_signal(kind, template, open_id, at=time.time(), units=units)
        report = await self._reporter.report(app, app.settings.server_key, [signal])
        return {"done": body["action"], "balance": template.consents[open_id], **report.as_answer()}

    async def _answer_prompt(self, app: App, open_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """What my.requestSubscribeMessage does; a kept answer is given without any panel."""
        templates = _asked(self._store, app, body.get("template_ids"))
        accepts = body.get("accept", [one.template_id for one in templates])
        if not isinstance(accepts, list):
            raise BadRequest("accept: a list of template ids, or left out for all")
        answered = ask(self._store, app, templates, open_id, accepts=accepts, keep=_keep(body))
        if answered.shown:
            self._store.note(app, open_id, "prompted")
        for template in answered.kept:
            choice = answered.choices[template.template_id]
            self._store.note(app, open_id, f"keep_{choice}", template.entry.name)
        for template in answered.subscribed:
            kind = "subscribe" if template in answered.shown else "subscribe_silently"
            self._store.note(app, open_id, kind, template.entry.name)
        now = time.time()
        signals = [consent_signal("subscribed", one, open_id, at=now) for one in answered.subscribed]
        report = await self._reporter.report(app, app.settings.server_key, signals)
        show = bool(answered.shown)
        return {"done": "prompt", "show": show, "choices": answered.choices, **report.as_answer()}

    def _set(self, app: App, template: Template, open_id: str, units: int) -> None:
        self._store.set_consent(app, template, open_id, STANDING if template.long_term and units else units)


def has_push(app: App, template_id: str) -> bool:
    """Of a template, of the status of an order's message, or of a card's: 开卡 and 资产变动 push."""
    if title_of(template_id) is not None:
        return True
    status = status_of(template_id)
    return app.templates[template_id].entry.has_push if status is None else status.pushes


def _outcome(report: Report) -> str:
    return report.report_error or (REPORTED if report.reported else NOWHERE)


def _check_subscribable(template: Template) -> None:
    if template.entry.trigger != SUBSCRIBED:
        raise BadRequest(f"template_id: nobody subscribes to {template.template_id}; a form or a trade pays")


def _asked(store: Store, app: App, wish: Any) -> list[Template]:
    if not isinstance(wish, list) or not 1 <= len(wish) <= TEMPLATES_A_PROMPT:
        raise BadRequest(f"template_ids: 1 to {TEMPLATES_A_PROMPT} template ids (errorCode 203)")
    templates = [template_named(app, one) for one in dict.fromkeys(map(str, wish))]
    now = store.clock.now()
    for template in templates:
        _check_subscribable(template)
        if template.status(now) != "ONLINE":
            raise BadRequest(f"template_ids: {template.template_id} is not online (errorCode 106008)")
    if len({one.long_term for one in templates}) > 1:
        raise BadRequest("template_ids: one-time and long-term cannot be mixed (errorCode 106002)")
    return templates


def _keep(body: dict[str, Any]) -> bool:
    keep = body.get("keep", False)
    if not isinstance(keep, bool):
        raise BadRequest("keep: true or false")
    return keep


def _check_kind(template: Template, kind: Any) -> None:
    _check_subscribable(template)
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
