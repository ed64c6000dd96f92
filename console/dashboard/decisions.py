"""What waits for a person: sorted by harm, each with what, why, since when, and one verb."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from console.messaging.sends.pauses import what_to_do, why_paused
from console.messaging.sends.words import failure_words
from console.messaging.templates.states import WHERE_THE_REASON_IS
from console.states import send_word, word_of
from merchants.models import Merchant, Staff
from merchants.refusals import sentence as refusal
from messaging.consent.reports import LOST
from messaging.failures import Fixed
from messaging.models import BatchSend, PauseReason, SubscriptionTemplate
from messaging.reports import HomeFigures
from messaging.singles import SinglesWaiting

MOST_TOLD = 3  # sends of one kind told one by one
TROUBLES = ("rejected", "offline", "differs")  # of a template, the worst first


@dataclass(frozen=True)
class Decision:
    tone: str  # unknown, bad, warn
    icon: str
    title: str
    sentence: str
    since: datetime | None
    verb: str
    url: str


def decisions(
    merchant: Merchant,
    figures: HomeFigures,
    *,
    staff: Staff,
    reviews: Sequence[Decision] = (),
    fixed: Sequence[Fixed] = (),
) -> list[Decision]:
    """Unknown outcomes first, then what stands still, what was missed, what waits for approval, then refusals
    that may be tried again, then templates."""
    by_itself = [b for b in figures.paused if b.control.pause_reason not in {"", PauseReason.OPERATOR}]
    by_person = [b for b in figures.paused if b not in by_itself]
    found = list(_unknowns(merchant, figures.unknown, staff))
    found += _few([_paused(merchant, batch, by_itself=True) for batch in by_itself], merchant, "by_itself")
    found += list(_singles(merchant, figures.singles, staff))
    found += _few([_failed(merchant, batch) for batch in figures.failed], merchant, "failed")
    found += _few([_missed(merchant, batch) for batch in figures.missed], merchant, "missed")
    found += _few([_paused(merchant, batch, by_itself=False) for batch in by_person], merchant, "paused")
    found += reviews
    if staff.can("unknown.decide"):
        found += list(_fixed(merchant, fixed))
    found += list(_templates(merchant, figures.templates))
    return found


def _few(each: list[Decision], merchant: Merchant, kind: str) -> list[Decision]:
    """More than MOST_TOLD of a kind are one line that leads to the list of them."""
    n = len(each)
    if n <= MOST_TOLD:
        return each
    words = {
        "by_itself": ngettext("%(n)s send paused by itself", "%(n)s sends paused by themselves", n),
        "failed": ngettext("%(n)s send was not sent", "%(n)s sends were not sent", n),
        "missed": ngettext("%(n)s send missed its time", "%(n)s sends missed their time", n),
        "paused": ngettext("%(n)s send is paused", "%(n)s sends are paused", n),
    }
    state = {"by_itself": "?state=paused", "paused": "?state=paused", "missed": "?state=missed"}.get(kind, "")
    return [
        Decision(
            tone=each[0].tone,
            icon=each[0].icon,
            title=words[kind] % {"n": f"{n:,}"},
            sentence=_("See them in the list; each says why and what can be done."),
            since=max((one.since for one in each if one.since), default=None),
            verb=_("Look"),
            url=reverse("sends", args=[merchant.slug]) + state,
        )
    ]


def undecided(batch: BatchSend) -> int:
    counted = {"unknown": 0, "decided": 0}
    for counter in batch.control.counters.all():
        if counter.state in counted:
            counted[counter.state] += counter.n
    return counted["unknown"] - counted["decided"]


def _unknowns(merchant: Merchant, batches: list[BatchSend], staff: Staff) -> Iterator[Decision]:
    """Of one send by itself; of several one line, which leads to the desk over all of them."""
    if len(batches) == 1:
        yield _unknown(merchant, batches[0], staff)
    if len(batches) < 2:
        return
    n = sum(undecided(batch) for batch in batches)
    starts = [batch.control.started_at for batch in batches if batch.control.started_at]
    words = ngettext(
        "In %(sends)s send: decide by cause for all of them, or send by send.",
        "In %(sends)s sends: decide by cause for all of them, or send by send.",
        len(batches),
    )
    yield Decision(
        tone="unknown",
        icon="help-circle",
        title=ngettext("%(n)s outcome unknown", "%(n)s outcomes unknown", n) % {"n": f"{n:,}"},
        sentence=words % {"sends": f"{len(batches):,}"},
        since=max((batch.control.finished_at or start for batch, start in _started(batches)), default=None),
        verb=_("Decide") if staff.can("unknown.decide") else _("Look"),
        url=_desk(merchant, min(starts, default=None)) + "#unknown",
    )


def _started(batches: list[BatchSend]) -> Iterator[tuple[BatchSend, datetime]]:
    return ((batch, batch.control.started_at) for batch in batches if batch.control.started_at)


def _desk(merchant: Merchant, first: datetime | None) -> str:
    """The failure desk with all days from `first` on."""
    address = reverse("failures", args=[merchant.slug])
    return f"{address}?first={timezone.localtime(first):%Y-%m-%d}" if first else address


def _fixed(merchant: Merchant, causes: Sequence[Fixed]) -> Iterator[Decision]:
    """One cause leads to its own page, several to the desk."""
    if not causes:
        return
    n = sum(cause.people for cause in causes)
    title = ngettext(
        "%(n)s refused person can be sent to again", "%(n)s refused people can be sent to again", n
    )
    first = causes[0]
    if len(causes) == 1:
        words = _("“%(cause)s” is repaired since. Send again, or leave it.")
        words = words % {"cause": refusal(first.reason).title}
        query = urlencode({"days": 7, "state": "refused", "code": first.reason})
        url = f"{reverse('failure', args=[merchant.slug])}?{query}"
    else:
        words = _("%(n)s causes are repaired since. Send again, or leave it.") % {"n": f"{len(causes):,}"}
        url = f"{reverse('failures', args=[merchant.slug])}?days=7"
    yield Decision(
        tone="warn",
        icon="refresh",
        title=title % {"n": f"{n:,}"},
        sentence=words,
        since=max(cause.since for cause in causes),
        verb=_("Look"),
        url=url,
    )


def _unknown(merchant: Merchant, batch: BatchSend, staff: Staff) -> Decision:
    n = undecided(batch)
    return Decision(
        tone="unknown",
        icon="help-circle",
        title=ngettext("%(n)s outcome unknown", "%(n)s outcomes unknown", n) % {"n": f"{n:,}"},
        sentence=_(
            "“%(name)s”: the platform gave no answer that can be trusted. Treat them as sent, or send again."
        )
        % {"name": batch.name},
        since=batch.control.finished_at or batch.control.started_at,
        verb=_("Decide") if staff.can("unknown.decide") else _("Look"),
        url=reverse("send_unknown", args=[merchant.slug, batch.pk]),
    )


def _paused(merchant: Merchant, batch: BatchSend, *, by_itself: bool) -> Decision:
    control = batch.control
    told = {"why": why_paused(control), "remedy": what_to_do(control)}
    sentence = _("%(why)s. %(remedy)s") % told if all(told.values()) else told["why"]
    return Decision(
        tone="bad" if by_itself else "warn",
        icon="player-pause",
        title=_("“%(name)s”: %(state)s")
        % {"name": batch.name, "state": send_word(control.state, control.pause_reason).word},
        sentence=sentence or _("It goes on when somebody resumes it."),
        since=control.touched_at,
        verb=_("See why") if by_itself else _("Look"),
        url=reverse("send", args=[merchant.slug, batch.pk]),
    )


def _singles(merchant: Merchant, waiting: SinglesWaiting, staff: Staff) -> Iterator[Decision]:
    """One line each for unknown outcomes and for what stands still, however many there are."""
    address = reverse("singles", args=[merchant.slug])
    if waiting.undecided:
        words = ngettext(
            "%(n)s single message with an unknown outcome",
            "%(n)s single messages with an unknown outcome",
            waiting.undecided,
        )
        yield Decision(
            tone="unknown",
            icon="help-circle",
            title=words % {"n": f"{waiting.undecided:,}"},
            sentence=_("The platform gave no answer that can be trusted. Treat them as sent, or send again."),
            since=None,
            verb=_("Decide") if staff.can("unknown.decide") else _("Look"),
            url=f"{address}?state=undecided",
        )
    if waiting.paused:
        why = dict(PauseReason.choices).get(waiting.pause_reason, "")
        detail = {"why": why, "detail": waiting.pause_detail}
        yield Decision(
            tone="bad",
            icon="player-pause",
            title=_("Single messages stand still"),
            sentence=_("%(why)s: %(detail)s") % detail if waiting.pause_detail else str(why),
            since=waiting.paused_since,
            verb=_("See why"),
            url=address,
        )


def _failed(merchant: Merchant, batch: BatchSend) -> Decision:
    return Decision(
        tone="bad",
        icon="alert-triangle",
        title=_("“%(name)s” was not sent") % {"name": batch.name},
        sentence=failure_words(batch.control.failure) or _("Copy it, check the draft, and confirm it again."),
        since=batch.control.due_at,
        verb=_("See why"),
        url=reverse("send", args=[merchant.slug, batch.pk]),
    )


def _missed(merchant: Merchant, batch: BatchSend) -> Decision:
    what = _("Nothing was sent. Send it now, give it a new time, or cancel it.")
    return Decision(
        tone="warn",
        icon="clock",
        title=_("“%(name)s” missed its time") % {"name": batch.name},
        sentence=" ".join(filter(None, (failure_words(batch.control.failure), what))),
        since=batch.control.due_at,
        verb=_("Decide"),
        url=reverse("send", args=[merchant.slug, batch.pk]),
    )


def _templates(merchant: Merchant, templates: list[SubscriptionTemplate]) -> Iterator[Decision]:
    """One is told by itself; several are one line that leads to the list of them."""
    if not templates:
        return
    several, bad = len(templates) > 1, any(template.state in LOST for template in templates)
    title, sentence = _several(templates) if several else _one(templates[0])
    list_address = reverse("templates", args=[merchant.slug])
    own_address = reverse("template", args=[merchant.slug, templates[0].pk])
    yield Decision(
        tone="bad" if bad else "warn",
        icon="template",
        title=title,
        sentence=sentence,
        since=max(template.checked_at or template.applied_at for template in templates),
        verb=_("Look"),
        url=f"{list_address}?state=to_decide&app=all" if several else own_address,
    )


def _one(template: SubscriptionTemplate) -> tuple[str, str]:
    if template.state == SubscriptionTemplate.State.REJECTED:
        title, sentence = _("Template “%(name)s” was rejected"), str(WHERE_THE_REASON_IS)
    elif template.state == SubscriptionTemplate.State.OFFLINE:
        title = _("Template “%(name)s” was taken offline")
        sentence = _("It cannot be sent any more. Adopt it again to go on.")
    else:
        title, sentence = _("Template “%(name)s” differs from the platform"), template.difference
    return title % {"name": template.name}, sentence


def _several(templates: list[SubscriptionTemplate]) -> tuple[str, str]:
    n = len(templates)
    title = ngettext("%(n)s template needs a decision", "%(n)s templates need a decision", n) % {
        "n": f"{n:,}"
    }
    counts = Counter(template.state if template.state in LOST else "differs" for template in templates)
    parts = [f"{word_of('template', name).word} {counts[name]:,}" for name in TROUBLES if counts[name]]
    return title, _("%(parts)s.") % {"parts": pgettext("between items of a list", ", ").join(parts)}
