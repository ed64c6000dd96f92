"""The one gateway address: read, judge, do, sign, answer. What goes wrong on purpose comes from `faults`."""

import asyncio
import json
import time

from aiohttp import web

from simulator.admission import Request, admit, read
from simulator.batches import Batches
from simulator.codes import MESSAGES, Done, Refusal
from simulator.faults import Applied, Faults
from simulator.log import SEND, Entry, Log
from simulator.methods import METHODS, card_calls
from simulator.methods.coupon_calls import NAMES
from simulator.methods.orders import ORDER
from simulator.order_reading import named_in
from simulator.reading import json_object
from simulator.sealing import seal
from simulator.store import Store

_SUCCESS = b'{"code":"10000","msg":"Success"}'
_BUSY, _LIMITED = "QUERY_CONSUMER_REQEUST_ERROR", "isv.method-call-limited"


class Gateway:
    def __init__(
        self, store: Store, log: Log, faults: Faults, *, batches: Batches, stopping: asyncio.Event
    ) -> None:
        self._store, self._log, self._faults = store, log, faults
        self._batches, self._stopping = batches, stopping

    async def handle(self, http: web.Request) -> web.StreamResponse:
        entry = Entry(received_at=time.time())
        if self._faults.is_down():
            applied = self._faults.for_request(None, None)
            return await self._cut(http, entry, applied, hold_seconds=0)
        request = await read(http)
        entry.method, entry.app_id = request.params.get("method"), request.params.get("app_id")
        request.app = self._store.apps.get(request.params.get("app_id", ""))
        applied = self._faults.for_request(entry.method, entry.app_id)
        if applied.kind in ("down", "drop_before"):
            return await self._cut(http, entry, applied, hold_seconds=0)
        entry.fault = applied.kind
        node, answers = self._work(request, entry, applied)
        if applied.kind == "timeout_after_success":
            hold = applied.delay_seconds + (applied.fault.seconds if applied.fault else 0)
            return await self._cut(http, entry, applied, hold_seconds=hold)
        response = self._response(request, node, entry) if answers else _http_500()
        self._log.write(entry)
        if applied.delay_seconds:
            await self._wait(applied.delay_seconds)
        return await self._answer(http, entry, response)

    def _work(self, request: Request, entry: Entry, applied: Applied) -> tuple[bytes, bool]:
        """(the node to answer, whether it is answered at all); fills the entry with what really happened."""
        fails = applied.kind == "http_500"
        node: dict[str, object] = {}
        if not (fails and self._fails_before_work(applied)):
            try:
                done = self._do(request, entry, applied)
                entry.accepted, entry.message_id = True, done.message_id
                entry.order_effect, entry.coupon_effect = done.order_effect, done.coupon_effect
                entry.voucher_id = done.voucher_id or entry.voucher_id
                entry.voucher_code = done.voucher_code or entry.voucher_code
                entry.activity_id = _made(done) or entry.activity_id
                self._note_holder(entry, done)
                node = {"code": "10000", "msg": MESSAGES["10000"], **done.fields}
            except Refusal as refusal:
                node = dict(refusal.node())
        if fails:
            entry.http_status, entry.code, entry.sub_code = 500, None, None
            return b"", False
        entry.code, entry.sub_code = str(node["code"]), node.get("sub_code")  # type: ignore[assignment]
        if entry.code == "10000" and len(node) == 2 and not request.seal_with:
            return _SUCCESS, True
        return _written(node, request), True

    def _note_holder(self, entry: Entry, done: Done) -> None:
        entry.card_effect, entry.card_no = done.card_effect, done.card_no or entry.card_no
        card = self._store.cards.get(entry.app_id or "", done.card_no) if done.card_no else None
        entry.open_id = card.open_id if card is not None else entry.open_id

    def _fails_before_work(self, applied: Applied) -> bool:
        value = applied.fault.value if applied.fault else None
        return value == "before" or (value is None and self._faults.heads())

    def _do(self, request: Request, entry: Entry, applied: Applied) -> Done:
        if applied.fault is not None:
            _refuse_by_fault(applied)
        call = admit(request, self._store, self._batches)
        # The log tells of effects, and those are in the merchant's app, whoever's app called.
        entry.app_id = call.app.app_id
        limited = call.caller.limits.refusal(request.params["method"])
        if limited:
            raise Refusal(limited)
        if entry.method == SEND:
            _note_recipient(entry, call.biz_content)
        elif entry.method == ORDER:
            _note_order(entry, call.biz_content)
        elif request.params["method"].startswith(NAMES):
            _note_coupon(entry, call.biz_content)
        elif request.params["method"].startswith(card_calls.NAMES):
            _note_card(entry, call.biz_content)
        return METHODS[request.params["method"]].work(call)

    def _response(self, request: Request, node: bytes, entry: Entry) -> web.Response:
        sign = ""
        if request.app is not None:
            keys = request.app.keys
            wrong = entry.fault == "bad_signature"
            entry.truthful = not wrong
            made = keys.sign_wrongly(node) if wrong else keys.sign_answer(node, request.sign_type)
            sign = f',"sign":"{made}"'
        body = b'{"' + request.node_name.encode() + b'":' + node + sign.encode() + b"}"
        return web.Response(body=body, headers={"Content-Type": f"text/html;charset={request.charset}"})

    async def _answer(self, http: web.Request, entry: Entry, response: web.Response) -> web.StreamResponse:
        """Write the answer here and not on return, so that the log knows when and whether it went out."""
        cut_off = http.transport is None or http.transport.is_closing()
        try:
            await response.prepare(http)
            await response.write_eof()
        except ConnectionError:
            cut_off = True
        self._log.finish(entry, cut_off=cut_off)
        return response

    async def _cut(
        self, http: web.Request, entry: Entry, applied: Applied, *, hold_seconds: float
    ) -> web.Response:
        """Answer nothing: hold the connection for a while, then break it."""
        entry.fault, entry.http_status, entry.code, entry.sub_code = applied.kind, None, None, None
        entry.cut_off = True
        self._log.write(entry)
        if hold_seconds:
            await self._wait(hold_seconds)
        if http.transport is not None:
            http.transport.abort()
        self._log.finish(entry, cut_off=True)
        return web.Response()

    async def _wait(self, seconds: float) -> None:
        """Sleep, but no longer than the process wants to live."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _written(node: dict[str, object], request: Request) -> bytes:
    """The exact bytes that the signature covers: an object, or ciphertext with both its quotes."""
    plain = json.dumps(node, ensure_ascii=False, separators=(",", ":")).encode(request.charset, "replace")
    return f'"{seal(plain, request.seal_with)}"'.encode() if request.seal_with else plain


def _refuse_by_fault(applied: Applied) -> None:
    fault = applied.fault
    if fault is None:
        return
    answers = {"busy": _BUSY, "limit": _LIMITED, "sub_code": str(fault.value)}
    if fault.kind in answers:
        raise Refusal(answers[fault.kind])


def _note_recipient(entry: Entry, biz_content: str | None) -> None:
    """Who, with what: also of sends that are refused."""
    biz = json_object(biz_content)
    if biz is not None:
        entry.open_id, entry.template_id, entry.page = (
            value if isinstance(value, str) else None
            for value in (
                biz.get("to_open_id") or biz.get("to_user_id"),
                biz.get("user_template_id"),
                biz.get("page"),
            )
        )


def _note_order(entry: Entry, biz_content: str | None) -> None:
    """Which order, with which status: also of those that are refused."""
    entry.open_id, entry.out_biz_no, entry.order_modified_time, entry.order_status = named_in(
        json_object(biz_content) or {}
    )


def _note_coupon(entry: Entry, biz_content: str | None) -> None:
    """Which activity, coupon and person: also of calls that are refused."""
    biz = json_object(biz_content) or {}
    values = (
        biz.get("open_id") or biz.get("user_open_id") or biz.get("user_id"),
        biz.get("out_biz_no"),
        biz.get("activity_id"),
        biz.get("voucher_id"),
        biz.get("voucher_code"),
    )
    entry.open_id, entry.out_biz_no, entry.activity_id, entry.voucher_id, entry.voucher_code = (
        value if isinstance(value, str) else None for value in values
    )


def _note_card(entry: Entry, biz_content: str | None) -> None:
    """Which card and person, when, and by which number of the merchant: also of calls that are refused."""
    biz = json_object(biz_content) or {}
    user = biz.get("card_user_info")
    numbers = [biz.get(name) for name in ("out_serial_no", "notify_no", "request_id", "trade_no")]
    values = (
        user.get("user_uni_id") or user.get("open_id") if isinstance(user, dict) else None,
        next((one for one in numbers if one), None),
        biz.get("target_card_no"),
        biz.get("occur_time") or biz.get("trade_time"),
    )
    entry.open_id, entry.out_biz_no, entry.card_no, entry.occur_time = (
        value if isinstance(value, str) else None for value in values
    )


def _made(done: Done) -> str | None:
    """The activity that came to be by this call."""
    found = done.fields.get("activity_id") if done.coupon_effect else None
    return found if isinstance(found, str) else None


def _http_500() -> web.Response:
    return web.Response(status=500, text="Internal Server Error")
