"""Delivery plans (推广计划): where an activity is offered, from when to when, to readers of which message.

While a plan for the readers of a template is ACTIVE, every message of that template carries its coupon.
"""

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.store import App

if TYPE_CHECKING:
    from simulator.store import Store

PREFIX = "delivery"
AUDITING, ACTIVE, AUDIT_NO_PASS, INACTIVE = "AUDITING", "ACTIVE", "AUDIT_NO_PASS", "INACTIVE"
TOPIC = "alipay.marketing.activity.delivery.message"
PAYMENT_RESULT, SERVICE_MESSAGE = BOOTHS = ("PAYMENT_RESULT", "SERVICE_MESSAGE")
REJECTION = "素材不符合投放规范"


@dataclass(slots=True)
class Delivery:
    """`content` is what the plan's query tells again. Times are Unix seconds of the simulated clock;
    `stops_at` once somebody asked for the end."""

    delivery_id: str
    app_id: str
    activity_id: str
    booth: str
    begins_at: float
    ends_at: float
    review_until: float
    template_id: str = ""
    floor: int = 0
    state: str = AUDITING
    error: str = ""
    stops_at: float | None = None
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def turn(self) -> float | None:
        """When the state changes next."""
        if self.state == AUDITING:
            return self.review_until
        if self.state != ACTIVE:
            return None
        return self.ends_at if self.stops_at is None else min(self.ends_at, self.stops_at)

    def runs(self, now: float) -> bool:
        """Whether it offers its coupon."""
        turn = self.turn
        return self.state == ACTIVE and self.begins_at <= now and (turn is None or now < turn)


class Deliveries:
    def __init__(self, store: "Store") -> None:
        self._store = store
        self.plans = store.records.take(PREFIX, Delivery)
        self._of_app: dict[str, list[Delivery]] = {}
        self._of_template: dict[tuple[str, str], list[Delivery]] = {}
        self._turns: list[tuple[float, str]] = []
        for plan in self.plans.values():
            self._index(plan)

    def of_app(self, app_id: str) -> list[Delivery]:
        """In the order in which they were made."""
        return self._of_app.get(app_id, [])

    def carried_by(self, app_id: str, template_id: str, sent_at: float) -> Delivery | None:
        """The plan whose coupon a message of this template carries that was sent then, while the plan still
        runs; of several the newest."""
        now = self._store.clock.now()
        running = [
            one
            for one in self._of_template.get((app_id, template_id), [])
            if one.runs(now) and sent_at >= max(one.begins_at, one.review_until)
        ]
        return running[-1] if running else None

    def create(self, app: App, activity_id: str, booth: str, **facts: Any) -> Delivery:
        number, now = len(self.plans) + 1, self._store.clock.now()
        review_until = now + app.settings.review_seconds
        plan = Delivery(
            f"2026112200001{number:019d}", app.app_id, activity_id, booth, review_until=review_until, **facts
        )
        self.plans[plan.delivery_id] = plan
        self._index(plan)
        self._save(plan)
        return plan

    def stop(self, plan: Delivery) -> None:
        """It goes on for delivery_stop_seconds of the app, as the platform takes minutes."""
        wait = self._store.apps[plan.app_id].settings.delivery_stop_seconds
        plan.stops_at = self._store.clock.now() + wait
        heapq.heappush(self._turns, (plan.stops_at, plan.delivery_id))
        self._save(plan)

    def has_due(self, now: float) -> bool:
        return bool(self._turns) and self._turns[0][0] <= now

    def catch_up(self) -> None:
        now = self._store.clock.now()
        while self.has_due(now):
            due_at, delivery_id = heapq.heappop(self._turns)
            plan = self.plans[delivery_id]
            if plan.turn is not None and plan.turn <= due_at:
                self._turn(plan, due_at)

    def _turn(self, plan: Delivery, at: float) -> None:
        app = self._store.apps[plan.app_id]
        if plan.state == ACTIVE:
            plan.state = INACTIVE
        elif app.settings.coupon_review == "reject":
            plan.state, plan.error = AUDIT_NO_PASS, REJECTION
        else:
            plan.state = ACTIVE
            heapq.heappush(self._turns, (plan.ends_at, plan.delivery_id))
            if plan.stops_at is not None:
                heapq.heappush(self._turns, (plan.stops_at, plan.delivery_id))
        self._save(plan)
        content = {
            "delivery_id": plan.delivery_id,
            "delivery_status": plan.state,
            "activity_id": plan.activity_id,
            "event_time": str(round(at * 1000)),
        }
        error = {"delivery_error_msg": plan.error} if plan.error else {}
        self._store.notices.tell(app, TOPIC, {**content, **error})

    def _index(self, plan: Delivery) -> None:
        self._of_app.setdefault(plan.app_id, []).append(plan)
        if plan.template_id:
            self._of_template.setdefault((plan.app_id, plan.template_id), []).append(plan)
        if plan.turn is not None:
            heapq.heappush(self._turns, (plan.turn, plan.delivery_id))

    def _save(self, plan: Delivery) -> None:
        self._store.records.put(PREFIX, plan.delivery_id, plan)
