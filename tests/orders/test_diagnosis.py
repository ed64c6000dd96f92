"""One planted fault for each cause of a missing message: the diagnosis names it and stops at its gate."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from orders.diagnosis import GateName, Reason, Step, diagnose
from orders.models import Order, StatusChange
from tests import build_orders as made
from tests.base import CastCase
from tests.small_scenes import FULL

MISSING = "缺少必填属性 ext_info.business_info.courier_number"


class Diagnosing(CastCase):
    def setUp(self) -> None:
        self.at = timezone.now() - timedelta(hours=2)
        self.order = made.order(self.mini_program, fields=FULL)

    def returned(self, status: str, state: str = "synced", **fields: Any) -> StatusChange:
        self.at += timedelta(minutes=1)
        return made.change(self.order, status, state=state, modified_at=self.at, **{"fields": FULL, **fields})

    def newest(self) -> Step:
        return diagnose(Order.objects.get(pk=self.order.pk)).steps[-1]

    def stop(self) -> tuple[GateName, str]:
        """The first gate that was not passed."""
        step = self.newest()
        gates = diagnose(self.order, change_id=step.change.pk).gates
        self.assertEqual(len(gates), 7)
        return next((gate.name, gate.verdict) for gate in gates if gate.verdict != "passed")


class Causes(Diagnosing):
    def test_each_answer_of_the_platform_is_read_as_its_cause_and_stops_at_its_gate(self) -> None:
        for state, status, said, reason, gate in (
            ("not_notified", "IN_DELIVERY", {"words": MISSING}, "fields_missing", "fields"),
            ("not_notified", "WAIT_PAY", {"words": "用户已关闭该商家的消息"}, "turned_off", "customer"),
            ("not_notified", "WAIT_PAY", {"words": "该节点消息已发送"}, "already_told", "node"),
            ("not_notified", "WAIT_PAY", {"words": "其他原因"}, "not_distributed", "customer"),
            ("dead", "WAIT_PAY", {"sub_code": "TINY_APP_IS_NOT_ONLINE"}, "not_online", "accepted"),
            ("dead", "WAIT_PAY", {"sub_code": "MERCHANT_LINK_EXIST"}, "link_differs", "accepted"),
            (
                "dead",
                "WAIT_PAY",
                {"sub_code": "INVALID_PARAMETER", "words": "订单状态乱序"},
                "backward",
                "step",
            ),
            (
                "dead",
                "WAIT_PAY",
                {"sub_code": "INVALID_PARAMETER", "words": "短时间内重复请求，幂等拦截"},
                "repeated",
                "step",
            ),
            ("dead", "WAIT_PAY", {"words": "业务修改时间不能早于业务创建时间"}, "before_the_order", "step"),
            ("dead", "WAIT_PAY", {"words": "幂等失败（存在不同 subBizType）"}, "wrong_scene", "scene"),
            ("dead", "WAIT_PAY", {"sub_code": "AMOUNT_ILLEGAL"}, "refused", "accepted"),
            ("dead", "WAIT_PAY", {"sub_code": "not_reached"}, "never_left", "accepted"),
            ("dead", "WAIT_PAY", {"sub_code": "isv.invalid-parameter"}, "refused", "accepted"),
            ("synced", "WAIT_PAY", {"sub_code": "message_not_known"}, "message_unknown", "customer"),
            ("superseded", "WAIT_PAY", {}, "late", "step"),
            ("unknown", "WAIT_PAY", {}, "unknown", "accepted"),
            ("syncing", "WAIT_PAY", {}, "syncing", "accepted"),
            ("pending", "WAIT_PAY", {}, "waiting", "accepted"),
            ("synced", "TO_SEND_GOODS", {}, "not_a_node", "node"),
            ("dead", "UNHEARD_OF", {"words": "订单状态不合法"}, "no_such_node", "scene"),
            ("pending", "UNHEARD_OF", {}, "no_such_node", "scene"),
        ):
            with self.subTest(reason=reason, state=state, words=said.get("words")):
                StatusChange.objects.filter(order=self.order).delete()
                self.returned(status, state, **said)
                self.assertEqual(self.newest().reason, Reason(reason))
                self.assertEqual(self.stop()[0], GateName(gate))

    def test_a_message_that_went_out_passes_all_seven_gates(self) -> None:
        self.returned("WAIT_PAY")
        found = diagnose(self.order)
        self.assertEqual({gate.verdict for gate in found.gates}, {"passed"})
        self.assertEqual((found.told, found.expected), (1, 1))

    def test_a_field_the_platform_named_counts_and_not_our_own_table(self) -> None:
        self.returned("IN_DELIVERY", "not_notified", words="缺少必填属性 ext_info.business_info.lease")
        self.assertEqual(self.newest().missing, ("lease",))

    def test_before_the_sync_the_own_table_names_the_fields(self) -> None:
        self.returned("IN_DELIVERY", "pending", fields={"total_rent": "897.00", "courier_number": ""})
        step = self.newest()
        self.assertEqual((step.reason, step.missing), (Reason.WILL_LACK, ("courier_number",)))
        self.assertEqual(self.stop(), (GateName.ACCEPTED, "waits"))

    def test_a_status_of_another_scene_names_that_scene(self) -> None:
        self.returned("RESERVED", "dead", words="订单状态不合法")
        step = self.newest()
        self.assertEqual(
            (step.reason, [one.code for one in step.scenes]), (Reason.WRONG_SCENE, ["recycling"])
        )

    def test_fields_that_fit_another_scenes_status_name_that_scene(self) -> None:
        self.returned("IN_DELIVERY", "not_notified", words=MISSING, fields={"parcel": "1"})
        self.assertEqual(self.newest().reason, Reason.WRONG_SCENE)

    def test_the_same_node_again_tells_nobody_twice(self) -> None:
        self.returned("WAIT_PAY")
        self.returned("WAIT_PAY")
        self.assertEqual(self.newest().reason, Reason.ALREADY_TOLD)
        self.assertEqual(diagnose(self.order).told, 1)

    def test_a_move_back_is_told_before_the_platform_refuses_it(self) -> None:
        self.returned("FINISHED")
        self.returned("WAIT_PAY", "pending")
        self.assertEqual((self.newest().reason, self.newest().before), (Reason.BACKWARD, "FINISHED"))


class TheWholeOrder(Diagnosing):
    def test_only_one_status_ever_returned_is_said_and_what_comes_next_with_its_fields(self) -> None:
        self.order = made.order(self.mini_program, fields={"total_rent": "897.00"})
        self.returned("APPLYING")
        found = diagnose(self.order)
        self.assertTrue(found.only_one)
        self.assertEqual(
            [(one.node.status, one.has, one.lacks) for one in found.upcoming],
            [
                ("WAIT_PAY", ("total_rent",), ()),
                ("IN_DELIVERY", ("total_rent",), ("courier_number",)),
                ("IN_THE_LEASE", ("total_rent",), ("receiving_time",)),
            ],
        )
        self.returned("WAIT_PAY")
        self.assertFalse(diagnose(self.order).only_one)

    def test_the_answer_is_about_the_newest_trouble_that_nothing_overtook(self) -> None:
        late = self.returned("APPLYING", "superseded")
        missing = self.returned("IN_DELIVERY", "not_notified", words=MISSING)
        self.returned("IN_THE_LEASE")
        focus = diagnose(self.order).focus
        assert focus is not None
        self.assertEqual(focus.change, missing)
        asked = diagnose(self.order, change_id=late.pk).focus
        assert asked is not None
        self.assertEqual(asked.change, late)

    def test_steps_say_settled_synced_accepted_and_distributed(self) -> None:
        for state, told in (
            ("pending", (False, False, None, False)),
            ("syncing", (True, False, None, False)),
            ("synced", (True, True, True, True)),
            ("unknown", (True, None, None, False)),
            ("dead", (True, True, False, False)),
        ):
            with self.subTest(state):
                StatusChange.objects.filter(order=self.order).delete()
                self.returned("WAIT_PAY", state)
                step = self.newest()
                seen = (step.is_settled, step.is_synced, step.is_accepted, step.is_distributed)
                self.assertEqual(seen, told)

    def test_an_order_without_a_status_has_nothing_to_answer(self) -> None:
        found = diagnose(self.order)
        self.assertEqual((found.focus, found.gates, found.told), (None, (), 0))
