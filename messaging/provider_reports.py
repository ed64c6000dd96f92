"""What a service provider sees of the mini programs it works for: figures of each, two statements for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from merchants.models import MiniProgram
from messaging.models import SendControl, SendState, SubscriptionTemplate

State = SubscriptionTemplate.State
AHEAD = timedelta(hours=24)
TO_COME = (SendState.SCHEDULED, SendState.PREPARING, SendState.READY)
STUCK = (SendState.PAUSED, SendState.MISSED)


@dataclass(frozen=True)
class Overview:
    """`due` sends start within 24 hours and go to lists of `due_people`; `stuck` ones wait for a person."""

    mini_program: MiniProgram
    online: int = 0
    in_review: int = 0
    rejected: int = 0
    due: int = 0
    due_people: int = 0
    running: int = 0
    stuck: int = 0


def overview(mini_programs: Sequence[MiniProgram], *, at: datetime) -> list[Overview]:
    figures: dict[int, dict[str, int]] = {one.pk: {} for one in mini_programs}
    for pk, counted in [*_templates(list(figures)), *_sends(list(figures), at)]:
        figures[pk] |= counted
    return [Overview(one, **figures[one.pk]) for one in mini_programs]


def _templates(mini_programs: list[int]) -> list[tuple[int, dict[str, int]]]:
    rows = SubscriptionTemplate.objects.filter(mini_program__in=mini_programs).values("mini_program")
    counted = rows.annotate(
        online=Count("pk", filter=Q(state=State.APPROVED)),
        in_review=Count("pk", filter=Q(state__in=[State.SUBMITTING, State.APPLIED])),
        rejected=Count("pk", filter=Q(state=State.REJECTED)),
    )
    return [(row.pop("mini_program"), row) for row in counted.order_by()]


def _sends(mini_programs: list[int], at: datetime) -> list[tuple[int, dict[str, int]]]:
    live = (*TO_COME, *STUCK, SendState.SENDING)
    rows = SendControl.objects.filter(mini_program__in=mini_programs, state__in=live, batch__test_of=None)
    soon = Q(state__in=TO_COME, due_at__lt=at + AHEAD)
    counted = rows.values("mini_program").annotate(
        due=Count("pk", filter=soon),
        due_people=Sum("people_list__count", filter=soon, default=0),
        running=Count("pk", filter=Q(state=SendState.SENDING)),
        stuck=Count("pk", filter=Q(state__in=STUCK)),
    )
    return [(row.pop("mini_program"), row) for row in counted.order_by()]
