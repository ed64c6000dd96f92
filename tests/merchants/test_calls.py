import json
from contextlib import contextmanager
from datetime import timedelta
from unittest import mock

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.utils import timezone

from gateway import loop
from merchants import calls, rate
from merchants.models import GatewayCall, Store
from tests.base import CastCase
from tests.gateway.platform import Platform, answering, hang_up, http, refusal, sending, signed

METHOD = "alipay.open.mini.message.template.apply"
NODE = "alipay_open_mini_message_template_apply_response"
BODY = {
    "lib_code": "TM001",
    "scene_rule": "one_time_subscribe",
    "keyword_list": [{"name": "权益名称"}, {"name": "到期时间"}],
}
DONE = answering('{"code":"10000","msg":"Success","template_id":"MDI4"}', NODE)


def answers(code: str, sub_code: str):
    return answering(refusal(code, sub_code), NODE)


class CallsCase(CastCase):
    """A platform on loopback behind the cast's mini program, and no wait for tokens."""

    def setUp(self):
        self.target = Store.objects.create(merchant=self.yunduo, name="西湖店")
        self.mini_program.rate_per_second = 100_000
        self.mini_program.save(update_fields=["rate_per_second"])
        rate.connection().flushdb()
        self.addCleanup(loop.close)

    @contextmanager
    def platform(self, behaviour):
        platform = Platform(behaviour)
        try:
            with override_settings(GATEWAY_URLS={"simulated": platform.url}, GATEWAY_READ_SECONDS=0.5):
                yield platform
        finally:
            platform.close()

    def intend(self, key="adopt-1", **changes) -> GatewayCall:
        given = {
            "mini_program": self.mini_program,
            "method": METHOD,
            "target": self.target,
            "body": BODY,
            "idempotency_key": key,
            "settle_task": "messaging.adoption_settled",
        }
        return calls.intend(**{**given, **changes})

    def send(self, call: GatewayCall) -> GatewayCall:
        calls.send_call(call.pk, merchant_id=self.yunduo.pk)
        call.refresh_from_db()
        return call

    def make_due(self, call: GatewayCall) -> None:
        GatewayCall.objects.filter(pk=call.pk).update(due_at=timezone.now() - timedelta(seconds=1))

    def hints(self):
        """Names and arguments of the tasks that a block enqueues."""
        return _Hints(self)


class _Hints:
    def __init__(self, case):
        self._capture = case.captureOnCommitCallbacks()

    def __enter__(self):
        self._callbacks = self._capture.__enter__()
        self.sent = []
        return self.sent

    def __exit__(self, *error):
        self._capture.__exit__(*error)
        self.sent.extend((callback.args[0], *callback.args[1:]) for callback in self._callbacks)


class Intending(CallsCase):
    def test_it_writes_one_row_and_hints_after_commit(self):
        with self.hints() as hinted:
            call = self.intend()
        assert hinted == [("merchants.send_call", self.yunduo.pk, call.pk)]
        assert (call.state, call.merchant, call.target_kind, call.target_id) == (
            "waiting",
            self.yunduo,
            "store",
            self.target.pk,
        )

    def test_the_same_key_gives_the_row_of_the_first_time(self):
        first = self.intend()
        with self.hints() as hinted:
            assert self.intend() == first
        assert hinted == [] and GatewayCall.objects.count() == 1

    def test_a_later_due_time_is_not_hinted_now(self):
        with self.hints() as hinted:
            call = self.intend(due_at=timezone.now() + timedelta(hours=1))
        assert hinted == []
        with self.platform(DONE) as platform:
            assert self.send(call).state == "waiting"
        assert platform.requests == []

    def test_an_unknown_method_is_refused_with_those_it_knows(self):
        with pytest.raises(ValueError, match="It knows: alipay"):
            self.intend(method="alipay.open.app.mini.templatemessage.send")

    def test_a_body_the_method_cannot_take_is_refused_without_its_values(self):
        with pytest.raises(ValueError, match="keyword_list") as refused:
            self.intend(body={**BODY, "keyword_list": [{"name": ""}]})
        assert "TM001" not in str(refused.value)

    def test_the_state_is_one_of_six(self):
        call = self.intend()
        with pytest.raises(IntegrityError, match="call_state_known"), transaction.atomic():
            GatewayCall.objects.filter(pk=call.pk).update(state="lost")

    def test_one_row_for_each_key(self):
        call = self.intend()
        call.pk = None
        with pytest.raises(IntegrityError, match="call_once_per_key"), transaction.atomic():
            call.save(force_insert=True)


