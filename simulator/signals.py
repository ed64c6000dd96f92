"""What a mini program reports to its merchant's console: who subscribed, revoked, visited.

POST to the app's `signals_url` with `Authorization: Bearer <key>`; at most 200 signals each. A signal keeps
its id over repeats, so the receiver can tell a repeat from a new one.
"""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import aiohttp

from simulator.clock import iso_beijing
from simulator.store import App, Template

BATCH = 200
ATTEMPTS = 3
TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
PAUSES_SECONDS = (0.2, 1.0)
MESSAGE_SCENE, PUSH_SCENE = "1014", "1305"
REPORTED, NOWHERE = "reported", "no signals_url"
# What a visit's outcome ends with where the person came through a push; the store has no column for it.
_BY_PUSH = ", by push"
TOKEN_PARAMETER = "rt"  # noqa: S105 - the name of a link parameter


@dataclass(slots=True)
class Report:
    """What came of reporting: signals taken (repeats included), not taken, and why the first was not."""

    reported: int = 0
    report_failed: int = 0
    report_error: str | None = None

    def as_answer(self) -> dict[str, Any]:
        return {
            "reported": self.reported,
            "report_failed": self.report_failed,
            "report_error": self.report_error,
        }


def consent_signal(
    kind: str, template: Template, open_id: str, *, at: float, units: int = 1
) -> dict[str, Any]:
    """`kind` is subscribed or revoked; units only count for one-time subscriptions."""
    return {
        "id": uuid.uuid4().hex,
        "kind": kind,
        "open_id": open_id,
        "at": iso_beijing(at),
        "template_id": template.template_id,
        "subscription": "long_term" if template.long_term else "one_time",
        "units": units,
    }


def visit_signal(open_id: str, page: str, *, at: float, scene: str = MESSAGE_SCENE) -> dict[str, Any]:
    signal = {
        "id": uuid.uuid4().hex,
        "kind": "visited",
        "open_id": open_id,
        "at": iso_beijing(at),
        "scene": scene,
    }
    token = page_parameters(page).get(TOKEN_PARAMETER)
    return {**signal, "token": token} if token else signal


def outcome_told(outcome: str, scene: str) -> str:
    return outcome + _BY_PUSH if scene == PUSH_SCENE else outcome


def outcome_read(told: str) -> tuple[str, str]:
    """(outcome, scene) out of `outcome_told`."""
    if told.endswith(_BY_PUSH):
        return told.removesuffix(_BY_PUSH), PUSH_SCENE
    return told, MESSAGE_SCENE


def page_parameters(page: str) -> dict[str, str]:
    """What the page gets in onLoad. All parameters stand after `?` in one block encoded as a whole; of
    parameters not encoded together the platform passes on only the first, and so does this."""
    _, _, block = page.partition("?")
    return dict(parse_qsl(unquote(block.split("&")[0]), keep_blank_values=True))


class Reporter:
    """One HTTP session for the process; made on first use, in the running loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def report(self, app: App, key: str, signals: list[dict[str, Any]]) -> Report:
        """Never raises for what the console does; after a batch that fails for good the rest is not tried."""
        report = Report()
        url = app.settings.signals_url
        if not url or not key:
            return report
        for start in range(0, len(signals), BATCH):
            batch = signals[start : start + BATCH]
            answer, error = await self._post(url, key, {"app_id": app.app_id, "signals": batch})
            if answer is None:
                report.report_failed += len(signals) - start
                report.report_error = report.report_error or error
                break
            rejected = answer.get("rejected") or []
            report.reported += len(batch) - len(rejected)
            report.report_failed += len(rejected)
            if rejected and report.report_error is None:
                report.report_error = f"rejected: {rejected[0]}"
        return report

    async def _post(
        self, url: str, key: str, body: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, str | None]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        error = None
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(PAUSES_SECONDS[attempt - 1])
            try:
                status, answer = await self._post_once(url, key, body)
            except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
                error = f"{type(failure).__name__}: {failure}"
                continue
            if status < 300 and isinstance(answer, dict):
                return answer, None
            error = f"HTTP {status}: {str(answer)[:300]}"
            if status < 500 and status != 429:
                break
        return None, error

    async def _post_once(self, url: str, key: str, body: dict[str, Any]) -> tuple[int, Any]:
        if self._session is None:
            raise ValueError("no session")
        headers = {"Authorization": f"Bearer {key}"}
        async with self._session.post(url, json=body, headers=headers, allow_redirects=False) as answer:
            if answer.status < 300:
                return answer.status, await answer.json(content_type=None)
            return answer.status, await answer.text()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
