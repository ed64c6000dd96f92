"""Every scene but the online rental. Fields of their messages are not published, so none is asked for."""

from __future__ import annotations

from functools import partial

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.scene_shapes import Node, Scene

_told = partial(Node, notifies=True)
_official = partial(Node, certainty="official")
_official_told = partial(Node, notifies=True, certainty="official")
_pushed = partial(Node, notifies=True, pushes=True)


def _moves(codes: str) -> frozenset[str]:
    return frozenset(codes.split())


RECYCLING = Scene(
    code="recycling",
    name=pgettext_lazy("order scene", "Recycling at the door"),
    biz_type="RECYCLE",
    certainty="official",
    industries=("rental", "retail"),
    nodes=(
        _official_told(
            "create",
            pgettext_lazy("order status", "Ordered"),
            sentence=_("Your pick-up is booked. You hear from us once it is taken."),
        ),
        _official("to_send", pgettext_lazy("order status", "Being assigned")),
        _official_told(
            "order_taken",
            pgettext_lazy("order status", "Taken"),
            sentence=_("Your pick-up was taken. Open the order to see who comes and when."),
        ),
        _official("come_to_door", pgettext_lazy("order status", "Collector on the way")),
        _official_told(
            "traveling",
            pgettext_lazy("order status", "Item sent off"),
            sentence=_("Your item is on its way to the warehouse."),
        ),
        _official_told(
            "signed",
            pgettext_lazy("order status", "Arrived at the warehouse"),
            sentence=_("Your item has arrived at the warehouse and will be valued."),
        ),
        _official("valuation", pgettext_lazy("order status", "Being valued")),
        _official_told(
            "reckon",
            pgettext_lazy("order status", "Valued"),
            sentence=_("Your item has been valued. Open the order to see the offer."),
        ),
        _official_told(
            "end_recycle",
            pgettext_lazy("order status", "Recycling ended"),
            sentence=_("The recycling of your item has ended. Open the order to see why."),
        ),
        _official_told(
            "send_back",
            pgettext_lazy("order status", "Sent back"),
            sentence=_("Your item is being sent back to you."),
        ),
        _official_told(
            "account",
            pgettext_lazy("order status", "Settled"),
            sentence=_("The recycling has been settled. Open the order to see the amount."),
        ),
        _official("taked_goods", pgettext_lazy("order status", "Item received")),
        _official_told(
            "finished",
            pgettext_lazy("order status", "Completed"),
            sentence=_("Your recycling order is complete."),
        ),
        _official_told(
            "canceled",
            pgettext_lazy("order status", "Cancelled"),
            sentence=_("Your recycling order was cancelled."),
        ),
    ),
)

RESERVATION = Scene(
    code="reservation",
    name=pgettext_lazy("order scene", "Appointment"),
    biz_type="RESERVATION",
    certainty="official",
    industries=("general", "tea"),
    nodes=(
        _official(
            "pending",
            pgettext_lazy("order status", "Waiting for the merchant"),
            moves=_moves("delivered paid pending arrival_time closed order_change overdue wait_pay"),
        ),
        _official_told(
            "book_successfully",
            pgettext_lazy("order status", "Booked"),
            sentence=_("Your appointment is booked. Open it for time and place."),
            moves=_moves(
                "delivered paid pending arrival_time closed book_successfully order_change wait_pay"
            ),
        ),
        _official_told(
            "order_change",
            pgettext_lazy("order status", "Changed"),
            sentence=_("Your appointment has changed. Open it for the new time."),
        ),
        _official_told(
            "arrival_time",
            pgettext_lazy("order status", "Coming up"),
            sentence=_("Your appointment is coming up. Open it for time and place."),
        ),
        _official(
            "delivered",
            pgettext_lazy("order status", "Arrived at the shop"),
            moves=_moves("delivered paid wait_pay"),
        ),
        _official_told(
            "wait_pay",
            pgettext_lazy("order status", "Waiting for payment"),
            sentence=_("Your appointment waits for payment."),
        ),
        _official("paid", pgettext_lazy("order status", "Paid")),
        _official_told(
            "overdue",
            pgettext_lazy("order status", "Expired"),
            sentence=_("Your appointment has passed. Book again to choose another time."),
        ),
        _official_told(
            "closed",
            pgettext_lazy("order status", "Appointment cancelled"),
            sentence=_("Your appointment was cancelled."),
            moves=_moves("closed"),
        ),
    ),
)

TAKEAWAY = Scene(
    code="takeaway",
    name=pgettext_lazy("order scene", "Takeaway"),
    biz_type="TAKE_OUT",
    industries=("tea",),
    nodes=(
        Node("ORDER_CREATED", pgettext_lazy("order status", "Ordered")),
        Node("WAIT_ACCEPT", pgettext_lazy("order status", "Waiting to be accepted")),
        _pushed(
            "MERCHANT_ACCEPTED",
            pgettext_lazy("order status", "Accepted by the shop"),
            sentence=_("The shop has accepted your order and is preparing it."),
        ),
        _pushed(
            "DELIVERING",
            pgettext_lazy("order status", "Out for delivery"),
            sentence=_("Your order is on its way to you."),
        ),
        _pushed(
            "DELIVERED",
            pgettext_lazy("order status", "Delivered"),
            sentence=_("Your order has been delivered."),
        ),
        Node("REFUNDING", pgettext_lazy("order status", "Being refunded")),
        _told(
            "CANCELED",
            pgettext_lazy("order status", "Cancelled"),
            sentence=_("Your order was cancelled."),
        ),
        _told(
            "REFUNDED",
            pgettext_lazy("order status", "Refunded"),
            sentence=_("Your order was refunded. Open it to see the amount."),
        ),
    ),
)

