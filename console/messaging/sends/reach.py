"""The reach funnel as an equation, and how long sending would take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from console.messaging.sends.lookup import address
from console.messaging.sends.pace import Pace, pace_of
from messaging.engine.funnel import Funnel
from messaging.engine.quiet import Quiet, quiet_of
from messaging.models import BatchSend, SkipReason
from messaging.sends import batches, latest
from messaging.sends.placeholders import PlaceholderError
from messaging.sends.wall_time import NoSuchTime, resolve

# What is true of who passed each gate, in the order of the funnel.
PASSED: Mapping[str, str | Promise] = {
    SkipReason.NOT_KNOWN: gettext_lazy("Known customers"),
    SkipReason.DO_NOT_SEND: gettext_lazy("Not on the do-not-send list"),
    SkipReason.OPTED_OUT: gettext_lazy("Not opted out of profiling"),
    SkipReason.DOES_NOT_FIT: gettext_lazy("Content fits"),
    SkipReason.NO_CONSENT: gettext_lazy("With consent left"),
    SkipReason.FREQUENCY_CAP: gettext_lazy("Within the frequency cap"),
    SkipReason.FATIGUE: gettext_lazy("Within template fatigue"),
    SkipReason.HOLDOUT: gettext_lazy("Not kept back for comparison"),
}


@dataclass(frozen=True)
class Reach:
    """`total` − the drops = `will_send`."""

    funnel: Funnel
    drops: list[dict[str, Any]]
    pace: Pace
    starts_at: datetime
    quiet: Quiet | None = None
    not_after: datetime | None = None

    @property
    def seconds(self) -> float | None:
        """None where nobody can know: the mini program is stopped."""
        return self.funnel.will_send / self.pace.per_second if self.pace.per_second else None

    @property
    def finishes_at(self) -> datetime | None:
        if self.seconds is None:
            return None
        if self.quiet:
            return self.quiet.finish(self.starts_at, seconds=self.seconds)
        return self.starts_at + timedelta(seconds=self.seconds)

    @property
    def held_until(self) -> datetime | None:
        """It would start inside quiet hours and wait for their end."""
        return self.quiet.until(self.starts_at) if self.quiet else None

    @property
    def in_time(self) -> int | None:
        """How many leave by the latest time at this pace; None without one, and where nobody can know."""
        if self.not_after is None or not self.pace.per_second:
            return None
        if self.quiet:
            seconds = self.quiet.open_seconds(self.starts_at, self.not_after)
        else:
            seconds = max(0.0, (self.not_after - self.starts_at).total_seconds())
        return min(self.funnel.will_send, int(seconds * self.pace.per_second))

    @property
    def too_late(self) -> int:
        """How many would not have left by then."""
        return 0 if self.in_time is None else self.funnel.will_send - self.in_time

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The list, then what is left after each gate; `lost`, `why` and `url` lead to who stays behind."""
        left = self.funnel.total
        found: list[dict[str, Any]] = [{"label": _("On the list"), "left": left, "lost": 0}]
        for drop in self.drops:
            left -= drop["n"]
            label = PASSED[drop["reason"]]
            found.append(
                {"label": label, "left": left, "lost": drop["n"], "why": drop["label"], "url": drop["url"]}
            )
        return found

    @property
    def sentence(self) -> str:
        parts = pgettext("between items of a list", ", ").join(
            f"{drop['label']} {drop['n']:,}" for drop in self.drops
        )
        words = _("Of %(total)s people on the list %(will_send)s will be written to. Left out: %(parts)s.")
        return words % {
            "total": f"{self.funnel.total:,}",
            "will_send": f"{self.funnel.will_send:,}",
            "parts": parts,
        }


def reach_of(
    batch: BatchSend,
    *,
    at: datetime,
    due_at: datetime | None = None,
    query: str = "",
    limit: latest.Wall | None = None,
) -> Reach | None:
    """One pass over the list, judged for `due_at`, or else for the send's own time.

    For another time `query` tells it to the pages of who stays behind, and `limit` is its latest time. None
    while template, list or a time that exists is missing, or a text that can be read.
    """
    if batch.template is None or batch.people_list is None:
        return None
    try:
        starts_at = due_at or batches.due(batch, at=at)
        funnel = batches.reach(batch, at=at, due_at=starts_at)
    except (NoSuchTime, PlaceholderError):
        return None
    drops = [
        {
            "n": drop.n,
            "reason": drop.reason,
            "label": drop.label,
            "url": f"{address('send_launch', batch)}{drop.reason}/{query}" if drop.n else "",
        }
        for drop in funnel.drops
    ]
    is_now = starts_at <= at + timedelta(seconds=settings.ENGINE_UNDO_SECONDS)
    pace, quiet = pace_of(batch, is_now=is_now), quiet_of(batch.control)
    return Reach(funnel, drops, pace, starts_at, quiet, _limit(batch, limit))


def _limit(batch: BatchSend, wall: latest.Wall | None) -> datetime | None:
    on, at = latest.wall_of(batch) if wall is None else wall
    try:
        return resolve(on, at, batch.zone).at if on and at else None
    except NoSuchTime:
        return None
