"""People who act by themselves, on the simulated clock: they come, open messages, subscribe, claim, leave.

What they decide is in `behaviour`; here it is planned, done in the order of time and reported. Off for an
app until POST /sim/behaviour switches it on. Memory holds the acts of the present day and what messages of
the last days will cause, at most `MAX_PLANNED` for an app; what would be more is dropped and counted.
"""

import asyncio
import heapq
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from simulator import behaviour
from simulator.behaviour import Arrival, Habits, Prompt
from simulator.choices import TEMPLATES_A_PROMPT, ask, unsubscribe
from simulator.clock import DAY_SECONDS, beijing_day
from simulator.codes import Refusal
from simulator.coupon_terms import PAY as PAY_COUPON
from simulator.deliveries import SERVICE_MESSAGE
from simulator.library import SUBSCRIBED
from simulator.reports import Reports
from simulator.signals import MESSAGE_SCENE, PUSH_SCENE, outcome_told
from simulator.store import STANDING, App, Inboxed, Store, Template
from simulator.vouchers import SENDED, Voucher
from simulator.wallet import NotPossible, Wallet

LOOK_SECONDS = 0.25
YIELD_EVERY = 500
MAX_PLANNED = 200_000
REPLAYED_DAYS = 14
MAX_REPLAYED = 200_000
COME, OPEN, LEAVE, PAY = "come", "open", "leave", "pay"
# What `visits.reported` and the list of deeds say of a visit that goes out with others.
BATCHED = "in a batch"


class Planned(NamedTuple):
    """`about`: the Beijing day of a visit; the message of an opening; (template_id, way) of a leaving; the
    number of the coupon that is paid with."""

    at: float
    order: int
    act: str
    open_id: str
    about: Any


class Opening(NamedTuple):
    message_id: int
    page: str
    pushed: bool
    template_id: str
    arrived_at: float


@dataclass(slots=True)
class Household:
    """The people of one app while they act. Counts are since this process began."""

    app: App
    habits: Habits
    since: float
    acted_until: float
    planned_day: int
    people_planned: int = 0
    to_replay: bool = False
    order: int = 0
    heap: list[Planned] = field(default_factory=list)
    irritation: dict[str, tuple[float, float]] = field(default_factory=dict)
    acts: Counter[str] = field(default_factory=Counter)
    effect: float = 0.0
    dropped: int = 0

    def plan(self, at: float, act: str, open_id: str, about: Any) -> None:
        if len(self.heap) >= MAX_PLANNED:
            self.dropped += 1
            return
        self.order += 1
        heapq.heappush(self.heap, Planned(at, self.order, act, open_id, about))

    def kept(self) -> dict[str, Any]:
        """What a restart needs."""
        return {"habits": asdict(self.habits), "since": self.since, "acted_until": self.acted_until}


