"""What the coupons keep about one person, for the export the person may ask for."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from coupons.models import CouponAlert, CouponGrant, GrantEntry
from membership.models import Customer
from merchants.personal import Cell, Column, Part

GRANTS = (
    Column("coupon", _("Coupon")),
    Column("voucher", _("Id on the platform")),
    Column("code", _("Code")),
    Column("state", _("Status")),
    Column("way", _("How it came")),
    Column("claimed_at", _("Got it at")),
    Column("usable_from", _("Usable from")),
    Column("usable_until", _("Usable until")),
    Column("used_times", _("Times used")),
)
MOVEMENTS = (
    Column("voucher", _("Id on the platform")),
    Column("what", _("What happened")),
    Column("at", _("Time")),
    Column("uses", _("Uses moved")),
    Column("bill_fen", _("Bill in fen")),
    Column("saved_fen", _("Taken off in fen")),
    Column("number", pgettext_lazy("order centre", "Order")),
    Column("trade_number", _("Trade number")),
    Column("store", _("Store")),
)
ALERTS = (
    Column("what", _("What happened")),
    Column("on", _("Day")),
    Column("counted", _("Counted")),
    Column("most", _("Limit")),
    Column("state", _("Status")),
    Column("reason", _("Reason")),
    Column("kept_until", _("No coupons from us before")),
    Column("settled_at", _("Decided at")),
)


def export_of(customer: Customer) -> list[Part]:
    """Never more than this customer's own rows; one query a part."""
    return [
        Part("coupons", _("Coupons"), GRANTS, _grants(customer)),
        Part("coupon-ledger", _("What happened to each coupon"), MOVEMENTS, _movements(customer)),
        Part("coupon-alerts", _("Alerts about coupons"), ALERTS, _alerts(customer)),
    ]


def _grants(customer: Customer) -> Iterator[list[Cell]]:
    rows = CouponGrant.objects.filter(customer=customer).select_related("coupon").order_by("-id")
    for grant in rows.iterator():
        yield [
            *(grant.coupon.name, grant.voucher_id, grant.code, grant.state, grant.source),
            *(grant.claimed_at, grant.begins_at, grant.ends_at, grant.used_times),
        ]


def _movements(customer: Customer) -> Iterator[list[Cell]]:
    rows = GrantEntry.objects.filter(grant__customer=customer).select_related("grant", "store")
    for entry in rows.order_by("grant_id", "id").iterator():
        yield [
            *(entry.grant.voucher_id, entry.kind, entry.happened_at, entry.times),
            *(entry.order_fen, entry.saved_fen, entry.order_no, entry.trade_no),
            entry.store.name if entry.store else "",
        ]


def _alerts(customer: Customer) -> Iterator[list[Cell]]:
    for alert in CouponAlert.objects.filter(customer=customer).order_by("-id").iterator():
        yield [
            *(alert.kind, alert.day, alert.n, alert.most),
            *(alert.state, alert.reason, alert.kept_until, alert.settled_at),
        ]