SELF_PICKUP = Scene(
    code="self_pickup",
    name=pgettext_lazy("order scene", "Eat in or pick up"),
    biz_type="SELF_PICKUP",
    industries=("tea",),
    nodes=(
        _told(
            "MERCHANT_ACCEPTED",
            pgettext_lazy("order status", "Accepted by the shop"),
            sentence=_("The shop has accepted your order and is preparing it."),
        ),
        _told(
            "READY_TO_PICKUP",
            pgettext_lazy("order status", "Ready to pick up"),
            sentence=_("Your order is ready. Open it for the pick-up number."),
        ),
        Node("CALLING", pgettext_lazy("order status", "Being called")),
    ),
)

HOME_DELIVERY = Scene(
    code="home_delivery",
    name=pgettext_lazy("order scene", "Home delivery of goods"),
    biz_type="FMCG_HOME",
    industries=("retail",),
    nodes=(
        Node("DELIVERING", pgettext_lazy("order status", "Out for delivery")),
        _told(
            "DELIVERED",
            pgettext_lazy("order status", "Delivered"),
            sentence=_("Your order has been delivered. Take it in when you can."),
        ),
    ),
)

RETAIL_MALL = Scene(
    code="retail_mall",
    name=pgettext_lazy("order scene", "Retail mall"),
    biz_type="KX_SHOPPING",
    industries=("retail", "general"),
    nodes=(
        Node("WAIT_SHIP", pgettext_lazy("order status", "To be shipped")),
        _told(
            "SHIPPED",
            pgettext_lazy("order status", "Shipped"),
            sentence=_("Your order has been shipped. Open it to follow the parcel."),
        ),
        Node("SIGNED", pgettext_lazy("order status", "Signed for")),
    ),
)

HOTEL = Scene(
    code="hotel",
    name=pgettext_lazy("order scene", "Hotel"),
    biz_type="HOTEL_BOOKING",
    nodes=(
        Node("PENDING", pgettext_lazy("order status", "Waiting for confirmation")),
        _told(
            "BOOKED",
            pgettext_lazy("order status", "Booked"),
            sentence=_("Your room is booked. Open the order for the dates and the address."),
        ),
        Node("CHECKED_IN", pgettext_lazy("order status", "Checked in")),
    ),
)

ATTRACTION_TICKETS = Scene(
    code="attraction_tickets",
    name=pgettext_lazy("order scene", "Attraction tickets"),
    biz_type="SCENIC_TICKET",
    nodes=(
        _told(
            "ISSUED",
            pgettext_lazy("order status", "Ticket issued"),
            sentence=_("Your ticket has been issued. Open the order to show it at the gate."),
        ),
        _told(
            "ISSUE_FAILED",
            pgettext_lazy("order status", "Ticket not issued"),
            sentence=_("Your ticket could not be issued. Open the order to see what happens next."),
        ),
        Node("VERIFIED", pgettext_lazy("order status", "Ticket checked")),
    ),
)

SHARED_LAUNDRY = Scene(
    code="shared_laundry",
    name=pgettext_lazy("order scene", "Shared laundry"),
    biz_type="SHARED_LAUNDRY",
    industries=("rental",),
    nodes=(
        Node("WASHING", pgettext_lazy("order status", "Washing")),
        _told(
            "WASHED",
            pgettext_lazy("order status", "Washed"),
            sentence=_("Your laundry is done and can be taken out."),
        ),
    ),
)

# Whether its statuses notify is not published; the first code and the biz type are.
QR_FOOD_ORDER = Scene(
    code="qr_food_order",
    name=pgettext_lazy("order scene", "Order at the table by code"),
    biz_type="qr_food_order",
    biz_type_is_known=True,
    industries=("tea",),
    nodes=(
        _official("MERCHANT_PAID", pgettext_lazy("order status", "Paid")),
        Node("MERCHANT_CONFIRMED", pgettext_lazy("order status", "Accepted by the shop")),
        Node("MERCHANT_DELIVERD", pgettext_lazy("order status", "Being served")),
        Node("MERCHANT_FINISHED", pgettext_lazy("order status", "Completed")),
    ),
)

TABLES = (
    RECYCLING,
    RESERVATION,
    TAKEAWAY,
    SELF_PICKUP,
    HOME_DELIVERY,
    RETAIL_MALL,
    HOTEL,
    ATTRACTION_TICKETS,
    SHARED_LAUNDRY,
    QR_FOOD_ORDER,
)
