"""Who may reach /sim/: loopback only, or with a token wherever else the process listens."""

import base64
import binascii
import hmac
import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

TOKEN_HEADER = "X-Sim-Token"  # noqa: S105 - the header's name


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_call(url: str, allowed_hosts: frozenset[str]) -> bool:
    """Whether this process may post to the address: loopback, or a host named at the start."""
    host = urlsplit(url).hostname or ""
    return is_loopback(host) or host in allowed_hosts


def guarded(token: str | None) -> web.middleware:  # type: ignore[valid-type]
    """Without a token a page of some other site could still reach 127.0.0.1 through the operator's browser;
    hence the checks of Host (a rebound name) and Origin (a form on that page)."""

    @web.middleware
    async def guard(http: web.Request, handler: Handler) -> web.StreamResponse:
        if not http.path.startswith("/sim/"):
            return await handler(http)
        if token is not None:
            if not hmac.compare_digest(_given(http).encode(), token.encode()):
                return _denied(
                    401, f"send the token in the header {TOKEN_HEADER}, or as the password of Basic sign-in"
                )
        elif not is_loopback((urlsplit(f"//{http.host}").hostname) or ""):
            return _denied(403, "/sim/ answers on loopback addresses only")
        origin = http.headers.get("Origin")
        if http.method != "GET" and origin is not None and urlsplit(origin).netloc != http.host:
            return _denied(403, "requests from pages of other sites are not taken")
        return await handler(http)

    return guard


def _given(http: web.Request) -> str:
    scheme, _, credentials = http.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return http.headers.get(TOKEN_HEADER, "")


def _denied(status: int, sentence: str) -> web.Response:
    headers = {"WWW-Authenticate": 'Basic realm="simulator"'} if status == 401 else None
    return web.json_response({"error": sentence}, status=status, headers=headers)
