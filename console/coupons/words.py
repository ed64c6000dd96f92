"""A coupon in the customer's words: its face, its condition, when it can be claimed and used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from coupons.models import Coupon
from coupons.models.coupon import CodeMode, CouponState, Family, Kind, Period, Rounding, Scope, Validity
from coupons.settling import NOT_DONE, NOT_REACHED
from coupons.terms import BEIJING
from merchants import refusals

SENTENCES: Mapping[str, str | Promise] = {
    "draft": gettext_lazy("Nobody can see it yet. Hand it to the platform when everything is right."),
    "creating": gettext_lazy(
        "The coupon is being created; the platform has yet to confirm, usually within a minute. Carry on."
    ),
    "created": gettext_lazy("The platform has it. Nobody can claim it before it is published."),
    "publishing": gettext_lazy("It is being published; the platform has yet to confirm."),
    "published": gettext_lazy("Customers can claim it."),
    "modifying": gettext_lazy("Its time of claiming is being extended; until then the earlier one holds."),
    "appending": gettext_lazy("Stock is being added; until the platform confirms the earlier one holds."),
    "stopping": gettext_lazy("It is being stopped; for some minutes it may still be claimed."),
    "stopped": gettext_lazy("Nobody can claim it any more. What was claimed stays usable until it expires."),
    "ended": gettext_lazy("Its time of claiming is over. What was claimed stays usable until it expires."),
    "rejected": gettext_lazy(
        "The platform's review said no. Take it back, change it, and hand it over again."
    ),
}
WEEKDAYS: tuple[str | Promise, ...] = (
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
)


@dataclass(frozen=True)
class Ticket:
    """`face` with its `unit` stands large; `rules` are whole sentences, the first the most important."""

    face: str
    unit: str
    condition: str
    name: str
    brand: str
    validity: str
    family: str
    rules: tuple[str, ...]


def yuan(fen: int | None) -> str:
    """Without cents where there are none: 500 is 5, 550 is 5.50."""
    if fen is None:
        return "--"
    return f"{fen // 100:,}" if fen % 100 == 0 else f"{fen / 100:,.2f}"


def refusal(sub_code: str) -> refusals.Sentence:
    """The platform's reason, or that it was never asked."""
    if sub_code == NOT_REACHED:
        return refusals.Sentence(
            gettext_lazy("The platform was not reached"),
            gettext_lazy(
                "It certainly did nothing. Check the connection and the mini program's keys, then retry."
            ),
        )
    if sub_code == NOT_DONE:
        return refusals.Sentence(
            gettext_lazy("The platform took it up and did not make it"),
            gettext_lazy(
                "It is as it was before. Ask for it again; what is asked for is the same, so never twice."
            ),
        )
    return refusals.sentence(sub_code)


def sentence(coupon: Coupon) -> str:
    if coupon.code_mode == CodeMode.UPLOAD and coupon.state == CouponState.PUBLISHED and not coupon.stock:
        return _("The platform has it. Nobody can claim it until its codes are uploaded and deposited.")
    return str(SENTENCES[coupon.state])


def ticket(coupon: Coupon, stores: tuple[str, ...] = ()) -> Ticket:
    """Of a draft too, with whatever it says so far."""
    face, unit = _face(coupon)
    return Ticket(
        face=face,
        unit=unit,
        condition=condition(coupon),
        name=coupon.name or _("Name of the coupon"),
        brand=coupon.brand_name or _("Merchant offer"),
        validity=validity(coupon),
        family=str(Family(coupon.family).label),
        rules=tuple(_rules(coupon, stores)),
    )


def title(coupon: Coupon) -> str:
    """What it gives, in one phrase: ¥5 off from ¥10."""
    face, unit = _face(coupon)
    is_money = coupon.kind != Kind.DISCOUNT
    words = f"{unit}{face}" if is_money else f"{face} {unit}"
    return f"{words} · {condition(coupon)}"


def _face(coupon: Coupon) -> tuple[str, str]:
    if coupon.kind == Kind.DISCOUNT:
        tenths = coupon.discount_tenths
        if (get_language() or "").startswith("zh"):
            return (f"{tenths / 10:g}" if tenths else "--"), pgettext("discount", "off")
        return (f"{100 - tenths}%" if tenths else "--"), pgettext("discount", "off")
    amount = coupon.special_fen if coupon.kind == Kind.SPECIAL else coupon.amount_fen
    return yuan(amount), "¥"


