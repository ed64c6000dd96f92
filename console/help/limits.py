"""Limits, each read from where the code holds it: nothing here is a second copy of a number."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from console.api.access import MAX_BODY_BYTES
from console.api.messages import MAX_BODY_BYTES as MESSAGES_BODY_BYTES
from console.api.signals import MAX_SIGNALS
from console.templatetags.console import duration, file_size, number
from gateway import wire
from membership.columns import MAX_KEPT, VALUE_CHARACTERS
from membership.csv_files import MAX_LINE_BYTES
from membership.workbooks import MAX_ROWS
from merchants.models import MiniProgram
from messaging.consent.adopting import SEARCH_FOR, WATCH_EVERY
from messaging.consent.sampling import ONE_IN
from messaging.engine.record import MAX_FAILED_TRIES
from messaging.recall.signals import MAX_UNITS
from messaging.sends.singles import MAX_MESSAGES

PROMPT_MAX_TEMPLATES = 3  # entityIds of my.requestSubscribeMessage; only the mini program's own code asks


@dataclass(frozen=True)
class Limit:
    """`note` says whose limit it is or what happens at it; may be empty."""

    what: str
    figure: str
    note: str = ""


def of_the_platform() -> list[Limit]:
    return [
        Limit(
            _("Keywords of a template"),
            _("%(least)s to %(most)s") % {"least": wire.ADOPT_MIN_KEYWORDS, "most": wire.ADOPT_MAX_KEYWORDS},
            _("The order is fixed at adoption."),
        ),
        Limit(
            _("Text of one keyword"),
            _characters(wire.KEYWORD_VALUE_MAX_CHARACTERS),
            _("Counted in characters, Chinese or not."),
        ),
        Limit(_("All texts of a message together"), _characters(wire.DATA_MAX_CHARACTERS), ""),
        Limit(
            _("Page with its parameters"),
            _characters(wire.PAGE_MAX_CHARACTERS),
            _("The recall mark is added to it and counts."),
        ),
        Limit(
            _("Templates in one prompt"),
            _("at most %(n)s") % {"n": PROMPT_MAX_TEMPLATES},
            _("One-time and long-term templates cannot share a prompt."),
        ),
        Limit(
            _("Messages to one person"),
            _("differs by template"),
            _("Stands on each template as “at most per person”. Who has had enough is skipped."),
        ),
        Limit(
            _("Adopted templates of a mini program"),
            "--",
            _("The platform does not publish it, and refuses the one too many."),
        ),
        Limit(
            _("Batches a day in the platform's own back office"),
            "--",
            _("Not published either. This console sends person by person and uses none of them."),
        ),
    ]


def of_sending(mini_program: MiniProgram | None) -> list[Limit]:
    speed = mini_program.rate_per_second if mini_program else int(settings.ENGINE_RATE_PER_SECOND)
    reserve = mini_program.reserve_per_second if mini_program else int(settings.ENGINE_RESERVE_PER_SECOND)
    return [
        Limit(
            _("Speed of this mini program") if mini_program else _("Speed of a mini program"),
            _("%(n)s messages a second") % {"n": number(speed)},
            _("%(n)s of them are kept for single messages.") % {"n": number(reserve)},
        ),
        Limit(
            _("Time to undo a launch"),
            duration(settings.ENGINE_UNDO_SECONDS),
            _("Nothing leaves before it is over."),
        ),
        Limit(
            _("A start may be late by"),
            duration(settings.ENGINE_MISSED_SECONDS),
            _("After that the send asks you instead of starting."),
        ),
        Limit(
            _("Waiting for the platform's answer"),
            duration(settings.GATEWAY_TOTAL_SECONDS),
            _("After that the outcome is unknown."),
        ),
        Limit(
            _("Tries while a message cannot leave"),
            number(MAX_FAILED_TRIES),
            _("Only while it is certain that nothing left."),
        ),
        Limit(
            _("Visits counted for a message"),
            _("%(n)s days") % {"n": settings.RECALL_WINDOW_DAYS},
            _("After that a visit is no recall."),
        ),
        Limit(
            _("Looking for an unanswered adoption"),
            duration(SEARCH_FOR.total_seconds()),
            _("Templates are compared with the platform every %(span)s.")
            % {"span": duration(WATCH_EVERY.total_seconds())},
        ),
        Limit(
            _("Consents compared with the platform"),
            _("1 in %(n)s an hour") % {"n": ONE_IN},
            _("Differences are shown, never changed."),
        ),
    ]


def of_files_and_reports() -> list[Limit]:
    return [
        Limit(
            _("File of a list"),
            file_size(settings.UPLOAD_MAX_BYTES),
            _("One line of it has at most %(size)s.") % {"size": file_size(MAX_LINE_BYTES)},
        ),
        Limit(
            _("Rows of an XLSX file"),
            number(MAX_ROWS),
            _("A longer list goes as CSV, which has no limit of rows."),
        ),
        Limit(
            _("Columns kept beside the ids"),
            number(MAX_KEPT),
            _("A value has at most %(n)s characters.") % {"n": VALUE_CHARACTERS},
        ),
        Limit(_("Uploaded files are kept for"), _("%(n)s days") % {"n": settings.UPLOAD_KEEP_DAYS}, ""),
        Limit(
            _("Reports in one request"),
            _("at most %(n)s") % {"n": MAX_SIGNALS},
            _("And at most %(size)s.") % {"size": file_size(MAX_BODY_BYTES)},
        ),
        Limit(
            _("Requests with a public client key"),
            _("%(n)s a second") % {"n": f"{settings.SIGNALS_PER_SECOND:g}"},
            _("From one address."),
        ),
        Limit(_("One-time units in one report"), _("at most %(n)s") % {"n": number(MAX_UNITS)}, ""),
        Limit(_("Reports are kept for"), _("%(n)s months") % {"n": settings.SIGNAL_KEEP_MONTHS}, ""),
    ]


def of_the_api() -> list[Limit]:
    return [
        Limit(
            _("Messages in one request"),
            _("at most %(n)s") % {"n": MAX_MESSAGES},
            _("And at most %(size)s.") % {"size": file_size(MESSAGES_BODY_BYTES)},
        ),
        Limit(
            _("Reports in one request"),
            _("at most %(n)s") % {"n": MAX_SIGNALS},
            _("And at most %(size)s.") % {"size": file_size(MAX_BODY_BYTES)},
        ),
        Limit(
            _("Requests with a server key"),
            _("%(n)s a second") % {"n": f"{settings.API_REQUESTS_PER_SECOND:g}"},
            _("With one key, all routes together."),
        ),
        Limit(
            _("Requests with a public client key"),
            _("%(n)s a second") % {"n": f"{settings.SIGNALS_PER_SECOND:g}"},
            _("From one address."),
        ),
    ]


def _characters(n: int) -> str:
    return _("%(n)s characters") % {"n": number(n)}