def test_it_refuses_to_run_outside_a_transaction():
    with pytest.raises(RuntimeError, match="intend"):
        calls.intend(
            mini_program=None, method=METHOD, target=None, body=BODY, idempotency_key="x", settle_task="x"
        )


class Outcomes(CallsCase):
    def test_accepted_is_final_and_keeps_the_answer(self):
        call = self.intend()
        with self.platform(DONE) as platform, self.hints() as hinted:
            self.send(call)
        assert (call.state, call.code, call.answer) == ("accepted", "10000", {"template_id": "MDI4"})
        assert call.duration_ms > 0 and call.finished_at and call.settled_at is None
        assert hinted == [("messaging.adoption_settled", self.yunduo.pk, call.pk)]
        assert json.loads(platform.requests[0]["biz_content"]) == BODY

    def test_it_is_made_once_however_often_it_is_hinted(self):
        call = self.intend()
        with self.platform(DONE) as platform:
            self.send(call), self.send(call)
        assert len(platform.requests) == 1

    def test_another_merchants_id_makes_no_call(self):
        call = self.intend()
        with self.platform(DONE) as platform:
            calls.send_call(call.pk, merchant_id=self.qingcha.pk)
        assert platform.requests == []

    def test_refused_is_final(self):
        call = self.intend()
        with self.platform(answers("40004", "MESSAGE_LIBRARY_ILLEGAL")):
            self.send(call)
        assert (call.state, call.code, call.sub_code) == ("refused", "40004", "MESSAGE_LIBRARY_ILLEGAL")
        assert call.answer["scope"] == "batch"

    def test_busy_waits_and_slows_the_mini_program_down(self):
        call = self.intend()
        with self.platform(answers("40005", "isv.app-call-limited")):
            self.send(call)
        assert (call.state, call.attempts, call.finished_at) == ("waiting", 1, None)
        assert call.due_at > timezone.now() and call.token is None
        assert rate.present_rate(self.mini_program) < self.mini_program.rate_per_second

    def test_not_sent_waits(self):
        call = self.intend()
        with override_settings(GATEWAY_URLS={"simulated": "http://127.0.0.1:9/gateway.do"}):
            self.send(call)
        assert (call.state, call.attempts, call.answer) == ("waiting", 1, {"reason": "connect"})

    def test_waits_grow_and_the_last_attempt_ends_dead(self):
        call = self.intend()
        GatewayCall.objects.filter(pk=call.pk).update(attempts=calls.MAX_ATTEMPTS - 2)
        with self.platform(answers("40005", "isv.app-call-limited")):
            self.send(call)
            assert call.state == "waiting"
            assert call.due_at > timezone.now() + timedelta(seconds=calls.LONGEST_WAIT_SECONDS - 60)
            self.make_due(call)
            self.send(call)
        assert call.state == "dead" and call.finished_at

    def test_unknown_is_final_without_a_key_the_platform_honours(self):
        call = self.intend()
        with self.platform(hang_up):
            self.send(call)
        assert (call.state, call.answer["reason"]) == ("unknown", "cut_off")

    def test_unknown_is_repeated_with_the_same_body_where_the_platform_de_duplicates(self):
        call = self.intend(repeatable=True)
        with self.platform(hang_up) as platform:
            assert self.send(call).state == "waiting"
            self.make_due(call)
            platform.behaviour = DONE
            assert self.send(call).state == "accepted"
        first, second = (request["biz_content"] for request in platform.requests)
        assert first == second

    def test_giving_up_after_an_unknown_is_unknown_and_not_dead(self):
        call = self.intend(repeatable=True)
        with self.platform(hang_up) as platform:
            self.send(call)
            GatewayCall.objects.filter(pk=call.pk).update(attempts=calls.MAX_ATTEMPTS - 1)
            self.make_due(call)
            platform.behaviour = answers("40005", "isv.app-call-limited")
            self.send(call)
        assert call.state == "unknown"

    def test_a_bad_signature_is_unknown_and_an_alarm(self):
        call = self.intend()
        forged = sending(http(signed('{"code":"10000"}', NODE).replace('"sign":"', '"sign":"AA')))
        with self.platform(forged), self.assertLogs("merchants.calls", "ERROR") as logged:
            self.send(call)
        assert (call.state, call.answer["reason"]) == ("unknown", "bad_signature")
        assert "Check the Alipay public key" in logged.output[0]


