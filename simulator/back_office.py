"""What merchants and people do by hand on the real platform, under /sim/: authorise, sign in, submit a form,
pay, name a crowd, call a batch back, adopt an old kind of template."""

from typing import Any

from aiohttp import web

from simulator.batches import Batches
from simulator.control import (
    BadRequest,
    app_named,
    body_of,
    failing_politely,
    person_named,
    template_named,
    whole,
)
from simulator.forms import SENDS, TRADE
from simulator.library import OLD_TEMPLATES
from simulator.methods import METHODS
from simulator.notices import AUTHORISED
from simulator.store import PROVIDER, App, Store, Template

SCOPES = ("auth_base", "auth_user")
MAX_GRANT_DAYS = 3650


class BackOffice:
    def __init__(self, store: Store, batches: Batches) -> None:
        self._store, self._batches = store, batches

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sim/grants", failing_politely(self.grants)),
            web.post("/sim/logins", failing_politely(self.logins)),
            web.post("/sim/forms", failing_politely(self.forms)),
            web.post("/sim/crowds", failing_politely(self.crowds)),
            web.post("/sim/batches", failing_politely(self.batches)),
            web.post("/sim/old-templates", failing_politely(self.old_templates)),
            web.get("/sim/consents", failing_politely(self.consents)),
        ]

    async def grants(self, http: web.Request) -> web.Response:
        """The merchant of `app_id` lets a provider's app act for it, or with `revoke` no longer."""
        body = await body_of(http)
        app = app_named(self._store, body.get("app_id"))
        provider = app_named(self._store, body.get("provider_app_id"))
        if provider.settings.kind != PROVIDER:
            raise BadRequest(f"provider_app_id: app {provider.app_id} is not of kind {PROVIDER}")
        if body.get("revoke") is True:
            return web.json_response({"revoked": self._store.grants.revoke(provider.app_id, app.app_id)})
        methods = body.get("methods", [name for name, method in METHODS.items() if not method.of_provider])
        if not isinstance(methods, list) or not all(name in METHODS for name in methods):
            raise BadRequest("methods: a list of methods that this platform offers, or left out for all")
        days = whole(body, "days", least=1, most=MAX_GRANT_DAYS, usual=365)
        grant = self._store.grants.give(provider.app_id, app.app_id, methods, days)
        told = {"app_id": provider.app_id, "auth_app_id": app.app_id, "app_auth_code": grant.code}
        self._store.notices.post(provider, AUTHORISED, told, auth_app_id=app.app_id)
        return web.json_response({"app_auth_code": grant.code})

    async def logins(self, http: web.Request) -> web.Response:
        """A person agrees that the mini program knows who they are."""
        body = await body_of(http)
        app, open_id = self._whose(body)
        scopes = body.get("scopes", [SCOPES[0]])
        if not isinstance(scopes, list) or not scopes or not all(scope in SCOPES for scope in scopes):
            raise BadRequest(f"scopes: a list of {', '.join(SCOPES)}")
        return web.json_response({"auth_code": self._store.logins.give(app.app_id, open_id, scopes).code})

    async def forms(self, http: web.Request) -> web.Response:
        """A person submits a form or makes a trade; its id pays for messages."""
        body = await body_of(http)
        app, open_id = self._whose(body)
        kind, paid = body.get("kind"), body.get("paid", True)
        if kind not in SENDS:
            raise BadRequest(f"kind: one of {', '.join(SENDS)}")
        if not isinstance(paid, bool) or (kind != TRADE and not paid):
            raise BadRequest(f"paid: true or false, and false only for a {TRADE}")
        form = self._store.forms.make(kind, app.app_id, open_id, paid=paid)
        return web.json_response({"form_id": form.form_id})

    async def crowds(self, http: web.Request) -> web.Response:
        body = await body_of(http)
        app, open_ids = app_named(self._store, body.get("app_id")), body.get("open_ids")
        if not isinstance(open_ids, list):
            raise BadRequest("open_ids: a list")
        for open_id in open_ids:
            person_named(app, open_id)
        return web.json_response({"crowd_code": self._batches.make_crowd(app, open_ids).crowd_code})

    async def batches(self, http: web.Request) -> web.Response:
        """Without batch_msg_id: how many batches are left today; with it: call that one back."""
        body = await body_of(http)
        app = app_named(self._store, body.get("app_id"))
        if "batch_msg_id" not in body:
            return web.json_response({"left_today": self._batches.left_today(app)})
        batch = self._batches.of(app, body["batch_msg_id"])
        if batch is None:
            raise BadRequest("batch_msg_id: this app has no such batch")
        return web.json_response({"canceled": self._batches.cancel(batch)})

    async def old_templates(self, http: web.Request) -> web.Response:
        """A template whose messages a form or a trade pays for; all of its keywords, online at once."""
        body = await body_of(http)
        app = app_named(self._store, body.get("app_id"))
        entries = {entry.trigger: entry for entry in OLD_TEMPLATES}
        entry = entries.get(body.get("kind", ""))
        if entry is None:
            raise BadRequest(f"kind: one of {', '.join(entries)}")
        template_id = self._store.derived("old template", app.app_id, len(app.templates))[:32]
        now = self._store.clock.now()
        self._store.save_template(app, Template(template_id, entry.code, entry.keywords, now, now))
        return web.json_response({"template_id": template_id})

    async def consents(self, http: web.Request) -> web.Response:
        """{open_id: units, or -1 for a consent that stands} of one template."""
        app = app_named(self._store, http.query.get("app_id"))
        template = template_named(app, http.query.get("template_id"))
        return web.json_response({"consents": template.consents})

    def _whose(self, body: dict[str, Any]) -> tuple[App, str]:
        app = app_named(self._store, body.get("app_id"))
        person_named(app, body.get("open_id"))
        return app, str(body["open_id"])
