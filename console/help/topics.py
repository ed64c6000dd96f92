"""The pages of help: titles, what they are for, and their sections. The bodies are in templates/help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Topic:
    """`sections`: anchor → title, in reading order."""

    key: str
    title: str | Promise
    summary: str | Promise
    sections: Mapping[str, str | Promise]

    @property
    def url_name(self) -> str:
        return f"help_{self.key}"

    @property
    def body(self) -> str:
        return f"help/_{self.key}.html"


TOPICS = (
    Topic(
        "merchants",
        _("For merchants: from nothing to the first message"),
        _("Six steps, with what each of them needs."),
        {
            "prepare": _("Before you begin"),
            "steps": _("Six steps"),
            "every-day": _("Every day after that"),
            "second-factor": _("Second factor at launch"),
        },
    ),
    Topic(
        "providers",
        _("For service providers: many merchants"),
        _("How a provider connects once and works for each merchant apart."),
        {
            "apart": _("Each merchant apart"),
            "connect-once": _("Connect once, then merchant by merchant"),
            "watch": _("What to watch"),
        },
    ),
    Topic(
        "messages",
        _("What a subscription message is"),
        _("Templates, consent, where the customer sees it, and what the platform does not tell."),
        {
            "what": _("What it is"),
            "consent": _("One-time and long-term consent"),
            "where": _("Where the customer sees it"),
            "not-told": _("What the platform does not tell"),
            "wording": _("What works, and what is not allowed"),
        },
    ),
    Topic(
        "connect",
        _("How to connect"),
        _("Asking for consent in the mini program, and reporting it and visits to this console."),
        {
            "keys": _("Two keys, two jobs"),
            "ask": _("Ask for consent in the mini program"),
            "report": _("Report consent from your server"),
            "visits": _("Report visits from the mini program"),
            "answers": _("What the console answers"),
        },
    ),
    Topic(
        "api",
        _("API reference"),
        _("Every route with an example, its fields, errors and limits."),
        {
            "keys": _("Keys and scopes"),
            "messages": _("Single messages, and why none is sent twice"),
            "post_messages": _("Send single messages"),
            "get_message": _("Ask what became of a message"),
            "post_signals": _("Report what people did"),
            "post_orders": _("Return orders"),
            "post_order_status": _("Return the status of an order"),
            "post_coupon_reserve": _("Hold a coupon for an order"),
            "post_coupon_redeem": _("Use a merchant coupon"),
            "post_coupon_revert": _("Give the use of a coupon back"),
            "errors": _("Errors"),
            "limits": pgettext_lazy("help", "Limits"),
        },
    ),
    Topic(
        "limits",
        pgettext_lazy("help", "Limits"),
        _("Keywords, characters, speeds, files: what is allowed, and whose limit it is."),
        {
            "platform": _("Limits of the platform"),
            "sending": pgettext_lazy("help", "Sending"),
            "files": _("Files and reports"),
        },
    ),
    Topic(
        "states",
        _("What each state and reason means"),
        _("Every word the pages use for a state, and every reason the platform may give."),
        {
            "states": _("States"),
            "skipped": _("Why somebody is skipped"),
            "paused": _("Why a send stands still"),
            "unknown": _("Why an outcome is unknown"),
            "refused": _("Why the platform refuses"),
        },
    ),
    Topic(
        "glossary",
        pgettext_lazy("help", "Words"),
        _("The words of this console in Chinese and English, one line each."),
        {"words": _("The words")},
    ),
)
BY_KEY: Mapping[str, Topic] = {topic.key: topic for topic in TOPICS}
