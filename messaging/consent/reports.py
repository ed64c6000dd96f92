"""What pages show of templates: the library, the adopted ones, the history of one."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, Q, QuerySet

from merchants.models import Event, Merchant, MiniProgram
from messaging.models import LibraryTemplate, SubscriptionTemplate

State = SubscriptionTemplate.State
WAITING = (State.SUBMITTING, State.APPLIED)
OVER = (State.REJECTED, State.OFFLINE, State.FAILED)


def templates_of(
    mini_program: MiniProgram, *, text: str = "", state: str = ""
) -> QuerySet[SubscriptionTemplate]:
    """Newest first. `text` is looked for in name, template id and keywords; `state` may be "differs"."""
    rows = SubscriptionTemplate.objects.filter(mini_program=mini_program).select_related("applied_by")
    if text:
        by_keyword = Q(keywords__contains=[text])
        rows = rows.filter(Q(name__icontains=text) | Q(template_id__icontains=text) | by_keyword)
    if state == "differs":
        rows = rows.filter(differs=True)
    elif state:
        rows = rows.filter(state=state)
    ordered: QuerySet[SubscriptionTemplate] = rows.order_by("-applied_at", "-pk")
    return ordered


def template_rows(merchant: Merchant) -> QuerySet[SubscriptionTemplate]:
    rows: QuerySet[SubscriptionTemplate] = SubscriptionTemplate.objects.for_merchant(merchant)
    return rows.select_related("applied_by", "mini_program", "merchant")


def library_rows(
    mini_program: MiniProgram, *, text: str = "", kind: str = "", push: str = "", available: str = ""
) -> QuerySet[LibraryTemplate]:
    """In the platform's order of codes. `push` and `available` are "yes", "no" or ""."""
    rows = LibraryTemplate.objects.filter(mini_program=mini_program)
    if text:
        by_keyword = Q(keywords__contains=[text])
        rows = rows.filter(
            Q(name__icontains=text) | Q(industry_scenario__icontains=text) | Q(code__iexact=text) | by_keyword
        )
    if kind:
        rows = rows.filter(kind=kind)
    if push:
        rows = rows.filter(has_push=push == "yes")
    if available:
        rows = rows.filter(selectable=available == "yes")
    ordered: QuerySet[LibraryTemplate] = rows.order_by("-selectable", "code", "kind")
    return ordered


def synced_at(mini_program: MiniProgram) -> datetime | None:
    """When the library was last copied; None: never."""
    last: datetime | None = LibraryTemplate.objects.filter(mini_program=mini_program).aggregate(
        at=Max("synced_at")
    )["at"]
    return last


def adopted(mini_program: MiniProgram) -> dict[tuple[str, str], SubscriptionTemplate]:
    """The living template by (library code, kind); the newest where there are several."""
    rows = SubscriptionTemplate.objects.filter(mini_program=mini_program).exclude(state__in=OVER)
    return {(row.library_code, row.kind): row for row in rows.order_by("applied_at", "pk")}


def source_of(template: SubscriptionTemplate) -> LibraryTemplate | None:
    """Where it can be adopted again; None when the library has no such entry."""
    rows = LibraryTemplate.objects.filter(mini_program=template.mini_program_id, selectable=True)
    return rows.filter(code=template.library_code, kind=template.kind).first()


def history(template: SubscriptionTemplate) -> list[Event]:
    """What happened to it, oldest first; at most 50 lines."""
    rows = Event.objects.for_merchant(template.merchant).filter(
        subject_kind="subscriptiontemplate", subject_id=template.pk
    )
    return list(rows.select_related("by").order_by("at", "id")[:50])
