"""Versions of a draft: each save keeps what it said; an earlier one can be taken up again."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from coupons.models import Coupon
from membership.models import PeopleList
from messaging.models import BatchSend, DraftVersion, SubscriptionTemplate
from messaging.sends.content import Content

if TYPE_CHECKING:
    from merchants.models import User

ONE_SITTING = timedelta(minutes=10)


def keep(
    batch: BatchSend,
    *,
    by: User,
    at: datetime | None,
    by_itself: bool = False,
    window: uuid.UUID | None = None,
) -> None:
    """In the transaction that saved `batch`, whose row is locked; `at` None: now."""
    now = at or batch.changed_at
    last = DraftVersion.objects.filter(batch=batch).order_by("-version").first()
    fields: dict[str, Any] = {"version": batch.version, "content": _content(batch), "saved_at": now}
    is_same_sitting = (
        by_itself
        and last is not None
        and last.by_itself
        and last.by_id == by.pk
        and last.window == window
        and last.saved_at > now - ONE_SITTING
    )
    if last is not None and is_same_sitting:
        DraftVersion.objects.filter(pk=last.pk).update(**fields)
    else:
        DraftVersion.objects.create(
            merchant_id=batch.merchant_id, batch=batch, by=by, by_itself=by_itself, window=window, **fields
        )


def newest_of(window: uuid.UUID | None, batch: BatchSend, *, since: int) -> int | None:
    """The newest version, when this open form saved all after `since` and read no answer of it."""
    if window is None:
        return None
    later = DraftVersion.objects.filter(batch=batch, version__gt=since).order_by("version")
    found = list(later.values_list("version", "window"))
    return found[-1][0] if found and all(saver == window for _, saver in found) else None


def versions_of(batch: BatchSend) -> QuerySet[DraftVersion]:
    """Newest first."""
    rows = DraftVersion.objects.for_merchant(batch.merchant).filter(batch=batch)
    ordered: QuerySet[DraftVersion] = rows.select_related("by").order_by("-version")
    return ordered


def content_of(row: DraftVersion) -> Content:
    """Ready for save_draft(). A template, list or coupon that is gone is left out."""
    said = row.content
    templates = SubscriptionTemplate.objects.for_merchant(row.merchant)
    lists = PeopleList.objects.for_merchant(row.merchant)
    coupons = Coupon.objects.for_merchant(row.merchant)
    return Content(
        name=said["name"],
        template=templates.filter(pk=said["template"]).first(),
        people_list=lists.filter(pk=said["people_list"]).first(),
        values=list(said["values"]),
        page=said["page"],
        scheduled_on=_date(said["scheduled_on"]),
        scheduled_time=_time(said["scheduled_time"]),
        # versions of before there were these say nothing of them
        not_after_on=_date(said.get("not_after_on")),
        not_after_time=_time(said.get("not_after_time")),
        holdout_percent=said.get("holdout_percent", 0),
        coupon=coupons.filter(pk=said.get("coupon")).first(),
    )


def _date(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


def _time(said: str | None) -> time | None:
    return time.fromisoformat(said) if said else None


def _content(batch: BatchSend) -> dict[str, Any]:
    return {
        "name": batch.name,
        "template": batch.template_id,
        "people_list": batch.people_list_id,
        "values": batch.values,
        "page": batch.page,
        "scheduled_on": batch.scheduled_on.isoformat() if batch.scheduled_on else None,
        "scheduled_time": f"{batch.scheduled_time:%H:%M}" if batch.scheduled_time else None,
        "not_after_on": batch.not_after_on.isoformat() if batch.not_after_on else None,
        "not_after_time": f"{batch.not_after_time:%H:%M}" if batch.not_after_time else None,
        "holdout_percent": batch.holdout_percent,
        "coupon": batch.coupon_id,
    }
