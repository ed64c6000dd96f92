"""Where everybody of a batch issue is, and why some got none."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from coupons.models import Coupon, CouponCount, CouponGrant, CouponRun
from coupons.models.grant import GrantState
from coupons.not_given import NOT_REACHED, OF_A_PERSON, RUN_CANCELLED, WRITTEN_OFF
from merchants.models import Merchant

# Nobody asked the platform for them.
NOT_ASKED = frozenset(OF_A_PERSON) - {NOT_REACHED, WRITTEN_OFF}
OPEN = (GrantState.SENDING, GrantState.UNKNOWN, GrantState.REFUSED)


@dataclass(frozen=True)
class Cause:
    refusal: str
    n: int


@dataclass(frozen=True)
class RunFigures:
    """`accepted`: got one, whatever became of it since. `left_out`: never asked for, so that they stand
    outside the bar; the names are those of a delivery bar."""

    accepted: int
    unknown: int
    sending: int
    queued: int
    causes: tuple[Cause, ...]

    @property
    def refused(self) -> int:
        return sum(cause.n for cause in self.causes if cause.refusal not in NOT_ASKED)

    @property
    def left_out(self) -> int:
        return sum(cause.n for cause in self.causes if cause.refusal in NOT_ASKED)

    @property
    def stopped(self) -> int:
        return sum(cause.n for cause in self.causes if cause.refusal == RUN_CANCELLED)

    @property
    def settled(self) -> int:
        return self.accepted + self.refused + self.unknown

    @property
    def to_give(self) -> int:
        return self.settled + self.sending + self.queued

    @property
    def people(self) -> int:
        return self.to_give + self.left_out

    @property
    def percent(self) -> float:
        return self.settled / self.to_give * 100 if self.to_give else 0.0


def figures_of(run: CouponRun) -> RunFigures:
    """One statement along the index of the run."""
    rows = (
        CouponGrant.objects.filter(run=run)
        .values("state", "refusal")
        .annotate(n=Count("id"), waiting=Count("id", filter=Q(call=None)))
    )
    found: dict[str, int] = {}
    causes: dict[str, int] = {}
    for row in rows:
        state = row["state"] if row["state"] in OPEN else "got"
        if state == GrantState.REFUSED:
            causes[row["refusal"]] = causes.get(row["refusal"], 0) + row["n"]
        elif state == GrantState.SENDING:
            found["queued"] = found.get("queued", 0) + row["waiting"]
            found["sending"] = found.get("sending", 0) + row["n"] - row["waiting"]
        else:
            found[state] = found.get(state, 0) + row["n"]
    ordered = sorted(causes.items(), key=lambda pair: (-pair[1], pair[0]))
    return RunFigures(
        accepted=found.get("got", 0),
        unknown=found.get(GrantState.UNKNOWN, 0),
        sending=found.get("sending", 0),
        queued=found.get("queued", 0),
        causes=tuple(Cause(refusal, n) for refusal, n in ordered),
    )


def people_of(run: CouponRun, *, state: str = "", refusal: str = "") -> QuerySet[CouponGrant]:
    """`state`: one of the parts of the equation; everybody without one."""
    rows: QuerySet[CouponGrant] = CouponGrant.objects.filter(run=run).select_related("customer")
    if state == "accepted":
        rows = rows.exclude(state__in=OPEN)
    elif state in ("sending", "queued"):
        rows = rows.filter(state=GrantState.SENDING, call__isnull=state == "queued")
    elif state == "left_out":
        rows = rows.filter(state=GrantState.REFUSED, refusal__in=NOT_ASKED)
    elif state == "refused":
        rows = rows.filter(state=GrantState.REFUSED).exclude(refusal__in=NOT_ASKED)
    elif state:
        rows = rows.filter(state=state)
    return rows.filter(refusal=refusal) if refusal else rows


def runs_of(merchant: Merchant) -> QuerySet[CouponRun]:
    rows: QuerySet[CouponRun] = CouponRun.objects.for_merchant(merchant)
    return rows.select_related("coupon", "people_list", "mini_program", "author").order_by(
        "-created_at", "-pk"
    )


def left_of(coupon: Coupon) -> int:
    """Of the stock, what nobody has and nobody is being given."""
    taken = CouponCount.objects.filter(coupon=coupon).values_list("taken", flat=True).first() or 0
    return max(0, int(coupon.stock) - int(taken))


def held_by(customer_id: int, *, most: int) -> list[CouponGrant]:
    """The newest coupons of a person, and what they were not given."""
    rows = CouponGrant.objects.filter(customer=customer_id).select_related("coupon", "call")
    return list(rows.order_by("-id")[:most])
