"""One signed call to the platform, and its outcome in one of five shapes."""

import asyncio
import concurrent.futures
import ipaddress
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from queue import SimpleQueue
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from gateway import answers, loop, signing, wire
from gateway.methods import R, Request
from gateway.outcomes import NotSent, NotSentReason, Outcome, Unknown, UnknownReason

MAX_ANSWER_BYTES = 1_048_576
CONTENT_TYPE = "application/x-www-form-urlencoded;charset=utf-8"
# How much longer than the total timeout a waiting thread gives the loop to say what happened.
_SLACK_SECONDS = 2.0

log = logging.getLogger(__name__)
Guard = Callable[[], bool]
K = TypeVar("K")
_BASE64_IN_FORM = str.maketrans({"+": "%2B", "/": "%2F", "=": "%3D"})


@dataclass(frozen=True)
class Timeouts:
    """`pool` is the wait for a free connection, `connect` covers name look-up, TCP and TLS, `read` is the
    longest silence while an answer is awaited, `total` is everything together."""

    connect_seconds: float = 2.0
    read_seconds: float = 4.0
    total_seconds: float = 5.0
    pool_seconds: float = 2.0

    def __post_init__(self) -> None:
        if min(self.connect_seconds, self.read_seconds, self.total_seconds, self.pool_seconds) <= 0:
            raise ValueError("Every timeout must be longer than 0 seconds.")


