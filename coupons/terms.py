"""What a coupon promises: how long it can be used, what it takes off a bill, and how often a person gets one.

Fen and Beijing time throughout. Sources: domain D.2, D.3, D.4.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from coupons.models import Coupon
from coupons.models.coupon import Kind, Period, Rounding, Validity

BEIJING = ZoneInfo("Asia/Shanghai")
LAST_SECOND = time(23, 59, 59)


def validity(coupon: Coupon, claimed_at: datetime) -> tuple[datetime, datetime]:
    """The first and the last second of use of one claimed then.

    Relative: with `forward` the day on which it becomes usable is the first of the days, with `backward` it
    is not counted (D3.3). Days to wait end at midnight, since that is when days begin.
    """
    if coupon.validity == Validity.FIXED:
        if coupon.use_from is None or coupon.use_until is None:
            raise ValueError(f"coupon {coupon.pk} has fixed dates and names none")
        return max(coupon.use_from, claimed_at), coupon.use_until
    today = claimed_at.astimezone(BEIJING).date()
    first_day = today + timedelta(days=coupon.wait_days)
    begins = claimed_at if not coupon.wait_days else datetime.combine(first_day, time(0), tzinfo=BEIJING)
    days = (coupon.valid_days or 0) - (coupon.rounding == Rounding.FORWARD)
    return begins, datetime.combine(first_day + timedelta(days=days), LAST_SECOND, tzinfo=BEIJING)


def worth_fen(coupon: Coupon) -> int | None:
    """What one use may cost the merchant at most; None where a discount has no ceiling."""
    if coupon.kind == Kind.DISCOUNT:
        return coupon.ceiling_fen
    if coupon.kind == Kind.SPECIAL:
        return (coupon.origin_fen or 0) - (coupon.special_fen or 0)
    return coupon.amount_fen


def saving_fen(coupon: Coupon, bill_fen: int) -> int | None:
    """What it takes off a bill; None where the bill does not reach its threshold."""
    if bill_fen < (coupon.floor_fen or 0):
        return None
    if coupon.kind == Kind.DISCOUNT:
        off = bill_fen * (100 - (coupon.discount_tenths or 100)) // 100
        return off if coupon.ceiling_fen is None else min(off, coupon.ceiling_fen)
    if coupon.kind == Kind.SPECIAL:
        return max(0, min(bill_fen, coupon.origin_fen or bill_fen) - (coupon.special_fen or 0))
    return min(bill_fen, coupon.amount_fen or 0)


def is_in_use_hours(coupon: Coupon, at: datetime) -> bool:
    """`use_hours`: any of them is enough; an end that is not later than the start lies on the next day."""
    if not coupon.use_hours:
        return True
    wall = at.astimezone(BEIJING)
    now = f"{wall:%H:%M}"
    today, yesterday = wall.isoweekday(), (wall - timedelta(days=1)).isoweekday()
    for each in coupon.use_hours:
        start, end, days = each["from"], each["until"], each["weekdays"]
        if start < end:
            if today in days and start <= now < end:
                return True
        elif (today in days and now >= start) or (yesterday in days and now < end):
            return True
    return False


def window_of(period: str, at: datetime) -> str:
    """Which day, Monday week, month or life of the coupon a moment belongs to."""
    day = at.astimezone(BEIJING).date()
    if period == Period.DAY:
        return f"D{day:%Y%m%d}"
    if period == Period.WEEK:
        return f"W{day - timedelta(days=day.weekday()):%Y%m%d}"
    return f"M{day:%Y%m}" if period == Period.MONTH else "L"


def beijing_day(at: datetime) -> date:
    return at.astimezone(BEIJING).date()
