"""The phone: what one simulated person sees, and what they can do. Every tap is a plain form, no script."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from simulator.acts import Acts, Message
from simulator.clock import BadClock, read_wish
from simulator.control import BadRequest
from simulator.faults import Faults
from simulator.markup import Html, joined, render
from simulator.people import masked_name, name_of
from simulator.phone_views import (
    action_rows,
    clock_time,
    field_rows,
    full_time,
    home_card,
    message_rows,
    parameter_rows,
    person_rows,
    setting_rows,
)
from simulator.signals import page_parameters
from simulator.store import App, Store

LISTED_MESSAGES = 40
LISTED_PEOPLE = 30
LISTED_ACTIONS = 14
RECENT_MESSAGES = 600
SEARCHED_PEOPLE = 50_000
_NO_FAULTS = render("_no_faults.html")
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Phone:
    def __init__(self, store: Store, acts: Acts, faults: Faults) -> None:
        self._store, self._acts, self._faults = store, acts, faults

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sim/phone", self.pick),
            web.post("/sim/phone/clock", self.clock),
            web.post("/sim/phone/faults", self.clear_faults),
            web.get("/sim/phone/{open_id}", self.person),
            web.post("/sim/phone/{open_id}/act", self.act),
            web.get("/sim/phone/{open_id}/m/{message_id}", self.message),
            web.post("/sim/phone/{open_id}/m/{message_id}/open", self.open),
            web.get("/sim/phone/{open_id}/m/{message_id}/opened", self.opened),
        ]

    async def pick(self, http: web.Request) -> web.Response:
        app = self._app(http)
        if app is None:
            return self._page(http, None, "选一位顾客", render("_empty.html", text="还没有小程序"))
        hint = render("_empty.html", text="选一位顾客，就能看到这位顾客的手机")
        return await self._screens(http, app, "", title="选一位顾客", screens=hint)

    async def person(self, http: web.Request) -> web.Response:
        app, open_id = self._whose(http)
        messages = await self._messages(app, open_id)
        screens = joined([self._home(app, open_id, messages), self._list(app, open_id, messages, chosen=0)])
        return await self._screens(http, app, open_id, title="首页与消息", screens=screens)

    async def message(self, http: web.Request) -> web.Response:
        app, open_id, message = await self._which(http)
        template = app.templates[message.template_id]
        detail = render(
            "detail.html",
            app_name=app.settings.name,
            initial=app.settings.name[:1],
            time=clock_time(self._now()),
            at=full_time(message.at),
            title=template.entry.name,
            fields=field_rows(template, message.data),
            page=message.page or "（首页）",
            url=_url(app, open_id, message.message_id, "open"),
            back=_url(app, open_id),
            template_id=template.template_id,
            act_url=_url(app, open_id, tail="act"),
        )
        rows = self._list(app, open_id, await self._messages(app, open_id), chosen=message.message_id)
        return await self._screens(
            http, app, open_id, title=template.entry.name, screens=joined([detail, rows])
        )

    async def open(self, http: web.Request) -> web.StreamResponse:
        """A tap: the visit is reported as the mini program would, then its page is shown."""
        app, open_id, message = await self._which(http)
        await self._acts.visit(app, open_id, message.message_id)
        raise web.HTTPSeeOther(_url(app, open_id, message.message_id, "opened"))

    async def opened(self, http: web.Request) -> web.Response:
        app, open_id, message = await self._which(http)
        reported = await self._store.disk.read(
            "SELECT reported FROM visits WHERE message_id = ? ORDER BY visit_id DESC LIMIT 1",
            (message.message_id,),
        )
        outcome = reported[0][0] if reported else "no visit"
        page = render(
            "opened.html",
            app_name=app.settings.name,
            initial=app.settings.name[:1],
            time=clock_time(self._now()),
            page=message.page.partition("?")[0] or "（首页）",
            parameters=parameter_rows(page_parameters(message.page)),
            report={
                "reported": "回访已报给控制台，场景值 1014",
                "no signals_url": "没有设置上报地址，回访只记在这里",
            }.get(outcome, f"回访没有报成：{outcome}"),
            tone="ok" if outcome == "reported" else "warn",
            back=_url(app, open_id, message.message_id),
        )
        rows = self._list(app, open_id, await self._messages(app, open_id), chosen=message.message_id)
        return await self._screens(http, app, open_id, title="小程序", screens=joined([page, rows]))

    async def act(self, http: web.Request) -> web.StreamResponse:
        app, open_id = self._whose(http)
        form = {key: value for key, value in (await http.post()).items() if isinstance(value, str)}
        body: dict[str, Any] = {"open_id": open_id, "action": form.get("action")}
        if form.get("template_id"):
            body["template_id"] = form["template_id"]
        try:
            await self._acts.do(app, body)
        except BadRequest as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        raise web.HTTPSeeOther(_url(app, open_id))

    async def clock(self, http: web.Request) -> web.StreamResponse:
        form = await http.post()
        try:
            advance, speed = read_wish(
                {key: float(str(value)) for key, value in form.items() if key != "back"}
            )
        except (BadClock, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        self._store.move_clock(advance, speed)
        raise web.HTTPSeeOther(_safe_back(str(form.get("back", ""))))

    async def clear_faults(self, http: web.Request) -> web.StreamResponse:
        self._faults.clear()
        raise web.HTTPSeeOther(_safe_back(str((await http.post()).get("back", ""))))

    # --- finding ---------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._store.clock.now()

    def _app(self, http: web.Request) -> App | None:
        """The app asked for, the one that knows this open_id, or the newest."""
        apps = self._store.apps
        if http.query.get("app_id"):
            return apps.get(http.query["app_id"])
        open_id = http.match_info.get("open_id")
        if open_id:
            return next((app for app in apps.values() if open_id in app.people), None)
        return next(reversed(apps.values()), None)

    def _whose(self, http: web.Request) -> tuple[App, str]:
        app, open_id = self._app(http), http.match_info["open_id"]
        if app is None or open_id not in app.people:
            raise web.HTTPNotFound(text="没有这位顾客 no such person", headers=SECURITY_HEADERS)
        return app, open_id

    async def _which(self, http: web.Request) -> tuple[App, str, Message]:
        app, open_id = self._whose(http)
        number = http.match_info["message_id"]
        wanted = int(number) if number.isdecimal() and len(number) < 18 else 0
        message = await self._acts.message(app, open_id, wanted)
        if message is None:
            raise web.HTTPNotFound(text="没有这条消息 no such message", headers=SECURITY_HEADERS)
        return app, open_id, message

    async def _messages(self, app: App, open_id: str) -> list[tuple[Message, bool]]:
        """Newest first, each with whether it was opened."""
        rows = await self._store.disk.read(
            "SELECT message_id, template_id, data, page, at,"
            " EXISTS (SELECT 1 FROM visits WHERE visits.message_id = messages.message_id)"
            " FROM messages WHERE app_id = ? AND open_id = ? ORDER BY at DESC, message_id DESC LIMIT ?",
            (app.app_id, open_id, LISTED_MESSAGES),
        )
        return [(Message(*row), bool(opened)) for *row, opened in rows]

    async def _people(self, app: App, search: str, *, chosen: str) -> list[str]:
        """Who matches; or the one that is looked at, who got a message lately, then anybody."""
        if search:
            return _matching(app, search)
        recent = await self._store.disk.read(
            "SELECT open_id FROM messages WHERE app_id = ? ORDER BY message_id DESC LIMIT ?",
            (app.app_id, RECENT_MESSAGES),
        )
        found = dict.fromkeys([chosen] if chosen else [])
        found |= dict.fromkeys(open_id for (open_id,) in recent)
        for open_id in app.people:
            if len(found) >= LISTED_PEOPLE:
                break
            found[open_id] = None
        return list(found)[:LISTED_PEOPLE]

    # --- drawing ---------------------------------------------------------------------------------------

    def _home(self, app: App, open_id: str, messages: list[tuple[Message, bool]]) -> Html:
        card = (
            home_card(app, messages[0][0], self._now())
            if messages
            else render("_quiet.html", text="暂无提醒")
        )
        link = _url(app, open_id, messages[0][0].message_id) if messages else _url(app, open_id)
        return render("home.html", time=clock_time(self._now()), card=card, url=link)

    def _list(self, app: App, open_id: str, messages: list[tuple[Message, bool]], *, chosen: int) -> Html:
        def url(message: Message) -> str:
            return _url(app, open_id, message.message_id)

        rows = message_rows(app, messages, now=self._now(), chosen=chosen, url=url)
        unread = sum(not opened for _, opened in messages)
        return render("list.html", time=clock_time(self._now()), rows=rows, unread=unread or "")

    async def _screens(
        self, http: web.Request, app: App, open_id: str, *, title: str, screens: Html
    ) -> web.Response:
        search = http.query.get("q", "").strip()
        people = await self._people(app, search, chosen=open_id)
        picker = render(
            "picker.html",
            app_id=app.app_id,
            app_name=app.settings.name,
            search=search,
            people=person_rows(app, people, chosen=open_id, url=lambda one: _url(app, one)),
            count=len(app.people),
        )
        side = await self._side(app, open_id) if open_id else Html("")
        return self._page(http, app, title, joined([picker, render("_stage.html", screens=screens), side]))

    async def _side(self, app: App, open_id: str) -> Html:
        read, person = self._store.disk.read, app.people[open_id]
        sends = await read(
            "SELECT at, code, sub_code, template_id, accepted, history FROM log"
            " WHERE app_id = ? AND open_id = ? ORDER BY id DESC LIMIT ?",
            (app.app_id, open_id, LISTED_ACTIONS),
        )
        deeds = await read(
            "SELECT at, kind, detail FROM actions"
            " WHERE app_id = ? AND open_id = ? ORDER BY action_id DESC LIMIT ?",
            (app.app_id, open_id, LISTED_ACTIONS),
        )
        act_url = _url(app, open_id, tail="act")
        lines = action_rows(app, sends, deeds, now=self._now())
        return render(
            "side.html",
            rows=joined(lines[:LISTED_ACTIONS]),
            settings=setting_rows(app, open_id, act_url=act_url),
            act_url=act_url,
            toggle="allow_messages" if person.rejects else "reject_messages",
            toggle_text="重新接收" if person.rejects else "不再接收",
            log_url=f"/sim/log?{urlencode({'app_id': app.app_id, 'to': open_id})}",
        )

    def _page(self, http: web.Request, app: App | None, title: str, content: Html) -> web.Response:
        speed, faults = self._store.clock.speed, self._faults.active()
        html = render(
            "base.html",
            title=title,
            content=content,
            layout="with-person" if "open_id" in http.match_info else "",
            clock=full_time(self._now()),
            back=http.path_qs,
            at_one="on" if speed == 1 else "",
            at_sixty="on" if speed == 60 else "",
            at_zero="on" if speed == 0 else "",
            speed=f"{speed:g}×",
            faults=render("_faults.html", number=faults, back=http.path_qs) if faults else _NO_FAULTS,
        )
        return web.Response(text=html, content_type="text/html", charset="utf-8", headers=SECURITY_HEADERS)


def _matching(app: App, search: str) -> list[str]:
    found = []
    for number, open_id in enumerate(app.people):
        names = number < SEARCHED_PEOPLE
        if search in open_id or (names and (search in name_of(open_id) or search == masked_name(open_id))):
            found.append(open_id)
            if len(found) == LISTED_PEOPLE:
                break
    return found


def _url(app: App, open_id: str, message_id: int | None = None, tail: str = "") -> str:
    path = f"/sim/phone/{open_id}" + (f"/m/{message_id}" if message_id else "") + (f"/{tail}" if tail else "")
    return f"{path}?app_id={app.app_id}"


def _safe_back(path: str) -> str:
    """Only to a page of the phone: a form of another site must not lead elsewhere."""
    return path if path.startswith("/sim/phone") and "\n" not in path and "\r" not in path else "/sim/phone"
