"""What a coupon promises: face, stock, limits and time, as an activity keeps them, and the rules they follow.

Amounts are fen, discounts tenths (65 is 6.5 折), times Unix seconds of the simulated clock.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulator.clock import BEIJING, DAY_SECONDS, beijing, beijing_day, monday_of

PAY, MERCHANT = "pay", "merchant"
FIX, DISCOUNT, SPECIAL, EXCHANGE = "FIX_VOUCHER", "DISCOUNT_VOUCHER", "SPECIAL_VOUCHER", "EXCHANGE_VOUCHER"
TYPES = {PAY: (FIX, DISCOUNT, SPECIAL), MERCHANT: (FIX, DISCOUNT, SPECIAL, EXCHANGE)}
DAY, WEEK, MONTH, LIFE_CYCLE = PERIODS = ("DAY", "WEEK", "MONTH", "LIFE_CYCLE")
ABSOLUTE, RELATIVE = "ABSOLUTE", "RELATIVE"
FORWARD, BACKWARD = "ROUND_FORWARD", ("ROUND_BACKWARD", "ROUND_BACKWARDS")
NO_CASH, RECHARGE = "NO_CASH", "RECHARGE"
UPLOAD, API = "MERCHANT_UPLOAD", "MERCHANT_API"
MAX_SPAN_SECONDS = 180 * DAY_SECONDS
MAX_PAY_QUANTITY, MAX_MERCHANT_QUANTITY = 99_999_999, 999_999
MAX_NAME_CHARS = 20
BRAND = "商家优惠"
_TIME = re.compile(r"2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


@dataclass(slots=True)
class Terms:
    """`face`: amounts by their published names. `per_user`, `uses_per_user`: the limit of each period that
    has one. `shops`, `goods_ids`: None for all. `code_mode`: nothing where the platform makes the codes."""

    name: str
    voucher_type: str
    face: dict[str, int]
    starts: float
    ends: float
    quantity: int
    per_user: dict[str, int]
    by_day: int
    period_type: str
    begins_at: float = 0
    ends_at: float = 0
    days: int = 0
    wait_days: int = 0
    rounding: str = ""
    uses_per_user: dict[str, int] = field(default_factory=dict)
    max_uses: int = 1
    budget_type: str = NO_CASH
    budget: int | None = None
    code_mode: str = ""
    send_mode: str = "DIRECT_SEND_MODE"
    shops: list[str] | None = None
    goods: str = ""
    goods_ids: list[str] | None = None
    exchange_kind: str = ""
    brand: str = BRAND
    description: str = ""
    image: str = ""
    phone: str = ""
    use_url: str = ""

    @property
    def worth(self) -> int | None:
        """What one coupon may cost its merchant, in fen; None where the type has no upper end."""
        if self.voucher_type == DISCOUNT:
            return self.face.get("ceiling_amount")
        if self.voucher_type == SPECIAL:
            origin = self.face.get("origin_amount")
            return None if origin is None else origin - self.face["special_amount"]
        return self.face["amount"]

    def validity(self, claimed_at: float) -> tuple[float, float]:
        """(first, last) second in which a coupon claimed then can be used.

        SIM: where no rounding is named a day is 24 hours from the claim; days to wait end at midnight when
        the last day is rounded, as it is then that days are counted.
        """
        if self.period_type == ABSOLUTE:
            return max(self.begins_at, claimed_at), self.ends_at
        if not self.rounding:
            first = claimed_at + self.wait_days * DAY_SECONDS
            return first, first + self.days * DAY_SECONDS
        today = _midnight(beijing_day(claimed_at))
        first = today + self.wait_days * DAY_SECONDS if self.wait_days else claimed_at
        whole = self.days if self.rounding == FORWARD else self.days + 1
        return first, today + (self.wait_days + whole) * DAY_SECONDS - 1

    def saving(self, fee: int) -> int | None:
        """Fen that the coupon takes off a bill of `fee`; None where the bill does not reach its floor."""
        if fee < self.face.get("floor_amount", 0):
            return None
        if self.voucher_type == DISCOUNT:
            off = fee * (100 - self.face["discount"]) // 100
            return min(off, self.face.get("ceiling_amount", off))
        if self.voucher_type == SPECIAL:
            origin = self.face.get("origin_amount", fee)
            return max(0, min(fee, origin) - self.face["special_amount"])
        return min(fee, self.face["amount"])


def limit_window(period: str, at: float) -> int:
    """Which day, week, month or life a moment belongs to, as a number that grows."""
    if period == LIFE_CYCLE:
        return 0
    if period == MONTH:
        day = beijing(at)
        return day.year * 12 + day.month
    return beijing_day(at) if period == DAY else monday_of(beijing_day(at))


def over_limit(limits: dict[str, int], moments: list[float], now: float) -> str | None:
    """The period whose limit is used up by these moments, or None."""
    for period, most in limits.items():
        window = limit_window(period, now)
        if sum(limit_window(period, at) == window for at in moments) >= most:
            return period
    return None


def publish_days(starts: float, ends: float) -> int:
    """Beijing days that the time of publishing touches."""
    return beijing_day(ends) - beijing_day(starts) + 1


def read_time(text: object) -> float | None:
    """Of "yyyy-MM-dd HH:mm:ss" in Beijing; None for anything else, and for years no calendar here needs."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp()
    except ValueError:
        return None


def time_text(at: float) -> str:
    return beijing(at).strftime("%Y-%m-%d %H:%M:%S")


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _midnight(day: int) -> float:
    start = datetime(1970, 1, 1, tzinfo=BEIJING) + timedelta(days=day)
    return start.timestamp()
