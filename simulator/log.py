"""The request log: the witness of what the platform did, whatever it answered.

One entry per request that reached the gateway, written when the work is done and again when the answer is
out:

id            1, 2, 3 … in the order in which the work was done
at            the simulated clock, Beijing
received_at   real time, UTC: when the request was there
finished_at   real time, UTC: when the last byte of the answer was handed to the network, or the connection
              was cut; null while the answer is held back
late_ms       finished_at − received_at in milliseconds
app_id        the app whose data was meant: the merchant's, also when a provider's app called for it
method
http_status   200, 500, or null when nothing was answered
code, sub_code   as answered; null when nothing was answered
to            open_id of a send or of an order's buyer
template_id, page   of a send
message_id    the message it put into the inbox
out_biz_no, order_modified_time, order_status   of an order, as the caller wrote them
order_effect  of an order that was accepted: stored, or older (it changed nothing)
activity_id, voucher_id, voucher_code   of a coupon, as the caller wrote them or as they came to be
coupon_effect  of a call about coupons that was accepted: done, later (a push tells when), or repeated (its
              out_biz_no was answered before, nothing changed)
card_no, occur_time   of a card, as the caller wrote them or as they came to be; occur_time may be
              trade_time, and out_biz_no is request_id, out_serial_no, notify_no or trade_no
card_effect   of a call about cards that was accepted and may change something: done, older (its time is older
              than what is known, nothing changed), or repeated (it was answered before, nothing changed)
accepted      the effect, not the answer: whether the work was done; for a send, whether the
                 person has the message
fault         kind of the fault that was applied, or null
truthful      false when the answer says other than what happened, or its signature is bad
ambiguous     the answer leaves the outcome open: HTTP 5xx, code 20000, sub_code MSG_SEND_ERROR
cut_off       the caller did not get the whole answer
history       written by POST /sim/history, never a request; not counted in the summary's other figures
"""

import time
from dataclasses import dataclass
from typing import Any

from simulator.clock import iso_beijing, iso_utc
from simulator.store import Store

SEND = "alipay.open.app.mini.templatemessage.send"
MAX_ENTRIES = 10_000
_COLUMNS = (
    "id, at, received_at, finished_at, app_id, method, http_status, code, sub_code, open_id, template_id,"
    " page, message_id, accepted, fault, truthful, ambiguous, cut_off, history, out_biz_no,"
    " order_modified_time, order_status, order_effect, activity_id, voucher_id, voucher_code, coupon_effect,"
    " card_no, occur_time, card_effect"
)

# Takes the milliseconds from which an answer is late, twice.
_FLAGS = (
    "sum(NOT truthful), sum(ambiguous), sum(cut_off), sum((finished_at - received_at) * 1000 > ?),"
    " sum(finished_at IS NULL), max(id), sum(NOT truthful OR ambiguous OR cut_off OR finished_at IS NULL"
    " OR (finished_at - received_at) * 1000 > ?)"
)


@dataclass(slots=True)
class Entry:
    received_at: float
    app_id: str | None = None
    method: str | None = None
    http_status: int | None = 200
    code: str | None = None
    sub_code: str | None = None
    open_id: str | None = None
    template_id: str | None = None
    page: str | None = None
    message_id: int | None = None
    accepted: bool = False
    fault: str | None = None
    truthful: bool = True
    cut_off: bool = False
    history: bool = False
    out_biz_no: str | None = None
    order_modified_time: str | None = None
    order_status: str | None = None
    order_effect: str | None = None
    activity_id: str | None = None
    voucher_id: str | None = None
    voucher_code: str | None = None
    coupon_effect: str | None = None
    card_no: str | None = None
    occur_time: str | None = None
    card_effect: str | None = None
    id: int = 0
    at: float = 0.0
    finished_at: float | None = None

    @property
    def ambiguous(self) -> bool:
        return self.http_status == 500 or self.code == "20000" or self.sub_code == "MSG_SEND_ERROR"


