"""Cards as the control API shows them, and what people do with them: apply for one, throw one away."""

import asyncio
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from simulator import card_codes
from simulator.callbacks import MISMATCH, callback_url, called
from simulator.card_forms import Form, answered, what_is_known_of
from simulator.card_templates import Application, CardTemplate, Opening
from simulator.card_terms import DYNAMIC_CODES, USER_UNBUND
from simulator.cards import STATES, Card
from simulator.clock import iso_beijing
from simulator.control import (
    YIELD_EVERY,
    BadRequest,
    NotFound,
    app_named,
    body_of,
    failing_politely,
    person_named,
    query_number,
)
from simulator.store import App, Store

MAX_LISTED = 1_000
ACTIONS = APPLY, REMOVE = ("apply", "remove")


class CardControl:
    def __init__(self, store: Store, allowed_hosts: frozenset[str]) -> None:
        self._store, self._allowed_hosts = store, allowed_hosts

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sim/card-templates", failing_politely(self.templates)),
            web.get("/sim/cards", failing_politely(self.cards)),
            web.post("/sim/cards", failing_politely(self.act)),
            web.post("/sim/card-openings", failing_politely(self.openings)),
        ]

    async def templates(self, http: web.Request) -> web.Response:
        """Of one app, in the order in which they were made."""
        app = app_named(self._store, http.query.get("app_id"))
        told = [self._template(one) for one in self._store.card_templates.of_app(app.app_id)]
        return web.json_response({"templates": told})

    async def cards(self, http: web.Request) -> web.Response:
        """Of one person, or of the whole app; in the order in which they were opened."""
        app, query = app_named(self._store, http.query.get("app_id")), http.query
        state, wanted, now = query.get("state"), query.get("template_id"), self._store.clock.now()
        if state is not None and state not in STATES:
            raise BadRequest(f"state: one of {', '.join(STATES)}")
        if query.get("open_id"):
            person_named(app, query["open_id"])
            found = self._store.cards.held_by(app.app_id, query["open_id"])
        else:
            found = self._store.cards.all_of(app.app_id)
        listed = [
            one for one in found if wanted in (None, one.template_id) and state in (None, one.state(now))
        ]
        after, limit = query_number(http, "after", 0), query_number(http, "limit", MAX_LISTED)
        shown = [self._card(one) for one in listed[after : after + limit]]
        return web.json_response({"cards": shown, "total": len(listed)})

    async def act(self, http: web.Request) -> web.Response:
        """One person sends in the form of an address, or throws a card away."""
        body = await body_of(http)
        app, open_id, action = (
            app_named(self._store, body.get("app_id")),
            body.get("open_id"),
            body.get("action"),
        )
        person_named(app, open_id)
        if action not in ACTIONS:
            raise BadRequest(f"action: one of {', '.join(ACTIONS)}")
        if action == REMOVE:
            return web.json_response(
                {"done": action, "card": self.remove(app, str(open_id), body.get("card_no"))}
            )
        application = self._application(app, body.get("apply_url"))
        told = await self.send_in(
            app, str(open_id), application, body.get("answers"), call=body.get("call") is not False
        )
        return web.json_response({"done": action, **told})

    async def openings(self, http: web.Request) -> web.Response:
        """Many people send in the form of a template, with what is known of them; nobody is called."""
        body = await body_of(http)
        app, chosen = app_named(self._store, body.get("app_id")), body.get("open_ids")
        template = self._template_named(app, body.get("template_id"))
        if not isinstance(chosen, list) or not all(
            isinstance(one, str) and one in app.people for one in chosen
        ):
            raise BadRequest("open_ids: a list of people of this app")
        made = []
        for number, open_id in enumerate(chosen):
            opening = self._sent_in(app, template, open_id, None)
            made.append({"open_id": open_id, "request_id": opening.request_id, "auth_code": opening.code})
            if number % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(0)
        return web.json_response({"openings": made})

    async def send_in(
        self, app: App, open_id: str, application: Application, answers: Any, *, call: bool = True
    ) -> dict[str, Any]:
        """`called`: the status that the merchant's callback answered, ERR010, or why it was not reached."""
        registered = app.settings.auth_callback
        if registered and application.callback != registered:
            return {"called": MISMATCH, "callback": application.callback}
        template = self._store.card_templates.templates[application.template_id]
        opening = self._sent_in(app, template, open_id, answers)
        url = callback_url(application, opening)
        told = {"request_id": opening.request_id, "auth_code": opening.code, "callback": url}
        return {**told, "called": await called(url, self._allowed_hosts) if call else None}

    def _sent_in(self, app: App, template: CardTemplate, open_id: str, answers: Any) -> Opening:
        form, known = self._form(template), what_is_known_of(app.identity_of(open_id))
        given = {name: known[name] for name in form["required"]} if answers is None else answers
        if not isinstance(given, dict) or not all(isinstance(one, str) for one in given.values()):
            raise BadRequest("answers: texts by the names of the form's fields, or left out")
        filled, lacking = answered(form, given)
        if lacking:
            raise BadRequest(f"answers: {', '.join(lacking)} must not be empty")
        self._store.note(app, open_id, "card_apply", template.name)
        return self._store.card_templates.send_in(template, open_id, filled)

    def _form(self, template: CardTemplate) -> Form:
        if template.form is None:
            raise BadRequest(f"template_id: {template.template_id} has no form")
        return template.form

    def remove(self, app: App, open_id: str, card_no: Any) -> dict[str, Any]:
        """A person throws the card away; they may open one again."""
        card = self._store.cards.get(app.app_id, card_no) if isinstance(card_no, str) else None
        if card is None or card.open_id != open_id or card.ended:
            raise NotFound(f"card_no: this person has no card {card_no!r}")
        self._store.cards.end(card, USER_UNBUND)
        return self._card(card)

    def _application(self, app: App, url: Any) -> Application:
        """By the address as activateurl.apply answered it, encoded or not."""
        tail = unquote(url).rpartition("/")[2] if isinstance(url, str) else ""
        found = self._store.card_templates.applications.get(tail)
        if found is None or found.app_id != app.app_id:
            raise NotFound(f"apply_url: app {app.app_id} has no such address")
        return found

    def _template_named(self, app: App, template_id: Any) -> CardTemplate:
        template = self._store.card_templates.get(app.app_id, template_id)
        if template is None:
            raise NotFound(f"template_id: app {app.app_id} has no card template {template_id!r}")
        return template

    def _template(self, template: CardTemplate) -> dict[str, Any]:
        told = {"template_id": template.template_id, "notify_url": template.notify_url, "form": template.form}
        return {**told, "facts": template.facts, "modified_at": iso_beijing(template.modified_at)}

    def _card(self, card: Card) -> dict[str, Any]:
        """`code`: what the phone shows to be scanned, where it is a dynamic one."""
        names = (
            "card_no",
            "template_id",
            "open_id",
            "info",
            "paid",
            "member",
            "channel",
            "channel_id",
            "changed",
        )
        told = {name: getattr(card, name) for name in names}
        template = self._store.card_templates.templates[card.template_id]
        kind = DYNAMIC_CODES.get(template.write_off_type)
        code = card_codes.shown(self._store, card, kind) if kind else None
        ended = iso_beijing(card.ended_at) if card.ended else None
        moments = {"opened_at": iso_beijing(card.opened_at), "ended_at": ended}
        return {
            **told,
            **moments,
            "state": card.state(self._store.clock.now()),
            "reason": card.ended,
            "code": code,
        }
