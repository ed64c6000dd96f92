"""/sim/notices: owe an app a notification by hand, and read how each delivery went."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from simulator.clock import iso_beijing, iso_utc
from simulator.control import BadRequest, app_named, body_of, failing_politely, query_number, whole
from simulator.courier import Courier
from simulator.guard import may_call
from simulator.notices import COLUMNS, COMMON_FIELDS, KINDS, MESSAGE_KINDS, STATES, WAITING, Notice, Notices
from simulator.store import App, Store

MAX_AT_ONCE = 1_000
MAX_LISTED = 1_000
MAX_CONTENT_FIELDS = 64
_DELIVERY = "delivery_id, number, at, sent_at, finished_at, http_status, answer, outcome, extra"


class NoticeControl:
    def __init__(
        self, store: Store, notices: Notices, courier: Courier, allowed_hosts: frozenset[str]
    ) -> None:
        self._store, self._notices, self._courier = store, notices, courier
        self._allowed_hosts = allowed_hosts

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sim/notices", failing_politely(self.post)),
            web.get("/sim/notices", failing_politely(self.listed)),
        ]

    async def post(self, http: web.Request) -> web.Response:
        """What a method does by itself later in the life of a coupon, a card or an authorisation."""
        body = await body_of(http)
        app, kind = app_named(self._store, body.get("app_id")), body.get("kind")
        if kind not in KINDS:
            raise BadRequest(f"kind: one of {', '.join(KINDS)}")
        content, count = _content(body, kind), whole(body, "count", least=1, most=MAX_AT_ONCE, usual=1)
        url, about = body.get("url") or "", body.get("auth_app_id") or ""
        if not isinstance(url, str) or not isinstance(about, str):
            raise BadRequest("url and auth_app_id: text, or left out")
        self._check_address(app, url)
        made = [self._notices.post(app, kind, content, url=url, auth_app_id=about) for _ in range(count)]
        return web.json_response({"notices": [_public(one, []) for one in made]})

    async def listed(self, http: web.Request) -> web.Response:
        """In the order in which they came to be; with settled=1 all that is due now is delivered first."""
        settled = await self._courier.settle() if http.query.get("settled") == "1" else None
        after, limit = query_number(http, "after", 0), query_number(http, "limit", 100)
        limit = max(1, min(MAX_LISTED, limit))
        rows = await self._store.disk.read(*_listing(http, after, limit))
        notices = [Notice(*row) for row in rows]
        deliveries = await self._deliveries([one.number for one in notices])
        answer: dict[str, Any] = {
            "notices": [_public(one, deliveries.get(one.number, [])) for one in notices],
            "next_after": notices[-1].number if notices else after,
        }
        return web.json_response(answer if settled is None else {**answer, "settled": settled})

    async def _deliveries(self, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        marks = ",".join("?" * len(numbers))
        sql = f"SELECT {_DELIVERY} FROM notice_deliveries WHERE number IN ({marks}) ORDER BY delivery_id"  # noqa: S608
        found: dict[int, list[dict[str, Any]]] = {}
        for delivery_id, number, at, sent_at, finished_at, *rest in await self._store.disk.read(sql, numbers):
            http_status, answer, outcome, extra = rest
            line = {
                "delivery_id": delivery_id,
                "at": iso_beijing(at),
                "sent_at": iso_utc(sent_at),
                "finished_at": iso_utc(finished_at),
                "http_status": http_status,
                "answer": answer,
                "outcome": outcome,
                "extra": bool(extra),
            }
            found.setdefault(number, []).append(line)
        return found

    def _check_address(self, app: App, url: str) -> None:
        target = url or app.settings.notify_url
        if url and not url.startswith(("http://", "https://")):
            raise BadRequest("url: starts with http:// or https://")
        if target and not may_call(target, self._allowed_hosts):
            raise BadRequest(
                "url: notifications go to loopback addresses only; start the simulator with --allow-host NAME"
                " for others"
            )


def _content(body: dict[str, Any], kind: str) -> dict[str, Any]:
    content = body.get("content", {})
    if not isinstance(content, dict) or len(content) > MAX_CONTENT_FIELDS:
        raise BadRequest(f"content: an object of at most {MAX_CONTENT_FIELDS} fields")
    if kind not in MESSAGE_KINDS and content.keys() & COMMON_FIELDS:
        raise BadRequest(f"content: {', '.join(sorted(content.keys() & COMMON_FIELDS))} are the platform's")
    return content


def _listing(http: web.Request, after: int, limit: int) -> tuple[str, list[Any]]:
    state = http.query.get("state")
    if state is not None and state not in STATES:
        raise BadRequest(f"state: one of {', '.join(STATES)}")
    wanted = {"app_id": http.query.get("app_id"), "kind": http.query.get("kind"), "state": state}
    given = {column: value for column, value in wanted.items() if value is not None}
    where = " AND ".join(["number > ?", *(f"{column} = ?" for column in given)])
    sql = f"SELECT {COLUMNS} FROM notices WHERE {where} ORDER BY number LIMIT ?"  # noqa: S608 - own names only
    return sql, [after, *given.values(), limit]


def _public(notice: Notice, deliveries: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "number": notice.number,
        "app_id": notice.app_id,
        "notify_id": notice.notify_id,
        "kind": notice.kind,
        "url": notice.url,
        "state": notice.state,
        "created_at": iso_beijing(notice.created_at),
        "next_at": iso_beijing(notice.due_at) if notice.state == WAITING else None,
        "attempts": notice.attempts,
        "deliveries": deliveries,
    }
