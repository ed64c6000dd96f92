"""Figures for pages. Every number comes from counters or rollups; no page counts a big table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils.functional import Promise

from merchants.models import Merchant, MiniProgram
from merchants.refusals import BY_CHOICE, sentence
from messaging.consent.reports import template_rows
from messaging.engine.quiet import Quiet, quiet_of
from messaging.models import (
    BatchSend,
    Delivery,
    DeliveryAttempt,
    DeliveryCounter,
    RecallCount,
    SendControl,
    SendKind,
    SendState,
    SkipReason,
    SubscriptionTemplate,
    UnknownCause,
    Visit,
    cause_of,
)
from messaging.singles import SinglesWaiting, singles_waiting

STALE_SECONDS = 300
LEAST_SECONDS, MOST_SECONDS = 3, 60  # what a present speed may be told from
FAILED_SHOWN = timedelta(days=7)  # how long a send that could not be prepared stands on the home page
UNDER_WAY = (SendState.SENDING, SendState.PAUSED, SendState.CANCELLING)


@dataclass(frozen=True)
class ReasonRow:
    """`share` of its state, 0…1."""

    reason: str
    title: str | Promise
    remedy: str | Promise
    n: int
    share: float

    @property
    def by_choice(self) -> bool:
        return self.reason in BY_CHOICE


@dataclass(frozen=True)
class CauseRow:
    """Unknown outcomes of one cause that nobody has decided about; `reasons` are (reason, how many)."""

    cause: UnknownCause
    n: int
    reasons: list[tuple[str, int]]


@dataclass(frozen=True)
class CheckRow:
    name: str
    expected: int
    actual: int
    difference: int


@dataclass(frozen=True)
class SendFigures:
    """One send's ledger: frozen = accepted + refused + unknown + sending + queued + skipped.

    `to_send` leaves the skipped out; `settled` has an outcome. `rate_per_second` is the average since
    the start, None before anything left; `present_rate` that of the last seconds, None where it cannot be
    told; `finishes_at` is a forecast from the present one, else from the average. `held_until`: quiet hours
    hold it so long.
    """

    frozen: int
    accepted: int
    refused: int
    unknown: int
    sending: int
    queued: int
    skipped: int
    decided: int
    spent_units: int
    busy: int
    refused_rows: list[ReasonRow]
    skipped_rows: list[ReasonRow]
    unknown_rows: list[ReasonRow]
    rate_per_second: float | None
    present_rate: float | None
    finishes_at: datetime | None
    held_until: datetime | None
    visits: int
    shared_visits: int
    balanced: bool | None
    checked_at: datetime | None
    check_rows: list[CheckRow]
    updated_at: datetime
    cause_rows: list[CauseRow] = field(default_factory=list)

    @property
    def to_send(self) -> int:
        return self.frozen - self.skipped

    @property
    def settled(self) -> int:
        return self.accepted + self.refused + self.unknown

    @property
    def undecided(self) -> int:
        return self.unknown - self.decided

    @property
    def speed(self) -> float | None:
        return self.rate_per_second if self.present_rate is None else self.present_rate

    @property
    def held_out(self) -> int:
        return sum(row.n for row in self.skipped_rows if row.reason == SkipReason.HOLDOUT)

    @property
    def percent(self) -> float:
        return 100 * self.settled / self.to_send if self.to_send else 100.0

    @property
    def visit_rate(self) -> float | None:
        """Visits per accepted message; None where nothing was accepted."""
        return self.visits / self.accepted if self.accepted else None

    @property
    def difference(self) -> int:
        return sum(abs(row.difference) for row in self.check_rows)


def send_figures(control: SendControl, *, at: datetime) -> SendFigures:
    """The counters, the recall rollup and, while it is sending, the rules. The control row must be fresh."""
    counters = list(control.counters.values_list("state", "reason", "n"))
    sums: dict[str, int] = {}
    for state, _reason, n in counters:
        sums[state] = sums.get(state, 0) + n
    recall = RecallCount.objects.filter(send=control).first()
    average, present = _average_rate(control, sums, at), _present_rate(control, sums, at)
    speed = average if present is None else present
    left = sums.get("queued", 0) + sums.get("sending", 0)
    quiet = quiet_of(control) if left and control.state == SendState.SENDING else None
    return SendFigures(
        frozen=control.frozen_total or 0,
        **{state: sums.get(state, 0) for state in ("accepted", "refused", "unknown", "sending", "queued")},
        skipped=sums.get("skipped", 0),
        decided=sums.get("decided", 0),
        spent_units=sums.get("units", 0),
        busy=control.busy_count,
        refused_rows=_reasons(counters, "refused", sums),
        skipped_rows=_reasons(counters, "skipped", sums),
        unknown_rows=_reasons(counters, "unknown", sums),
        rate_per_second=average,
        present_rate=present,
        finishes_at=_finish(quiet, at, left / speed) if speed and left else None,
        held_until=quiet.until(at) if quiet and left else None,
        visits=recall.visits if recall else 0,
        shared_visits=recall.shared_visits if recall else 0,
        balanced=control.balanced,
        checked_at=control.checked_at,
        check_rows=[
            CheckRow(line["name"], line["expected"], line["actual"], line["actual"] - line["expected"])
            for line in control.check_detail.get("lines", [])
        ],
        updated_at=at,
        cause_rows=_causes(counters),
    )


def _finish(quiet: Quiet | None, at: datetime, seconds: float) -> datetime:
    return quiet.finish(at, seconds=seconds) if quiet else at + timedelta(seconds=seconds)


def _average_rate(control: SendControl, sums: dict[str, int], at: datetime) -> float | None:
    settled = sum(sums.get(state, 0) for state in ("accepted", "refused", "unknown"))
    if control.started_at is None or not settled:
        return None
    seconds = ((control.finished_at or at) - control.started_at).total_seconds()
    return settled / max(seconds, 1.0)


def _present_rate(control: SendControl, sums: dict[str, int], at: datetime) -> float | None:
    """From what had an outcome at the check before the last, or at the last; the checks count every 10 s."""
    if control.state != SendState.SENDING:
        return None
    settled = sum(sums.get(state, 0) for state in ("accepted", "refused", "unknown"))
    for then in (control.check_detail.get("before"), control.check_detail):
        if then and "settled_at" in then:
            seconds = (at - datetime.fromisoformat(then["settled_at"])).total_seconds()
            if LEAST_SECONDS <= seconds <= MOST_SECONDS:
                measured = max(settled - int(then["settled"]), 0) / seconds
                return min(measured, control.rate_per_second or measured)  # a lower speed holds at once
    return None


def _reasons(counters: list[tuple[str, str, int]], wanted: str, sums: dict[str, int]) -> list[ReasonRow]:
    rows = [(reason, n) for state, reason, n in counters if state == wanted and n]
    return [
        ReasonRow(reason, *_words(wanted, reason), n=n, share=n / sums[wanted])
        for reason, n in sorted(rows, key=lambda row: (-row[1], row[0]))
    ]


def _causes(counters: list[tuple[str, str, int]]) -> list[CauseRow]:
    """The larger group first; what has been decided is left out."""
    left: Counter[str] = Counter()
    for state, reason, n in counters:
        left[reason] += {"unknown": n, "decided": -n}.get(state, 0)
    groups: dict[UnknownCause, list[tuple[str, int]]] = {}
    for reason, n in left.most_common():
        if n > 0:
            groups.setdefault(cause_of(reason), []).append((reason, n))
    found = [CauseRow(cause, sum(n for _reason, n in rows), rows) for cause, rows in groups.items()]
    return sorted(found, key=lambda row: -row.n)


def _words(state: str, reason: str) -> tuple[str | Promise, str | Promise]:
    if state == "skipped":
        return (SkipReason(reason).label if reason in SkipReason.values else reason), ""
    said = sentence(reason)
    return said.title, said.remedy


def send_list(merchant: Merchant, *, tests: bool = False) -> QuerySet[BatchSend]:
    """Newest first, with everything a row shows; filter it by `control__state` or `name__icontains`.

    Tests to one named person are no send of their own and left out, unless asked for.
    """
    rows = BatchSend.objects.for_merchant(merchant).select_related(
        "control__recall", "control", "template", "people_list", "author"
    )
    if not tests:
        rows = rows.filter(test_of=None)
    ordered: QuerySet[BatchSend] = rows.prefetch_related("control__counters").order_by("-created_at", "-id")
    return ordered


def deliveries(
    control: SendControl,
    *,
    state: str = "",
    reason: str = "",
    open_id: str = "",
    decision: str = "",
    cause: str = "",
    visited: str = "",
) -> QuerySet[Delivery]:
    """Rows of one send by id (page by `id__gt`); `queued` includes claimed.

    `decision`: undecided, treated_as_sent or sent_again. `visited`: "yes" who came by the link of their
    message, as far as the mini program reported it, "no" the others.
    """
    if control.books_month is None or control.archived_at is not None:
        return Delivery.objects.none()
    rows = Delivery.objects.filter(books_month=control.books_month, send=control).select_related("customer")
    if state:
        rows = rows.filter(state__in=["queued", "claimed"] if state == "queued" else [state])
    if reason:
        rows = rows.filter(reason=reason)
    if decision in {"undecided", "treated_as_sent"}:
        rows = rows.filter(state="unknown", decision="" if decision == "undecided" else decision)
    if decision == "sent_again":
        rows = rows.filter(id__in=DeliveryAttempt.objects.filter(send=control).values("delivery_id"))
    if cause:
        rows = rows.filter(state="unknown", cause=cause)
    if visited:
        came = Visit.objects.filter(send=control, books_month=control.books_month, shared=False)
        if visited == "yes":  # few of many: read from the visits
            rows = rows.filter(id__in=came.values("delivery_id"))
        else:
            rows = rows.filter(~Exists(came.filter(delivery_id=OuterRef("id"))))
    if open_id:
        rows = rows.filter(customer__open_id=open_id, customer__mini_program_id=control.mini_program_id)
    return rows.order_by("id")


def visits_of(rows: Sequence[Delivery]) -> dict[int, datetime]:
    """When the person of each of these rows of one send came by the link of their message. One query."""
    if not rows:
        return {}
    came = Visit.objects.filter(
        books_month=rows[0].books_month, delivery_id__in=[row.id for row in rows], shared=False
    )
    return dict(came.values_list("delivery_id", "at"))


def sent_again(rows: Sequence[Delivery]) -> set[int]:
    """Which of these rows of one send a person had sent to again. One query."""
    if not rows:
        return set()
    kept = DeliveryAttempt.objects.filter(
        books_month=rows[0].books_month, delivery_id__in=[row.id for row in rows]
    )
    return set(kept.values_list("delivery_id", flat=True))


def sending_now(mini_program: MiniProgram) -> int:
    """How many batch sends share the rate of this mini program now."""
    running = SendControl.objects.filter(mini_program=mini_program, state=SendState.SENDING)
    return running.filter(kind=SendKind.BATCH).count()


@dataclass(frozen=True)
class Seal:
    """State of the merchant's books: `balanced` None while nothing was checked; `stale` past five minutes."""

    balanced: bool | None
    difference: int
    checked_at: datetime | None
    stale: bool


