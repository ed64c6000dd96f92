"""/sim/behaviour: let an app's people act by themselves, and read what is known of them; /sim/acts: what
they did."""

from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from simulator.behaviour import Habits, Prompt
from simulator.choices import TEMPLATES_A_PROMPT
from simulator.clock import iso_beijing
from simulator.control import BadRequest, app_named, body_of, failing_politely, query_number, template_named
from simulator.crowd import Crowd
from simulator.reports import Reports, Told
from simulator.store import App, Store

MAX_LISTED = 10_000
MAX_PROMPTS = 20
MAX_TOUCHPOINT_CHARS = 64
MIN_WINDOW_DAYS, MAX_WINDOW_DAYS = 4, 30  # a message is opened within three days and a morning
MAX_ANNOYANCE = 1_000_000.0
SHARES = (
    "recall_rate",
    "coupon_lift",
    "true_effect",
    "base_return",
    "long_term_rate",
    "one_time_rate",
    "keep_rate",
    "claim_rate",
    "use_rate",
)


class CrowdControl:
    def __init__(self, store: Store, crowd: Crowd, reports: Reports) -> None:
        self._store, self._crowd, self._reports = store, crowd, reports

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sim/behaviour", failing_politely(self.switch)),
            web.get("/sim/behaviour", failing_politely(self.facts)),
            web.get("/sim/acts", failing_politely(self.acts)),
        ]

    async def switch(self, http: web.Request) -> web.Response:
        """With new habits everybody begins anew: what was planned is forgotten."""
        body = await body_of(http)
        app = app_named(self._store, body.pop("app_id", None))
        on = body.pop("on", True)
        if not isinstance(on, bool):
            raise BadRequest("on: true or false")
        habits = None
        if on:
            seed = int(self._store.derived("habits", app.app_id)[:8], 16)
            given = {name: value for name, value in body.items() if value is not None}
            habits = _habits(app, {"seed": seed, **given})
        await self._crowd.settle()
        self._crowd.switch(app, habits)
        return web.json_response(self._facts(app))

    async def facts(self, http: web.Request) -> web.Response:
        app = app_named(self._store, http.query.get("app_id"))
        if http.query.get("settled") == "1":
            await self._crowd.settle()
        return web.json_response(self._facts(app))

    async def acts(self, http: web.Request) -> web.Response:
        """Everything people did by themselves or were told to, in the order in which it was noted."""
        app = app_named(self._store, http.query.get("app_id"))
        if http.query.get("settled") == "1":
            await self._crowd.settle()
        after = query_number(http, "after", 0)
        limit = max(1, min(MAX_LISTED, query_number(http, "limit", 1_000)))
        rows = await self._store.disk.read(
            "SELECT action_id, at, open_id, kind, detail FROM actions"
            " WHERE app_id = ? AND action_id > ? ORDER BY action_id LIMIT ?",
            (app.app_id, after, limit),
        )
        acts = [
            {"id": action_id, "at": iso_beijing(at), "open_id": open_id, "kind": kind, "detail": detail}
            for action_id, at, open_id, kind, detail in rows
        ]
        return web.json_response({"acts": acts, "next_after": rows[-1][0] if rows else after})

    def _facts(self, app: App) -> dict[str, Any]:
        household = self._crowd.households.get(app.app_id)
        if household is None:
            return {"on": False}
        told = self._reports.told.get(app.app_id, Told())
        return {
            "on": True,
            "habits": asdict(household.habits),
            "acted_until": iso_beijing(household.acted_until),
            "planned": len(household.heap),
            "dropped": household.dropped,
            "acts": dict(household.acts),
            "rates": _rates(household.acts, household.effect),
            "reports": {**asdict(told), "waiting": self._reports.waiting(app)},
        }


def _rates(acts: dict[str, int], effect: float) -> dict[str, float | None]:
    """Shares as they came out so far; null before there is anything to divide by."""

    def share(part: float, whole: int) -> float | None:
        return round(part / whole, 4) if whole else None

    return {
        "recall": share(acts.get("visit", 0), acts.get("message", 0)),
        "true_effect": share(effect, acts.get("message", 0)),
        "trigger": share(acts.get("prompted", 0), acts.get("exposed", 0)),
        "long_term": share(acts.get("subscribed long_term", 0), acts.get("offered long_term", 0)),
        "one_time": share(acts.get("subscribed one_time", 0), acts.get("offered one_time", 0)),
        "visits_from_messages": share(acts.get("visit", 0), acts.get("visit", 0) + acts.get("come", 0)),
    }


def _habits(app: App, given: dict[str, Any]) -> Habits:
    known = {one.name for one in fields(Habits)}
    for name in given.keys() - known:
        raise BadRequest(f"{name}: unknown; known are app_id, on, {', '.join(sorted(known))}")
    for name in SHARES:
        if name in given:
            given[name] = _number(given, name, 0, 0.95)
    for name, least, most in (("window_days", MIN_WINDOW_DAYS, MAX_WINDOW_DAYS), ("seed", 0, 2**63)):
        if name in given and _number(given, name, least, most) != int(given[name]):
            raise BadRequest(f"{name}: a whole number")
    if "annoyance" in given:
        given["annoyance"] = _number(given, "annoyance", 0, MAX_ANNOYANCE)
    if "coupon_templates" in given:
        given["coupon_templates"] = _templates(app, given["coupon_templates"], "coupon_templates")
    if "prompts" in given:
        given["prompts"] = _prompts(app, given["prompts"])
    habits = Habits(**given)
    by_themselves = habits.recall_rate - habits.true_effect
    if not 0 <= by_themselves <= habits.base_return or not habits.base_return:
        raise BadRequest(
            "true_effect: at most recall_rate, as it comes through the message; and at least recall_rate -"
            " base_return, as the rest of those who open would have come anyhow"
        )
    return habits


def _number(given: dict[str, Any], name: str, least: float, most: float) -> float:
    value = given[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadRequest(f"{name}: a number from {least:g} to {most:g}")
    return value


def _templates(app: App, named: Any, name: str) -> tuple[str, ...]:
    if not isinstance(named, list):
        raise BadRequest(f"{name}: a list of template ids")
    return tuple(template_named(app, one).template_id for one in named)


def _prompts(app: App, listed: Any) -> tuple[Prompt, ...]:
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_PROMPTS:
        raise BadRequest(f"prompts: a list of 1 to {MAX_PROMPTS}")
    return tuple(_prompt(app, one) for one in listed)


def _prompt(app: App, given: Any) -> Prompt:
    if not isinstance(given, dict) or given.keys() - {"template_ids", "touchpoint", "trigger_rate"}:
        raise BadRequest("prompts: each {template_ids?, touchpoint?, trigger_rate?}")
    named = _templates(app, given.get("template_ids", []), "template_ids")
    if len(named) > TEMPLATES_A_PROMPT or len({app.templates[one].long_term for one in named}) > 1:
        raise BadRequest("template_ids: at most three of one kind; one-time and long-term cannot be mixed")
    touchpoint = given.get("touchpoint", "")
    if not isinstance(touchpoint, str) or len(touchpoint) > MAX_TOUCHPOINT_CHARS:
        raise BadRequest(f"touchpoint: a text of at most {MAX_TOUCHPOINT_CHARS} characters")
    return Prompt(named, touchpoint, _number({"trigger_rate": 0.22, **given}, "trigger_rate", 0, 1))
