"""What the phone pages look up: app and person of an address, their messages, the people to choose from."""

import json
from dataclasses import dataclass

from aiohttp import web

from simulator.acts import Acts, Message, has_push
from simulator.card_messages import title_of
from simulator.card_templates import Application
from simulator.markup import SECURITY_HEADERS
from simulator.people import masked_name, name_of
from simulator.store import App, Store, Template

LISTED_MESSAGES = 40
ORDER_TITLE = "订单消息"
LISTED_PEOPLE = 30
RECENT_MESSAGES = 600
SEARCHED_PEOPLE = 50_000


@dataclass(frozen=True, slots=True)
class Received:
    """A message with the app it came from and who its reader is to that app."""

    app: App
    open_id: str
    message: Message
    opened: bool

    @property
    def template(self) -> Template | None:
        """None for the message of an order or a card."""
        return self.app.templates.get(self.message.template_id)

    @property
    def title(self) -> str:
        if self.template is None:
            return title_of(self.message.template_id) or ORDER_TITLE
        return self.template.entry.name

    @property
    def has_push(self) -> bool:
        return has_push(self.app, self.message.template_id)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(keyword, value) in the order of the template; an order's or a card's message names its own."""
        values, template = json.loads(self.message.data), self.template
        if template is None:
            return [(keyword, str(pair.get("value", ""))) for keyword, pair in values.items()]
        named = enumerate(template.keywords, 1)
        return [
            (keyword, str(values.get(f"keyword{number}", {}).get("value", ""))) for number, keyword in named
        ]


class Lookup:
    def __init__(self, store: Store, acts: Acts) -> None:
        self._store, self._acts = store, acts

    def app(self, http: web.Request) -> App | None:
        """The app asked for, the one that knows this open_id, or the newest."""
        apps = self._store.apps
        if http.query.get("app_id"):
            return apps.get(http.query["app_id"])
        open_id = http.match_info.get("open_id")
        if open_id:
            return next((app for app in apps.values() if open_id in app.people), None)
        return next(reversed(apps.values()), None)

    def whose(self, http: web.Request) -> tuple[App, str]:
        app, open_id = self.app(http), http.match_info["open_id"]
        if app is None or open_id not in app.people:
            raise web.HTTPNotFound(text="没有这位顾客 no such person", headers=SECURITY_HEADERS)
        return app, open_id

    def application(self, http: web.Request, app: App | None = None) -> Application:
        """What an address for opening a card stands for; with `app` only one of this app."""
        found = self._store.card_templates.applications.get(http.match_info["apply_id"])
        if found is None or (app is not None and found.app_id != app.app_id):
            raise web.HTTPNotFound(text="没有这个领卡地址 no such address", headers=SECURITY_HEADERS)
        return found

    async def which(self, http: web.Request) -> tuple[App, str, Message]:
        app, open_id = self.whose(http)
        number = http.match_info["message_id"]
        wanted = int(number) if number.isdecimal() and len(number) < 18 else 0
        message = await self._acts.message(app, open_id, wanted)
        if message is None:
            raise web.HTTPNotFound(text="没有这条消息 no such message", headers=SECURITY_HEADERS)
        return app, open_id, message

    async def inbox(self, app: App, open_id: str) -> list[Received]:
        """Newest first, of every app at which this person is known: it is one phone."""
        return await self._received(self._store.everywhere(app, open_id))

    async def of_merchant(self, app: App, open_id: str, chosen: Message) -> list[Received]:
        """The messages of one app, newest first; `chosen` is among them however old it is."""
        found = await self._received([(app, open_id)])
        if any(one.message.message_id == chosen.message_id for one in found):
            return found
        return [*found, Received(app, open_id, chosen, True)]

    async def _received(self, places: list[tuple[App, str]]) -> list[Received]:
        apps = {app.app_id: app for app, _ in places}
        marks = ", ".join(["(?, ?)"] * len(places))
        args = [part for app, open_id in places for part in (app.app_id, open_id)]
        rows = await self._store.disk.read(
            "SELECT app_id, open_id, message_id, template_id, data, page, at,"  # noqa: S608 - only marks
            " EXISTS (SELECT 1 FROM visits WHERE visits.message_id = messages.message_id)"
            f" FROM messages WHERE (app_id, open_id) IN (VALUES {marks})"
            " ORDER BY at DESC, message_id DESC LIMIT ?",
            [*args, LISTED_MESSAGES],
        )
        return [
            Received(apps[app_id], open_id, Message(*message), bool(opened))
            for app_id, open_id, *message, opened in rows
        ]

    async def people(self, app: App, search: str, *, chosen: str) -> list[str]:
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


def url_of(app: App, open_id: str, message_id: int | None = None, tail: str = "") -> str:
    path = f"/sim/phone/{open_id}" + (f"/m/{message_id}" if message_id else "") + (f"/{tail}" if tail else "")
    return f"{path}?app_id={app.app_id}"


def message_url(received: Received) -> str:
    number = received.message.message_id
    return f"{url_of(received.app, received.open_id, number)}#m{number}"


def _matching(app: App, search: str) -> list[str]:
    found = []
    for number, open_id in enumerate(app.people):
        if search in open_id or (number < SEARCHED_PEOPLE and _is_named(app, open_id, search)):
            found.append(open_id)
            if len(found) == LISTED_PEOPLE:
                break
    return found


def _is_named(app: App, open_id: str, search: str) -> bool:
    identity = app.identity_of(open_id)
    return search in name_of(identity) or search == masked_name(identity)
