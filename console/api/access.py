"""Who may call the API: every route names the scope it needs, where its key is checked.

401: no key, unknown or revoked. 403: a key of the wrong kind or scope. 413: a body over the route's limit.
429: a public client key from an address that calls too often, or a server key that is used too often; with
Redis away neither is counted and all pass. All before the body is read.
"""

from __future__ import annotations

import ipaddress
import time

import redis
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import HttpBearer

from console.api.errors import TooMany
from merchants import rate
from merchants.models import ApiKey

MAX_BODY_BYTES = 256 * 1024


class ScopedKey(HttpBearer):
    """`Authorization: Bearer <key>`. Server keys need `scope`; public client keys need `client_keys`."""

    openapi_name = "Key"

    def __init__(
        self, scope: str, *, client_keys: bool = False, max_body_bytes: int = MAX_BODY_BYTES
    ) -> None:
        super().__init__()
        self.scope, self.client_keys, self.max_body_bytes = scope, client_keys, max_body_bytes

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        key = ApiKey.find(token)
        if key is None:
            return None
        if key.kind == ApiKey.Kind.CLIENT:
            if not self.client_keys:
                raise HttpError(403, "A public client key may not call this. Call it from your server.")
            refuse_too_many(request)
        elif self.scope not in key.scopes:
            raise HttpError(403, f"This key lacks the scope {self.scope!r}.")
        else:
            refuse_too_many_with(key)
        refuse_too_large(request, most=self.max_body_bytes)
        key.note_use(at=timezone.now())
        return key


def refuse_too_large(request: HttpRequest, *, most: int = MAX_BODY_BYTES) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > most:
        raise HttpError(413, f"The body is larger than {most} bytes. Send less at once.")


def refuse_too_many(request: HttpRequest) -> None:
    """At most SIGNALS_PER_SECOND requests a second from one address but loopback."""
    address = client_address(request)
    most = settings.SIGNALS_PER_SECOND
    if not is_loopback(address) and _calls(f"signals:{address}") > most:
        raise TooMany(f"At most {most:g} requests a second from one address.")


def refuse_too_many_with(key: ApiKey) -> None:
    """At most API_REQUESTS_PER_SECOND requests a second with one server key."""
    most = settings.API_REQUESTS_PER_SECOND
    if _calls(f"api-key:{key.pk}") > most:
        raise TooMany(f"At most {most:g} requests a second with one key. Wait a second, then go on.")


def _calls(of: str) -> int:
    """How many there were in this second, this one with them; 0 without Redis."""
    name = f"{of}:{int(time.time())}"
    try:
        with rate.connection().pipeline(transaction=False) as pipeline:
            pipeline.incr(name)
            pipeline.expire(name, 2)
            return int(pipeline.execute()[0])
    except redis.RedisError:
        return 0


def client_address(request: HttpRequest) -> str:
    """Who calls: behind our proxies the entry the outermost of them wrote; what precedes it is hearsay."""
    proxies = settings.AXES_IPWARE_PROXY_COUNT or 0
    if proxies:
        told = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(told) >= proxies and told[-proxies]:
            return told[-proxies]
    return str(request.META.get("REMOTE_ADDR", ""))


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
