"""Why somebody got no coupon, and where a batch issue stands, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from coupons import not_given
from coupons.models import CouponGrant, CouponRun
from coupons.run_reports import RunFigures
from merchants.refusals import sentence

State = CouponRun.State


@dataclass(frozen=True)
class Why:
    title: str | Promise
    remedy: str | Promise
    is_platforms: bool = False


OWN: Mapping[str, Why] = {
    not_given.NOT_KNOWN: Why(
        gettext_lazy("Erased, or of another mini program"),
        gettext_lazy("There is no id under which the platform could give it. Leave the person out."),
    ),
    not_given.OPTED_OUT: Why(
        gettext_lazy("Opted out of being picked by rules"),
        gettext_lazy("The person still gets what they claim themselves, or what you give to them alone."),
    ),
    not_given.KEPT: Why(
        gettext_lazy("Kept from coupons"),
        gettext_lazy("Somebody decided so after an alert; the person's page says until when, and who."),
    ),
    not_given.DAY_LIMIT: Why(
        gettext_lazy("Got as many from you today as one person may"),
        gettext_lazy("Give it tomorrow, or raise the limit of a day under Coupon limits."),
    ),
    not_given.LIMIT_REACHED: Why(
        gettext_lazy("Has as many as one person may have"),
        gettext_lazy("Nothing to do: the limit of the coupon holds. It was set when it was designed."),
    ),
    not_given.STOCK_GONE: Why(
        gettext_lazy("No stock left"),
        gettext_lazy("Add stock, then issue to these people in a new run. Nobody gets a second one by that."),
    ),
    not_given.RUN_CANCELLED: Why(
        gettext_lazy("Stopped when the issue was cancelled"),
        gettext_lazy("They were not asked for, and their stock is free again."),
    ),
    not_given.NOT_REACHED: Why(
        gettext_lazy("The platform could not be reached"),
        gettext_lazy("It certainly gave nothing. Look at the connection, then issue to these people again."),
    ),
    not_given.WRITTEN_OFF: Why(
        gettext_lazy("Written off by a person"),
        gettext_lazy("Nobody knew whether it was given. If the platform reports it later, it is counted."),
    ),
    not_given.NOT_LIVE: Why(
        gettext_lazy("The coupon is not live"),
        gettext_lazy(
            "Only a live coupon can be given. Look at its page: it may be waiting, stopped or over."
        ),
    ),
    not_given.NOT_BEGUN: Why(
        gettext_lazy("Its time to be claimed has not begun"),
        gettext_lazy("Wait until it begins; the coupon's page has the date."),
    ),
    not_given.OVER: Why(
        gettext_lazy("Its time to be claimed is over"),
        gettext_lazy("Extend it on the coupon's page, if it is still live."),
    ),
}


def why(refusal: str) -> Why:
    """Of a `refusal` that is ours, or a sub_code of the platform."""
    if refusal in OWN:
        return OWN[refusal]
    said = sentence(refusal)
    return Why(said.title, said.remedy, is_platforms=True)


def told(refusal: str) -> str:
    """Both halves, for a form that is refused."""
    found = why(refusal)
    return _("%(title)s. %(remedy)s") % {"title": found.title, "remedy": found.remedy}


@dataclass(frozen=True)
class Situation:
    tone: str
    icon: str
    sentence: str
    remark: str = ""


def situation(run: CouponRun, figures: RunFigures) -> Situation:
    n = {
        name: f"{getattr(figures, name):,}" for name in ("accepted", "sending", "queued", "stopped", "people")
    }
    if run.state == State.PREPARING:
        return Situation("info", "clock", _("Confirmed. It begins in a few seconds."))
    if run.state == State.ISSUING:
        return Situation(
            "info", "send", _("Being issued: %(accepted)s have it, %(queued)s wait their turn.") % n
        )
    if run.state == State.PAUSED and run.paused_because:
        found = why(run.paused_because)
        words = _("Paused by itself: %(why)s.") % {"why": found.title}
        remark = f"{found.remedy} " + _("%(queued)s people wait; put it right, then resume.") % n
        return Situation("bad", "alert-triangle", words, remark)
    if run.state == State.PAUSED:
        words = _("Paused. %(sending)s on their way get their outcome; %(queued)s people wait.") % n
        return Situation("warn", "player-pause", words)
    if run.state == State.CANCELLED:
        words = (
            _("Cancelled. %(accepted)s have it and keep it; %(stopped)s got none, their stock is free.") % n
        )
        return Situation("info", "info-circle", words)
    words = _("Issued. %(accepted)s of %(people)s people have the coupon.") % n
    return Situation("warn" if figures.unknown else "ok", "check", words, _unknown_words(figures))


def _unknown_words(figures: RunFigures) -> str:
    if not figures.unknown:
        return _("Everybody has an outcome.")
    words = ngettext(
        "The outcome of %(n)s person is unknown; all others are certain.",
        "The outcomes of %(n)s people are unknown; all others are certain.",
        figures.unknown,
    )
    return words % {"n": f"{figures.unknown:,}"}


def grant_words(grant: CouponGrant) -> str:
    """Why this person got none, or what is being done about it; nothing where they have it."""
    if grant.state == "refused":
        return str(why(grant.refusal).title)
    if grant.state == "unknown":
        return _("The platform gave no answer. It is asked what the person holds before anybody decides.")
    return ""
