"""Orders of the two shops: what is ordered, and which way an order goes, drawn from a chance. No Django here.

Whoever plays a shop draws from it: the story for the past, the shops' own system for what happens while the
demo runs.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")
RENTAL, RECYCLING, TAKEAWAY = "online_rental", "recycling", "takeaway"
SCENES = {"yunduo": (RENTAL, RECYCLING), "qingcha": (TAKEAWAY,)}
PREFIX = {"yunduo": "YD", "qingcha": "QC"}
RECYCLED = 0.1  # share of the rental shop's orders
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
AT_NIGHT = 4 * HOUR  # what takes longer does not happen at night
# What the shop's system fills in when it happens.
NOW_FIELDS = ("delivery_time", "receiving_time")


@dataclass(frozen=True)
class Stage:
    """One status: `after` the order was placed, with the fields that are new then."""

    status: str
    after: timedelta
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawn:
    """Amounts in fen; `paid_at`: the status with which it is paid."""

    number: str
    scene: str
    page: str
    items: Sequence[Mapping[str, Any]]
    shop: Mapping[str, str]
    stages: Sequence[Stage]
    fields: Mapping[str, str] = field(default_factory=dict)
    amount_fen: int | None = None
    discount_fen: int = 0
    paid_at: str = ""


@dataclass(frozen=True)
class Rented:
    name: str
    days: int
    rent_fen: int
    deposit: str


_PHONE, _LAPTOP = Rented("iPhone 17 256G", 30, 29_900, "5999"), Rented("MacBook Air 13", 30, 35_900, "7999")
_CAMERA, _POCKET = Rented("索尼 A7M4 套机", 7, 69_900, "14999"), Rented("大疆 Pocket 3", 3, 12_900, "3499")
RENTED = (
    *(_PHONE, _PHONE, _LAPTOP, _CAMERA, _CAMERA, _POCKET, _POCKET, _POCKET),
    Rented("任天堂 Switch 2", 14, 16_900, "3499"),
    Rented("iPad Pro 11", 14, 25_900, "8999"),
)
RECYCLED_PHONES = ("iPhone 14 128G", "iPhone 13 Pro 256G", "华为 Mate 60", "小米 14")
DRINKS = (
    *(("杨枝甘露", 2_200), ("龙井轻乳茶", 1_600), ("茉莉奶绿", 1_500), ("多肉葡萄", 2_100)),
    *(("桂花乌龙", 1_400), ("青柠茉莉", 1_300), ("芋泥波波", 1_900)),
)
SHOPS = {
    RENTAL: ({"name": "云朵租机·西湖文化广场店"}, {"name": "云朵租机·滨江店"}),
    RECYCLING: ({"name": "云朵租机·滨江店"},),
    TAKEAWAY: ({"name": "青茶·南山路店", "address": "杭州市上城区南山路 147 号"},),
}
_TO_THE_LEASE = "APPLYING APPROVAL WAIT_PAY TO_SEND_GOODS IN_DELIVERY IN_THE_LEASE"
# Ways with their weights.
WAYS: Mapping[str, Mapping[str, int]] = {
    RENTAL: {
        f"{_TO_THE_LEASE} RENT_DUE FINISHED": 30,
        f"{_TO_THE_LEASE} RENT_DUE IN_THE_BACK FINISHED": 18,
        f"{_TO_THE_LEASE} RENT_DUE RETURN_OVERDUE IN_THE_BACK FINISHED": 10,
        f"{_TO_THE_LEASE} OVERDUE FINISHED": 10,
        f"{_TO_THE_LEASE} RENT_DUE RELET": 8,
        f"{_TO_THE_LEASE} RENT_DUE BUYOUT": 4,
        "APPLYING APPROVAL REJECT": 10,
        "APPLYING APPROVAL WAIT_PAY CLOSED": 10,
    },
    RECYCLING: {
        "create order_taken traveling signed reckon account finished": 8,
        "create order_taken traveling signed reckon send_back": 2,
        "create canceled": 2,
    },
    TAKEAWAY: {
        "ORDER_CREATED WAIT_ACCEPT MERCHANT_ACCEPTED DELIVERING DELIVERED": 26,
        "ORDER_CREATED WAIT_ACCEPT CANCELED": 2,
        "ORDER_CREATED WAIT_ACCEPT MERCHANT_ACCEPTED DELIVERING DELIVERED REFUNDING REFUNDED": 1,
    },
}
# Seconds after the status before; of a lease the days are counted, see _gap().
GAPS: Mapping[str, tuple[float, float]] = {
    "APPROVAL": (MINUTE, 6 * MINUTE),
    "WAIT_PAY": (8 * MINUTE, 90 * MINUTE),
    "TO_SEND_GOODS": (3 * MINUTE, 40 * MINUTE),
    "IN_DELIVERY": (5 * HOUR, 22 * HOUR),
    "IN_THE_LEASE": (20 * HOUR, 44 * HOUR),
    "RETURN_OVERDUE": (30 * HOUR, 44 * HOUR),
    "IN_THE_BACK": (10 * HOUR, 30 * HOUR),
    "FINISHED": (14 * HOUR, 40 * HOUR),
    "RELET": (4 * HOUR, 16 * HOUR),
    "BUYOUT": (4 * HOUR, 16 * HOUR),
    "REJECT": (10 * MINUTE, 90 * MINUTE),
    "CLOSED": (2 * HOUR, 3 * HOUR),
    "order_taken": (10 * MINUTE, 50 * MINUTE),
    "traveling": (6 * HOUR, 26 * HOUR),
    "signed": (20 * HOUR, 50 * HOUR),
    "reckon": (3 * HOUR, 9 * HOUR),
    "account": (1 * HOUR, 6 * HOUR),
    "finished": (MINUTE, 5 * MINUTE),
    "send_back": (2 * HOUR, 9 * HOUR),
    "canceled": (20 * MINUTE, 3 * HOUR),
    "WAIT_ACCEPT": (5, 30),
    "MERCHANT_ACCEPTED": (30, 4 * MINUTE),
    "DELIVERING": (8 * MINUTE, 19 * MINUTE),
    "DELIVERED": (14 * MINUTE, 36 * MINUTE),
    "CANCELED": (5 * MINUTE, 10 * MINUTE),
    "REFUNDING": (10 * MINUTE, 40 * MINUTE),
    "REFUNDED": (5 * MINUTE, 50 * MINUTE),
}


def draw(slug: str, serial: int, created_at: datetime, chance: random.Random) -> Drawn:
    """The whole life of one order; `serial` counts the shop's orders and makes the number unique."""
    scene = RECYCLING if slug == "yunduo" and chance.random() < RECYCLED else SCENES[slug][0]
    number = f"{PREFIX[slug]}{created_at.astimezone(BEIJING):%y%m%d}{serial:06d}"
    ways = WAYS[scene]
    way = chance.choices(list(ways), list(ways.values()))[0].split()
    page, shop = f"pages/order/detail?order_no={number}", chance.choice(SHOPS[scene])
    if scene == RENTAL:
        rented = chance.choice(RENTED)
        stages = _stages(way, created_at, chance, days=rented.days)
        items = [{"name": rented.name, "quantity": 1, "unit_price_fen": rented.rent_fen}]
        return Drawn(
            number, scene, page, items, shop,
            _with_dates(stages, created_at, rented, chance),
            {"total_rent": f"{rented.rent_fen / 100:.2f} 元", "lease": f"{rented.days} 天"},
            rented.rent_fen, chance.choice((0, 0, 2_000)), "TO_SEND_GOODS",
        )  # fmt: skip
    stages = _stages(way, created_at, chance)
    if scene == RECYCLING:
        items = [{"name": chance.choice(RECYCLED_PHONES), "quantity": 1, "unit_price_fen": None}]
        return Drawn(number, scene, page, items, shop, stages)
    cups = chance.sample(DRINKS, chance.choice((1, 2, 2, 3)))
    items = [{"name": name, "quantity": 1, "unit_price_fen": fen} for name, fen in cups]
    amount = sum(fen for _name, fen in cups)
    return Drawn(number, scene, page, items, shop, stages, {}, amount, 0, "WAIT_ACCEPT")


