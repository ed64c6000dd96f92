"""Figures of recall for pages, all from the rollups: the same number of queries however much was sent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import ExtractIsoWeekDay

from merchants.models import Merchant, MiniProgram
from messaging.models import DeliveryCounter, RecallCount, RecallHour, SendControl, UntiedVisits, VisitHour
from messaging.recall import chance, hours

STALE_SECONDS = 180  # six runs of the rollup
HOURS_SHOWN = 24


@dataclass(frozen=True)
class Sums:
    sends: int = 0
    accepted: int = 0
    visits: int = 0
    shared: int = 0

    @property
    def rate(self) -> float | None:
        """Visits of recipients per accepted message, 0…1; None where nothing was accepted."""
        return self.visits / self.accepted if self.accepted else None

    @property
    def missing(self) -> int:
        """People still needed before the rate is compared with another."""
        return chance.missing(self.accepted)

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.sends + other.sends,
            self.accepted + other.accepted,
            self.visits + other.visits,
            self.shared + other.shared,
        )


@dataclass(frozen=True)
class Period:
    """Whole days in the merchant's zone, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days, right before it."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.days)]


@dataclass(frozen=True)
class Freshness:
    """`stale`: the rollup has not run for a while, the figures stand still. `computed_at` None: never ran."""

    computed_at: datetime | None
    stale: bool


@dataclass(frozen=True)
class Day:
    """`before`: the same place in the previous period. `is_open`: visits may still be added."""

    day: date
    now: Sums
    before: Sums
    is_open: bool


@dataclass(frozen=True)
class Cell:
    """Sends that started at this hour (0…23) of this weekday (1 Monday … 7 Sunday)."""

    weekday: int
    hour: int
    sums: Sums


@dataclass(frozen=True)
class OfTemplate:
    template_id: int
    name: str
    sums: Sums


@dataclass(frozen=True)
class RecallFigures:
    period: Period
    freshness: Freshness
    now: Sums
    before: Sums
    days: list[Day]
    untied: int
    cells: list[Cell] = field(default_factory=list)
    templates: list[OfTemplate] = field(default_factory=list)

    @property
    def open_days(self) -> list[Day]:
        return [one for one in self.days if one.is_open]

    @property
    def can_be_compared(self) -> bool:
        return not self.now.missing and not self.before.missing

    @property
    def change(self) -> float | None:
        """Against the previous period, as a difference of shares; None where one of them has none."""
        if self.now.rate is None or self.before.rate is None:
            return None
        return self.now.rate - self.before.rate

    @property
    def is_fall_open(self) -> bool:
        """Lower than before, but people may still come: nobody can say yet that it fell."""
        return bool(self.open_days) and self.change is not None and self.change < 0

    @property
    def is_change_certain(self) -> bool:
        now, before = self.now, self.before
        if self.is_fall_open:
            return False
        return chance.differs(now.visits, now.accepted, before.visits, before.accepted)


@dataclass(frozen=True)
class CurveHour:
    """Visits in one hour since the start, and since the start in all. `hour` None: everything later."""

    hour: int | None
    visits: int
    total: int


@dataclass(frozen=True)
class SendRecall:
    """`usual`: the merchant's 30 days before the send started, this send not among them."""

    sums: Sums
    usual: Sums
    curve: list[CurveHour]
    freshness: Freshness
    open_until: datetime
    is_open: bool

    @property
    def is_different(self) -> bool:
        sums, usual = self.sums, self.usual
        return chance.differs(sums.visits, sums.accepted, usual.visits, usual.accepted)


def today(merchant: Merchant, *, at: datetime) -> date:
    return at.astimezone(ZoneInfo(merchant.time_zone)).date()


def freshness(*, at: datetime) -> Freshness:
    computed_at = hours.computed_at()
    stale = computed_at is not None and at - computed_at > timedelta(seconds=STALE_SECONDS)
    return Freshness(computed_at, stale)


def first_open_day(merchant: Merchant, *, at: datetime) -> date:
    """The earliest day whose sends may still gain visits: the window of its last minute is not over."""
    return today(merchant, at=at - timedelta(days=settings.RECALL_WINDOW_DAYS))


def week_figures(merchant: Merchant, *, at: datetime) -> RecallFigures:
    """Monday to today, against the same days a week ago. Three queries."""
    now = today(merchant, at=at)
    week = Period(now - timedelta(days=now.weekday()), now)
    last_week = Period(week.first - timedelta(days=7), week.last - timedelta(days=7))
    return _by_day(merchant, week, last_week, mini_program=None, at=at)


def recall_figures(
    merchant: Merchant, *, period: Period, mini_program: MiniProgram | None, at: datetime
) -> RecallFigures:
    """Against as many days before. Five queries."""
    found = _by_day(merchant, period, period.before, mini_program=mini_program, at=at)
    rows = _rows(merchant, period, mini_program)
    return replace(found, cells=_cells(rows), templates=_templates(rows))


