"""Coupons as the control API shows them, and what people do with them."""

import asyncio
from dataclasses import asdict
from typing import Any

from aiohttp import web

from simulator.activities import ACTIVE, PAUSE, Activity
from simulator.clock import iso_beijing
from simulator.codes import Refusal
from simulator.control import (
    YIELD_EVERY,
    BadRequest,
    NotFound,
    app_named,
    body_of,
    failing_politely,
    person_named,
    query_number,
    whole,
)
from simulator.coupon_reading import read_fee
from simulator.deliveries import Delivery
from simulator.store import App, Store
from simulator.vouchers import STATUSES, Voucher
from simulator.wallet import MINI_PROGRAM, NotPossible, Wallet

MAX_FEE_FEN = 10_000_000_000
MAX_LISTED = 1_000
WITH_ACTIVITY = ("claim", "ignore")
WITH_VOUCHER = ("pay_back", "return_sold", "delete")
ON_THE_PHONE = ("claim", "ignore", "pay", "pay_back", "delete")
ACTIONS = (*WITH_ACTIVITY, "pay", *WITH_VOUCHER)


class CouponControl:
    def __init__(self, store: Store) -> None:
        self._store, self._wallet = store, Wallet(store)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sim/activities", failing_politely(self.activities)),
            web.post("/sim/activities", failing_politely(self.pause)),
            web.get("/sim/vouchers", failing_politely(self.vouchers)),
            web.get("/sim/deliveries", failing_politely(self.deliveries)),
            web.post("/sim/coupons", failing_politely(self.act)),
            web.post("/sim/claims", failing_politely(self.claims)),
        ]

    async def activities(self, http: web.Request) -> web.Response:
        """Of one app, in the order in which they were made."""
        app, now = self._app(http.query.get("app_id")), self._store.clock.now()
        coupons = self._store.coupons
        told = [_activity(one, coupons.stock(one), now) for one in coupons.of_app(app.app_id)]
        return web.json_response({"activities": told})

    async def pause(self, http: web.Request) -> web.Response:
        """Act as the platform's staff: an activity is paused, or goes on."""
        body = await body_of(http)
        activity, status = self._activity(self._app(body.get("app_id")), body), body.get("status")
        if status not in (ACTIVE, PAUSE) or activity.state not in (ACTIVE, PAUSE):
            raise BadRequest(f"status: {ACTIVE} or {PAUSE}, of an activity that is one of them")
        activity.state = status
        self._store.coupons.save(activity)
        return web.json_response({"activity_id": activity.activity_id, "status": status})

    async def vouchers(self, http: web.Request) -> web.Response:
        """Of one person, or of one activity; in the order in which they were claimed."""
        app, query, coupons = self._app(http.query.get("app_id")), http.query, self._store.coupons
        status, wanted = query.get("status"), query.get("activity_id")
        if status is not None and status not in STATUSES:
            raise BadRequest(f"status: one of {', '.join(STATUSES)}")
        if query.get("open_id"):
            person_named(app, query["open_id"])
            found = coupons.held_by(app.app_id, query["open_id"])
        else:
            found = [one for one in coupons.vouchers.values() if one.app_id == app.app_id]
        listed = [
            one
            for one in found
            if wanted in (None, one.activity_id) and status in (None, coupons.status_of(one))
        ]
        after, limit = query_number(http, "after", 0), query_number(http, "limit", MAX_LISTED)
        shown = [self._voucher(one) for one in listed[after : after + limit]]
        return web.json_response({"vouchers": shown, "total": len(listed)})

    async def deliveries(self, http: web.Request) -> web.Response:
        app, now = self._app(http.query.get("app_id")), self._store.clock.now()
        plans = [_delivery(one, now) for one in self._store.deliveries.of_app(app.app_id)]
        return web.json_response({"deliveries": plans})

    async def act(self, http: web.Request) -> web.Response:
        """One action of one person with coupons; what the platform refuses is told, not an error."""
        body = await body_of(http)
        app, open_id, action = self._app(body.get("app_id")), body.get("open_id"), body.get("action")
        person_named(app, open_id)
        if action not in ACTIONS:
            raise BadRequest(f"action: one of {', '.join(ACTIONS)}")
        return web.json_response({"done": action, **self._do(app, str(open_id), str(action), body)})

    def _do(self, app: App, open_id: str, action: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            if action == "claim":
                fee = whole(body, "total_fee", least=0, most=MAX_FEE_FEN, usual=0)
                return self._claim(app, open_id, self._activity(app, body), booth=_booth(body), fee=fee)
            if action == "ignore":
                self._wallet.ignore(app, self._activity(app, body), open_id)
                return {}
            if action == "pay":
                return self._pay(app, open_id, body)
            voucher = self._own(app, open_id, body.get("voucher_id"))
            getattr(self._wallet, action)(app, voucher)
            return {"voucher": self._voucher(voucher)}
        except NotPossible as error:
            raise BadRequest(str(error)) from error

    def tap(self, app: App, open_id: str, form: dict[str, str]) -> str:
        """What a finger does on the phone: the words of a refusal, or nothing. Raises BadRequest."""
        if form.get("action") not in ON_THE_PHONE:
            raise BadRequest(f"action: one of {', '.join(ON_THE_PHONE)}")
        body: dict[str, Any] = dict(form)
        if form["action"] == "pay":
            body["total_fee"] = _fee_of(body)
        done = self._do(app, open_id, form["action"], body)
        return f"没有领到：{done['words']}" if "refused" in done else ""

    async def claims(self, http: web.Request) -> web.Response:
        """Many people claim one activity, each once, in the order of the list."""
        body = await body_of(http)
        app = self._app(body.get("app_id"))
        activity, chosen = self._activity(app, body), body.get("open_ids")
        if not isinstance(chosen, list) or not all(
            isinstance(one, str) and one in app.people for one in chosen
        ):
            raise BadRequest("open_ids: a list of people of this app")
        got, booth = 0, _booth(body)
        refused: dict[str, int] = {}
        for number, open_id in enumerate(chosen):
            try:
                self._wallet.claim(app, activity, open_id, booth)
                got += 1
            except Refusal as refusal:
                refused[refusal.sub_code] = refused.get(refusal.sub_code, 0) + 1
            except NotPossible as error:
                raise BadRequest(str(error)) from error
            if number % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(0)
        return web.json_response({"claimed": got, "refused": refused})

    def _claim(self, app: App, open_id: str, activity: Activity, *, booth: str, fee: int) -> dict[str, Any]:
        try:
            voucher = self._wallet.claim(app, activity, open_id, booth, fee)
        except Refusal as refusal:
            return {"refused": refusal.sub_code, "words": refusal.sub_msg}
        return {"voucher": self._voucher(voucher)}

    def _pay(self, app: App, open_id: str, body: dict[str, Any]) -> dict[str, Any]:
        fee = whole(body, "total_fee", least=1, most=MAX_FEE_FEN)
        shop, voucher_id = body.get("shop_id") or "", body.get("voucher_id") or ""
        if not isinstance(shop, str) or not isinstance(voucher_id, str):
            raise BadRequest("shop_id and voucher_id: text, or left out")
        if voucher_id:
            self._own(app, open_id, voucher_id)
        paid = self._wallet.pay(app, open_id, fee, shop=shop, voucher_id=voucher_id)
        voucher = None if paid.voucher is None else self._voucher(paid.voucher)
        return {"trade_no": paid.trade_no, "total_fee": fee, "saved": paid.saved, "voucher": voucher}

    def _app(self, app_id: Any) -> App:
        """Everything that is due by now is done before anybody looks."""
        self._store.coupons.catch_up()
        self._store.deliveries.catch_up()
        return app_named(self._store, app_id)

    def _activity(self, app: App, body: dict[str, Any]) -> Activity:
        wanted = body.get("activity_id")
        found = self._store.coupons.activities.get(wanted) if isinstance(wanted, str) else None
        if found is None or found.app_id != app.app_id:
            raise NotFound(f"activity_id: app {app.app_id} has no activity {wanted!r}")
        return found

    def _own(self, app: App, open_id: str, voucher_id: Any) -> Voucher:
        voucher = self._store.coupons.vouchers.get(voucher_id) if isinstance(voucher_id, str) else None
        if voucher is None or (voucher.app_id, voucher.open_id) != (app.app_id, open_id):
            raise NotFound(f"voucher_id: this person has no coupon {voucher_id!r}")
        return voucher

    def _voucher(self, voucher: Voucher) -> dict[str, Any]:
        """Uses in the order in which they happened; fees and what was saved in fen."""
        names = ("voucher_id", "activity_id", "open_id", "code", "through", "used_times", "ended", "deleted")
        told = {name: getattr(voucher, name) for name in names}
        moments = {
            name: iso_beijing(getattr(voucher, name)) for name in ("claimed_at", "begins_at", "ends_at")
        }
        uses = [{**asdict(use), "at": iso_beijing(use.at)} for use in voucher.uses]
        return {**told, **moments, "status": self._store.coupons.status_of(voucher), "uses": uses}


def _fee_of(form: dict[str, Any]) -> int:
    """Fen of a bill that was typed in yuan."""
    try:
        fee = read_fee(form, "yuan")
    except Refusal as refusal:
        raise BadRequest(refusal.sub_msg) from refusal
    if fee is None:
        raise BadRequest("yuan: what the bill comes to")
    return fee


def _booth(body: dict[str, Any]) -> str:
    booth = body.get("booth", MINI_PROGRAM)
    if not isinstance(booth, str):
        raise BadRequest("booth: text, or left out")
    return booth


def _activity(activity: Activity, stock: Any, now: float) -> dict[str, Any]:
    names = ("activity_id", "kind", "operation", "audit", "stopped")
    told = {name: getattr(activity, name) for name in names}
    counted = {"sent": stock.sent, "used": stock.used, "codes": len(stock.codes), "free": len(stock.free)}
    terms = {"name": activity.terms.name, "quantity": activity.terms.quantity}
    return {**told, **terms, **counted, "status": activity.status(now)}


def _delivery(plan: Delivery, now: float) -> dict[str, Any]:
    names = ("delivery_id", "activity_id", "booth", "template_id", "floor", "state", "error")
    return {**{name: getattr(plan, name) for name in names}, "runs": plan.runs(now)}
