"""Figures of others, as quoted in the seed material, and which of them may stand beside ours.

A line is drawn only where the definition is ours: people who came back through the message ÷ people reached,
and reached means accepted. The others are listed with the reason why they are not compared.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Benchmark:
    """`quoted` as the source has it. `share` (0…1) where it is one figure. `why_not`: "" when compared."""

    name: str | Promise
    definition: str | Promise
    quoted: str | Promise
    why_not: str | Promise = ""
    share: float | None = None


RECALL = Benchmark(
    _("Recall rate"),
    _("people who came back through the message ÷ people reached"),
    _("20% and more at good merchants"),
    share=0.20,
)
_NO_PROMPTS = _("Touchpoints do not report yet who saw the subscription prompt.")
_NO_OPENED = _("The platform tells nobody who saw or opened a message.")
BENCHMARKS = (
    RECALL,
    Benchmark(
        _("Click rate of the recommended rental scenes"), _("clicks ÷ exposures"), _("above 20%"), _NO_OPENED
    ),
    Benchmark(
        _("A coupon in the message"),
        _("clicks and conversions, with and without"),
        _("+10 pp clicks, +5 pp conversions"),
        _NO_OPENED,
    ),
    Benchmark(
        _("Trigger rate of subscription"),
        _("people who triggered the prompt ÷ visitors"),
        _("about 22%, up to 65%"),
        _NO_PROMPTS,
    ),
    Benchmark(
        _("Subscription rate, long-term"),
        _("people who subscribed ÷ people who saw the prompt"),
        _("up to 67%"),
        _NO_PROMPTS,
    ),
    Benchmark(
        _("Share of visits that come from messages, rental"),
        _("visits from messages ÷ all returning visits"),
        _("10–20%"),
        _("The mini program reports visits from messages only, not all visits."),
    ),
    Benchmark(
        _("Recall over 30 days"),
        _("not told in the source"),
        _("+15%"),
        _("The source does not say of what."),
    ),
    Benchmark(
        _("Orders from messages"),
        _("orders ÷ people who came back"),
        _("+5%"),
        _("Orders are not connected to messages yet."),
    ),
    Benchmark(
        _("Retention with messages"),
        _("merchants with messages against merchants without"),
        _("+11.86 pp"),
        _("It compares merchants, not the messages of one."),
    ),
)