def seal(merchant: Merchant, *, at: datetime) -> Seal:
    """Over all sends whose books are open; the oldest check among those under way dates it."""
    open_books = SendControl.objects.for_merchant(merchant).filter(
        books_month__isnull=False, books_closed_at=None, checked_at__isnull=False
    )
    rows = list(open_books.values_list("balanced", "check_detail", "checked_at", "state"))
    if not rows:
        return _seal_of_closed(merchant)
    difference = sum(
        abs(line["actual"] - line["expected"])
        for _ok, detail, _at, _state in rows
        for line in detail.get("lines", [])
    )
    live = [checked_at for _ok, _detail, checked_at, state in rows if state in UNDER_WAY]
    checked_at = min(live) if live else max(row[2] for row in rows)
    stale = bool(live) and at - checked_at > timedelta(seconds=STALE_SECONDS)
    return Seal(all(row[0] for row in rows), difference, checked_at, stale)


def _seal_of_closed(merchant: Merchant) -> Seal:
    latest = (
        SendControl.objects.for_merchant(merchant).exclude(checked_at=None).order_by("-checked_at").first()
    )
    if latest is None:
        return Seal(None, 0, None, False)
    return Seal(True, 0, latest.checked_at, False)


@dataclass(frozen=True)
class HomeFigures:
    """`waiting`: how many things need a decision: unknowns, paused, missed, failed, troubled templates."""

    running: list[BatchSend]
    next_day: list[BatchSend]
    next_day_people: int
    today_frozen: int
    today_settled: int
    today_left: int
    today_singles: int  # single messages the platform accepted
    unknown: list[BatchSend] = field(default_factory=list)
    paused: list[BatchSend] = field(default_factory=list)
    missed: list[BatchSend] = field(default_factory=list)
    failed: list[BatchSend] = field(default_factory=list)
    templates: list[SubscriptionTemplate] = field(default_factory=list)
    singles: SinglesWaiting = field(default_factory=SinglesWaiting)

    @property
    def waiting(self) -> int:
        sends = len(self.unknown) + len(self.paused) + len(self.missed) + len(self.failed)
        return sends + len(self.templates) + bool(self.singles.undecided) + bool(self.singles.paused)