class Log:
    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, entry: Entry) -> None:
        """Put the entry as it now stands; the first time it gets its number."""
        if not entry.id:
            entry.id = self._store.next_id("log")
            entry.at = entry.at or self._store.clock.now()
        row = (
            entry.id, entry.at, entry.received_at, entry.finished_at, entry.app_id, entry.method,
            entry.http_status, entry.code, entry.sub_code, entry.open_id, entry.template_id, entry.page,
            entry.message_id, entry.accepted, entry.fault, entry.truthful, entry.ambiguous, entry.cut_off,
            entry.history, entry.out_biz_no, entry.order_modified_time, entry.order_status,
            entry.order_effect, entry.activity_id, entry.voucher_id, entry.voucher_code, entry.coupon_effect,
            entry.card_no, entry.occur_time, entry.card_effect,
        )  # fmt: skip
        self._store.disk.put("log", entry.id, row)

    def finish(self, entry: Entry, *, cut_off: bool) -> None:
        entry.finished_at = time.time()
        entry.cut_off = entry.cut_off or cut_off
        self.write(entry)

    async def entries(self, *, after: int, limit: int, **wanted: str | None) -> list[dict[str, Any]]:
        where, args = _where(after, wanted)
        sql = f"SELECT {_COLUMNS} FROM log WHERE {where} ORDER BY id LIMIT ?"  # noqa: S608 - own column names only
        return [_public(row) for row in await self._store.disk.read(sql, (*args, limit))]

    async def summary(
        self, *, after: int, late_ms: float, people: bool, **wanted: str | None
    ) -> dict[str, Any]:
        where, args = _where(after, wanted)
        where += " AND NOT history"
        read = self._store.disk.read
        by_code: dict[str, dict[str, int]] = {}
        counts = (
            f"SELECT method, code, sub_code, http_status, count(*) FROM log WHERE {where} GROUP BY 1, 2, 3, 4"  # noqa: S608
        )
        for method, code, sub_code, http_status, number in await read(counts, args):
            key = _outcome(code, sub_code, http_status)
            calls = by_code.setdefault(method or "", {})
            calls[key] = calls.get(key, 0) + number
        figures = (await read(f"SELECT {_FLAGS} FROM log WHERE {where}", (late_ms, late_ms, *args)))[0]  # noqa: S608
        per_person = f"SELECT open_id, count(*) FROM log WHERE {where} AND method = ? AND accepted GROUP BY 1"  # noqa: S608
        accepted: dict[str, int] = dict(await read(per_person, (*args, SEND)))
        names = ("untruthful", "ambiguous", "cut_off", "late", "unfinished", "last_id", "explains_unknown")
        summary: dict[str, Any] = {
            "calls": by_code,
            "accepted_messages": sum(accepted.values()),
            "accepted_people": len(accepted),
            "repeated": {open_id: number for open_id, number in accepted.items() if number > 1},
            **{name: figure or 0 for name, figure in zip(names, figures, strict=True)},
            "late_ms": late_ms,
            **await self._history(after, wanted),
        }
        if people:
            summary["accepted_open_ids"] = sorted(accepted)
        return summary

    async def _history(self, after: int, wanted: dict[str, str | None]) -> dict[str, Any]:
        """`history`: lines; `history_messages`: those that reached somebody; `history_calls` by outcome."""
        where, args = _where(after, wanted)
        counts = "code, sub_code, http_status, count(*), sum(accepted)"
        sql = f"SELECT {counts} FROM log WHERE {where} AND history GROUP BY 1, 2, 3"  # noqa: S608 - own column names only
        rows = await self._store.disk.read(sql, args)
        return {
            "history": sum(row[3] for row in rows),
            "history_messages": sum(row[4] for row in rows),
            "history_calls": {_outcome(*row[:3]): row[3] for row in rows},
        }


def _where(after: int, wanted: dict[str, str | None]) -> tuple[str, list[Any]]:
    """`wanted` maps column names (of our own code, never of a request) to values; None is no filter."""
    given = {column: value for column, value in wanted.items() if value is not None}
    where = " AND ".join(["id > ?", *(f"{column} = ?" for column in given)])
    return where, [after, *given.values()]


def _outcome(code: str | None, sub_code: str | None, http_status: int | None) -> str:
    if http_status is None:
        return "no answer"
    if code is None:
        return f"http {http_status}"
    return f"{code}/{sub_code}" if sub_code else code


def _public(row: tuple[Any, ...]) -> dict[str, Any]:
    entry = dict(zip([name.strip() for name in _COLUMNS.split(",")], row, strict=True))
    received, finished = entry["received_at"], entry["finished_at"]
    for flag in ("accepted", "truthful", "ambiguous", "cut_off", "history"):
        entry[flag] = bool(entry[flag])
    entry["to"] = entry.pop("open_id")
    entry["at"] = iso_beijing(entry["at"])
    entry["received_at"], entry["finished_at"] = iso_utc(received), iso_utc(finished)
    entry["late_ms"] = None if finished is None else round((finished - received) * 1000, 3)
    return entry
