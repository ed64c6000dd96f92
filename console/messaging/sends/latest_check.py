"""The line about the latest time among what is checked before a send may go; none without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.messaging.sends.lookup import address
from console.messaging.sends.reach import Reach
from console.messaging.sends.readiness import Check, anchor
from console.templatetags.console import in_words
from messaging.models import BatchSend
from messaging.sends import batches


def latest_checks(batch: BatchSend, problems: Sequence[batches.Problem], reach: Reach | None) -> list[Check]:
    to = f"{address('send_edit', batch)}?check=1#{anchor('not_after')}"
    way: dict[str, Any] = {"url": to, "verb": _("Change")}
    for problem in problems:
        if problem.field == "not_after":
            return [Check("bad", str(problem.message), **way)]
    if reach is None or reach.not_after is None:
        return []
    if reach.held_until and reach.held_until >= reach.not_after:
        now = timezone.now()
        words = _(
            "Quiet hours hold it until %(end)s, and nothing leaves after %(limit)s: nobody would get it"
        )
        times = {"end": in_words(reach.held_until, now=now), "limit": in_words(reach.not_after, now=now)}
        return [Check("hint", words % times, **way)]
    if reach.in_time is None:
        return [Check("hint", _("Nobody knows how many will have left by the latest time"), **way)]
    if reach.too_late:
        n = reach.too_late
        words = ngettext(
            "%(n)s person would not be sent to by the latest time; it then pauses and asks you",
            "%(n)s people would not be sent to by the latest time; it then pauses and asks you",
            n,
        )
        return [Check("hint", words % {"n": f"{n:,}"}, **way)]
    return [Check("good", _("All will have left by the latest time"), at=reach.not_after)]
