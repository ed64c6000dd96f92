"""Calls per second: one token bucket per app and one per method of it, on the real clock."""

import time

DEFAULT_PER_SECOND = 1000.0


class Bucket:
    """Holds at most one second's worth and starts full. A rate of 0 means no limit."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._tokens = max(1.0, rate)
        self._at = time.monotonic()

    def take(self) -> bool:
        if self._rate == 0:
            return True
        now = time.monotonic()
        self._tokens = min(max(1.0, self._rate), self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Limits:
    """Settings: {"app": n, "method": n for every method, "<method name>": n}, each calls per second."""

    def __init__(self) -> None:
        self.configure({})

    def configure(self, settings: dict[str, float]) -> None:
        self._settings = settings
        self._app = Bucket(settings.get("app", DEFAULT_PER_SECOND))
        self._methods: dict[str, Bucket] = {}

    def refusal(self, method: str) -> str | None:
        """The sub_code of the limit that is used up, or None."""
        bucket = self._methods.get(method)
        if bucket is None:
            rate = self._settings.get(method, self._settings.get("method", DEFAULT_PER_SECOND))
            bucket = self._methods[method] = Bucket(rate)
        if not bucket.take():
            return "isv.method-call-limited"
        if not self._app.take():
            return "isv.app-call-limited"
        return None
