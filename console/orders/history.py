"""What happened to an order, newest first: what came in, what became of it, and who did what.

The table of statuses says what each one sent and why; here stand the moments. What a person did takes the
place of the line that only says that something came in: the operation writes both in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.orders.words import got, name_of, names_of
from console.states import ORDER_SYNC
from merchants.models import Event
from orders import reports
from orders.diagnosis import Diagnosis, Step
from orders.models import Source

SHOWN = 40
ACTS: Mapping[str, str | Promise] = {
    "order.by_hand": gettext_lazy("Entered the order by hand"),
    "order.status_by_hand": gettext_lazy("Entered “%(name)s” by hand"),
    "order.repaired": gettext_lazy("Filled in %(fields)s of “%(name)s” and synced it again"),
    "order.sync_retried": gettext_lazy("Synced “%(name)s” again"),
}

# Which source of a status each act stands for.
TELLS_OF = {
    "order.by_hand": Source.HAND,
    "order.status_by_hand": Source.HAND,
    "order.repaired": Source.REPAIR,
}


@dataclass(frozen=True)
class Line:
    """`who`: a person, or the way it came in; empty where the platform answered. `is_act`: of a person."""

    at: datetime
    sentence: str
    who: str = ""
    is_act: bool = False

    @property
    def is_today(self) -> bool:
        return timezone.localdate(self.at) == timezone.localdate()


def history(diagnosis: Diagnosis) -> list[Line]:
    """At most SHOWN lines; two indexed queries for the events."""
    order, steps = diagnosis.order, diagnosis.steps
    events = reports.events_of(order, [step.change.pk for step in steps], most=SHOWN)
    acts = [_act(event, steps) for event in events]
    told = {
        (str(TELLS_OF[event.kind]), str(event.detail.get("status")))
        for event in events
        if event.kind in TELLS_OF
    }
    lines = [*acts, *(line for step in steps for line in _of_step(step, told))]
    lines += _again(steps, {event.at for event in events})
    if all(event.kind != "order.by_hand" for event in events):
        lines.append(Line(order.created_at, _("The order came in"), order.get_source_display()))
    # of one moment the order stands first and its outcome last, so newest first is the way back
    lines.sort(key=lambda line: line.at)
    return lines[::-1][:SHOWN]


def _act(event: Event, steps: Sequence[Step]) -> Line:
    step = next((one for one in steps if _is_about(event, one)), None)
    named = {
        "name": name_of(step) if step else str(event.detail.get("status", "")),
        "fields": names_of(event.detail.get("fields", [])),
    }
    who = str(event.by) if event.by else ""
    return Line(event.at, str(ACTS[event.kind]) % named, who, is_act=True)


def _again(steps: Sequence[Step], told_at: set[datetime]) -> Iterator[Line]:
    """Tried again together with others: that event is about none of them alone."""
    for change, name in ((step.change, name_of(step)) for step in steps):
        if change.again_at is not None and change.again_at not in told_at:
            sentence = str(ACTS["order.sync_retried"]) % {"name": name}
            yield Line(change.again_at, sentence, str(change.again_by or ""), is_act=True)


def _is_about(event: Event, step: Step) -> bool:
    if event.subject_kind == "statuschange":
        return event.subject_id == step.change.pk
    return bool(event.detail.get("status") == step.change.status)


def _of_step(step: Step, told: set[tuple[str, str]]) -> Iterator[Line]:
    """`told`: sources and statuses of which an act tells already."""
    change, name = step.change, name_of(step)
    if (change.source, change.status) not in told:
        came = _("“%(name)s” came in") % {"name": name}
        yield Line(change.received_at, came, change.get_source_display())
    if change.settled_at is not None:
        outcome = str(ORDER_SYNC[change.state].word)
        if got(step) in ("message", "push"):
            outcome = _("the customer was told")
        yield Line(change.settled_at, _("“%(name)s”: %(outcome)s") % {"name": name, "outcome": outcome})