def home_figures(merchant: Merchant, *, at: datetime, day_start: datetime) -> HomeFigures:
    """A fixed number of queries. The day begins in the merchant's zone: the caller resolves it.

    Tests count in no figure; one that waits for a person is told nevertheless. A failed send is told for
    FAILED_SHOWN from the time it was due.
    """
    sends, decide = send_list(merchant), send_list(merchant, tests=True)
    soon = list(
        sends.filter(
            control__state__in=[SendState.SCHEDULED, SendState.PREPARING, SendState.READY],
            control__due_at__lt=at + timedelta(hours=24),
        ).order_by("control__due_at", "id")
    )
    today = _sums(Q(send__merchant=merchant, send__started_at__gte=day_start, send__batch__test_of=None))
    singles = _sums(Q(send__merchant=merchant, send__started_at__gte=day_start, send__kind=SendKind.SINGLE))
    undecided = DeliveryCounter.objects.filter(send=OuterRef("control"), state="unknown", n__gt=0)
    return HomeFigures(
        running=list(sends.filter(control__state__in=UNDER_WAY)),
        next_day=soon,
        next_day_people=sum(batch.people_list.count for batch in soon if batch.people_list),
        today_frozen=sum(today.get(state, 0) for state in _STATES),
        today_settled=sum(today.get(state, 0) for state in ("accepted", "refused", "unknown", "skipped")),
        today_left=today.get("queued", 0) + today.get("sending", 0),
        today_singles=singles.get("accepted", 0),
        unknown=_undecided(decide.filter(Exists(undecided), control__books_closed_at=None)),
        paused=list(decide.filter(control__state=SendState.PAUSED)),
        missed=list(decide.filter(control__state=SendState.MISSED)),
        failed=list(decide.filter(control__state=SendState.FAILED, control__due_at__gte=at - FAILED_SHOWN)),
        templates=list(template_rows(merchant, state="to_decide")),
        singles=singles_waiting(merchant),
    )


_STATES = ("accepted", "refused", "unknown", "skipped", "queued", "sending")


def _sums(which: Q) -> dict[str, int]:
    return dict(DeliveryCounter.objects.filter(which).values_list("state").annotate(n=Sum("n")).order_by())


def _undecided(rows: QuerySet[BatchSend]) -> list[BatchSend]:
    def left(batch: BatchSend) -> int:
        counted = {"unknown": 0, "decided": 0}
        for counter in batch.control.counters.all():
            if counter.state in counted:
                counted[counter.state] += counter.n
        return counted["unknown"] - counted["decided"]

    return [batch for batch in rows if left(batch) > 0]


def reconciliation(merchant: Merchant) -> QuerySet[SendControl]:
    """Every batch send that was ever checked, out of balance first, then newest check first.

    Of single messages, which come by the thousand, only what is out of balance.
    """
    rows = SendControl.objects.for_merchant(merchant).exclude(checked_at=None).select_related("batch")
    rows = rows.exclude(kind=SendKind.SINGLE, balanced=True)
    ordered: QuerySet[SendControl] = rows.order_by(F("balanced").asc(), "-checked_at")
    return ordered