class Client:
    """The calls of one mini program. Safe to share between threads; keys are read once.

    Raises signing.InvalidKey for keys that cannot be used and ValueError for an address that is neither https
    nor loopback.
    """

    def __init__(
        self,
        *,
        app_id: str,
        app_private_key: str,
        alipay_public_key: str,
        gateway_url: str,
        timeouts: Timeouts = Timeouts(),
        app_auth_token: str | None = None,
    ) -> None:
        self.app_id = app_id
        self.gateway_url = checked_gateway_url(gateway_url)
        self.timeouts = timeouts
        self._private_key = signing.load_private_key(app_private_key)
        self._public_key = signing.load_public_key(alipay_public_key)
        self._constant = {
            "app_id": app_id,
            "charset": "utf-8",
            "format": "JSON",
            "sign_type": "RSA2",
            "version": "1.0",
        }
        if app_auth_token:
            self._constant["app_auth_token"] = app_auth_token
        parts = urlsplit(self.gateway_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._http_timeout = aiohttp.ClientTimeout(
            total=None,  # ours, in _exchange: it covers the wait for a connection too
            connect=timeouts.connect_seconds,
            sock_connect=timeouts.connect_seconds,
            sock_read=timeouts.read_seconds,
            ceil_threshold=86_400,  # no rounding up to whole seconds
        )

    def __repr__(self) -> str:
        return f"Client(app_id={self.app_id!r}, gateway_url={self.gateway_url!r})"

    def call(self, request: Request[R]) -> Outcome[R]:
        """Make the call and wait, at most two seconds past the total timeout. No network trouble raises."""
        if loop.here() is not None:
            raise RuntimeError("call() inside the gateway loop would wait for itself. Use acall().")
        started = time.perf_counter()
        future = self.submit(request)
        try:
            return future.result(self.timeouts.total_seconds + _SLACK_SECONDS)
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
            future.cancel()
            return Unknown("timeout", False, "the loop gave no outcome in time", _ms_since(started))

    def submit(
        self, request: Request[R], *, guard: Guard | None = None
    ) -> "concurrent.futures.Future[Outcome[R]]":
        """Start the call from any thread. The future always gets an outcome, within the total timeout.

        `guard` is called in the loop thread when the request has its connection and its first byte is about
        to be written; if it gives False (or raises) nothing leaves and the outcome is NotSent("guard"). It
        must be quick and must not wait.
        """
        return loop.submit(self.acall(request, guard=guard))

    def submit_wave(
        self, requests: Mapping[K, Request[R]], *, guard: Guard, answers: "SimpleQueue[tuple[K, Outcome[R]]]"
    ) -> None:
        """Start the calls together, from any thread. `answers` gets each key with its outcome as it comes,
        within the total timeout; `guard` as for submit(), asked for each call."""
        keys = list(requests)

        def tell(place: int, task: "asyncio.Task[Outcome[R]]") -> None:
            answers.put((keys[place], _outcome_of(task)))

        loop.submit_all([self.acall(request, guard=guard) for request in requests.values()], tell)

    async def acall(self, request: Request[R], *, guard: Guard | None = None) -> Outcome[R]:
        """The call itself, for coroutines that run in the gateway loop."""
        network = loop.here()
        if network is None:
            raise RuntimeError("acall() runs in the gateway loop only. Use call() or submit().")
        flight = _Flight(guard)
        form = self._form(request)
        try:
            status, body = await self._exchange(network, form, flight)
        except _AnswerTooLarge:
            return flight.unknown("too_large", f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        except asyncio.CancelledError:
            if not network.closing:
                flight.abandon()
                raise
            return flight.failed(None)
        except Exception as error:
            return flight.failed(error)
        if not flight.written:
            # Bytes that lay in the connection before we wrote are no answer to us.
            flight.abandon()
            return NotSent("closed", flight.duration_ms())
        if status >= 500:
            return flight.unknown("http_5xx", f"HTTP {status}")
        if status != 200:
            return flight.unknown("http_status", f"HTTP {status}")
        return answers.judge(request, body, self._public_key, flight.duration_ms())

    def _form(self, request: Request[R]) -> bytes:
        constant = {**self._constant, "method": request.method}
        changing = {
            "biz_content": request.biz_content(),
            "timestamp": wire.beijing_text(datetime.now(UTC)),
            **request.beside(),
        }
        text = signing.string_to_sign({**constant, **changing})
        signature = signing.sign(self._private_key, text).translate(_BASE64_IN_FORM)
        told = "&".join([f"{name}={wire.form_text(value)}" for name, value in changing.items() if value])
        form = f"{_constant_part(tuple(constant.items()))}&{told}&sign={signature}"
        return form.encode("ascii")

    async def _exchange(self, network: loop.Network, form: bytes, flight: "_Flight") -> tuple[int, bytes]:
        slots = network.slots(self._origin)
        async with asyncio.timeout(self.timeouts.total_seconds):
            if slots.locked():
                async with asyncio.timeout(self.timeouts.pool_seconds):
                    await slots.acquire()
            else:
                await slots.acquire()  # waits for nobody
            flight.phase = "connect"
            try:
                # A POST, so aiohttp never repeats it by itself when a kept connection turns out dead.
                async with network.session.post(
                    self.gateway_url,
                    data=_GuardedForm(form, flight),
                    timeout=self._http_timeout,
                    allow_redirects=False,
                ) as response:
                    return response.status, await _read_bounded(response)
            finally:
                slots.release()


@lru_cache(maxsize=256)
def _constant_part(parameters: tuple[tuple[str, str], ...]) -> str:
    """What every call of one app and method has in common, encoded once: most of the work of a form."""
    return urlencode(parameters)


def _outcome_of(task: "asyncio.Task[Outcome[R]]") -> Outcome[R]:
    """A task that broke or was cancelled is Unknown: we cannot say that nothing left."""
    if task.cancelled():
        return Unknown("cut_off", False, "the call was cancelled", 0.0)
    error = task.exception()
    if error is not None:
        log.error("A gateway call broke: %r", error)
        return Unknown("internal_error", False, type(error).__name__, 0.0)
    return task.result()


class _AnswerTooLarge(Exception):
    pass


class _Refusal(Exception):
    """Raised under aiohttp's hands to keep a form from being written; never leaves this module."""


class _Flight:
    """What is known about one request: above all whether its first byte was written.

    Everything happens in the loop thread. Once abandoned it can never be written, so an outcome NotSent stays
    true even if aiohttp's writer task runs late.
    """

    def __init__(self, guard: Guard | None) -> None:
        self.phase: NotSentReason = "pool"
        self.written = False
        self._abandoned = False
        self._guard = guard
        self._started = time.perf_counter()

    def duration_ms(self) -> float:
        return _ms_since(self._started)

    def abandon(self) -> None:
        self._abandoned = True

    def admit(self, writer: AbstractStreamWriter) -> None:
        """Called right before the first byte; returning means it will be written now."""
        if writer.output_size:
            # Not with this aiohttp, which holds the headers back for the body. If it ever changes, the first
            # byte is gone already: then the honest answer is Unknown, and a test fails.
            self.written = True
        if self._abandoned:
            raise _Refusal
        transport = getattr(writer, "transport", None)
        if transport is None or transport.is_closing():
            self.phase = "closed"
            raise _Refusal
        if not self._allowed():
            self.phase = "guard"
            raise _Refusal
        self.written = True

    def _allowed(self) -> bool:
        if self._guard is None:
            return True
        try:
            return bool(self._guard())
        except Exception:
            log.exception("The guard of a gateway call failed; the call was not sent.")
            return False

    def unknown(self, reason: UnknownReason, detail: str) -> Unknown:
        return Unknown(reason, False, detail, self.duration_ms())

    def failed(self, error: Exception | None) -> NotSent | Unknown:
        """The outcome when no answer came; None stands for our own shutdown."""
        if not self.written:
            self.abandon()
            return NotSent(self._why_not_sent(error), self.duration_ms())
        if error is None:
            return self.unknown("cut_off", "the process shut down while the answer was awaited")
        if isinstance(error, TimeoutError):
            return self.unknown("timeout", "no complete answer in time")
        if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
            return self.unknown(
                "cut_off", f"the connection ended before the answer did ({type(error).__name__})"
            )
        return self.unknown("bad_answer", f"the answer is not proper HTTP ({type(error).__name__})")

    def _why_not_sent(self, error: Exception | None) -> NotSentReason:
        if error is None or self.phase in ("guard", "closed"):
            return "guard" if self.phase == "guard" else "closed"
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return "dns"
        if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
            return "tls"
        return self.phase


class _GuardedForm(aiohttp.BytesPayload):
    """The body, which asks its flight before the first byte.

    aiohttp keeps the headers back until the first piece of the body and writes both in one piece, without
    giving way in between; so the question is asked with the connection in hand and nothing written yet.
    """

    def __init__(self, form: bytes, flight: _Flight) -> None:
        super().__init__(form, content_type=CONTENT_TYPE)
        self._flight = flight

    async def write(self, writer: AbstractStreamWriter) -> None:
        self._flight.admit(writer)
        await super().write(writer)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self._flight.admit(writer)
        await super().write_with_length(writer, content_length)


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    if response.content_length is not None and response.content_length > MAX_ANSWER_BYTES:
        response.close()
        raise _AnswerTooLarge
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            response.close()
            raise _AnswerTooLarge
    return bytes(body)


def checked_gateway_url(url: str) -> str:
    """`url` itself. Raises ValueError unless it is https, or http to this very machine."""
    parts = urlsplit(url.strip())
    try:
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.fragment or parts.query:
        raise ValueError("The gateway address must look like https://openapi.alipay.com/gateway.do.")
    if parts.username or parts.password:
        raise ValueError("The gateway address must not hold a user name or a password.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError(
            f"The gateway address must start with https://; plain http is for this machine only, not {host}."
        )
    return url.strip()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
