"""Online rental, as the platform publishes it; moves it does not publish go forward in the table's order."""

from __future__ import annotations

from functools import partial

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.scene_shapes import Node, Scene

_LEASED = (
    "thaw_deposit",
    "delivery_time",
    "receiving_time",
    "rent_due_date",
    "courier_number",
    "lease_period",
    "give_back_date",
)
_SENT = ("thaw_deposit", "delivery_time", "courier_number")

_quiet = partial(Node, certainty="official")
_told = partial(Node, notifies=True, certainty="official")
_pushed = partial(Node, notifies=True, pushes=True, certainty="official")


def _moves(codes: str) -> frozenset[str]:
    return frozenset(codes.split())


_BEFORE_THE_LEASE = (
    _quiet("APPLYING", pgettext_lazy("order status", "Applying")),
    _told(
        "APPROVAL",
        pgettext_lazy("order status", "In approval"),
        sentence=_("Your rental application is being reviewed. The result comes here."),
    ),
    _pushed(
        "REJECT",
        pgettext_lazy("order status", "Not approved"),
        sentence=_("Your rental application was not approved. Open the order to see why."),
    ),
    _told(
        "WAIT_PAY",
        pgettext_lazy("order status", "Waiting for payment"),
        sentence=_("Your rental order waits for payment: {total_rent} for {lease}."),
    ),
    _quiet(
        "PENDING",
        pgettext_lazy("order status", "Waiting for the merchant"),
        moves=_moves("APPROVAL TO_SEND_GOODS WAIT_PAY REJECT CLOSED APPLYING PENDING"),
    ),
    _quiet(
        "DEPOSIT_WAIVER",
        pgettext_lazy("order status", "Waiting for the deposit waiver"),
        moves=_moves("CLOSED APPROVAL TO_SEND_GOODS PENDING REJECT DEPOSIT_WAIVER"),
    ),
    _quiet(
        "TO_SEND_GOODS",
        pgettext_lazy("order status", "To be shipped"),
        fields=("thaw_deposit",),
        moves=_moves(
            "IN_DELIVERY CLOSED IN_THE_LEASE OVERDUE IN_THE_BACK EXERCISED RENT_DUE RELET IN_THE_BUYOUT"
            " TO_BE_PAID RETURN_OVERDUE FINISHED BUYOUT"
        ),
    ),
    _pushed(
        "IN_DELIVERY",
        pgettext_lazy("order status", "Shipped"),
        fields=_SENT,
        sentence=_("Your rental was shipped on {delivery_time}, tracking number {courier_number}."),
    ),
    _quiet("ON_TRIAL", pgettext_lazy("order status", "On trial")),
)
_THE_LEASE = (
    _pushed(
        "IN_THE_LEASE",
        pgettext_lazy("order status", "In the lease"),
        fields=_LEASED,
        sentence=_("Your lease has begun. It ends on {rent_due_date}."),
    ),
    _pushed(
        "RENT_DUE",
        pgettext_lazy("order status", "Lease due"),
        fields=_LEASED,
        sentence=_("Your lease ends on {rent_due_date}. Return the item by {give_back_date}, or extend."),
        moves=_moves("IN_THE_BACK RELET RETURN_OVERDUE FINISHED TO_BE_PAID IN_THE_BUYOUT BUYOUT"),
    ),
    _pushed(
        "OVERDUE",
        pgettext_lazy("order status", "Overdue"),
        fields=(*_LEASED, "overdue_amount"),
        sentence=_("Your rent is overdue: {overdue_amount}. Open the order to pay it."),
    ),
    _pushed(
        "RETURN_OVERDUE",
        pgettext_lazy("order status", "Return overdue"),
        fields=_LEASED,
        sentence=_("The item was to be returned by {give_back_date}. Return it, or extend the lease."),
    ),
    _told(
        "RELET",
        pgettext_lazy("order status", "Lease extended"),
        fields=(*_LEASED, "real_date"),
        sentence=_("Your lease was extended to {real_date}."),
    ),
)
_AFTER_THE_LEASE = (
    _quiet(
        "IN_THE_BACK",
        pgettext_lazy("order status", "On its way back"),
        fields=_LEASED,
        moves=_moves("FINISHED BUYOUT TO_BE_PAID"),
    ),
    _pushed(
        "TO_BE_PAID",
        pgettext_lazy("order status", "Damage to be paid"),
        fields=(*_LEASED, "payment_amount"),
        sentence=_("For the returned item {payment_amount} is to be paid. Open the order to see why."),
    ),
    _pushed(
        "IN_THE_BUYOUT",
        pgettext_lazy("order status", "Being bought out"),
        fields=(*_LEASED, "buy_amount"),
        sentence=_("Buying the item costs {buy_amount}. Open the order to finish."),
    ),
    _told(
        "BUYOUT",
        pgettext_lazy("order status", "Bought out"),
        fields=(*_LEASED, "buy_amount"),
        sentence=_("The item is yours, bought for {buy_amount}."),
    ),
    _pushed(
        "EXERCISED",
        pgettext_lazy("order status", "Fulfilled"),
        fields=_LEASED,
        sentence=_("Your rental order is fulfilled. Open it for the deposit and the bill."),
    ),
    _quiet("END_OF_LEASE", pgettext_lazy("order status", "Lease ended")),
    _pushed(
        "FINISHED",
        pgettext_lazy("order status", "Returned"),
        fields=_LEASED,
        sentence=_("The item has been returned. Open the order for the deposit and the bill."),
        moves=_moves("FINISHED"),
    ),
    _quiet("CLOSED", pgettext_lazy("order status", "Closed"), moves=_moves("CLOSED")),
)

ONLINE_RENTAL = Scene(
    code="online_rental",
    name=pgettext_lazy("order scene", "Online rental"),
    biz_type="3C_RENT",
    biz_type_is_known=True,
    category_id="C100845427",
    nodes=(*_BEFORE_THE_LEASE, *_THE_LEASE, *_AFTER_THE_LEASE),
    common_fields=("total_rent", "lease"),
    certainty="official",
    fixed_fields=("thaw_deposit",),
    industries=("rental",),
)
