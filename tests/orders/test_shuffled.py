"""Shuffled, repeated and refused statuses: what the platform took rises in time, and nothing is lost."""

import json
import random
from collections import Counter, defaultdict
from typing import Any

from orders import syncing
from orders.models import Order, StatusChange
from tests.gateway.platform import Behaviour, Platform, hang_up
from tests.orders.sync_base import REPEATED, TAKEN, SyncCase, refused, told

ORDERS, CHANGES = 9, 6
WORDS = "缺少必填属性 ext_info.business_info.receiving_time"


class MoodyPlatform:
    """Takes, refuses, tells nobody, loses answers; a second time of an order is a repetition."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.taken: dict[str, list[str]] = defaultdict(list)

    def __call__(self, platform: Platform, connection: Any, fields: dict[str, str]) -> None:
        body = json.loads(fields["biz_content"])
        self.answer(body)(platform, connection, fields)

    def answer(self, body: dict[str, Any]) -> Behaviour:
        number, modified = body["out_biz_no"], body["order_modified_time"]
        if modified in self.taken[number]:
            return refused(*REPEATED)
        mood = self.chance.choice(["take", "take", "take", "silent", "refuse", "lose", "lose_taken"])
        if mood == "refuse":
            return refused("40004", "INVALID_PARAMETER", "订单状态乱序")
        if mood == "lose":
            return hang_up
        self.taken[number].append(modified)
        return {"take": TAKEN, "silent": told(WORDS), "lose_taken": hang_up}[mood]


class Shuffled(SyncCase):
    def test_what_was_taken_rises_in_time_and_every_change_ends_in_one_state(self) -> None:
        self.play(random.Random(7))

    def play(self, chance: random.Random) -> None:
        person = self.person()
        orders = [self.order(customer=person) for _number in range(ORDERS)]
        left = [(order, second) for order in orders for second in range(CHANGES)]
        chance.shuffle(left)
        moody = MoodyPlatform(chance)
        with self.platform(moody):
            while left:
                for order, second in [left.pop() for _number in range(min(len(left), chance.randint(1, 30)))]:
                    self.change(order, chance.choice(["APPROVAL", "IN_DELIVERY", "OVERDUE"]), at=second)
                if chance.random() < 0.7:
                    syncing.sync_due()
                    self.send()
            for _round in range(30):
                syncing.sync_due()
                self.send()
        self.judge(orders, moody.taken)

    def judge(self, orders: list[Order], taken: dict[str, list[str]]) -> None:
        numbers = [order.out_biz_no for order in orders]
        rises = {number: sorted(set(taken[number])) for number in numbers}
        self.assertEqual({number: taken[number] for number in numbers}, rises)
        of_these = StatusChange.objects.filter(order__in=orders)
        states = Counter(of_these.values_list("state", flat=True))
        ends = sum(states[state] for state in ("synced", "not_notified", "superseded", "dead", "unknown"))
        self.assertEqual(ends, ORDERS * CHANGES, states)
        self.assertEqual(states["synced"] + states["not_notified"], sum(map(len, taken.values())))
        self.assertTrue(
            all(states[state] for state in ("synced", "not_notified", "superseded", "dead")), states
        )
        for order in Order.objects.filter(pk__in=[order.pk for order in orders]):
            last = of_these.filter(order=order, state__in=["synced", "not_notified"]).latest("modified_at")
            self.assertEqual((order.synced_at, order.synced_status), (last.modified_at, last.status))
