"""Orders of a past, written at once: judged by the order centre, answered, in the log."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator.clock import DAY_SECONDS
from simulator.codes import MESSAGES, SUB_CODES, Refusal
from simulator.control import BadRequest, app_named, body_of, failing_politely
from simulator.history import MAX_AT_ONCE, MAX_DAYS
from simulator.log import Entry, Log
from simulator.methods.orders import ORDER, keep
from simulator.order_reading import named_in
from simulator.store import App, Store

SHAPE = (
    f'returns: a list of at most {MAX_AT_ONCE}, each {{"biz_content": object, "at": Unix seconds of the last'
    f' {MAX_DAYS} days, "refused"?: a sub_code}}'
)


@dataclass(frozen=True, slots=True)
class Past:
    """One return; `refused`: the sub_code it was answered with, whatever is in it."""

    biz: dict[str, Any]
    at: float
    refused: str


class OrderHistory:
    def __init__(self, store: Store, log: Log) -> None:
        self._store, self._log = store, log

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/sim/orders", failing_politely(self.history))]

    async def history(self, http: web.Request) -> web.Response:
        """Nothing is awaited between the first return and the last: a kill leaves all of it or nothing."""
        body = await body_of(http)
        app, key = app_named(self._store, body.get("app_id")), body.get("key")
        if not isinstance(key, str) or not 0 < len(key) <= 100:
            raise BadRequest("key: a text of 1 to 100 characters")
        kept = f"order history {app.app_id} {key}"
        if kept not in self._store.facts:
            past = self._read(body.get("returns"))
            answers = {
                number: self._answer(app, one)
                for number, one in sorted(enumerate(past), key=lambda pair: (pair[1].at, pair[0]))
            }
            self._store.save_fact(kept, [answers[number] for number in range(len(past))])
        return web.json_response({"answers": self._store.facts[kept]})

    def _read(self, returns: Any) -> list[Past]:
        if not isinstance(returns, list) or len(returns) > MAX_AT_ONCE:
            raise BadRequest(SHAPE)
        now = self._store.clock.now()
        return [_one(given, now=now) for given in returns]

    def _answer(self, app: App, past: Past) -> dict[str, object]:
        entry = Entry(
            received_at=past.at,
            app_id=app.app_id,
            method=ORDER,
            history=True,
            at=past.at,
            finished_at=past.at,
        )
        entry.open_id, entry.out_biz_no, entry.order_modified_time, entry.order_status = named_in(past.biz)
        node: dict[str, object]
        try:
            if past.refused:
                raise Refusal(past.refused)
            done = keep(self._store, app, past.biz, at=past.at)
            entry.accepted, entry.message_id, entry.order_effect = True, done.message_id, done.order_effect
            node = {"code": "10000", "msg": MESSAGES["10000"], **done.fields}
        except Refusal as refusal:
            entry.sub_code = refusal.sub_code
            node = dict(refusal.node())
        entry.code = str(node["code"])
        self._log.write(entry)
        return node


def _one(given: Any, *, now: float) -> Past:
    if not isinstance(given, dict):
        raise BadRequest(SHAPE)
    biz, at, refused = given.get("biz_content"), given.get("at"), given.get("refused", "")
    if not isinstance(biz, dict) or isinstance(at, bool) or not isinstance(at, int | float):
        raise BadRequest(SHAPE)
    if not now - MAX_DAYS * DAY_SECONDS <= at <= now or (refused and refused not in SUB_CODES):
        raise BadRequest(SHAPE)
    return Past(biz, float(at), refused)
