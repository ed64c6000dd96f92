"""Orders before a platform on loopback that takes them as it is told to and keeps what it was asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from django.test import override_settings

from gateway import loop
from membership.models import Customer
from merchants import calls, rate
from merchants.models import GatewayCall
from orders import bodies, settling, syncing
from orders.models import Order, StatusChange
from orders.scenes import Node, Scene
from tests import build_messaging, build_orders
from tests.base import CastCase
from tests.gateway.platform import Behaviour, Platform, answering, refusal

NODE = "alipay_merchant_order_sync_response"
START = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
RENTAL = Scene(
    "online_rental",
    "线上租赁",
    "3C_RENT",
    (Node("APPROVAL", "审批中", True), Node("IN_DELIVERY", "已发货", True), Node("OVERDUE", "已逾期", True)),
    category_id="C100845427",
)
TAKEN = answering('{"code":"10000","msg":"Success","order_id":"O1"}', NODE)
REPEATED = ("40004", "INVALID_PARAMETER", "短时间内重复请求，幂等拦截")


def refused(code: str, sub_code: str, words: str = "原因") -> Behaviour:
    return answering(refusal(code, sub_code, words), NODE)


def told(reason: str) -> Behaviour:
    result = [{"scene_code": "SERVICE_MSG", "scene_name": "订单消息", "not_distribute_reason": reason}]
    body = {"code": "10000", "msg": "Success", "distribute_result": result}
    return answering(json.dumps(body, ensure_ascii=False), NODE)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One for each call; the last for all that follow."""
    left = list(behaviours)

    def behave(platform: Platform, connection: Any, fields: dict[str, str]) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(platform, connection, fields)

    return behave


def ext_info(body: dict[str, Any]) -> dict[str, str]:
    return {pair["ext_key"]: pair["ext_value"] for pair in body["ext_info"]}


@override_settings(ORDER_SETTLE_SECONDS=0)
class SyncCase(CastCase):
    def setUp(self) -> None:
        self.mini_program.rate_per_second = 100_000
        self.mini_program.save(update_fields=["rate_per_second"])
        rate.connection().flushdb()
        self.addCleanup(loop.close)
        with_rental = mock.patch.object(bodies, "SCENES", {"online_rental": RENTAL})
        with_rental.start()
        self.addCleanup(with_rental.stop)

    @contextmanager
    def platform(self, behaviour: Behaviour = TAKEN) -> Iterator[Platform]:
        platform = Platform(behaviour)
        try:
            with override_settings(GATEWAY_URLS={"simulated": platform.url}, GATEWAY_READ_SECONDS=0.5):
                yield platform
        finally:
            platform.close()

    def order(self, **fields: Any) -> Order:
        return build_orders.order(
            self.mini_program, **{"order_created_at": START - timedelta(days=1), **fields}
        )

    def change(self, order: Order, status: str = "APPROVAL", *, at: float = 0, **fields: Any) -> StatusChange:
        """`at`: seconds after START."""
        return build_orders.change(order, status, modified_at=START + timedelta(seconds=at), **fields)

    def person(self) -> Customer:
        return build_messaging.people(self.mini_program, 1)[0]

    def send(self, *, tries: int = 1) -> None:
        """What waits in the outbox goes out and is settled, as the worker would do it."""
        for _try in range(tries):
            for call in GatewayCall.objects.filter(state="waiting").order_by("pk"):
                GatewayCall.objects.filter(pk=call.pk).update(due_at=START)
                calls.send_call(call.pk, merchant_id=call.merchant_id)
        for call in GatewayCall.objects.filter(settled_at=None, finished_at__isnull=False):
            settling.settle_sync(call.pk, merchant_id=call.merchant_id)

    def drain(self, *, rounds: int = 50) -> int:
        """Looks until nothing is left to do; how many looks that took."""
        for number in range(rounds):
            if not syncing.sync_due():
                return number
            self.send()
        raise AssertionError("the backlog does not drain")

    def state(self, change: StatusChange) -> str:
        change.refresh_from_db()
        return str(change.state)

    def asked(self, platform: Platform) -> list[dict[str, Any]]:
        return [json.loads(fields["biz_content"]) for fields in platform.requests]

    def repeat(self, work: Callable[[], Any], times: int = 2) -> None:
        for _time in range(times):
            work()
