"""Why a send paused by itself, with its evidence, and what is in flight while a brake takes hold."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from merchants import refusals
from messaging.engine.breaker import Evidence
from messaging.models import PauseReason, SendControl
from messaging.under_way import UnderWay, seconds_to_record


def why_paused(control: SendControl) -> str:
    """What happened and how many, as the beginning of a sentence; empty where nobody said."""
    evidence = Evidence.of_text(control.pause_detail)
    if evidence is None:
        return str(dict(PauseReason.choices).get(control.pause_reason, ""))
    return evidence_words(control.pause_reason, evidence)


def evidence_words(reason: str, evidence: Evidence) -> str:
    numbers = {"n": f"{evidence.n:,}", "of": f"{evidence.of:,}"}
    if reason == PauseReason.SIGNATURE:
        words = ngettext(
            "One answer carried a wrong signature",
            "%(n)s of the last %(of)s answers carried a wrong signature",
            evidence.n,
        )
    elif reason == PauseReason.UNTRUSTED:
        words = _("%(n)s of the last %(of)s messages got no answer that can be trusted")
    else:
        words = {
            "message": _("%(n)s of the last %(of)s messages were refused for a reason of the message"),
            "app": _("%(n)s of the last %(of)s messages were refused for a reason of the mini program"),
        }.get(
            refusals.group_of(evidence.code),
            _("%(n)s of the last %(of)s messages were refused for a reason this console does not know"),
        )
    return words % numbers


def what_to_do(control: SendControl) -> str:
    """Empty for a pause by a person."""
    reason, evidence = control.pause_reason, Evidence.of_text(control.pause_detail)
    if reason == PauseReason.RESTORED:
        return _(
            "Resuming may reach people twice who got it before the restore; cancelling leaves out the rest."
        )
    if reason == PauseReason.GATEWAY:
        check = _("Check keys and gateway under Mini programs & keys.")
        return " ".join(part for part in (check, control.pause_detail) if part)
    if reason == PauseReason.REFUSALS and evidence is not None:
        title, remedy = refusals.sentence(evidence.code)
        told = {"title": title, "code": evidence.code, "remedy": remedy}
        return _("%(title)s (%(code)s). %(remedy)s") % told
    if reason == PauseReason.COUPON:
        return _(
            "Show the coupon in this template's messages again and resume, go on without it, or cancel."
            " The text may speak of the coupon: read it again."
        )
    if reason == PauseReason.UNTRUSTED:
        return _("The platform is slow, breaks off or fails. Wait until it answers again, then resume.")
    if reason == PauseReason.SIGNATURE:
        return _(
            "The Alipay key kept here may be the wrong one, or somebody answers in the platform's name."
            " Compare it under Mini programs & keys before resuming."
        )
    return ""


def in_flight(n: int) -> str:
    """How many are in flight and how long that can last, without an end."""
    if not n:
        return _("Nothing is in flight")
    words = ngettext(
        "%(n)s message is in flight and has its outcome within %(seconds)s s",
        "%(n)s messages are in flight and have their outcome within %(seconds)s s",
        n,
    )
    return words % {"n": f"{n:,}", "seconds": seconds_to_record()}


def sums(under_way: UnderWay) -> str:
    """After a brake: what has left, what is in flight, what stays."""
    words = ngettext(
        "%(gone)s has an outcome. %(flight)s; %(waiting)s stay.",
        "%(gone)s have an outcome. %(flight)s; %(waiting)s stay.",
        under_way.gone,
    )
    return words % {
        "gone": f"{under_way.gone:,}",
        "flight": in_flight(under_way.flying),
        "waiting": f"{under_way.waiting:,}",
    }
