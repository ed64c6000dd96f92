"""What comes before every method: the request is read, and judged in the gateway's order."""

import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from aiohttp import web

from simulator.authorisation import authorised, check_state
from simulator.batches import Batches
from simulator.clock import BEIJING
from simulator.codes import Refusal
from simulator.methods import METHODS
from simulator.methods.call import Call, Method
from simulator.reading import form_fields
from simulator.sealing import looks_sealed, unseal
from simulator.signing import string_to_sign
from simulator.store import PROVIDER, App, Store
from simulator.uploads import Upload, parts_of

CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "gbk": "gbk", "gb2312": "gbk"}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
# Of the published lengths those of free values; the others are of names and dates that are judged whole.
MAX_CHARS = {"sign": 344, "notify_url": 256, "return_url": 256, "app_auth_token": 40, "auth_token": 40}
# The platform's own names, where a value uses one as a key.
_OWN_KEYS = re.compile(r"(?<!\w)(?:body|subject|service|out_trade_no|seller_id|total_fee)=")

# Every refusal that comes before the method, in the order in which they are judged.
REFUSES = (
    "isv.missing-method",
    "isv.missing-app-id",
    "isv.invalid-app-id",
    "isv.invalid-method",
    "isv.missing-signature-type",
    "isv.invalid-signature-type",
    "isv.missing-signature",
    "isv.invalid-charset",
    "isv.invalid-format",
    "isv.missing-version",
    "isv.missing-timestamp",
    "isv.invalid-timestamp",
    "isv.invalid-parameter",
    "isv.suspected-attack",
    "isv.missing-signature-config",
    "isv.invalid-signature",
    "isv.invalid-app-state",
    "isv.not-support-app-auth",
    "aop.invalid-app-auth-token",
    "invalid-auth-relations",
    "aop.app-auth-token-time-out",
    "aop.invalid-app-auth-token-no-api",
    "aop.no-product-reg-by-partner",
    "isv.self-invoke-forbidden",
    "isv.insufficient-isv-permissions",
    "isv.decryption-error-missing-encrypt-type",
    "isv.invalid-encrypt-type",
    "isv.missing-encrypt-key",
    "isv.invalid-encrypt",
    "isv.decryption-error-not-valid-encrypt-key",
    "isv.decryption-error-unknown",
    "isv.method-call-limited",
    "isv.app-call-limited",
)


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
    method = METHODS[request.params["method"]]
    _check_state(method, caller)
    app = _meant(request.params, caller, store)
    _check_state(method, app)
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
    if not app.settings.signature_config:
        raise Refusal("isv.missing-signature-config")
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
    name, token = params["method"], params.get("app_auth_token")
    method = METHODS[name]
    if method.of_provider:
        if token:
            raise Refusal("isv.not-support-app-auth")
        return caller
    if token:
        return authorised(store, caller, token, name)
    if caller.settings.kind == PROVIDER:
        if method.token_inside:
            return caller
        raise Refusal("isv.self-invoke-forbidden")
    if name in caller.settings.no_permission:
        raise Refusal("isv.insufficient-isv-permissions")
    return caller


def _check_state(method: Method, app: App) -> None:
    if not method.judges_state:
        check_state(app, mini_program=method.of_mini_program)


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
    _check_values(params, app)


def _check_values(params: dict[str, str], app: App) -> None:
    for name, most in MAX_CHARS.items():
        if len(params.get(name, "")) > most:
            raise Refusal("isv.invalid-parameter", f"{name} 超过 {most} 个字符")
    if app.settings.refuses_key_names:
        for name, value in params.items():
            if name != "sign" and _OWN_KEYS.search(value):
                raise Refusal("isv.suspected-attack", f"{name} 的值中含有平台关键字")


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
