"""How figures, times, states and people are written (one place, so every page writes them alike)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from console import bars, states

register = template.Library()
MISSING = "--"


# --- Icons and marks ----------------------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, label: str = "", size: int = 18) -> SafeString:
    """Beside a word it is hidden from readers; alone it needs a `label`."""
    href = f"{static('vendor/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" width="{}" height="{}" role="img" aria-label="{}"><use href="{}"></use></svg>',
            size,
            size,
            label,
            href,
        )
    return format_html(
        '<svg class="icon" width="{}" height="{}" aria-hidden="true"><use href="{}"></use></svg>',
        size,
        size,
        href,
    )


@register.simple_tag
def mark(kind: str, state: str) -> SafeString:
    """`{% mark "job" job.state %}`: shape and word of a state; kinds stand in console/states.py."""
    return drawn(states.word_of(kind, state))


@register.simple_tag
def run_mark(run: Any) -> SafeString:
    """Of a batch issue of coupons."""
    return drawn(states.run_word(run.state, run.paused_because))


@register.simple_tag
def send_mark(control: Any) -> SafeString:
    """Like `mark "send"`, but tells a person's pause from one of the breaker."""
    return drawn(states.send_word(control.state, control.pause_reason))


def drawn(found: states.StateWord) -> SafeString:
    return format_html(
        '<span class="mark mark-{}"><span class="mark-shape" aria-hidden="true"></span>{}</span>',
        found.tone,
        found.word,
    )


@register.filter
def state_word(state: str, kind: str) -> str:
    """`{{ "accepted"|state_word:"delivery" }}`"""
    return str(states.word_of(kind, state).word)


@register.inclusion_tag("console/_delivery_bar.html")
def delivery_bar(figures: Any, small: bool = False) -> dict[str, Any]:
    """Bar of what has to be sent. `figures` carries accepted, refused, unknown, sending and queued."""
    counts = {name: getattr(figures, name) for name in bars.ORDER}
    return {"parts": bars.parts(counts, smallest=3.0 if small else 0.5), "is_small": small, "counts": counts}


@register.inclusion_tag("console/_progress.html")
def progress_bar(done: int, total: int | None, label: str = "") -> dict[str, Any]:
    return {"done": done, "total": total, "label": label}


# --- Figures ------------------------------------------------------------------------------------------------
@register.filter
def number(value: Any) -> str:
    """Thousands separators; a missing value is --, never a blank."""
    return MISSING if value is None or value == "" else f"{int(value):,}"


@register.filter
def figure(value: Any) -> SafeString | str:
    """As `number`, zero in grey: for cells."""
    return format_html('<span class="zero">{}</span>', "0") if value == 0 else number(value)


@register.filter
def percent(share: float | None) -> str:
    """A share from 0 to 1, one decimal: 21.2%."""
    return MISSING if share is None else f"{share * 100:.1f}%"


@register.filter
def rate(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.1f}"


@register.filter
def file_size(size_bytes: int | None) -> str:
    if size_bytes is None:
        return MISSING
    for unit, step in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if size_bytes >= step:
            return f"{size_bytes / step:.1f} {unit}"
    return f"{size_bytes} B"


# --- Times (in the merchant's zone, which the access decorator activates) -----------------------------------
@register.filter
def local_time(value: datetime | None, place: str = "") -> SafeString | str:
    """今天 19:30, 11-19 10:30; in English Today 19:30, Nov 19, 10:30. The full time is the title.

    `{{ at|local_time:"within" }}` inside a sentence: started today 19:30.
    """
    if value is None:
        return MISSING
    now = timezone.now()
    return _time(value, in_sentence(value, now=now) if place == "within" else in_words(value, now=now))


@register.filter
def full_time(value: datetime | None) -> SafeString | str:
    """YYYY-MM-DD HH:mm:ss, for ledgers and logs."""
    return MISSING if value is None else _time(value, f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}")


@register.filter
def clock(value: datetime | None) -> SafeString | str:
    return MISSING if value is None else _time(value, f"{timezone.localtime(value):%H:%M:%S}")


@register.filter
def clock_minutes(value: datetime | None) -> SafeString | str:
    return MISSING if value is None else _time(value, f"{timezone.localtime(value):%H:%M}")


@register.filter
def day_words(value: datetime) -> str:
    """11 月 21 日 周五; English: Friday, November 21."""
    words = date_format(timezone.localtime(value), pgettext("date format with weekday", "l, F j"))
    # Django's Chinese catalogue has 星期五 for the short form too
    return words.replace("星期", "周")


@register.filter
def distance(value: datetime | None) -> str:
    """14 小时 55 分后, 5 分前: two units at most."""
    if value is None:
        return MISSING
    seconds = round((value - timezone.now()).total_seconds())
    if not seconds:
        return _("just now")
    span = duration(abs(seconds))
    return _("in %(span)s") % {"span": span} if seconds >= 0 else _("%(span)s ago") % {"span": span}


@register.filter
def duration(seconds: float | None) -> str:
    if seconds is None:
        return MISSING
    left = round(seconds)
    days, hours, minutes = left // 86400, left % 86400 // 3600, left % 3600 // 60
    words = [
        ngettext("%(n)s day", "%(n)s days", days) % {"n": days} if days else "",
        _("%(n)s h") % {"n": hours} if hours else "",
        _("%(n)s min") % {"n": minutes} if minutes else "",
        _("%(n)s s") % {"n": left % 60} if left < 60 else "",
    ]
    return " ".join([word for word in words if word][:2])


def in_words(value: datetime, *, now: datetime) -> str:
    there, here = timezone.localtime(value), timezone.localtime(now)
    days = (there.date() - here.date()).days
    near = {0: _("Today"), 1: _("Tomorrow"), -1: _("Yesterday")}.get(days)
    if near:
        return f"{near} {there:%H:%M}"
    is_chinese = (get_language() or "").startswith("zh")
    if there.year == here.year:
        return f"{there:%m-%d %H:%M}" if is_chinese else f"{there:%b} {there.day}, {there:%H:%M}"
    return f"{there:%Y-%m-%d %H:%M}" if is_chinese else f"{there:%b} {there.day}, {there:%Y, %H:%M}"


def in_sentence(value: datetime, *, now: datetime) -> str:
    """Started today 19:30; on Nov 19, 10:30 as it is."""
    words = in_words(value, now=now)
    if words.startswith((_("Today"), _("Tomorrow"), _("Yesterday"))):
        return words[:1].lower() + words[1:]
    return words


def _time(value: datetime, words: str) -> SafeString:
    there = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{} (UTC{})">{}</time>',
        value.isoformat(),
        f"{there:%Y-%m-%d %H:%M:%S}",
        f"{there:%z}"[:3],
        words,
    )


# --- People -------------------------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def masked_open_id(context: dict[str, Any], open_id: str | None) -> str:
    """Last four; nothing at all for a role that may not see people; a word for who was forgotten."""
    if not open_id:
        return _("Forgotten")
    if "people.reveal" not in context.get("capabilities", ()):
        return "****"
    return f"****{open_id[-4:]}"


# --- Addresses ----------------------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def here(context: dict[str, Any], **changes: Any) -> str:
    """This page's address with some parameters changed; None or "" removes one. Paging starts again."""
    query = context["request"].GET.copy()
    for name in ("page", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return f"{context['request'].path}?{query.urlencode()}" if query else context["request"].path
