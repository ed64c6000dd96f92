"""What the figures say, in sentences that end in an action; what they cannot say, with how many lack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.recall.heat import BestHour, best_hour, enough
from console.recall.words import points, whole_percent
from console.templatetags.console import percent
from merchants.models import Merchant
from messaging.recall import chance
from messaging.recall.benchmarks import RECALL
from messaging.recall.figures import RecallFigures


@dataclass(frozen=True)
class Reading:
    """`tone`: ok, plain, or unknown where there are too few people to tell."""

    tone: str
    icon: str
    sentence: str
    remark: str


@dataclass(frozen=True)
class Action:
    words: str
    url: str


def readings(figures: RecallFigures) -> list[Reading]:
    return [_against_before(figures), _against_reference(figures), _hours(figures), *_templates(figures)]


def action(figures: RecallFigures, *, merchant: Merchant, today: date) -> Action:
    """A new batch send, at the best hour when there is one."""
    best = best_hour(figures.cells)
    new = reverse("send_new", args=[merchant.slug])
    if best is None:
        return Action(_("New batch send"), new)
    words = _("New batch send for %(weekday)s at %(hour)s")
    when = {"on": best.next_day(today).isoformat(), "at": f"{best.cell.hour:02d}:00"}
    numbers = {"weekday": best.weekday, "hour": f"{best.cell.hour}:00"}
    return Action(words % numbers, f"{new}?{urlencode(when)}")


def too_few(missing: int) -> str:
    """How many people a comparison still lacks."""
    words = ngettext(
        "%(n)s more accepted message is needed to tell.",
        "%(n)s more accepted messages are needed to tell.",
        missing,
    )
    return words % {"n": f"{missing:,}"}


def _against_before(figures: RecallFigures) -> Reading:
    days, now, before = figures.period.days, figures.now, figures.before
    if figures.change is None or now.missing or before.missing:
        lacking = now.missing or before.missing
        place = _("In these days: %(words)s") if now.missing else _("In the %(days)s days before: %(words)s")
        remark = place % {"words": too_few(lacking), "days": days}
        return Reading("unknown", "help-circle", _("Too few to compare with the previous period."), remark)
    numbers = {
        "now": percent(now.rate),
        "before": percent(before.rate),
        "points": points(figures.change),
        "days": days,
    }
    remark = _("%(now)s against %(before)s in the %(days)s days before.") % numbers
    if figures.open_days:
        remark += " " + _open_words(len(figures.open_days))
    if figures.is_fall_open:
        return Reading("plain", "clock", _("So far %(points)s fewer come back.") % numbers, remark)
    if not figures.is_change_certain:
        return Reading("plain", "equal", _("About the same as the previous period."), remark)
    words = _("%(points)s more come back.") if figures.change > 0 else _("%(points)s fewer come back.")
    icon = "arrow-up-right" if figures.change > 0 else "arrow-down-right"
    return Reading("ok" if figures.change > 0 else "plain", icon, words % numbers, remark)


def _open_words(days: int) -> str:
    words = ngettext(
        "The last day may still rise.", "The last %(n)s days may still rise: people come back late.", days
    )
    return words % {"n": days}


def _against_reference(figures: RecallFigures) -> Reading:
    now, share = figures.now, RECALL.share or 0
    reference = {"reference": whole_percent(share)}
    if now.missing or now.rate is None:
        sentence = _("Too few to compare with the reference %(reference)s.") % reference
        return Reading("unknown", "help-circle", sentence, too_few(now.missing))
    low, high = chance.interval(now.visits, now.accepted)
    numbers = {**reference, "low": percent(low), "high": percent(high)}
    remark = _("95%% interval %(low)s ～ %(high)s; the reference is quoted in the seed material.") % numbers
    if low >= share:
        return Reading("ok", "check", _("Above the reference %(reference)s.") % numbers, remark)
    if high < share and figures.open_days:
        sentence = _("So far below the reference %(reference)s.") % numbers
        return Reading("plain", "clock", sentence, f"{remark} {_open_words(len(figures.open_days))}")
    if high < share:
        sentence = _("Below the reference %(reference)s.") % numbers
        hint = _("Benefit first, price against original price, and a time limit help most.")
        return Reading("plain", "bulb", sentence, f"{remark} {hint}")
    return Reading("plain", "equal", _("At the reference %(reference)s.") % numbers, remark)


def _hours(figures: RecallFigures) -> Reading:
    best = best_hour(figures.cells)
    if best is not None:
        return Reading("ok", "clock", _best_words(best), _best_remark(best))
    if len(enough(figures.cells)) < 2:
        remark = _("Two hours with %(n)s accepted messages each are needed. Try another hour next time.")
        sentence = _("Too few to tell which hour is best.")
        return Reading("unknown", "help-circle", sentence, remark % {"n": chance.ENOUGH_PEOPLE})
    remark = _("The best is not above the others by more than chance (99%).")
    return Reading("plain", "clock", _("No hour stands out yet."), remark)


def _best_words(best: BestHour) -> str:
    words = _("%(weekday)s at %(hour)s is best: %(rate)s.")
    numbers = {
        "weekday": best.weekday,
        "hour": f"{best.cell.hour}:00",
        "rate": percent(best.cell.sums.rate),
    }
    return words % numbers


def _best_remark(best: BestHour) -> str:
    words = _("99%% interval %(low)s ～ %(high)s from %(n)s messages; all other hours %(others)s.")
    numbers = {
        "low": percent(best.low),
        "high": percent(best.high),
        "n": f"{best.cell.sums.accepted:,}",
        "others": percent(best.others.rate),
    }
    return words % numbers


def _templates(figures: RecallFigures) -> list[Reading]:
    """The one template with the fewest people, when it has too few to be compared."""
    few = [one for one in figures.templates if one.sums.missing]
    if not few or len(figures.templates) < 2:
        return []
    fewest = few[-1]
    sentence = _("“%(name)s” has too few people to tell.") % {"name": fewest.name}
    return [Reading("unknown", "help-circle", sentence, too_few(fewest.sums.missing))]
