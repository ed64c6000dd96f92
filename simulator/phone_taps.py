"""What a finger does on the phone pages: plain forms, each leading to the page that shows what came of it."""

from typing import Any

from aiohttp import web

from simulator.acts import Acts
from simulator.clock import BadClock, read_wish
from simulator.control import BadRequest
from simulator.coupon_control import CouponControl
from simulator.faults import Faults
from simulator.markup import SECURITY_HEADERS
from simulator.phone_lookup import Lookup, url_of
from simulator.store import Store
from simulator.wallet import NotPossible


class Taps:
    def __init__(self, store: Store, acts: Acts, faults: Faults, lookup: Lookup) -> None:
        self._store, self._acts, self._faults, self._lookup = store, acts, faults, lookup
        self._coupons = CouponControl(store)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sim/phone/clock", self.clock),
            web.post("/sim/phone/faults", self.clear_faults),
            web.post("/sim/phone/{open_id}/act", self.act),
            web.post("/sim/phone/{open_id}/coupon", self.coupon),
            web.post("/sim/phone/{open_id}/enter", self.enter),
            web.post("/sim/phone/{open_id}/m/{message_id}/open", self.open),
        ]

    async def open(self, http: web.Request) -> web.StreamResponse:
        """A tap: the visit is reported as the mini program would, then its page is shown."""
        app, open_id, message = await self._lookup.which(http)
        via = (await http.post()).get("via", "message")
        try:
            await self._acts.visit(app, open_id, message.message_id, via=via)
        except BadRequest as error:
            raise _bad(error) from None
        raise web.HTTPSeeOther(url_of(app, open_id, message.message_id, "opened"))

    async def enter(self, http: web.Request) -> web.StreamResponse:
        app, open_id = self._lookup.whose(http)
        await self._acts.enter(app, open_id)
        raise web.HTTPSeeOther(url_of(app, open_id, tail="entered"))

    async def act(self, http: web.Request) -> web.StreamResponse:
        app, open_id = self._lookup.whose(http)
        form = {key: value for key, value in (await http.post()).items() if isinstance(value, str)}
        body: dict[str, Any] = {"open_id": open_id, "action": form.get("action")}
        if form.get("template_id"):
            body["template_id"] = form["template_id"]
        try:
            await self._acts.do(app, body)
        except BadRequest as error:
            raise _bad(error) from None
        raise web.HTTPSeeOther(_safe_back(form.get("back", ""), otherwise=url_of(app, open_id)))

    async def coupon(self, http: web.Request) -> web.StreamResponse:
        """A coupon is taken, left, or thrown away; of one that the platform refuses the page says why."""
        app, open_id = self._lookup.whose(http)
        form = {key: value for key, value in (await http.post()).items() if isinstance(value, str)}
        try:
            refused = self._coupons.tap(app, open_id, form)
        except (BadRequest, NotPossible) as error:
            raise _bad(error) from None
        if refused:
            self._store.note(app, open_id, "claim", refused)
        raise web.HTTPSeeOther(_safe_back(form.get("back", ""), otherwise=url_of(app, open_id)))

    async def clock(self, http: web.Request) -> web.StreamResponse:
        form = await http.post()
        try:
            advance, speed = read_wish(
                {key: float(str(value)) for key, value in form.items() if key != "back"}
            )
        except (BadClock, ValueError) as error:
            raise _bad(error) from None
        self._store.move_clock(advance, speed)
        raise web.HTTPSeeOther(_safe_back(str(form.get("back", ""))))

    async def clear_faults(self, http: web.Request) -> web.StreamResponse:
        self._faults.clear()
        raise web.HTTPSeeOther(_safe_back(str((await http.post()).get("back", ""))))


def _bad(error: Exception) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=str(error), headers=SECURITY_HEADERS)


def _safe_back(path: str, *, otherwise: str = "/sim/phone") -> str:
    """Only to a page of the phone: a form of another site must not lead elsewhere."""
    return path if path.startswith("/sim/phone") and "\n" not in path and "\r" not in path else otherwise
