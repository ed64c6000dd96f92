"""Visits by the link of a crowd send: it is the same for everybody, so they count for the send alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from merchants import tokens
from merchants.models import MiniProgram
from messaging.models import CrowdSend, CrowdState

LEFT = (CrowdState.SUBMITTING, CrowdState.SUBMITTED, CrowdState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class OpenedCrowd:
    """The crowd send that a recall token names. `since` is None for one that never left."""

    id: int
    since: datetime | None

    def counts(self, at: datetime) -> bool:
        return self.since is not None and at <= self.since + timedelta(days=settings.RECALL_WINDOW_DAYS)


def opened(mini_program: MiniProgram, given: Iterable[str]) -> dict[str, OpenedCrowd]:
    """Crowd sends by token; a token we did not make, or made for another mini program, is missing."""
    read = {token: named for token in given if (named := tokens.read_for_crowd(token)) is not None}
    if not read:
        return {}
    rows = CrowdSend.objects.filter(mini_program=mini_program, pk__in=read.values())
    found = {
        pk: OpenedCrowd(pk, submitting_at if state in LEFT else None)
        for pk, state, submitting_at in rows.values_list("pk", "state", "submitting_at")
    }
    return {token: found[named] for token, named in read.items() if named in found}


def count(visits: Iterable[int]) -> None:
    """One id for each new visit; in the transaction that stores the signals, in the order of ids."""
    for crowd_id, n in sorted(Counter(visits).items()):
        CrowdSend.objects.filter(pk=crowd_id).update(visits=F("visits") + n)
