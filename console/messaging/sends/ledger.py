"""The equation of a send: frozen people and where each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from console.messaging.sends.lookup import address
from console.states import DELIVERY
from messaging.models import BatchSend
from messaging.reports import STALE_SECONDS, UNDER_WAY, SendFigures

PARTS = ("accepted", "refused", "unknown", "sending", "queued", "skipped")


@dataclass(frozen=True)
class Term:
    n: int
    label: str | Promise
    sign: str
    swatch: str
    url: str


@dataclass(frozen=True)
class Ledger:
    """`tone` is that of the double rule: balanced, off or plain; `is_stale`: too old a check to tell, or one
    that came before the last outcome of a send that is over.
    """

    total: int
    terms: list[Term]
    tone: str
    is_stale: bool
    sentence: str


def ledger_of(batch: BatchSend, figures: SendFigures, *, at: datetime) -> Ledger:
    people = address("send_deliveries", batch)
    terms = [
        Term(
            getattr(figures, name),
            DELIVERY[name].word,
            "＋" if position else "＝",
            name,
            f"{people}?state={name}",
        )
        for position, name in enumerate(PARTS)
    ]
    old = figures.checked_at is not None and at - figures.checked_at > timedelta(seconds=STALE_SECONDS)
    touched_at = batch.control.touched_at
    before_the_last = bool(figures.checked_at and touched_at and figures.checked_at < touched_at)
    is_stale = old if batch.control.state in UNDER_WAY else before_the_last
    tone = {True: "balanced", False: "off", None: "plain"}[figures.balanced]
    return Ledger(
        figures.frozen,
        terms,
        "plain" if is_stale and tone == "balanced" else tone,
        is_stale,
        _sentence(figures, terms),
    )


def _sentence(figures: SendFigures, terms: list[Term]) -> str:
    parts = pgettext("between items of a list", ", ").join(f"{term.label} {term.n:,}" for term in terms)
    told = {True: _("The books balance."), False: _("The books differ."), None: _("Not checked yet.")}
    words = _("%(total)s people frozen equal %(parts)s. %(books)s")
    return words % {"total": f"{figures.frozen:,}", "parts": parts, "books": told[figures.balanced]}
