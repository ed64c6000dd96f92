"""A coupon beside the words of a send: what may be chosen, and its words for the fields of a template."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import translation
from django.utils.translation import gettext as _

from console.coupons import words
from coupons.models import Coupon
from coupons.models.coupon import Family
from coupons.terms import BEIJING
from gateway import wire
from merchants.models import MiniProgram

SHOWN = 100
CUSTOMERS = "zh-hans"
# Parts of keywords as the platform's library writes them, and what of a coupon belongs there.
NAME = ("券名", "优惠券", "卡券", "权益名称", "活动名称", "奖品", "商品名称")
FACE = ("优惠", "金额", "面额", "折扣", "福利", "权益", "内容")
UNTIL = ("有效", "到期", "截止", "期限", "过期", "时间", "日期")


def offered(mini_program: MiniProgram) -> dict[str, Coupon]:
    """Live ones that messages may carry, newest first, by id."""
    rows = Coupon.objects.for_merchant(mini_program.merchant).filter(
        mini_program=mini_program, state="published"
    )
    if not mini_program.merchant.has_developers:
        rows = rows.filter(family=Family.PAY)
    return {str(one.pk): one for one in rows.select_related("merchant").order_by("-pk")[:SHOWN]}


def label_of(coupon: Coupon) -> str:
    until = f"{coupon.publish_until.astimezone(BEIJING):%m-%d %H:%M}"
    named = {"name": coupon.name, "title": words.title(coupon), "until": until}
    return _("%(name)s · %(title)s · claimable until %(until)s") % named


def filled(keywords: Sequence[str], values: Sequence[str], coupon: Coupon) -> list[str]:
    """Empty fields whose keyword asks for something of a coupon get its words; what was written stays."""
    return [value or said_of(coupon, keyword) for keyword, value in zip(keywords, values, strict=True)]


def said_of(coupon: Coupon, keyword: str) -> str:
    """In the customers' language, at most as long as the platform takes; empty where nothing fits."""
    with translation.override(CUSTOMERS):
        if any(part in keyword for part in UNTIL):
            said = words.validity(coupon)
        elif any(part in keyword for part in NAME):
            said = coupon.name
        elif any(part in keyword for part in FACE):
            said = words.title(coupon)
        else:
            said = ""
    return said[: wire.KEYWORD_VALUE_MAX_CHARACTERS]