class NotBegun(CallsCase):
    def test_a_stopped_mini_program_makes_no_call(self):
        call = self.intend()
        self.mini_program.stopped_at = timezone.now()
        self.mini_program.save(update_fields=["stopped_at"])
        with self.platform(DONE) as platform:
            assert self.send(call).state == "waiting"
        assert platform.requests == []

    def test_without_redis_it_waits_and_costs_no_attempt(self):
        call = self.intend()
        away = override_settings(REDIS_URL="unix:///nowhere/redis.sock")
        with self.platform(DONE) as platform, away, self.assertLogs("merchants.calls", "WARNING"):
            self.send(call)
        assert (call.state, call.attempts, platform.requests) == ("waiting", 0, [])

    def test_without_an_address_it_waits_and_says_so(self):
        call = self.intend()
        with override_settings(GATEWAY_URLS={}), self.assertLogs("merchants.calls", "ERROR") as logged:
            self.send(call)
        assert (call.state, call.attempts) == ("waiting", 0)
        assert "GATEWAY_URL" in logged.output[0]

    def test_a_process_that_slept_too_long_sends_nothing(self):
        call = self.intend()
        with self.platform(DONE) as platform, mock.patch.object(calls, "GUARD_SECONDS", -1):
            self.send(call)
        assert (call.state, call.answer, platform.requests) == ("waiting", {"reason": "guard"}, [])


class Ordering(CallsCase):
    def test_calls_with_one_key_go_one_at_a_time_in_order(self):
        first, second = (self.intend(key, ordering_key="order-7") for key in ("a", "b"))
        with self.platform(DONE) as platform:
            assert self.send(second).state == "waiting"
            with self.hints() as hinted:
                assert self.send(first).state == "accepted"
            assert ("merchants.send_call", self.yunduo.pk, second.pk) in hinted
            assert self.send(second).state == "accepted"
        assert len(platform.requests) == 2

    def test_a_call_that_is_over_without_success_lets_the_next_one_go(self):
        first, second = (self.intend(key, ordering_key="order-7") for key in ("a", "b"))
        GatewayCall.objects.filter(pk=first.pk).update(state="unknown", finished_at=timezone.now())
        with self.platform(DONE):
            assert self.send(second).state == "accepted"

    def test_other_keys_do_not_wait(self):
        self.intend("a", ordering_key="order-7")
        other, none = self.intend("b", ordering_key="order-8"), self.intend("c")
        with self.platform(DONE):
            assert {self.send(other).state, self.send(none).state} == {"accepted"}


