"""Everything that is kept about one person in one ZIP: a table for each part, and all of it as JSON."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

import coupons.personal
import membership.personal
import messaging.personal
import orders.personal
from console.audit.sentences import SENTENCES
from console.states import DELIVERY, ORDER_IMPORT, ORDER_SYNC
from coupons.models import CouponAlert
from coupons.models.grant import GrantEntry, GrantState, Source
from coupons.models.limits import AlertState
from membership.models import BalanceEntry, Customer, PeopleList, PointEntry
from membership.models.member_card import CardState
from membership.uploads import safe_against_formulas
from merchants.personal import Cell, Part
from messaging.models import ConsentEntry, Kind, Signal, SkipReason
from messaging.month_books import archived_up_to

IN_MEMORY_BYTES = 4 * 1024 * 1024
# Floors that hold data of people; each gives its own part.
FLOORS: Sequence[Callable[[Customer], list[Part]]] = (
    membership.personal.export_of,
    messaging.personal.export_of,
    orders.personal.export_of,
    coupons.personal.export_of,
)
CHANGES: Mapping[str, str | Promise] = {
    ConsentEntry.Kind.GRANTED: gettext_lazy("granted"),
    ConsentEntry.Kind.REVOKED: gettext_lazy("revoked"),
    ConsentEntry.Kind.STANDING_GRANTED: gettext_lazy("standing consent granted"),
    ConsentEntry.Kind.STANDING_REVOKED: gettext_lazy("standing consent revoked"),
    ConsentEntry.Kind.CARRIED: gettext_lazy("spent in an archived month"),
}
REPORTED: Mapping[str, str | Promise] = {
    Signal.Kind.SUBSCRIBED: pgettext_lazy("signal", "subscribed"),
    Signal.Kind.REVOKED: pgettext_lazy("signal", "took consent back"),
    Signal.Kind.VISITED: pgettext_lazy("signal", "visited"),
}
# Codes of (part, column) in words, for the tables; the JSON keeps the codes.
WORDS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("lists", "source"): dict(PeopleList.Source.choices),
    ("cards", "state"): dict(CardState.choices),
    ("point-ledger", "what"): dict(PointEntry.Kind.choices),
    ("balance-ledger", "what"): dict(BalanceEntry.Kind.choices),
    ("history", "event"): SENTENCES,
    ("consents", "kind"): dict(Kind.choices),
    ("consent-ledger", "change"): CHANGES,
    ("messages", "state"): {name: word.word for name, word in DELIVERY.items()},
    ("messages", "reason"): dict(SkipReason.choices),
    ("attempts", "state"): {name: word.word for name, word in DELIVERY.items()},
    ("signals", "signal"): REPORTED,
    ("coupons", "state"): dict(GrantState.choices),
    ("coupons", "way"): dict(Source.choices),
    ("coupon-ledger", "what"): dict(GrantEntry.Kind.choices),
    ("coupon-alerts", "what"): dict(CouponAlert.Kind.choices),
    ("coupon-alerts", "state"): dict(AlertState.choices),
    ("order-statuses", "sync"): {name: word.word for name, word in ORDER_SYNC.items()},
    ("order-files", "status"): {name: word.word for name, word in ORDER_IMPORT.items()},
}


def parts_of(customer: Customer) -> list[Part]:
    return [part for floor in FLOORS for part in floor(customer)]


def write_zip(customer: Customer, *, at: datetime) -> IO[bytes]:
    """In the active language, times in the merchant's zone. At its beginning; the caller closes it."""
    zone = ZoneInfo(customer.merchant.time_zone)
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - handed on open
    told: list[tuple[Part, int]] = []
    everything: dict[str, Any] = {"exported_at": _moment(at, zone)}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts_of(customer):
            rows = [list(row) for row in part.rows]
            archive.writestr(f"{part.name}.csv", _csv(part, rows, zone))
            keys = [column.key for column in part.columns]
            everything[part.name] = [
                {key: _plain(cell, zone) for key, cell in zip(keys, row, strict=True)} for row in rows
            ]
            told.append((part, len(rows)))
        month = archived_up_to(customer.mini_program)
        everything["archived_up_to"] = f"{month:%Y-%m}" if month else None
        archive.writestr("everything.json", json.dumps(everything, ensure_ascii=False, indent=1))
        archive.writestr("read-me.txt", _read_me(customer, told, _moment(at, zone), month))
    file.seek(0)
    return file


def _csv(part: Part, rows: Sequence[Sequence[Cell]], zone: ZoneInfo) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([str(column.heading) for column in part.columns])
    words = [WORDS.get((part.name, column.key), {}) for column in part.columns]
    for row in rows:
        writer.writerow([_cell(cell, known, zone) for cell, known in zip(row, words, strict=True)])
    return "\ufeff" + text.getvalue()


def _cell(cell: Cell, words: Mapping[str, Any], zone: ZoneInfo) -> str:
    if isinstance(cell, bool):
        return _("yes") if cell else _("no")
    if isinstance(cell, str):
        return safe_against_formulas(str(words.get(cell, cell)))
    plain = _plain(cell, zone)
    return "" if plain is None else str(plain)


def _plain(cell: Cell, zone: ZoneInfo) -> Any:
    return _moment(cell, zone) if isinstance(cell, datetime) else cell


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")


def _read_me(customer: Customer, told: Sequence[tuple[Part, int]], at: str, month: date | None) -> str:
    lines = [
        _("All that %(merchant)s keeps about person #%(number)s of the mini program %(mini_program)s.")
        % {
            "merchant": customer.merchant.name,
            "number": customer.pk,
            "mini_program": customer.mini_program.name,
        },
        _("Written at %(time)s.") % {"time": at},
        "",
        *(f"{part.name}.csv ({n}) – {part.title}" for part, n in told),
        "everything.json – " + _("the same, for machines"),
        "",
        _("Whether a message was opened, the platform tells nobody."),
    ]
    if month is not None:
        lines.append(
            _(
                "Messages up to %(month)s are in an archive outside of this console; what they spent"
                " stands in the consent ledger."
            )
            % {"month": date_format(month, "YEAR_MONTH_FORMAT")}
        )
    return "\r\n".join(lines) + "\r\n"
