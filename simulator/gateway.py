"""The one gateway address: read, judge, do, sign, answer. What goes wrong on purpose comes from `faults`."""

import asyncio
import json
import re
import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from aiohttp import web

from simulator.clock import BEIJING
from simulator.codes import MESSAGES, Done, Refusal
from simulator.faults import Applied, Faults
from simulator.log import SEND, Entry, Log
from simulator.methods import METHODS
from simulator.reading import form_fields, json_object
from simulator.signing import string_to_sign
from simulator.store import App, Store

CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "gbk": "gbk", "gb2312": "gbk"}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_SUCCESS = b'{"code":"10000","msg":"Success"}'
_BUSY, _LIMITED = "QUERY_CONSUMER_REQEUST_ERROR", "isv.method-call-limited"


@dataclass(slots=True)
class Request:
    """One call as read; `app` stays None until its app_id is known, then answers are signed."""

    params: dict[str, str]
    charset: str
    app: App | None = None

    @property
    def node_name(self) -> str:
        method = self.params.get("method", "")
        return method.replace(".", "_") + "_response" if method in METHODS else "error_response"


class Gateway:
    def __init__(self, store: Store, log: Log, faults: Faults, stopping: asyncio.Event) -> None:
        self._store, self._log, self._faults, self._stopping = store, log, faults, stopping

    async def handle(self, http: web.Request) -> web.StreamResponse:
        entry = Entry(received_at=time.time())
        if self._faults.is_down():
            applied = self._faults.for_request(None, None)
            return await self._cut(http, entry, applied, hold_seconds=0)
        request = await _read(http)
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
                node = {"code": "10000", "msg": MESSAGES["10000"], **done.fields}
            except Refusal as refusal:
                node = dict(refusal.node())
        if fails:
            entry.http_status, entry.code, entry.sub_code = 500, None, None
            return b"", False
        entry.code, entry.sub_code = str(node["code"]), node.get("sub_code")  # type: ignore[assignment]
        if entry.code == "10000" and len(node) == 2:
            return _SUCCESS, True
        return json.dumps(node, ensure_ascii=False, separators=(",", ":")).encode(
            request.charset, "replace"
        ), True

    def _fails_before_work(self, applied: Applied) -> bool:
        value = applied.fault.value if applied.fault else None
        return value == "before" or (value is None and self._faults.heads())

    def _do(self, request: Request, entry: Entry, applied: Applied) -> Done:
        if applied.fault is not None:
            _refuse_by_fault(applied)
        app = _admit(request, self._store)
        limited = app.limits.refusal(request.params["method"])
        if limited:
            raise Refusal(limited)
        biz_content = request.params.get("biz_content")
        if entry.method == SEND:
            _note_recipient(entry, biz_content)
        return METHODS[request.params["method"]](self._store, app, biz_content)

    def _response(self, request: Request, node: bytes, entry: Entry) -> web.Response:
        sign = ""
        if request.app is not None:
            keys = request.app.keys
            wrong = entry.fault == "bad_signature"
            entry.truthful = not wrong
            sign = ',"sign":"' + (keys.sign_wrongly(node) if wrong else keys.sign_answer(node)) + '"'
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


async def _read(http: web.Request) -> Request:
    """Query and body in one set of parameters, body last; both are decoded by the charset that they name."""
    form = http.raw_path.partition("?")[2].encode("utf-8", "replace")
    multipart = http.content_type == "multipart/form-data"
    if http.method == "POST" and not multipart:
        form += b"&" + await http.read()
    params = form_fields(form, "utf-8")
    charset = CHARSETS.get(params.get("charset", "").lower(), "utf-8")
    if charset != "utf-8":
        params = form_fields(form, charset)
    if multipart:
        params |= {key: value for key, value in (await http.post()).items() if isinstance(value, str)}
    return Request(params, charset)


def _admit(request: Request, store: Store) -> App:
    """Every check that comes before the method itself; the app, or a Refusal."""
    params = request.params
    if not params.get("method"):
        raise Refusal("isv.missing-method")
    if not params.get("app_id"):
        raise Refusal("isv.missing-app-id")
    app = request.app
    if app is None:
        raise Refusal("isv.invalid-app-id")
    if params["method"] not in METHODS:
        raise Refusal("isv.invalid-method")
    _check_form(params)
    content = string_to_sign(params)
    if not app.keys.request_is_genuine(params["sign"], content.encode(request.charset, "replace")):
        hint = "建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为"
        raise Refusal("isv.invalid-signature", f"验签出错，{hint}：{content}")
    _check_skew(params["timestamp"], app)
    if params.get("app_auth_token"):
        raise Refusal("aop.invalid-app-auth-token")
    encrypted = params.get("encrypt_type")
    if encrypted:
        raise Refusal("isv.missing-encrypt-key" if encrypted == "AES" else "isv.invalid-encrypt-type")
    return app


def _check_form(params: dict[str, str]) -> None:
    if not params.get("sign_type"):
        raise Refusal("isv.missing-signature-type")
    if params["sign_type"] != "RSA2":
        raise Refusal("isv.invalid-signature-type")
    if not params.get("sign"):
        raise Refusal("isv.missing-signature")
    if params.get("charset", "").lower() not in CHARSETS:
        raise Refusal("isv.invalid-charset")
    if params.get("format", "JSON").upper() not in ("JSON", ""):
        raise Refusal("isv.invalid-format")
    if not params.get("version"):
        raise Refusal("isv.missing-version")
    if params["version"] != "1.0":
        raise Refusal("isv.invalid-parameter", "version 只能为 1.0")
    if not params.get("timestamp"):
        raise Refusal("isv.missing-timestamp")
    if _instant(params["timestamp"]) is None:
        raise Refusal("isv.invalid-timestamp")


@lru_cache(maxsize=256)
def _instant(timestamp: str) -> float | None:
    if not _TIMESTAMP.fullmatch(timestamp):
        return None
    try:
        return datetime.strptime(timestamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).timestamp()
    except ValueError:
        return None


def _check_skew(timestamp: str, app: App) -> None:
    allowed, instant = app.settings.skew_seconds, _instant(timestamp)
    if allowed and instant is not None and abs(time.time() - instant) > allowed:
        raise Refusal("isv.invalid-timestamp", f"时间戳与网关时间相差超过 {allowed:g} 秒")


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


def _http_500() -> web.Response:
    return web.Response(status=500, text="Internal Server Error")
