"""The order centre and its scenes, as the control API shows them."""

from dataclasses import asdict

from aiohttp import web

from simulator.control import app_named, failing_politely
from simulator.order_centre import shown
from simulator.scenes import SCENES, Scene
from simulator.store import Store


class OrderControl:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sim/orders", failing_politely(self.orders)),
            web.get("/sim/scenes", failing_politely(self.scenes)),
        ]

    async def orders(self, http: web.Request) -> web.Response:
        """The orders of one app in the order of their first return, or the one named by out_biz_no."""
        app, number = app_named(self._store, http.query.get("app_id")), http.query.get("out_biz_no")
        centre = self._store.order_centre
        found = list(centre.of_app(app.app_id)) if number is None else [centre.find(app.app_id, number)]
        return web.json_response({"orders": [shown(order) for order in found if order is not None]})

    async def scenes(self, _: web.Request) -> web.Response:
        return web.json_response({"scenes": [_told(scene) for scene in SCENES.values()]})


def _told(scene: Scene) -> dict[str, object]:
    """`moves` of each status: every code that may follow it."""
    codes = [one.code for one in scene.statuses]
    statuses = [
        {**asdict(one), "moves": [code for code in codes if scene.follows(one.code, code)]}
        for one in scene.statuses
    ]
    return {**asdict(scene), "statuses": statuses}
