"""What a state of an adopted template means for the person, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from merchants.refusals import sentence
from messaging.consent.adopting import NOT_SENT, UNKNOWN
from messaging.models import SubscriptionTemplate
from messaging.sends.uses import Stage

State = SubscriptionTemplate.State


@dataclass(frozen=True)
class Explanation:
    """`tone` is a notice's: info, ok, warn, bad, unknown."""

    tone: str
    icon: str
    what: str | Promise
    next_step: str | Promise


WHERE_THE_REASON_IS = _(
    "The platform gives no reason here; read it in the merchant platform → operations → mini program → "
    "messages → message access."
)
PLAIN = {
    State.SUBMITTING: Explanation(
        "info",
        "send",
        _("On its way to the platform."),
        _("This usually takes a few seconds; the page follows by itself."),
    ),
    State.APPLIED: Explanation(
        "info",
        "clock",
        _("The platform is reviewing it."),
        _("You can write with it as soon as it is online; the page follows by itself."),
    ),
    State.APPROVED: Explanation(
        "ok", "check", _("Online."), _("You can write with it to everybody who gave consent.")
    ),
    State.REJECTED: Explanation(
        "bad",
        "alert-circle",
        _("The platform rejected it."),
        format_lazy(
            "{} {}",
            WHERE_THE_REASON_IS,
            _("Then adopt it again, with other keywords if they were the cause."),
        ),
    ),
    State.OFFLINE: Explanation(
        "warn",
        "alert-triangle",
        _("The platform took it offline."),
        _(
            "Every message with it would be refused. Adopt it again and choose the new one in your drafts; "
            "the texts stay. Consents belong to the old one, so people have to say yes anew."
        ),
    ),
}
DIFFERENT = Explanation(
    "warn",
    "alert-triangle",
    _("Online, but the platform's copy is another than ours."),
    _("Messages whose keywords do not fit it are refused. Compare the two before the next send."),
)
UNANSWERED = Explanation(
    "unknown",
    "question-mark",
    _("The platform gave no answer that can be trusted."),
    _("We look for the template on the platform for ten minutes and never apply for it twice."),
)
NEVER_MADE = Explanation(
    "bad", "alert-circle", _("The platform does not have it."), _("Nothing was adopted. Adopt it again.")
)
NEVER_LEFT = Explanation(
    "bad",
    "alert-circle",
    _("The application never reached the platform."),
    _("Nothing was adopted. Adopt it again once the platform can be reached."),
)


def explain(template: SubscriptionTemplate) -> Explanation:
    if template.state == State.SUBMITTING and template.refusal == UNKNOWN:
        return UNANSWERED
    if template.state == State.APPROVED and template.differs:
        return DIFFERENT
    if template.state != State.FAILED:
        return PLAIN[State(template.state)]
    if template.refusal == UNKNOWN:
        return NEVER_MADE
    if template.refusal == NOT_SENT:
        return NEVER_LEFT
    said = sentence(template.refusal)
    return Explanation("bad", "alert-circle", said.title, said.remedy)


STAGE_WORDS: Mapping[str, str | Promise] = {
    "draft": _("Drafts"),
    "launched": _("Scheduled"),
    "running": _("Being sent"),
    "over": _("Ended"),
}


def harm(template: SubscriptionTemplate, stages: Sequence[Stage]) -> str:
    """What becomes of launched sends while the template cannot be used; empty when none is at risk."""
    waiting = sum(stage.count for stage in stages if stage.name in {"launched", "running"})
    if template.state not in {State.OFFLINE, State.REJECTED} or not waiting:
        return ""
    words = ngettext(
        "%(n)s launched send uses it: the platform will refuse each of its messages, and no consent is "
        "spent. Take it back to draft or cancel it.",
        "%(n)s launched sends use it: the platform will refuse each of their messages, and no consent is "
        "spent. Take them back to draft or cancel them.",
        waiting,
    )
    return words % {"n": waiting}