class Sweeping(CallsCase):
    def later(self):
        return timezone.now() + timedelta(seconds=calls.HINT_SECONDS + 1)

    def lease_over(self, call, **changes):
        past = timezone.now() - timedelta(seconds=1)
        fields = {"state": "claimed", "lease_until": past, "token": "7" * 32, **changes}
        GatewayCall.objects.filter(pk=call.pk).update(**fields)
        with self.hints() as hinted:
            calls.sweep_calls(at=self.later())
        call.refresh_from_db()
        return hinted

    def test_a_lost_hint_is_repeated_after_ten_seconds_and_not_before(self):
        call = self.intend()
        with self.hints() as hinted:
            assert calls.sweep_calls(at=timezone.now()) == 0
            assert calls.sweep_calls(at=self.later()) == 1
            assert calls.sweep_calls(at=self.later()) == 0
        assert hinted == [("merchants.send_call", self.yunduo.pk, call.pk)]

    def test_a_call_whose_turn_has_not_come_is_not_hinted(self):
        self.intend("a", ordering_key="k")
        self.intend("b", ordering_key="k")
        assert calls.sweep_calls(at=self.later()) == 1

    def test_a_claim_that_never_began_is_free_again(self):
        call = self.intend()
        hinted = self.lease_over(call)
        assert (call.state, call.token) == ("waiting", None)
        assert hinted == [("merchants.send_call", self.yunduo.pk, call.pk)]

    def test_a_call_that_began_and_was_never_recorded_is_unknown(self):
        call = self.intend()
        hinted = self.lease_over(call, started_at=timezone.now())
        assert call.state == "unknown" and call.finished_at
        assert set(hinted) == {("messaging.adoption_settled", self.yunduo.pk, call.pk)}

    def test_a_repeatable_call_that_began_is_free_again(self):
        call = self.intend(repeatable=True)
        self.lease_over(call, started_at=timezone.now())
        assert (call.state, call.maybe_done) == ("waiting", True)

    def test_a_late_answer_turns_the_reaped_unknown_into_the_truth(self):
        call = self.intend()
        with self.platform(DONE):
            outcome = self._answer_after_reaping(call)
        assert outcome and call.state == "accepted"

    def _answer_after_reaping(self, call):
        (held,) = calls.leases.claim(
            calls._sendable().filter(pk=call.pk), seconds=30, limit=1, changes={"state": "claimed"}
        )
        outcome = calls._make(held)
        past = timezone.now() - timedelta(seconds=1)
        GatewayCall.objects.filter(pk=call.pk).update(lease_until=past)
        calls.sweep_calls(at=timezone.now())
        call.refresh_from_db()
        assert call.state == "unknown" and calls.settle(call.pk)
        recorded = calls._record(held, outcome)
        call.refresh_from_db()
        assert call.settled_at is None
        return recorded

    def test_a_running_lease_is_left_alone(self):
        call = self.intend()
        future = timezone.now() + timedelta(seconds=20)
        GatewayCall.objects.filter(pk=call.pk).update(state="claimed", lease_until=future, token="7" * 32)
        calls.sweep_calls(at=self.later())
        call.refresh_from_db()
        assert call.state == "claimed"


class Settling(CallsCase):
    def finished(self, **changes):
        call = self.intend(**changes)
        with self.platform(DONE):
            return self.send(call)

    def test_an_outcome_is_handled_once(self):
        call = self.finished()
        assert calls.load_outcome(call.pk, merchant_id=self.yunduo.pk) == call
        assert calls.settle(call.pk)
        assert not calls.settle(call.pk)
        assert calls.load_outcome(call.pk, merchant_id=self.yunduo.pk) is None

    def test_an_open_call_has_no_outcome(self):
        call = self.intend()
        assert calls.load_outcome(call.pk, merchant_id=self.yunduo.pk) is None
        assert not calls.settle(call.pk)

    def test_an_outcome_is_not_given_to_another_merchant(self):
        assert calls.load_outcome(self.finished().pk, merchant_id=self.qingcha.pk) is None

    def test_an_unhandled_outcome_is_hinted_again(self):
        call = self.finished()
        with self.hints() as hinted:
            calls.sweep_calls(at=timezone.now() + timedelta(seconds=20))
        assert hinted == [("messaging.adoption_settled", self.yunduo.pk, call.pk)]

    def test_nobody_waits_for_a_call_without_a_settle_task(self):
        assert self.finished(settle_task="").settled_at


class PersonalData(CallsCase):
    def test_it_is_covered_wherever_it_stands(self):
        given = {"open_id": "o1", "list": [{"mobile": "138", "sku": "a"}], "user_id": "", "n": 3}
        assert calls.redacted(given) == {
            "open_id": "***",
            "list": [{"mobile": "***", "sku": "a"}],
            "user_id": "",
            "n": 3,
        }

    def test_it_is_covered_in_the_row_once_the_call_is_over(self):
        call = self.intend()
        GatewayCall.objects.filter(pk=call.pk).update(state="claimed", token="7" * 32)
        call.refresh_from_db()
        call.body = {**BODY, "buyer_id": "2088"}
        assert calls._finish(call, calls.NotSent("dns", 1.0), states=["claimed"])
        call.refresh_from_db()
        assert call.body == {**BODY, "buyer_id": "***"}

    def test_bodies_are_emptied_after_their_days_and_the_row_stays(self):
        call = self.intend()
        with self.platform(DONE):
            self.send(call)
        assert calls.prune_bodies(at=timezone.now() + timedelta(days=29)) == 0
        assert calls.prune_bodies(at=timezone.now() + timedelta(days=31)) == 1
        assert calls.prune_bodies(at=timezone.now() + timedelta(days=31)) == 0
        call.refresh_from_db()
        assert (call.body, call.answer, call.state) == ({}, {}, "accepted")
