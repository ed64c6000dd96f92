"""Human names of the fields of business_info."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import pgettext_lazy

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


def field_name(key: str) -> str:
    """The field's name for people; the key itself where we have none."""
    return str(FIELD_NAMES.get(key, key))
