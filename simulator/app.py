"""Puts the process together: store, gateway, control API, phone."""

import asyncio
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from simulator.acts import Acts
from simulator.back_office import BackOffice
from simulator.batches import Batches
from simulator.card_control import CardControl
from simulator.card_templates import CardTemplates
from simulator.cards import Cards
from simulator.control import Control
from simulator.coupon_control import CouponControl
from simulator.coupons import Coupons
from simulator.courier import Courier
from simulator.crowd import Crowd
from simulator.crowd_control import CrowdControl
from simulator.deliveries import Deliveries
from simulator.disk import Disk
from simulator.docs import docs, methods
from simulator.faults import Faults
from simulator.gateway import Gateway
from simulator.guard import guarded
from simulator.history import History
from simulator.log import Log
from simulator.methods.images import Images
from simulator.notice_control import NoticeControl
from simulator.notices import Notices
from simulator.order_centre import OrderCentre
from simulator.order_control import OrderControl
from simulator.order_history import OrderHistory
from simulator.phone import Phone
from simulator.reports import Reports
from simulator.signals import Reporter
from simulator.store import Store

STATIC = Path(__file__).parent / "static"
MAX_BODY_BYTES = 64 * 1024 * 1024


class Platform:
    """Everything one process holds. Opening the store reads it whole; `close` writes what is left."""

    def __init__(
        self,
        path: Path,
        *,
        seed: int | None,
        speed: float | None,
        token: str | None,
        allowed_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self.disk = Disk(path)
        self.store = Store(self.disk, seed=seed, speed=speed)
        self.stopping = asyncio.Event()
        faults = Faults(self.store.seed)
        log = Log(self.store)
        notices = self.store.notices = Notices(self.store, faults)
        self.store.order_centre = OrderCentre(self.store.records, self.store.forms)
        self.store.coupons = Coupons(self.store)
        self.store.deliveries = Deliveries(self.store)
        self.store.card_templates = CardTemplates(self.store)
        self.store.cards = Cards(self.store)
        self.courier = Courier(self.store, notices, allowed_hosts=allowed_hosts)
        self.reporter = Reporter()
        reports = Reports(self.store, self.reporter)
        self.crowd = Crowd(self.store, reports)
        acts = Acts(self.store, self.reporter)
        self.batches = Batches(self.store)
        cards = CardControl(self.store, allowed_hosts)
        gateway = Gateway(self.store, log, faults, batches=self.batches, stopping=self.stopping)
        self.web = web.Application(middlewares=[guarded(token)], client_max_size=MAX_BODY_BYTES)
        self.web.add_routes(
            [
                web.get("/gateway.do", gateway.handle),
                web.post("/gateway.do", gateway.handle),
                web.get("/healthz", self._health),
                *Control(self.store, log, faults).routes(),
                *acts.routes(),
                *History(self.store, log).routes(),
                *NoticeControl(self.store, notices, self.courier, allowed_hosts).routes(),
                *CrowdControl(self.store, self.crowd, reports).routes(),
                *Phone(self.store, acts, faults, cards).routes(),
                *BackOffice(self.store, self.batches).routes(),
                *Images(self.store).routes(),
                *OrderControl(self.store).routes(),
                *OrderHistory(self.store, log).routes(),
                *CouponControl(self.store).routes(),
                *cards.routes(),
                web.get("/sim/docs", docs),
                web.get("/sim/methods", methods),
            ]
        )
        self.web.router.add_static("/sim/static/", STATIC)
        self.web.cleanup_ctx.append(self._working)

    async def _health(self, http: web.Request) -> web.Response:
        if self.disk.failure:
            return web.json_response({"status": "failing", "error": self.disk.failure}, status=503)
        return web.json_response({"status": "ok"})

    async def _working(self, _: web.Application):
        tasks = [
            asyncio.create_task(self.disk.flush_for_ever()),
            asyncio.create_task(self.batches.run_for_ever()),
            asyncio.create_task(self.courier.deliver_for_ever()),
            asyncio.create_task(self.crowd.act_for_ever()),
        ]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.courier.close()
        await self.reporter.close()
        self.store.save_clock()
        await self.disk.close()
