"""The life of some orders, operation by operation; what follows finds what the ones before have left."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from membership import customers
from membership.models import Customer
from merchants.models import Dispatch, GatewayCall, MiniProgram, User
from orders import (
    alike,
    digests,
    fixing,
    forgetting,
    intake,
    repairing,
    reports,
    rollups,
    settling,
    syncing,
    week,
)
from orders.diagnosis import diagnose, steps_of
from orders.given import OrderGiven, StatusGiven
from orders.models import Order, Source, StatusChange

Operation = tuple[str, Callable[[], object]]
LACKING = "缺少必填属性 ext_info.business_info.lease"
RENT = {"total_rent": "897.00"}


def life_of_orders(app: MiniProgram, people: list[Customer], *, by: User) -> Iterator[Operation]:
    """From the API to the platform and back, what is asked about them, and until a person is forgotten.

    Needs `online_rental` chosen and ORDER_SETTLE_SECONDS of 0.
    """
    begin = timezone.now() - timedelta(days=1)
    given = [_order(who, begin) for who in people]
    yield "receive", lambda: intake.receive_orders(app, given, source=Source.API)
    yield "receive again", lambda: intake.receive_orders(app, given, source=Source.API)
    number, told = given[0].out_biz_no, _status(begin, 2)
    yield "take a status", lambda: intake.receive_status(app, number, told, source=Source.API)
    yield "count it again", lambda: intake.receive_status(app, number, told, source=Source.API)
    orders = [Order.objects.get(mini_program=app, out_biz_no=one.out_biz_no) for one in given]
    yield from _sync(orders)
    yield from _look(app, orders[0])
    yield from _mend(orders, by=by)
    assert customers.forget(people[0], by=by, at=timezone.now())
    event_id = Dispatch.objects.filter(subscriber=forgetting.SUBSCRIBER).latest("pk").event_id
    yield "forget", lambda: forgetting.forget(event_id, at=timezone.now())


def _order(who: Customer, begin: datetime) -> OrderGiven:
    number = uuid.uuid4().hex
    return OrderGiven(
        number, who.open_id, "online_rental", "pages/order", begin, fields=RENT, status=_status(begin, 1)
    )


def _status(begin: datetime, seconds: int) -> StatusGiven:
    return StatusGiven("WAIT_PAY", begin + timedelta(seconds=seconds))


def _sync(orders: list[Order]) -> Iterator[Operation]:
    """The first is taken, the second refused, of the last its person is not told for want of a field."""
    for order in orders:
        yield "sync an order", lambda order=order: syncing.sync_due(order_id=order.pk)  # type: ignore[misc]
    yield "sync what is due", lambda: syncing._sync_chunk(None)
    calls = GatewayCall.objects.filter(ordering_key__in=[f"order:{order.pk}" for order in orders])
    calls.update(state="accepted", answer={"order_id": "O1"}, finished_at=timezone.now())
    refused = calls.filter(ordering_key=f"order:{orders[1].pk}")
    refused.update(state="refused", sub_code="INVALID_PARAMETER", answer={"sub_msg": "订单状态不合法"})
    reason = [{"scene_code": "SERVICE_MSG", "scene_name": "订单消息", "not_distribute_reason": LACKING}]
    calls.filter(ordering_key=f"order:{orders[-1].pk}").update(answer={"distribute_result": reason})
    for call in calls:
        yield "settle", lambda call=call: settling.settle_sync(call.pk, merchant_id=call.merchant_id)  # type: ignore[misc]
    became = set(StatusChange.objects.filter(order__in=orders).values_list("state", flat=True))
    assert became >= {"synced", "dead", "not_notified"}, became


def _look(app: MiniProgram, order: Order) -> Iterator[Operation]:
    now = timezone.now()
    yield "diagnose", lambda: diagnose(order)
    yield "backlog", lambda: fixing.backlog(app.merchant)
    yield "causes", lambda: fixing.causes(app.merchant)
    yield "overtaken", lambda: fixing.overtaken(app.merchant)
    yield "week", lambda: week.week_of(app, at=now, most_flags=5)
    yield "digest", lambda: digests.make_digest(app, timezone.localdate())
    yield "fold", rollups.fold
    yield "second orders", lambda: reports.second_orders(app, at=now)
    wanted = [reports.Wanted(sync=state) for state in StatusChange.State.values]
    wanted += [reports.Wanted(scene="online_rental", status="WAIT_PAY"), reports.Wanted(text="many7")]
    for one in wanted:
        rows = reports.order_list(app, one, at=now)
        yield f"list: {one}", lambda rows=rows: list(rows[:50])  # type: ignore[misc]


def _mend(orders: list[Order], *, by: User) -> Iterator[Operation]:
    order = orders[-1]
    (step,) = steps_of(order, [order.changes.get()])
    yield "alike", lambda: alike.alike(order, step, at=timezone.now())
    values = dict.fromkeys(step.missing, "12")
    yield "fill in", lambda: repairing.repair(order.merchant, step.change.pk, values, by=by)
    dead = fixing.dead(order.merchant)
    yield "retry", lambda: fixing.retry(order.merchant, dead, by=by, confirmed=1)
