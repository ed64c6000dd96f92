"""Causes over all sends: sums are the counters', of one merchant, and nothing but failures is among them."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from messaging import failures
from messaging.engine import sql
from messaging.models import BatchSend, DeliveryCounter, SendControl
from tests import build, build_messaging
from tests.base import CastCase

HOUR = timedelta(hours=1)


class FailuresCase(CastCase):
    def setUp(self) -> None:
        self.at = timezone.now()
        self.template = build_messaging.template(self.mini_program)
        self.list = build_messaging.people_list(self.mini_program, [])
        self.which = failures.Which(self.at - timedelta(days=30), self.at + HOUR)

    def send(self, counts: dict[tuple[str, str], int], *, state: str = "finished", **fields: object) -> int:
        """Its counters alone: the desk reads nothing else."""
        chosen = {"chosen": self.template, "to": self.list, **fields.pop("whose", {})}  # type: ignore[dict-item]
        app = fields.pop("app", self.mini_program)
        batch: BatchSend = build_messaging.batch(app, self.operator, **chosen)
        columns = {"started_at": self.at - HOUR, "touched_at": self.at - HOUR, **fields}
        SendControl.objects.filter(pk=batch.control_id).update(
            state=state,
            template=chosen["chosen"],
            people_list=chosen["to"],
            due_at=self.at - HOUR,
            **columns,
        )
        for (counted, reason), n in counts.items():
            DeliveryCounter.objects.create(send_id=batch.control_id, state=counted, reason=reason, n=n)
        return batch.control_id

    def sums(self, which: failures.Which | None = None) -> dict[tuple[str, str], tuple[int, int]]:
        found = failures.causes(self.yunduo, which or self.which)
        return {(one.state, one.reason): (one.people, one.sends) for one in found}


class Causes(FailuresCase):
    def test_sums_are_those_of_the_counters_and_another_merchants_are_never_among_them(self) -> None:
        self.send({("refused", "DATA_SENSITIVE"): 5, ("accepted", ""): 100, ("unknown", "timeout"): 4})
        self.send({("refused", "DATA_SENSITIVE"): 7, ("unknown", "no_record"): 3, ("skipped", "gave_up"): 2})
        theirs = build_messaging.template(self.other_mini_program)
        whose = {"chosen": theirs, "to": build_messaging.people_list(self.other_mini_program, [])}
        other = self.send({("refused", "DATA_SENSITIVE"): 900}, app=self.other_mini_program, whose=whose)
        expected = {
            ("refused", "DATA_SENSITIVE"): (12, 2),
            ("unknown", "answer"): (4, 1),
            ("unknown", "process"): (3, 1),
            ("skipped", "gave_up"): (2, 1),
        }
        self.assertEqual(self.sums(), expected)
        asked = {"state": "refused", "reason": "DATA_SENSITIVE"}
        self.assertEqual(failures.people_of(self.yunduo, [other], **asked), {})
        self.assertEqual(failures.people_of(self.qingcha, [other], **asked), {other: 900})

    def test_what_a_gate_left_out_and_what_was_decided_is_no_failure(self) -> None:
        gates = {("skipped", reason): 9 for reason in ("no_consent", "cap", "fatigue", "cancelled")}
        self.send({**gates, ("unknown", "timeout"): 4, ("decided", "timeout"): 4, ("refused", "X"): 0})
        self.assertEqual(self.sums(), {})

    def test_a_cause_counts_only_the_sends_in_which_somebody_is_left_of_it(self) -> None:
        self.send({("unknown", "timeout"): 4, ("decided", "timeout"): 4})
        self.send({("unknown", "cut_off"): 2, ("unknown", "timeout"): 1, ("decided", "timeout"): 1})
        self.assertEqual(self.sums(), {("unknown", "answer"): (2, 1)})

    def test_period_mini_program_and_template_narrow_it(self) -> None:
        second = build.mini_program(self.yunduo, app_id="2021000000000009", name="Second")
        theirs = build_messaging.template(second)
        whose = {"chosen": theirs, "to": build_messaging.people_list(second, [])}
        self.send({("refused", "A"): 1})
        self.send({("refused", "B"): 2}, app=second, whose=whose)
        self.send({("refused", "C"): 3}, started_at=self.at - timedelta(days=40))
        self.send({("refused", "D"): 4}, started_at=None)
        start, end = self.which.start, self.which.end
        for which, reasons in (
            (self.which, {"A", "B"}),
            (failures.Which(start, end, mini_program_id=second.pk), {"B"}),
            (failures.Which(start, end, template_id=self.template.pk), {"A"}),
            (failures.Which(start - timedelta(days=30), start), {"C"}),
        ):
            self.assertEqual({reason for _state, reason in self.sums(which)}, reasons)

    def test_the_newest_sends_are_named_and_who_can_go_on_is_counted_apart(self) -> None:
        ids = [
            self.send({("refused", "A"): n}, started_at=self.at - n * HOUR, state=state)
            for n, state in ((1, "finished"), (2, "cancelled"), (3, "paused"), (4, "sending"))
        ]
        (cause,) = failures.causes(self.yunduo, self.which)
        self.assertEqual((cause.people, cause.going_on, cause.newest), (10, 8, ids[:3]))
        self.assertEqual(cause.started_at, self.at - HOUR)
        rows = failures.sends_of(self.yunduo, self.which, state="refused", reason="A")
        told = [(row.send_id, row.people, row.goes_on) for row in rows]
        self.assertEqual(told, [(ids[0], 1, True), (ids[1], 2, False), (ids[2], 3, True), (ids[3], 4, True)])

    def test_groups_follow_whose_matter_a_cause_is(self) -> None:
        for state, reason, group in (
            ("refused", "MSG_UNSUBSCRIBED", "person"),
            ("refused", "DATA_SENSITIVE", "message"),
            ("refused", "isv.invalid-signature", "app"),
            ("refused", "NEVER_HEARD_OF", "platform"),
            ("skipped", "does_not_fit", "message"),
            ("skipped", "gave_up", "platform"),
            ("skipped", "not_sent", "platform"),
            ("unknown", "process", "platform"),
        ):
            self.assertEqual(failures.group(state, reason), group, reason)  # type: ignore[arg-type]
            self.assertTrue(failures.is_cause(state, reason))
        for state, reason in (
            ("skipped", "cap"),
            ("unknown", "timeout"),
            ("accepted", ""),
            ("refused", "A" * 81),
        ):
            self.assertFalse(failures.is_cause(state, reason), reason)

    def test_sends_and_their_counters_are_reached_through_indexes(self) -> None:
        for n in range(3):
            self.send({("refused", "A"): n + 1})
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        parameters = failures._given(self.yunduo, self.which)
        plan = "\n".join(row[0] for row in sql.rows("EXPLAIN " + failures.CAUSES, parameters))
        self.assertNotIn("Seq Scan on messaging_sendcontrol", plan)
        self.assertNotIn("Seq Scan on messaging_deliverycounter", plan)
        self.assertNotIn("messaging_delivery ", plan)


class Fixed(FailuresCase):
    def found(self) -> dict[str, tuple[int, int]]:
        return {one.reason: (one.people, one.sends) for one in failures.fixed(self.yunduo, at=self.at)}

    def seen_online(self, *, minutes: int) -> None:
        self.template.checked_at = self.at - HOUR + timedelta(minutes=minutes)
        self.template.save(update_fields=["checked_at"])

    def test_a_template_that_was_seen_online_since_can_be_tried_again(self) -> None:
        self.send({("refused", "USER_TEMPLATE_STATUS_ILLEGAL"): 5})
        self.seen_online(minutes=-5)
        self.assertEqual(self.found(), {})
        self.seen_online(minutes=5)
        self.assertEqual(self.found(), {"USER_TEMPLATE_STATUS_ILLEGAL": (5, 1)})
        self.template.state = "offline"
        self.template.save(update_fields=["state"])
        self.assertEqual(self.found(), {})

    def test_keys_are_known_to_work_once_a_later_send_of_the_mini_program_was_accepted(self) -> None:
        self.send({("refused", "isv.invalid-signature"): 5}, started_at=self.at - 3 * HOUR)
        self.send({("accepted", ""): 9}, started_at=self.at - 2 * HOUR)
        self.assertEqual(self.found(), {})
        self.send({("accepted", ""): 9}, started_at=self.at - HOUR / 2)
        self.assertEqual(self.found(), {"isv.invalid-signature": (5, 1)})

    def test_other_causes_a_cancelled_send_and_an_old_one_are_not_offered(self) -> None:
        self.seen_online(minutes=5)
        code = ("refused", "TEMPLATE_ILLEGAL")
        self.send({("refused", "MSG_REJECTED"): 5, ("refused", "DATA_SENSITIVE"): 5})
        self.send({code: 5}, state="cancelled")
        self.send({code: 5}, started_at=self.at - timedelta(days=8))
        self.assertEqual(self.found(), {})
