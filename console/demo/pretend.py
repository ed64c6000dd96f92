"""Asks the pretend platform's control address. Demo only: a real platform has no such door."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.demo.processes import answers

TIMEOUT_SECONDS = 30.0


class PretendError(Exception):
    """The pretend platform did not do it; the message says what to do."""


@dataclass(frozen=True)
class Pretend:
    url: str

    def wait(self, *, seconds: float) -> None:
        """Until it answers: it may be starting just now. Raises PretendError."""
        until, is_there = time.monotonic() + seconds, answers(f"{self.url.rstrip('/')}/healthz")
        while not is_there():
            if time.monotonic() > until:
                raise PretendError(
                    f"The pretend platform at {self.url} does not answer. Start it, or see its log."
                )
            time.sleep(0.05)

    def get(self, path: str) -> dict[str, Any]:
        """Raises PretendError."""
        return self._ask(urllib.request.Request(self.url.rstrip("/") + path), path)  # noqa: S310 - see post

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Raises PretendError."""
        asked = urllib.request.Request(  # noqa: S310 - SIMULATOR_URL, set by whoever starts the demo
            self.url.rstrip("/") + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method="POST",
        )
        return self._ask(asked, path)

    def _ask(self, asked: urllib.request.Request, path: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(500).decode("utf-8", "replace")
            raise PretendError(f"The pretend platform answered {error.code} to {path}: {said}") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise PretendError(
                f"The pretend platform at {self.url} does not answer ({error}). Start it, or see its log."
            ) from error