def condition(coupon: Coupon) -> str:
    floor = yuan(coupon.floor_fen)
    if coupon.kind == Kind.SPECIAL:
        return _("instead of ¥%(price)s") % {"price": yuan(coupon.origin_fen)}
    if coupon.kind in (Kind.EXCHANGE, Kind.GROUP_BUY):
        return _("bought for ¥%(price)s") % {"price": yuan(coupon.sale_fen)}
    if coupon.floor_fen is None:
        return _("on any bill")
    return _("from ¥%(floor)s") % {"floor": floor}


def validity(coupon: Coupon) -> str:
    if coupon.validity == Validity.FIXED:
        span = {"start": _day(coupon.use_from), "end": _day(coupon.use_until)}
        return _("Usable %(start)s ～ %(end)s") % span
    days = coupon.valid_days or 0
    words = ngettext(
        "Usable for %(days)s day after claiming", "Usable for %(days)s days after claiming", days
    ) % {"days": f"{days:,}"}
    if coupon.wait_days:
        after = ngettext("from the next day on", "from %(days)s days later on", coupon.wait_days) % {
            "days": coupon.wait_days
        }
        return f"{words}{pgettext('between items of a list', ', ')}{after}"
    return words


def _day(at: datetime | None) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}" if at else "--"


def _rules(coupon: Coupon, stores: tuple[str, ...]) -> list[str]:
    said = [_claiming(coupon), _limit(coupon), *_use(coupon, stores)]
    if coupon.description:
        said.append(coupon.description)
    return [one for one in said if one]


def _claiming(coupon: Coupon) -> str:
    span = {"start": _day(coupon.publish_from), "end": _day(coupon.publish_until)}
    return _("Can be claimed %(start)s ～ %(end)s, as long as there are some.") % span


def _limit(coupon: Coupon) -> str:
    if coupon.per_person is None:
        return _("A person may claim as many as they like.")
    words = {
        Period.DAY: ngettext("%(n)s a person and day.", "%(n)s a person and day.", coupon.per_person),
        Period.WEEK: ngettext("%(n)s a person and week.", "%(n)s a person and week.", coupon.per_person),
        Period.MONTH: ngettext("%(n)s a person and month.", "%(n)s a person and month.", coupon.per_person),
        Period.LIFE: ngettext("%(n)s a person.", "%(n)s a person.", coupon.per_person),
    }
    return words[Period(coupon.per_person_period)] % {"n": f"{coupon.per_person:,}"}


def _use(coupon: Coupon, stores: tuple[str, ...]) -> list[str]:
    where = {
        Scope.ALL: _("Usable in the whole shop."),
        Scope.STORES: _("Usable in: %(stores)s.")
        % {"stores": pgettext("between items of a list", ", ").join(stores) or "--"},
        Scope.ITEMS: _("Usable for chosen items: %(items)s.")
        % {
            "items": pgettext("between items of a list", ", ").join(coupon.item_ids)
            or coupon.goods_name
            or "--"
        },
    }[Scope(coupon.scope)]
    said = [where]
    if coupon.kind == Kind.DISCOUNT and coupon.ceiling_fen:
        said.append(_("It takes off ¥%(most)s at most.") % {"most": yuan(coupon.ceiling_fen)})
    for each in coupon.use_hours:
        days = " ".join(str(WEEKDAYS[day - 1]) for day in each["weekdays"])
        said.append(
            _("Usable %(days)s, %(start)s–%(end)s.")
            % {"days": days, "start": each["from"], "end": each["until"]}
        )
    if coupon.validity == Validity.RELATIVE:
        said.append(
            _("The day of claiming is the first of the days.")
            if coupon.rounding == Rounding.FORWARD
            else _("The days are counted from the day after claiming.")
        )
    if coupon.max_uses > 1:
        said.append(_("It can be used %(n)s times.") % {"n": f"{coupon.max_uses:,}"})
    redeemed = (
        _("It comes off by itself when paying with Alipay.")
        if coupon.family == Family.PAY
        else _("It is used in the merchant's order before paying.")
    )
    return [*said, redeemed]


def is_under_way(coupon: Coupon) -> bool:
    return coupon.state in (
        *(CouponState.CREATING, CouponState.PUBLISHING, CouponState.MODIFYING),
        *(CouponState.APPENDING, CouponState.STOPPING),
    )
