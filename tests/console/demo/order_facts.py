"""What has to hold for the orders of the story, on both sides."""

from collections import Counter
from datetime import datetime

from django.db.models import Q

from merchants.models import ApiKey, GatewayCall, MiniProgram
from orders.choosing import chosen_scenes
from orders.diagnosis import Reason, steps_of
from orders.models import ChosenScene, Order, StatusChange
from orders.reports import changes_of
from orders.scenes import SCENES
from tests.simulator_process import SimulatorProcess

METHOD = "alipay.merchant.order.sync"
SCENES_OF = {"yunduo": ["online_rental", "recycling"], "qingcha": ["takeaway"]}


def the_orders_are_those_of_the_order_centre(simulator: SimulatorProcess, app: MiniProgram) -> None:
    theirs = {one["out_biz_no"]: one for one in simulator.get(f"/sim/orders?app_id={app.app_id}")["orders"]}
    orders = list(Order.objects.filter(mini_program=app).select_related("customer"))
    changes = changes_of(orders)
    assert theirs.keys() == {order.out_biz_no for order in orders if order.synced_status}
    for order in orders:
        there = theirs.get(order.out_biz_no, {"status": "", "syncs": [], "link": order.link_page})
        assert (order.synced_status, order.link_page) == (there["status"], there["link"]), order
        taken = [one for one in changes[order.pk] if one.state in ("synced", "not_notified")]
        assert [one.status for one in taken] == [one["status"] for one in there["syncs"]], order
        for ours, held in zip(taken, there["syncs"], strict=True):
            node = SCENES[order.scene].node(ours.status)
            told = node is not None and node.notifies and ours.state == "synced"
            assert (held["message_id"] is not None) == told, ours
            assert ours.words == "; ".join(held["not_distributed"])


def each_call_stands_in_the_log(simulator: SimulatorProcess, app: MiniProgram) -> None:
    entries = simulator.get(f"/sim/log?app_id={app.app_id}&method={METHOD}&limit=10000")["entries"]
    calls = GatewayCall.objects.filter(mini_program=app, method=METHOD)
    assert len(entries) == calls.count()
    assert Counter((one["code"], one["sub_code"] or "") for one in entries) == Counter(
        calls.values_list("code", "sub_code")
    )
    assert not calls.exclude(state__in=["accepted", "refused"]).exists()
    assert not calls.filter(Q(settled_at=None) | Q(body__buyer_open_id__startswith="0")).exists()


def every_trouble_is_there_and_explained(app: MiniProgram) -> None:
    """As the pages say it: these are their reasons."""
    orders = list(Order.objects.filter(mini_program=app).select_related("customer"))
    changes = changes_of(orders)
    steps = {order.pk: steps_of(order, changes[order.pk]) for order in orders}
    found = Counter(step.reason for each in steps.values() for step in each)
    wanted = {Reason.NOTIFIED, Reason.NOT_A_NODE, Reason.FIELDS_MISSING, Reason.BACKWARD, Reason.LATE}
    assert wanted | {Reason.NOT_ONLINE} <= found.keys(), found
    lacking = [step for each in steps.values() for step in each if step.reason == Reason.FIELDS_MISSING]
    assert {name for step in lacking for name in step.missing} == {"receiving_time"}
    waiting = [one for each in changes.values() for one in each if one.state == "pending"]
    assert waiting and not [one for one in waiting if one.call_id]
    alone = [order for order in orders if len(changes[order.pk]) == 1]
    assert [order for order in alone if order.status == "APPLYING"]
    ends = {order.status for order in orders}
    assert {"IN_THE_LEASE", "FINISHED"} <= ends


def the_scenes_are_chosen(app: MiniProgram, *, before: datetime) -> None:
    assert [scene.code for scene in chosen_scenes(app)] == SCENES_OF[app.merchant.slug]
    assert not ChosenScene.objects.filter(mini_program=app, chosen_at__gte=before).exists()
    assert "orders" in ApiKey.objects.get(mini_program=app, kind=ApiKey.Kind.SERVER).scopes


def no_order_is_dated_after(began_at: datetime) -> None:
    assert Order.objects.count() > 20
    assert not Order.objects.filter(Q(created_at__gte=began_at) | Q(order_created_at__gte=began_at)).exists()
    late = Q(modified_at__gte=began_at) | Q(received_at__gte=began_at) | Q(settled_at__gte=began_at)
    assert not StatusChange.objects.filter(late).exists()