def _stages(way: Sequence[str], created_at: datetime, chance: random.Random, *, days: int = 0) -> list[Stage]:
    at, stages = created_at + timedelta(seconds=1), list[Stage]()
    for status in way:
        if stages:
            at = _awake(at, _gap(status, days, chance))
        stages.append(Stage(status, at - created_at))
    return stages


def _gap(status: str, days: int, chance: random.Random) -> float:
    if status == "RENT_DUE":
        return (days - 1) * DAY + chance.uniform(0, 3 * HOUR)
    if status == "OVERDUE":
        return max(1.0, days / 2) * DAY + chance.uniform(0, 3 * HOUR)
    return chance.uniform(*GAPS[status])


def _awake(at: datetime, seconds: float) -> datetime:
    """So long after, and in waking hours of Beijing where it takes long."""
    found = at + timedelta(seconds=round(seconds, 3))
    hour = found.astimezone(BEIJING).hour
    return found + timedelta(hours=9 - hour) if seconds > AT_NIGHT and hour < 9 else found


def _with_dates(
    stages: Sequence[Stage], created_at: datetime, rented: Rented, chance: random.Random
) -> list[Stage]:
    """Every field that a message of the rental takes, from the status on at which the shop knows it."""
    times = {stage.status: created_at + stage.after for stage in stages}
    begins = times.get("IN_THE_LEASE", created_at).astimezone(BEIJING).date()
    ends = begins + timedelta(days=rented.days - 1)
    courier = f"SF{chance.randrange(10**12, 10**13)}"
    known = {
        "TO_SEND_GOODS": {"thaw_deposit": f"{rented.deposit} 元"},
        "IN_DELIVERY": {"delivery_time": in_words(times.get("IN_DELIVERY")), "courier_number": courier},
        "IN_THE_LEASE": {
            "receiving_time": in_words(times.get("IN_THE_LEASE")),
            "rent_due_date": f"{ends:%Y-%m-%d}",
            "lease_period": f"{begins:%Y-%m-%d} 至 {ends:%Y-%m-%d}",
            "give_back_date": f"{ends + timedelta(days=1):%Y-%m-%d}",
        },
        "OVERDUE": {"overdue_amount": f"{rented.rent_fen / 200:.2f} 元"},
        "RELET": {"real_date": f"{ends + timedelta(days=rented.days):%Y-%m-%d}"},
        "BUYOUT": {"buy_amount": f"{int(rented.deposit) * 0.7:.2f} 元"},
    }
    return [Stage(stage.status, stage.after, known.get(stage.status, {})) for stage in stages]


def in_words(moment: datetime | None) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}" if moment else ""