class Crowd:
    def __init__(self, store: Store, reports: Reports) -> None:
        self._store, self._reports, self._wallet = store, reports, Wallet(store)
        self._lock = asyncio.Lock()
        self.households: dict[str, Household] = {}
        for key, kept in store.facts.items():
            name, _, app_id = key.partition(" ")
            if name == "crowd" and kept and app_id in store.apps:
                habits, acted_until = _habits(kept["habits"]), kept["acted_until"]
                self._take_in(store.apps[app_id], habits, kept["since"], acted_until).to_replay = True

    def switch(self, app: App, habits: Habits | None) -> None:
        """On with these habits, from now; None: off. What was planned is forgotten."""
        if self.households.pop(app.app_id, None) is not None or habits is None:
            self._store.save_fact(f"crowd {app.app_id}", None)
        if habits is not None:
            now = self._store.clock.now()
            self._keep(self._take_in(app, habits, now, now))
        self._store.on_delivered = self._arrived if self.households else None

    async def act_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.households:
                await self.settle()

    async def settle(self) -> None:
        """Everything that is due by now has been done and, where the console took it, reported."""
        async with self._lock:
            now = self._store.clock.now()
            for household in list(self.households.values()):
                await self._live(household, now)
            await self._reports.send()

    def _take_in(self, app: App, habits: Habits, since: float, acted_until: float) -> Household:
        day = beijing_day(acted_until) - 1  # the present day is planned next, without what is past
        household = self.households[app.app_id] = Household(app, habits, since, acted_until, day)
        self._store.on_delivered = self._arrived
        return household

    def _keep(self, household: Household) -> None:
        self._store.save_fact(f"crowd {household.app.app_id}", household.kept())

    # --- planning --------------------------------------------------------------------------------------

    async def _live(self, household: Household, until: float) -> None:
        """Day after day: plan it, then do what is due in the order of time."""
        if household.to_replay:
            await self._replay(household)
        await self._plan_visits(household)
        while True:
            day_end = behaviour.midnight(household.planned_day + 1)
            await self._do_due(household, min(until, day_end))
            if until < day_end:
                break
            household.planned_day += 1
            household.people_planned = 0
            await self._plan_visits(household)
            _calm_down(household, day_end)
        household.acted_until = until
        self._keep(household)

    async def _plan_visits(self, household: Household) -> None:
        """The own visits of `planned_day`, of those people for whom that was not yet done."""
        people, day, habits = household.app.people, household.planned_day, household.habits
        while household.people_planned < len(people):
            start = household.people_planned
            for open_id in list(islice(people, start, start + YIELD_EVERY)):
                rate = behaviour.visits_a_day(habits, open_id)
                at = behaviour.own_visit(habits, open_id, day, rate=rate)
                if at is not None and at > household.acted_until:
                    household.plan(at, COME, open_id, day)
                household.people_planned += 1
            await asyncio.sleep(0)

    def _arrived(self, app: App, template: Template, open_id: str, message: Inboxed) -> None:
        household = self.households.get(app.app_id)
        if household is not None:
            household.acts["message"] += 1
            household.effect += self._react(household, template, open_id, message)

    def _react(
        self, household: Household, template: Template, open_id: str, message: Inboxed, *, done: float = 0.0
    ) -> float:
        """Plan what the message causes after `done`; the effect it has on its own.

        A batch whose time a moved clock has passed arrives with that time: what is late is made up for.
        """
        level, then = household.irritation.get(open_id, (0.0, message.at))
        level = behaviour.irritation_after(level, max(0.0, message.at - then))
        household.irritation[open_id] = (level + 1, message.at)
        arrival = Arrival(
            message_id=message.message_id,
            open_id=open_id,
            at=message.at,
            scenario=template.entry.scenario,
            text=_text(message.data),
            coupon=self._carries_coupon(household, template, message.at),
            push=template.entry.has_push,
            irritation=level,
        )
        reaction = behaviour.react(household.habits, arrival)
        if reaction.opens_at is not None and reaction.opens_at > done:
            opening = Opening(
                *(message.message_id, message.page, reaction.through_push),
                *(template.template_id, message.at),
            )
            household.plan(reaction.opens_at, OPEN, open_id, opening)
        if reaction.leaves_at is not None and reaction.leaves_at > done:
            household.plan(reaction.leaves_at, LEAVE, open_id, (template.template_id, reaction.leaves_by))
        return reaction.effect

    def _carries_coupon(self, household: Household, template: Template, at: float) -> bool:
        if template.template_id in household.habits.coupon_templates:
            return True
        return self._store.deliveries.carried_by(household.app.app_id, template.template_id, at) is not None

    async def _replay(self, household: Household) -> None:
        """After a restart: what the messages of the last days will still cause, and how people feel."""
        app, since = household.app, household.acted_until - REPLAYED_DAYS * DAY_SECONDS
        rows = await self._store.disk.read(
            "SELECT message_id, open_id, template_id, data, page, at FROM messages WHERE app_id = ?"
            " AND at >= ? AND NOT history ORDER BY message_id DESC LIMIT ?",
            (app.app_id, max(since, household.since), MAX_REPLAYED),
        )
        for number, (message_id, open_id, template_id, data, page, at) in enumerate(reversed(rows)):
            template = app.templates.get(template_id)
            if template is not None:  # nobody acts upon an order's message
                message = Inboxed(message_id, data, page, at)
                self._react(household, template, open_id, message, done=household.acted_until)
            if number % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(0)
        held = [one for one in self._store.coupons.vouchers.values() if one.app_id == app.app_id]
        for voucher in held:
            if voucher.through == SERVICE_MESSAGE and voucher.claimed_at >= household.since:
                self._plan_payment(household, voucher)
        household.to_replay = False

    # --- acting ----------------------------------------------------------------------------------------

    async def _do_due(self, household: Household, until: float) -> None:
        heap, number = household.heap, 0
        while heap and heap[0].at <= until:
            planned = heapq.heappop(heap)
            acts = {COME: self._come, OPEN: self._open, LEAVE: self._leave, PAY: self._pay}
            acts[planned.act](household, planned)
            number += 1
            if number % YIELD_EVERY == 0:
                await self._reports.send()
                await asyncio.sleep(0)

    def _come(self, household: Household, planned: Planned) -> None:
        self._store.seen(household.app, planned.open_id, planned.at)
        self._note(household, planned, "come")
        self._pass_prompt(household, planned, ("day", planned.open_id, planned.about))

    def _open(self, household: Household, planned: Planned) -> None:
        app, opening = household.app, planned.about
        scene = PUSH_SCENE if opening.pushed else MESSAGE_SCENE
        told = outcome_told(BATCHED, scene)
        self._store.visit(app, planned.open_id, opening.message_id, at=planned.at, reported=told)
        self._note(household, planned, "visit", told)
        self._reports.visited(app, planned.open_id, opening.page, about=opening.message_id, scene=scene)
        self._take_coupon(household, planned)
        self._pass_prompt(household, planned, ("message", planned.open_id, opening.message_id))

    def _take_coupon(self, household: Household, planned: Planned) -> None:
        """The one that the message carries, if any; what the platform refuses is only counted."""
        app, opening, coupons = household.app, planned.about, self._store.coupons
        plan = self._store.deliveries.carried_by(app.app_id, opening.template_id, opening.arrived_at)
        if plan is None or not behaviour.claims(household.habits, planned.open_id, opening.message_id):
            return
        activity = coupons.activities[plan.activity_id]
        try:
            voucher = self._wallet.claim(app, activity, planned.open_id, SERVICE_MESSAGE)
        except (Refusal, NotPossible):
            household.acts["claim refused"] += 1
            return
        household.acts["claim"] += 1
        self._plan_payment(household, voucher)

    def _plan_payment(self, household: Household, voucher: Voucher) -> None:
        """Nobody pays with a merchant coupon here: the merchant's own system takes it."""
        coupons = self._store.coupons
        if coupons.activities[voucher.activity_id].kind != PAY_COUPON or coupons.status_of(voucher) != SENDED:
            return
        at = behaviour.pays_at(household.habits, voucher.voucher_id, voucher.begins_at, voucher.ends_at)
        if at is not None and at > household.acted_until:
            household.plan(at, PAY, voucher.open_id, voucher.voucher_id)

    def _pay(self, household: Household, planned: Planned) -> None:
        app, voucher = household.app, self._store.coupons.vouchers[planned.about]
        terms = self._store.coupons.activities[voucher.activity_id].terms
        fee = behaviour.bill(household.habits, voucher.voucher_id, terms.face.get("floor_amount", 0))
        shop = terms.shops[0] if terms.shops else ""
        try:
            self._wallet.pay(app, planned.open_id, fee, shop=shop, voucher_id=voucher.voucher_id)
        except NotPossible:
            household.acts["pay refused"] += 1
        else:
            household.acts["pay"] += 1

    def _pass_prompt(self, household: Household, planned: Planned, visit: tuple[object, ...]) -> None:
        """The mini program may ask for subscriptions during a visit."""
        app, open_id = household.app, planned.open_id
        prompt, asks = behaviour.prompt_seen(household.habits, visit)
        if prompt.touchpoint:
            self._reports.at_touchpoint(app, "exposed", open_id, prompt.touchpoint, about=visit)
        household.acts["exposed"] += 1
        wanted = [one for one in self._offered(app, prompt) if _can_take(one, open_id)]
        if asks and wanted:
            self._answer(household, planned, prompt, wanted, visit)

    def _answer(
        self,
        household: Household,
        planned: Planned,
        prompt: Prompt,
        templates: list[Template],
        visit: tuple[object, ...],
    ) -> None:
        """A panel shows for those of the templates whose answer was not kept; the others are silent."""
        app, open_id, habits = household.app, planned.open_id, household.habits
        accepts = {
            one.template_id
            for one in templates
            if behaviour.subscribes(habits, visit, one.template_id, long_term=one.long_term)
        }
        keep = behaviour.keeps_answer(habits, visit)
        answered = ask(self._store, app, templates, open_id, accepts=accepts, keep=keep)
        if answered.shown:
            if prompt.touchpoint:
                self._reports.at_touchpoint(app, "prompted", open_id, prompt.touchpoint, about=visit)
            self._note(household, planned, "prompted")
        for template in answered.shown:
            household.acts[f"offered {_kind(template)}"] += 1
        for template in answered.kept:
            choice = answered.choices[template.template_id]
            self._note(household, planned, f"keep_{choice}", template.entry.name)
        for template in answered.subscribed:
            if template in answered.shown:
                household.acts[f"subscribed {_kind(template)}"] += 1
                self._note(household, planned, "subscribe", template.entry.name)
            else:
                self._note(household, planned, "subscribe_silently", template.entry.name)
            self._reports.consent(app, "subscribed", template, open_id, about=visit)

    def _offered(self, app: App, prompt: Prompt) -> list[Template]:
        """Those named, or the first of the app, never of both kinds; only what is online."""
        now = self._store.clock.now()
        named = [app.templates[one] for one in prompt.template_ids if one in app.templates]
        subscribed = [one for one in named or app.templates.values() if one.entry.trigger == SUBSCRIBED]
        online = [one for one in subscribed if one.status(now) == "ONLINE"]
        return [one for one in online if one.long_term == online[0].long_term][:TEMPLATES_A_PROMPT]

    def _leave(self, household: Household, planned: Planned) -> None:
        app, open_id = household.app, planned.open_id
        template_id, way = planned.about
        template, person = app.templates[template_id], app.people[open_id]
        if way == "unsubscribe" and not template.consents.get(open_id, 0):
            way = "not_interested"  # nothing is left that could be ended
        if way == "unsubscribe":
            unsubscribe(self._store, app, template, open_id)
            self._reports.consent(app, "revoked", template, open_id, about=planned.at)
        elif way == "not_interested":
            person.not_interested |= {template_id}
        else:
            person.rejects = True
        self._store.save_person(app, open_id, person)
        self._note(household, planned, way, "" if way == "reject_messages" else template.entry.name)

    def _note(self, household: Household, planned: Planned, kind: str, detail: str = "") -> None:
        household.acts[kind] += 1
        self._store.note(household.app, planned.open_id, kind, detail, at=planned.at)


def _kind(template: Template) -> str:
    return "long_term" if template.long_term else "one_time"


def _can_take(template: Template, open_id: str) -> bool:
    held = template.consents.get(open_id, 0)
    return held != STANDING and held < behaviour.MOST_UNITS


def _text(data: str) -> str:
    return "\n".join(str(one.get("value", "")) for one in json.loads(data).values() if isinstance(one, dict))


def _calm_down(household: Household, now: float) -> None:
    """Who was hardly irritated any more is forgotten, so that the table does not grow for ever."""
    household.irritation = {
        open_id: (level, then)
        for open_id, (level, then) in household.irritation.items()
        if behaviour.irritation_after(level, now - then) > 0.05
    }


def _habits(kept: dict[str, Any]) -> Habits:
    prompts = tuple(
        Prompt(tuple(one["template_ids"]), one["touchpoint"], one["trigger_rate"]) for one in kept["prompts"]
    )
    return Habits(**{**kept, "prompts": prompts, "coupon_templates": tuple(kept["coupon_templates"])})
