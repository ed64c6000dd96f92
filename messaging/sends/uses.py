"""Where a list or a template is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from membership.models import PeopleList
from merchants.models import Merchant, MiniProgram
from messaging.models import BatchSend, SendState, SubscriptionTemplate

STAGES: Mapping[str, tuple[SendState, ...]] = {
    "draft": (SendState.DRAFT, SendState.IN_REVIEW, SendState.APPROVED),
    "launched": (SendState.SCHEDULED, SendState.PREPARING, SendState.READY, SendState.MISSED),
    "running": (SendState.SENDING, SendState.PAUSED, SendState.CANCELLING),
    "over": (SendState.FINISHED, SendState.CANCELLED, SendState.FAILED),
}


def sends_to(people_list: PeopleList) -> QuerySet[BatchSend]:
    """Newest first, drafts too; the list of one person that a test was sent to leads to that test."""
    return _newest(BatchSend.objects.for_merchant(people_list.merchant), people_list=people_list)


def sends_of(template: SubscriptionTemplate) -> QuerySet[BatchSend]:
    """Newest first, drafts too, without tests."""
    return _newest(_sends(template.merchant), template=template)


@dataclass(frozen=True)
class Stage:
    """Sends at one stage: how many, and the newest of them."""

    name: str
    count: int
    newest: list[BatchSend]


def stages_of(template: SubscriptionTemplate, *, newest: int = 5) -> list[Stage]:
    """The stages that occur, in the order of STAGES."""
    counted = dict(sends_of(template).order_by().values_list("control__state").annotate(n=Count("pk")))
    found = []
    for name, states in STAGES.items():
        if count := sum(counted.get(state, 0) for state in states):
            rows = list(sends_of(template).filter(control__state__in=states)[:newest])
            found.append(Stage(name, count, rows))
    return found


def latest_sends(mini_program: MiniProgram, *, limit: int) -> list[BatchSend]:
    """To start a new one from, newest first; tests, and those nobody has given words yet, are left out."""
    rows = _newest(_sends(mini_program.merchant), mini_program=mini_program).exclude(template=None)
    return list(rows.select_related("template", "control")[:limit])


def _sends(merchant: Merchant) -> QuerySet[BatchSend]:
    rows: QuerySet[BatchSend] = BatchSend.objects.for_merchant(merchant).filter(test_of=None)
    return rows


def _newest(rows: QuerySet[BatchSend], **which: object) -> QuerySet[BatchSend]:
    found = rows.filter(**which).select_related("control", "people_list")
    ordered: QuerySet[BatchSend] = found.order_by("-created_at", "-id")
    return ordered


def sends_per_template(merchant: Merchant) -> dict[int, int]:
    """How many sends, drafts too, name each template; tests are left out."""
    rows = _sends(merchant).exclude(template=None).values_list("template")
    return dict(rows.annotate(n=Count("pk")).order_by())


def sends_per_list(merchant: Merchant) -> dict[int, int]:
    rows = BatchSend.objects.for_merchant(merchant).exclude(people_list=None).values_list("people_list")
    return dict(rows.annotate(n=Count("pk")).order_by())
