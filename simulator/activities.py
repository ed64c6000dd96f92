"""One coupon activity: its state, what is under way with it, and what of its stock is gone."""

from collections import deque
from dataclasses import dataclass, field

from simulator.clock import beijing_day
from simulator.coupon_terms import MERCHANT, UPLOAD, Terms, over_limit

INIT, ACTIVE, PAUSE, FINISHED = "INIT", "ACTIVE", "PAUSE", "FINISHED"
# As the platform spells it.
CREATING, MODIFYING, APPENDING, FINISHING = "CREATING", "MODIFYING", "APPENDING", "FINISHEING"
PUBLISHING = "PUBLISHING"
TOLD = {
    CREATING: "created",
    PUBLISHING: "created",
    MODIFYING: "modified",
    APPENDING: "appended",
    FINISHING: "stopped",
}
SUBMITTED, APPROVED, REJECTED = "SUBMIT", "APPROVE", "REJECT"


@dataclass(slots=True)
class Stock:
    """What is gone of an activity; follows from its coupons and is never written."""

    sent: int = 0
    used: int = 0
    by_day: dict[int, int] = field(default_factory=dict)
    claims: dict[str, list[float]] = field(default_factory=dict)
    uses: dict[str, list[float]] = field(default_factory=dict)
    cost: int = 0
    codes: dict[str, str] = field(default_factory=dict)
    """Every uploaded code, with the voucher_id that it became or nothing."""
    free: deque[str] = field(default_factory=deque)


@dataclass(slots=True)
class Activity:
    """`operation` is what was accepted and is done at `due_at`; `wish` what it changes the terms to.
    `state` is nothing before a merchant's coupon is created."""

    activity_id: str
    app_id: str
    kind: str
    terms: Terms
    made_at: float
    state: str = ""
    operation: str = ""
    due_at: float = 0
    wish: dict[str, object] = field(default_factory=dict)
    audit: str = SUBMITTED
    audit_reason: str = ""
    stopped: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.terms, dict):
            self.terms = Terms(**self.terms)

    def status(self, now: float) -> str:
        """As the platform tells it: nothing, INIT, ACTIVE, PAUSE or FINISHED."""
        over = self.state in (ACTIVE, PAUSE) and now > self.terms.ends
        return FINISHED if over else self.state

    @property
    def has_codes(self) -> bool:
        return self.kind == MERCHANT

    def refusal(self, now: float) -> str:
        """Why nobody can get a coupon of it now, or nothing."""
        if self.stopped:
            return "ACTIVITY_IS_STOPED"
        if self.state != ACTIVE:
            return "ACTIVITY_NOT_ACTIVE"
        if now < self.terms.starts:
            return "ACTIVITY_NOT_START"
        return "ACTIVITY_IS_END" if now > self.terms.ends else ""

    def shortage(self, stock: Stock, open_id: str, now: float) -> str:
        """Why this person gets no further one, or nothing. SIM: the stock of a day that is gone is
        BUDGET_NOT_ENOUGH as well, and a person's limit is judged before the stock."""
        terms = self.terms
        if terms.per_user and over_limit(terms.per_user, stock.claims.get(open_id, []), now):
            return "COUNT_OVER_LIMIT"
        if stock.sent >= terms.quantity:
            return "BUDGET_NOT_ENOUGH"
        if terms.by_day and stock.by_day.get(beijing_day(now), 0) >= terms.by_day:
            return "BUDGET_NOT_ENOUGH"
        worth = terms.worth
        if terms.budget is not None and worth is not None and stock.cost + worth > terms.budget:
            return "BUDGET_NOT_ENOUGH"
        return "BUDGET_NOT_ENOUGH" if terms.code_mode == UPLOAD and not stock.free else ""
