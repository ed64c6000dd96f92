"""What a crowd send has come to, in a sentence, and the lines of its story."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from console.audit.sentences import sentence_of
from console.messaging.sends.situation import Situation
from console.messaging.sends.timeline import Line
from merchants.models import Event, MiniProgram
from merchants.refusals import sentence
from messaging.models import CrowdDecision, CrowdSend, CrowdState, MissedReason
from messaging.sends import crowd_quota
from messaging.sends.crowd_submit import held_by

# The platform's words for the progress of a batch.
PLATFORM: Mapping[str, str | Promise] = {
    "WAITING": gettext_lazy("waits for its turn"),
    "SENDING": gettext_lazy("is being sent"),
    "SUCCESS": gettext_lazy("sent to everybody"),
    "PARTIAL": gettext_lazy("sent to some"),
    "FAILED": gettext_lazy("sent to nobody"),
    "CANCELED": gettext_lazy("cancelled on the platform"),
}
SHOWN_EVENTS = 30


def platform_words(crowd: CrowdSend) -> str:
    """Empty where it told nothing yet; a word of its own we do not know stays as it is."""
    return str(PLATFORM.get(crowd.platform_status, crowd.platform_status))


def quota_words(mini_program: MiniProgram, *, at: datetime) -> str:
    left = crowd_quota.left(mini_program, crowd_quota.day_of(at))
    if not left:
        return _("No crowd message is left for today.")
    words = ngettext(
        "You can still send %(n)s crowd message today.",
        "You can still send %(n)s crowd messages today.",
        left,
    )
    return words % {"n": left}


def missed_words(reason: str) -> str:
    return str(MissedReason(reason).label) if reason in MissedReason.values else ""


def situation(crowd: CrowdSend, *, at: datetime) -> Situation | None:
    """None for a draft."""
    told = {
        CrowdState.SCHEDULED: _scheduled,
        CrowdState.SUBMITTING: _submitting,
        CrowdState.SUBMITTED: _submitted,
        CrowdState.REFUSED: _refused,
        CrowdState.UNKNOWN: _unknown,
        CrowdState.MISSED: _missed,
        CrowdState.CANCELLED: _cancelled,
    }.get(CrowdState(crowd.state))
    return told(crowd, at) if told else None


def _scheduled(crowd: CrowdSend, at: datetime) -> Situation:
    why = held_by(crowd, at=at) if crowd.due_at and crowd.due_at <= at else ""
    if why:
        words = _("It is held back: %(why)s If that lasts %(n)s minutes it is missed.")
        minutes = round(settings.ENGINE_MISSED_SECONDS / 60)
        return Situation(
            "warn",
            "clock",
            _("Due, and not submitted yet."),
            words % {"why": missed_words(why), "n": minutes},
        )
    until = _("Until then it can be changed or cancelled; afterwards nobody can take it back.")
    return Situation("info", "clock", _("Scheduled. It is handed to the platform at its time."), until)


def _submitting(crowd: CrowdSend, at: datetime) -> Situation:
    remark = _("It can no longer be taken back. A busy platform is asked again for a while.")
    return Situation("info", "send", _("It is being handed to the platform."), remark)


def _submitted(crowd: CrowdSend, at: datetime) -> Situation:
    remark = _("It cannot be paused or recalled. The platform tells a count, and never who got it.")
    return Situation("ok", "check", _("The platform took it."), remark)


def _refused(crowd: CrowdSend, at: datetime) -> Situation:
    said = sentence(crowd.refusal)
    words = _("The platform refused it: %(why)s. Nobody got it.") % {"why": said.title}
    return Situation("bad", "alert-circle", words, str(said.remedy))


def _unknown(crowd: CrowdSend, at: datetime) -> Situation:
    if crowd.decision == CrowdDecision.SUBMITTED:
        words = _("Nobody knows whether the platform took it; it is treated as submitted.")
    elif crowd.decision == CrowdDecision.WRITTEN_OFF:
        words = _("Nobody knows whether the platform took it; it is written off.")
    else:
        words = _("Nobody knows whether the platform took it.")
    remark = _("It is never submitted again by itself, and it counts as used in the quota of its day.")
    return Situation("unknown", "help-circle", words, remark)


def _missed(crowd: CrowdSend, at: datetime) -> Situation:
    remark = _("%(why)s Give it a new time, or cancel it.") % {"why": missed_words(crowd.missed_reason)}
    return Situation("warn", "clock", _("It missed its time; nothing was sent."), remark)


def _cancelled(crowd: CrowdSend, at: datetime) -> Situation:
    return Situation("info", "info-circle", _("Cancelled before it was submitted; nobody got it."))


def timeline(crowd: CrowdSend) -> list[Line]:
    rows = Event.objects.for_merchant(crowd.merchant).filter(
        subject_kind=CrowdSend._meta.model_name, subject_id=crowd.pk
    )
    newest = rows.select_related("by").order_by("-at", "-id")[:SHOWN_EVENTS]
    return [Line(one.at, str(one.by) if one.by else "", sentence_of(one), _detail(one)) for one in newest]


def _detail(event: Event) -> str:
    detail = event.detail
    if detail.get("missed"):
        return missed_words(detail["missed"])
    if detail.get("refusal"):
        return f"{sentence(detail['refusal']).title} ({detail['refusal']})"
    return str(detail.get("why", ""))