def _by_day(
    merchant: Merchant, period: Period, before: Period, *, mini_program: MiniProgram | None, at: datetime
) -> RecallFigures:
    both = _rows(merchant, Period(before.first, period.last), mini_program)
    by_day = {row["day"]: _sums(row) for row in _summed(both.values("day"))}
    first_open = first_open_day(merchant, at=at)
    days = [
        Day(day, by_day.get(day, Sums()), by_day.get(then, Sums()), day >= first_open)
        for day, then in zip(period.dates, before.dates, strict=True)
    ]
    untied = UntiedVisits.objects.for_merchant(merchant).filter(day__range=(period.first, period.last))
    if mini_program is not None:
        untied = untied.filter(mini_program=mini_program)
    return RecallFigures(
        period=period,
        freshness=freshness(at=at),
        now=sum((one.now for one in days), Sums()),
        before=sum((one.before for one in days), Sums()),
        days=days,
        untied=untied.aggregate(n=Sum("visits"))["n"] or 0,
    )


def _rows(merchant: Merchant, period: Period, mini_program: MiniProgram | None) -> QuerySet[RecallHour]:
    rows: QuerySet[RecallHour] = RecallHour.objects.for_merchant(merchant).filter(
        day__range=(period.first, period.last)
    )
    return rows.filter(mini_program=mini_program) if mini_program is not None else rows


def _summed(grouped: QuerySet[RecallHour, Any]) -> list[dict[str, Any]]:
    rows = grouped.annotate(
        n_sends=Sum("sends"),
        n_accepted=Sum("accepted"),
        n_visits=Sum("visits"),
        n_shared=Sum("shared_visits"),
    )
    return list(rows.order_by())


def _sums(row: dict[str, Any]) -> Sums:
    return Sums(row["n_sends"], row["n_accepted"], row["n_visits"], row["n_shared"])


def _cells(rows: QuerySet[RecallHour]) -> list[Cell]:
    grouped = rows.annotate(weekday=ExtractIsoWeekDay("day")).values("weekday", "hour")
    found = [Cell(row["weekday"], row["hour"], _sums(row)) for row in _summed(grouped)]
    return sorted(found, key=lambda cell: (cell.weekday, cell.hour))


def _templates(rows: QuerySet[RecallHour]) -> list[OfTemplate]:
    grouped = rows.values("template_id", name=F("template__name"))
    found = [OfTemplate(row["template_id"], row["name"], _sums(row)) for row in _summed(grouped)]
    return sorted(found, key=lambda one: (-one.sums.accepted, one.template_id))


def send_recall(control: SendControl, *, at: datetime) -> SendRecall | None:
    """Five queries; None before the send started. The send's own figures are live, its curve a rollup."""
    if control.started_at is None:
        return None
    count = RecallCount.objects.filter(send=control).first()
    accepted = DeliveryCounter.objects.filter(send=control, state="accepted").aggregate(n=Sum("n"))["n"] or 0
    ends = (control.finished_at or at) + timedelta(days=settings.RECALL_WINDOW_DAYS)
    return SendRecall(
        sums=Sums(1, accepted, count.visits if count else 0, count.shared_visits if count else 0),
        usual=_usual(control),
        curve=_curve(control),
        freshness=freshness(at=at),
        open_until=ends,
        is_open=at < ends,
    )


def _usual(control: SendControl) -> Sums:
    started = today(control.merchant, at=control.started_at)  # type: ignore[arg-type]
    days = Period(started - timedelta(days=30), started - timedelta(days=1))
    row = _rows(control.merchant, days, None).aggregate(
        n_sends=Sum("sends", default=0),
        n_accepted=Sum("accepted", default=0),
        n_visits=Sum("visits", default=0),
        n_shared=Sum("shared_visits", default=0),
    )
    return _sums(row)


def _curve(control: SendControl) -> list[CurveHour]:
    """The first day hour by hour, then one entry for everything later; empty where nobody came."""
    kept = dict(VisitHour.objects.filter(send=control).values_list("hour", "visits"))
    if not kept:
        return []
    found, total = [], 0
    for hour in range(HOURS_SHOWN):
        total += kept.get(hour, 0)
        found.append(CurveHour(hour, kept.get(hour, 0), total))
    later = sum(n for hour, n in kept.items() if hour >= HOURS_SHOWN)
    return [*found, CurveHour(None, later, total + later)]


def start_of(day: date, merchant: Merchant) -> datetime:
    """Midnight in the merchant's zone."""
    return datetime.combine(day, time(), ZoneInfo(merchant.time_zone))
