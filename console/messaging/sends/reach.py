"""The reach funnel as an equation, and how long sending would take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from console.messaging.sends.lookup import address
from messaging.engine.funnel import Funnel
from messaging.models import BatchSend, SkipReason
from messaging.sends import batches
from messaging.sends.placeholders import PlaceholderError
from messaging.sends.wall_time import NoSuchTime

# What is true of who passed each gate, in the order of the funnel.
PASSED: Mapping[str, str | Promise] = {
    SkipReason.NOT_KNOWN: gettext_lazy("Known customers"),
    SkipReason.DO_NOT_SEND: gettext_lazy("Not on the do-not-send list"),
    SkipReason.OPTED_OUT: gettext_lazy("Not opted out of profiling"),
    SkipReason.DOES_NOT_FIT: gettext_lazy("Content fits"),
    SkipReason.NO_CONSENT: gettext_lazy("With consent left"),
    SkipReason.FATIGUE: gettext_lazy("Within template fatigue"),
}


@dataclass(frozen=True)
class Reach:
    """`total` − the drops = `will_send`; `seconds` at the full rate of the mini program."""

    funnel: Funnel
    drops: list[dict[str, Any]]
    seconds: float

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
    batch: BatchSend, *, at: datetime, due_at: datetime | None = None, query: str = ""
) -> Reach | None:
    """One pass over the list, judged for `due_at`, or else for the send's own time; `query` tells the pages
    of who stays behind which time that is. None while template, list or a time that exists is missing, or a
    text that can be read."""
    if batch.template is None or batch.people_list is None:
        return None
    try:
        funnel = batches.reach(batch, at=at, due_at=due_at)
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
    return Reach(funnel, drops, funnel.will_send / max(batch.mini_program.rate_per_second, 1))
