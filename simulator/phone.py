"""The phone: what one simulated person sees. What they tap is in `phone_taps`; no page has a script."""

from urllib.parse import urlencode

from aiohttp import web

from simulator.acts import Acts
from simulator.card_control import CardControl
from simulator.faults import Faults
from simulator.markup import SECURITY_HEADERS, Html, joined, render
from simulator.phone_card_taps import CALLED, CardTaps
from simulator.phone_cards import apply_screen, card_cells, card_screen
from simulator.phone_coupons import attached, offer_rows, wallet_cards
from simulator.phone_deeds import action_rows, report_words, scene_words
from simulator.phone_lookup import Lookup, Received, message_url, url_of
from simulator.phone_taps import Taps
from simulator.phone_views import (
    clock_time,
    full_day,
    full_time,
    home_card,
    message_rows,
    parameter_rows,
    person_rows,
    prompt_rows,
    push_banner,
    subscription_rows,
    tint_of,
    zone_cards,
)
from simulator.signals import page_parameters
from simulator.store import App, Store

LISTED_ACTIONS = 14
_NO_FAULTS = render("_no_faults.html")
_FIRST_PAGE = "（首页）"


class Phone:
    def __init__(self, store: Store, acts: Acts, faults: Faults, cards: CardControl) -> None:
        self._store, self._faults = store, faults
        self._lookup = Lookup(store, acts)
        self._taps = Taps(store, acts, faults, self._lookup)
        self._card_taps = CardTaps(cards, self._lookup)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sim/phone", self.pick),
            web.get("/sim/phone/{open_id}", self.person),
            web.get("/sim/phone/{open_id}/settings", self.settings),
            web.get("/sim/phone/{open_id}/coupons", self.coupons),
            web.get("/sim/phone/{open_id}/entered", self.entered),
            web.get("/sim/phone/{open_id}/card/{card_no}", self.card),
            web.get("/sim/phone/{open_id}/apply/{apply_id}", self.form),
            web.get("/sim/cards/apply/{apply_id}", self.applicants),
            web.get("/sim/phone/{open_id}/m/{message_id}", self.message),
            web.get("/sim/phone/{open_id}/m/{message_id}/opened", self.opened),
            *self._taps.routes(),
            *self._card_taps.routes(),
        ]

    async def pick(self, http: web.Request) -> web.Response:
        app = self._lookup.app(http)
        if app is None:
            return self._page(http, "选一位顾客", render("_empty.html", text="还没有小程序"))
        hint = render("_empty.html", text="选一位顾客，就能看到这位顾客的手机")
        return await self._screens(http, app, "", title="选一位顾客", screens=hint)

    async def person(self, http: web.Request) -> web.Response:
        """The three places where a message shows: home card, message list, push on the lock screen."""
        app, open_id = self._lookup.whose(http)
        inbox = await self._lookup.inbox(app, open_id)
        screens = joined(
            [
                self._home(app, open_id, inbox),
                self._list(app, open_id, inbox, chosen=0),
                self._lock(inbox),
            ]
        )
        return await self._screens(
            http, app, open_id, title="首页、消息与锁屏", screens=screens, layout="surfaces"
        )

    async def message(self, http: web.Request) -> web.Response:
        """The merchant's zone: all that this merchant sent, the message that was tapped standing out."""
        app, open_id, message = await self._lookup.which(http)
        self._store.deliveries.catch_up()
        messages = await self._lookup.of_merchant(app, open_id, message)
        cards = zone_cards(
            messages,
            now=self._now(),
            chosen=message.message_id,
            open_url=lambda one: url_of(app, open_id, one.message.message_id, "open"),
            act_url=url_of(app, open_id, tail="act"),
            back=lambda one: message_url(one),
            coupon=lambda one: attached(self._store, one, back=message_url(one)),
        )
        zone = render(
            "zone.html",
            **self._frame(app),
            count=len(messages),
            messages=cards,
            back=url_of(app, open_id),
            settings=url_of(app, open_id, tail="settings"),
            enter=url_of(app, open_id, tail="enter"),
        )
        return await self._beside_list(http, app, open_id, zone, title="商家消息", chosen=message.message_id)

    async def opened(self, http: web.Request) -> web.Response:
        app, open_id, message = await self._lookup.which(http)
        reported = await self._store.disk.read(
            "SELECT reported FROM visits WHERE message_id = ? ORDER BY visit_id DESC LIMIT 1",
            (message.message_id,),
        )
        return await self._mini_program(
            http, app, open_id, told=reported[0][0] if reported else "no visit",
            page=message.page, back=url_of(app, open_id, message.message_id), chosen=message.message_id,
        )  # fmt: skip

    async def entered(self, http: web.Request) -> web.Response:
        app, open_id = self._lookup.whose(http)
        told = await self._store.disk.read(
            "SELECT detail FROM actions WHERE app_id = ? AND open_id = ? AND kind = 'enter'"
            " ORDER BY action_id DESC LIMIT 1",
            (app.app_id, open_id),
        )
        return await self._mini_program(
            http, app, open_id, told=told[0][0] if told else "no visit",
            page="", back=url_of(app, open_id), chosen=0,
        )  # fmt: skip

    async def settings(self, http: web.Request) -> web.Response:
        """消息管理: where this person ends a subscription, or takes no messages of a merchant at all."""
        app, open_id = self._lookup.whose(http)
        rejects, here = app.people[open_id].rejects, url_of(app, open_id, tail="settings")
        act_url = url_of(app, open_id, tail="act")
        others = joined(
            render(
                "_other_merchant.html", url=url_of(other, there, tail="settings"), name=other.settings.name
            )
            for other, there in self._store.everywhere(app, open_id)[1:]
        )
        screen = render(
            "settings.html",
            **self._frame(app),
            back=url_of(app, open_id),
            here=here,
            act_url=act_url,
            state="已不再接收它的消息" if rejects else "接收它的消息",
            subscriptions=subscription_rows(app, open_id, act_url=act_url, back=here),
            toggle="allow_messages" if rejects else "reject_messages",
            toggle_text="重新接收" if rejects else "不再接收",
            others=render("_other_merchants.html", rows=others) if others else Html(""),
        )
        return await self._beside_list(http, app, open_id, screen, title="消息管理", chosen=0)

    async def coupons(self, http: web.Request) -> web.Response:
        """卡包: every card and coupon this person holds, of every merchant, and what this one offers."""
        app, open_id = self._lookup.whose(http)
        self._store.coupons.catch_up()
        here, now = url_of(app, open_id, tail="coupons"), self._now()
        screen = render(
            "wallet.html",
            **self._frame(app),
            **{name: url for name, url in _tabs(app, open_id).items() if name != "coupons"},
            here=here,
            act_url=url_of(app, open_id, tail="coupon"),
            cards=card_cells(self._store, self._store.everywhere(app, open_id)),
            coupons=wallet_cards(self._store, self._store.everywhere(app, open_id), now),
            offers=offer_rows(self._store, app, open_id, back=here),
        )
        return await self._beside_list(http, app, open_id, screen, title="卡包", chosen=0)

    async def card(self, http: web.Request) -> web.Response:
        app, open_id = self._lookup.whose(http)
        card = self._store.cards.get(app.app_id, http.match_info["card_no"])
        if card is None or card.open_id != open_id or card.ended:
            raise web.HTTPNotFound(text="没有这张卡 no such card", headers=SECURITY_HEADERS)
        screen = card_screen(self._store, app, card, self._frame(app))
        return await self._beside_list(http, app, open_id, screen, title="会员卡", chosen=0)

    async def applicants(self, http: web.Request) -> web.Response:
        """The address that activateurl.apply gives; where there are many phones it asks whose."""
        application = self._lookup.application(http)
        app = self._store.apps[application.app_id]
        search = http.query.get("q", "").strip()
        people = await self._lookup.people(app, search, chosen="")
        tail = f"apply/{application.apply_id}"
        rows = person_rows(app, people, chosen="", url=lambda one: url_of(app, one, tail=tail))
        name = self._store.card_templates.templates[application.template_id].name
        content = render("_applicants.html", people=rows, name=name, search=search)
        return self._page(http, "谁来领取会员卡", content)

    async def form(self, http: web.Request) -> web.Response:
        app, open_id = self._lookup.whose(http)
        application = self._lookup.application(http, app)
        told = CALLED.get(http.query.get("called", ""), "")
        screen = apply_screen(
            self._store, app, open_id, application=application, frame=self._frame(app), told=told
        )
        return await self._beside_list(http, app, open_id, screen, title="领取会员卡", chosen=0)

    # --- drawing ---------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._store.clock.now()

    def _frame(self, app: App) -> dict[str, object]:
        """What every screen of a merchant has on top."""
        name = app.settings.name
        return {"time": clock_time(self._now()), "app_name": name, "initial": name[:1], "tint": tint_of(app)}

    def _home(self, app: App, open_id: str, inbox: list[Received]) -> Html:
        if inbox:
            card = home_card(inbox[0], self._now())
            link = render("_home_link.html", card=card, url=message_url(inbox[0]))
        else:
            link = render("_quiet.html", text="暂无提醒")
        return render("home.html", time=clock_time(self._now()), card=link, **_tabs(app, open_id))

    def _list(self, app: App, open_id: str, inbox: list[Received], *, chosen: int) -> Html:
        rows = message_rows(inbox, now=self._now(), chosen=chosen, url=message_url)
        unread = sum(not one.opened for one in inbox)
        tabs = _tabs(app, open_id)
        return render("list.html", time=clock_time(self._now()), rows=rows, unread=unread or "", **tabs)

    def _lock(self, inbox: list[Received]) -> Html:
        now = self._now()
        if inbox:
            newest = inbox[0]
            url = url_of(newest.app, newest.open_id, newest.message.message_id, "open")
            banner = push_banner(newest, now, url=url)
        else:
            banner = render("_no_push.html", text="没有新通知")
        return render("lock.html", time=clock_time(now), day=full_day(now), banner=banner)

    async def _mini_program(
        self, http: web.Request, app: App, open_id: str, *, told: str, page: str, back: str, chosen: int
    ) -> web.Response:
        report, taken = report_words(told)
        parameters = page_parameters(page)
        screen = render(
            "opened.html",
            **self._frame(app),
            page=page.partition("?")[0] or _FIRST_PAGE,
            parameters=parameter_rows(parameters),
            origin="参数由消息链接带入页面的 onLoad" if parameters else "链接没有带参数",
            scene=scene_words(told),
            report=report,
            tone="ok" if taken else "warn",
            back=back,
        )
        return await self._beside_list(http, app, open_id, screen, title="小程序", chosen=chosen)

    async def _beside_list(
        self, http: web.Request, app: App, open_id: str, screen: Html, *, title: str, chosen: int
    ) -> web.Response:
        rows = self._list(app, open_id, await self._lookup.inbox(app, open_id), chosen=chosen)
        return await self._screens(http, app, open_id, title=title, screens=joined([screen, rows]))

    async def _screens(
        self, http: web.Request, app: App, open_id: str, *, title: str, screens: Html, layout: str = ""
    ) -> web.Response:
        search = http.query.get("q", "").strip()
        people = await self._lookup.people(app, search, chosen=open_id)
        picker = render(
            "picker.html",
            app_id=app.app_id,
            app_name=app.settings.name,
            search=search,
            people=person_rows(app, people, chosen=open_id, url=lambda one: url_of(app, one)),
            count=len(app.people),
        )
        side = await self._side(http, app, open_id) if open_id else Html("")
        content = joined([picker, render("_stage.html", screens=screens), side])
        return self._page(http, title, content, layout=f"with-person {layout}" if open_id else "")

    async def _side(self, http: web.Request, app: App, open_id: str) -> Html:
        read = self._store.disk.read
        sends = await read(
            "SELECT at, code, sub_code, template_id, accepted, history, out_biz_no, order_status,"
            " activity_id, card_no FROM log"
            " WHERE app_id = ? AND open_id = ? ORDER BY id DESC LIMIT ?",
            (app.app_id, open_id, LISTED_ACTIONS),
        )
        deeds = await read(
            "SELECT at, kind, detail FROM actions"
            " WHERE app_id = ? AND open_id = ? ORDER BY action_id DESC LIMIT ?",
            (app.app_id, open_id, LISTED_ACTIONS),
        )
        lines = action_rows(app, sends, deeds, now=self._now())
        return render(
            "side.html",
            rows=joined(lines[:LISTED_ACTIONS]) or render("_no_deeds.html"),
            app_name=app.settings.name,
            prompts=prompt_rows(app, open_id, act_url=url_of(app, open_id, tail="act"), back=http.path_qs),
            log_url=f"/sim/log?{urlencode({'app_id': app.app_id, 'to': open_id})}",
        )

    def _page(self, http: web.Request, title: str, content: Html, *, layout: str = "") -> web.Response:
        speed, faults = self._store.clock.speed, self._faults.active()
        html = render(
            "base.html",
            title=title,
            content=content,
            layout=layout,
            clock=full_time(self._now()),
            back=http.path_qs,
            at_one="on" if speed == 1 else "",
            at_sixty="on" if speed == 60 else "",
            at_zero="on" if speed == 0 else "",
            speed=f"{speed:g}×",
            faults=render("_faults.html", number=faults, back=http.path_qs) if faults else _NO_FAULTS,
        )
        return web.Response(text=html, content_type="text/html", charset="utf-8", headers=SECURITY_HEADERS)


def _tabs(app: App, open_id: str) -> dict[str, str]:
    phone = url_of(app, open_id)
    return {
        "home": f"{phone}#home",
        "messages": f"{phone}#messages",
        "coupons": url_of(app, open_id, tail="coupons"),
        "settings": url_of(app, open_id, tail="settings"),
    }
