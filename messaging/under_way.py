"""What a brake meets: how many messages have an outcome, how many are in flight, how many still wait."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from django.db.models import Count, Q, Sum

from merchants.models import MiniProgram
from messaging.engine.mark import answer_within
from messaging.models import DeliveryCounter, SendControl, SendState

UNDER_WAY = (SendState.SENDING, SendState.PAUSED, SendState.CANCELLING)
HAVE_OUTCOME = ("accepted", "refused", "unknown")


@dataclass(frozen=True)
class UnderWay:
    """`gone` have an outcome and cannot be recalled; `flying` have left, or leave within 2 s, without one."""

    sends: int
    gone: int
    flying: int
    waiting: int


def of_send(control: SendControl) -> UnderWay:
    return _summed(Q(send=control))


def of_mini_program(mini_program: MiniProgram) -> UnderWay:
    """All its sends that are sending, paused or being cancelled. One query over their counters."""
    return _summed(Q(send__mini_program=mini_program, send__state__in=UNDER_WAY))


def _summed(which: Q) -> UnderWay:
    def people(*states: str) -> Sum:
        return Sum("n", filter=Q(state__in=states), default=0)

    found = DeliveryCounter.objects.filter(which).aggregate(
        sends=Count("send", distinct=True),
        gone=people(*HAVE_OUTCOME),
        flying=people("sending"),
        waiting=people("queued"),
    )
    return UnderWay(**found)


def seconds_to_record() -> int:
    """In which what is in flight has its outcome written down; if a process died, it is unknown later."""
    return ceil(answer_within().total_seconds())
