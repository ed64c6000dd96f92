"""Where a list or a template is used."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from membership.models import PeopleList
from merchants.models import Merchant, MiniProgram
from messaging.models import BatchSend, SubscriptionTemplate


def sends_to(people_list: PeopleList) -> QuerySet[BatchSend]:
    """Newest first, drafts too."""
    return _newest(people_list.merchant, people_list=people_list)


def sends_of(template: SubscriptionTemplate) -> QuerySet[BatchSend]:
    """Newest first, drafts too."""
    return _newest(template.merchant, template=template)


def latest_sends(mini_program: MiniProgram, *, limit: int) -> list[BatchSend]:
    """To start a new one from, newest first; those nobody has given words yet are left out."""
    rows = _newest(mini_program.merchant, mini_program=mini_program).exclude(template=None)
    return list(rows.select_related("template", "control")[:limit])


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
