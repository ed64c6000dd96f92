"""Fields of business_info: their names for people, and what may stand in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from django.utils.translation import pgettext_lazy

from gateway import wire

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

FIELD_NAMES: Mapping[str, _StrPromise] = {
    "total_rent": pgettext_lazy("order field", "Total rent"),
    "lease": pgettext_lazy("order field", "Lease"),
    "thaw_deposit": pgettext_lazy("order field", "Deposit waived"),
    "delivery_time": pgettext_lazy("order field", "Shipping time"),
    "receiving_time": pgettext_lazy("order field", "Receiving time"),
    "rent_due_date": pgettext_lazy("order field", "Lease end"),
    "courier_number": pgettext_lazy("order field", "Tracking number"),
    "lease_period": pgettext_lazy("order field", "Lease period"),
    "give_back_date": pgettext_lazy("order field", "Return by"),
    "overdue_amount": pgettext_lazy("order field", "Overdue amount"),
    "real_date": pgettext_lazy("order field", "Extended to"),
    "payment_amount": pgettext_lazy("order field", "Amount to be paid"),
    "buy_amount": pgettext_lazy("order field", "Buyout amount"),
    "fast_examine_url": pgettext_lazy("order field", "Page for a quick review"),
    "cash_pledge": pgettext_lazy("order field", "Deposit"),
    "first_rent": pgettext_lazy("order field", "First rent"),
    "rebate_pid": pgettext_lazy("order field", "Account that gets the rebate"),
}

Kind = Literal["moment", "day", "amount", "text"]
# Everything else is text. The platform takes texts only; these are the forms its messages read well in.
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("delivery_time", "receiving_time"), "moment"),
    **dict.fromkeys(("rent_due_date", "give_back_date", "real_date"), "day"),
    **dict.fromkeys(("total_rent", "thaw_deposit", "overdue_amount", "payment_amount"), "amount"),
    **dict.fromkeys(("buy_amount", "cash_pledge", "first_rent"), "amount"),
}
_WRONG: Mapping[str, _StrPromise] = {
    "moment": pgettext_lazy("order field", "Give day and time as 2026-03-01 09:30:00."),
    "day": pgettext_lazy("order field", "Give the day as 2026-03-01."),
    "amount": pgettext_lazy("order field", "Give an amount in yuan such as 12.30."),
}


def field_name(key: str) -> str:
    """The field's name for people; the key itself where we have none."""
    return str(FIELD_NAMES.get(key, key))


def field_kind(key: str) -> Kind:
    return KINDS.get(key, "text")


def written(key: str, text: str) -> str:
    """As the platform is given it: 2026-03-02 10:20:00, 1280.00. Raises ValueError with a sentence."""
    kind, text = field_kind(key), text.strip()
    try:
        if kind == "moment":
            return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"
        if kind == "day":
            return f"{date.fromisoformat(text[:10]):%Y-%m-%d}"
        if kind == "amount":
            fen = wire.fen_from_yuan(text)
            if fen < 0:
                raise ValueError(text)
            return wire.yuan_from_fen(fen)
    except ValueError:
        raise ValueError(str(_WRONG[kind])) from None
    return text
