"""What comes before every method: the request is read, and judged in the gateway's order."""

import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from aiohttp import web

from simulator.batches import Batches
from simulator.clock import BEIJING
from simulator.codes import Refusal
from simulator.methods import METHODS
from simulator.methods.call import Call
from simulator.reading import form_fields
from simulator.sealing import looks_sealed, unseal
from simulator.signing import string_to_sign
from simulator.store import PROVIDER, App, Store
from simulator.uploads import Upload, parts_of

CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "gbk": "gbk", "gb2312": "gbk"}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(slots=True)
class Request:
    """One call as read; `app` stays None until its app_id is known, then answers are signed."""

    params: dict[str, str]
    charset: str
    files: dict[str, Upload] = field(default_factory=dict)
    host: str = ""
    app: App | None = None
    seal_with: str = ""
    """The AES key, once the content was opened with it: then the answer is sealed too."""

    @property
    def node_name(self) -> str:
        method = self.params.get("method", "")
        return method.replace(".", "_") + "_response" if method in METHODS else "error_response"

    @property
    def sign_type(self) -> str:
        """The answer is signed as the request was, where the app takes that."""
        wanted = self.params.get("sign_type", "")
        return wanted if self.app is not None and wanted in _sign_types(self.app) else "RSA2"


async def read(http: web.Request) -> Request:
    """Query and body in one set of parameters, body last; both are decoded by the charset that they name."""
    form = http.raw_path.partition("?")[2].encode("utf-8", "replace")
    parts: dict[str, bytes] = {}
    files: dict[str, Upload] = {}
    if http.method == "POST" and http.content_type == "multipart/form-data":
        parts, files = await parts_of(http)
    elif http.method == "POST":
        form += b"&" + await http.read()
    params = form_fields(form, "utf-8")
    named = parts.get("charset", b"").decode("utf-8", "replace") or params.get("charset", "")
    charset = CHARSETS.get(named.lower(), "utf-8")
    if charset != "utf-8":
        params = form_fields(form, charset)
    params |= {name: value.decode(charset, "replace") for name, value in parts.items()}
    return Request(params, charset, files, f"{http.scheme}://{http.host}")


def admit(request: Request, store: Store, batches: Batches) -> Call:
    """Every check that comes before the method itself."""
    caller = _caller(request)
    _check_form(request.params, caller)
    _check_signature(request, caller)
    _check_skew(request.params["timestamp"], caller)
    app = _meant(request.params, caller, store)
    content = _opened(request, app)
    return Call(
        store,
        batches,
        app,
        caller,
        request.params,
        files=request.files,
        biz_content=content,
        host=request.host,
    )


def _caller(request: Request) -> App:
    if not request.params.get("method"):
        raise Refusal("isv.missing-method")
    if not request.params.get("app_id"):
        raise Refusal("isv.missing-app-id")
    if request.app is None:
        raise Refusal("isv.invalid-app-id")
    if request.params["method"] not in METHODS:
        raise Refusal("isv.invalid-method")
    return request.app


def _check_signature(request: Request, app: App) -> None:
    params = request.params
    content = string_to_sign(params)
    contents = [content]
    if app.settings.sign_with_empties:
        contents.append(string_to_sign(params, empties=True))
    for one in contents:
        data = one.encode(request.charset, "replace")
        if app.keys.request_is_genuine(params["sign"], data, params["sign_type"]):
            return
    hint = "建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为"
    raise Refusal("isv.invalid-signature", f"验签出错，{hint}：{content}")


def _sign_types(app: App) -> tuple[str, ...]:
    return ("RSA2", "RSA") if app.settings.allow_rsa else ("RSA2",)


def _meant(params: dict[str, str], caller: App, store: Store) -> App:
    """Whose data the call means: the caller's own, or with app_auth_token the merchant's who gave it."""
    method, token = params["method"], params.get("app_auth_token")
    if METHODS[method].of_provider:
        return caller
    if token:
        app = _authorised(store, caller, token, method)
        if method in app.settings.no_permission:
            raise Refusal("aop.no-product-reg-by-partner")
        return app
    if caller.settings.kind == PROVIDER:
        raise Refusal("isv.self-invoke-forbidden")
    if method in caller.settings.no_permission:
        raise Refusal("isv.insufficient-isv-permissions")
    return caller


def _authorised(store: Store, caller: App, token: str, method: str) -> App:
    grant = store.grants.of_token(token)
    if grant is None or not store.grants.holds(grant, token):
        raise Refusal("aop.invalid-app-auth-token")
    if grant.provider_id != caller.app_id:
        raise Refusal("invalid-auth-relations")
    if caller.settings.state != "online":
        raise Refusal("isv.invalid-app-state")
    if store.clock.now() > grant.ends_at:
        raise Refusal("aop.app-auth-token-time-out")
    if method not in grant.methods:
        raise Refusal("aop.invalid-app-auth-token-no-api")
    return store.apps[grant.app_id]


def _opened(request: Request, app: App) -> str | None:
    """biz_content in plain text. It is the key of the app whose data is meant that opens it."""
    content, way, key = (
        request.params.get("biz_content"),
        request.params.get("encrypt_type"),
        app.settings.aes_key,
    )
    if not way:
        if key and content and looks_sealed(content):
            raise Refusal("isv.decryption-error-missing-encrypt-type")
        return content
    if way.upper() != "AES":
        raise Refusal("isv.invalid-encrypt-type")
    if not key:
        raise Refusal("isv.missing-encrypt-key")
    opened = unseal(content, key, request.charset) if content else content
    request.seal_with = key
    return opened


def _check_form(params: dict[str, str], app: App) -> None:
    if not params.get("sign_type"):
        raise Refusal("isv.missing-signature-type")
    if params["sign_type"] not in _sign_types(app):
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
