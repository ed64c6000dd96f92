"""Where a list or a template is used."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from membership.models import PeopleList
from merchants.models import Merchant
from messaging.models import BatchSend, SubscriptionTemplate


def sends_to(people_list: PeopleList) -> QuerySet[BatchSend]:
    """Newest first, drafts too."""
    return _newest(people_list.merchant, people_list=people_list)


def sends_of(template: SubscriptionTemplate) -> QuerySet[BatchSend]:
    """Newest first, drafts too."""
    return _newest(template.merchant, template=template)


def _newest(merchant: Merchant, **which: object) -> QuerySet[BatchSend]:
    rows = BatchSend.objects.for_merchant(merchant).filter(**which).select_related("control", "people_list")
    ordered: QuerySet[BatchSend] = rows.order_by("-created_at", "-id")
    return ordered


def sends_per_template(merchant: Merchant) -> dict[int, int]:
    """How many sends, drafts too, name each template."""
    rows = BatchSend.objects.for_merchant(merchant).exclude(template=None).values_list("template")
    return dict(rows.annotate(n=Count("pk")).order_by())


def sends_per_list(merchant: Merchant) -> dict[int, int]:
    rows = BatchSend.objects.for_merchant(merchant).exclude(people_list=None).values_list("people_list")
    return dict(rows.annotate(n=Count("pk")).order_by())
