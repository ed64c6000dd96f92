"""The books of months as pages show them: kept figures, and what keeps a month open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, QuerySet, Sum, Window

from merchants.models import Merchant, MiniProgram
from messaging.models import MonthBooks, SendControl, SendState

STALE_SECONDS = 1200  # figures are at most ten minutes old while beat runs
MOST_OPEN = 50
MOVED = F("granted") - F("revoked") - F("units_spent")


@dataclass(frozen=True)
class Month:
    """One row with the consent before it and after it: opening + granted − revoked − spent = closing."""

    books: MonthBooks
    closing: int

    @property
    def opening(self) -> int:
        return self.closing - self.books.granted + self.books.revoked + self.books.units_spent

    @property
    def people_differ(self) -> int:
        return self.books.settled - self.books.frozen

    @property
    def consent_differs(self) -> int:
        """The balances against the closing; 0 where they were not compared, which is in every older month."""
        return 0 if self.books.balance is None else self.books.balance - self.closing

    @property
    def balanced(self) -> bool:
        return not (self.people_differ or self.consent_differs or self.books.differing_sends)

    @property
    def difference(self) -> int:
        return abs(self.people_differ) + abs(self.consent_differs)

    def is_stale(self, *, at: datetime) -> bool:
        """Of a month that is still computed."""
        old = at - self.books.computed_at > timedelta(seconds=STALE_SECONDS)
        return old and self.books.archived_at is None


def month_rows(merchant: Merchant, *, mini_program: MiniProgram | None = None) -> QuerySet[MonthBooks]:
    """Newest month first, each with `closing`. Page it by number: there are twelve a year."""
    closing = Window(Sum(MOVED), partition_by=[F("mini_program_id")], order_by=F("month").asc())
    rows: QuerySet[MonthBooks] = MonthBooks.objects.for_merchant(merchant).select_related("mini_program")
    if mini_program is not None:
        rows = rows.filter(mini_program=mini_program)
    return rows.annotate(closing=closing).order_by("-month", "mini_program_id")


def months_of(rows: Sequence[MonthBooks]) -> list[Month]:
    """Of rows that month_rows() gave."""
    return [Month(row, row.closing) for row in rows]  # type: ignore[attr-defined]


def month_of_books(merchant: Merchant, *, mini_program_id: int, month: date) -> Month | None:
    rows = MonthBooks.objects.for_merchant(merchant).filter(mini_program=mini_program_id)
    books = rows.filter(month=month).select_related("mini_program").first()
    if books is None:
        return None
    moved = rows.filter(month__lte=month).aggregate(n=Sum(MOVED))["n"]
    return Month(books, moved or 0)


def archived_up_to(mini_program: MiniProgram) -> date | None:
    """The latest month whose people are in the archive."""
    rows = MonthBooks.objects.filter(mini_program=mini_program).exclude(archived_at=None)
    latest: date | None = rows.order_by("-month").values_list("month", flat=True).first()
    return latest


@dataclass(frozen=True)
class OpenSend:
    """`why`: differ, missed, under_way, undecided (`n` outcomes), or checking: the next check closes it."""

    control: SendControl
    why: str
    n: int = 0


def open_sends(books: MonthBooks) -> list[OpenSend]:
    """What keeps the month open, at most MOST_OPEN, out of balance first. Two queries."""
    rows = SendControl.objects.filter(
        merchant=books.merchant_id,
        mini_program=books.mini_program_id,
        books_month=books.month,
        books_closed_at=None,
    )
    found = rows.select_related("batch").prefetch_related("counters").order_by(F("balanced").asc(), "pk")
    return [_open_send(control) for control in found[:MOST_OPEN]]


def _open_send(control: SendControl) -> OpenSend:
    if control.balanced is False:
        return OpenSend(control, "differ")
    if control.state == SendState.MISSED:
        return OpenSend(control, "missed")
    if control.state not in (SendState.FINISHED, SendState.CANCELLED):
        return OpenSend(control, "under_way")
    counted = {"unknown": 0, "decided": 0}
    for counter in control.counters.all():
        if counter.state in counted:
            counted[counter.state] += counter.n
    undecided = counted["unknown"] - counted["decided"]
    return OpenSend(control, "undecided", undecided) if undecided else OpenSend(control, "checking")
