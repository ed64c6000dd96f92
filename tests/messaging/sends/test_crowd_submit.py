"""The one call of a crowd send against the simulated platform; its log says how often it was made."""

import time as clock
from datetime import time, timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone

from merchants import calls, leases, refusals
from merchants.models import GatewayCall
from messaging.models import CrowdSend, SendRules
from messaging.sends import crowd as crowds
from messaging.sends import crowd_submit
from messaging.sends.crowd_tasks import advance_crowds, settle_crowd
from tests.messaging.sends.crowd_base import BATCH, BATCH_QUERY, CrowdPlatformCase
from tests.simulator.documented import BY_METHOD

LATE = timedelta(minutes=11)
UNKNOWN_CODES = {"MSG_SEND_ERROR"}
BUSY_CODES = {"QUERY_CONSUMER_REQEUST_ERROR"}


class AcceptedTests(CrowdPlatformCase):
    def test_it_reaches_the_subscribers_and_the_platform_tells_a_count(self):
        self.people(3)
        crowd = self.submit(self.launched())
        assert (crowd.state, bool(crowd.batch_msg_id), self.used()) == ("submitted", True, 1)
        for _ in range(100):
            crowd_submit.ask_counts(at=timezone.now())
            crowd = self.again(crowd)
            if crowd.platform_status == "SUCCESS":
                break
            clock.sleep(0.05)
        assert (crowd.platform_status, crowd.platform_count) == ("SUCCESS", 3)
        assert self.kinds(crowd)[-2:] == ["crowd.submitting", "crowd.submitted"]

    def test_what_is_sent_is_what_was_frozen(self):
        crowd = self.launched()
        self.template.keywords = ["改了", "的"]
        self.template.save()
        crowd = self.submit(crowd)
        asked = crowd_submit.crowds.OpenAppMiniBatchtemplatemsgQuery(batch_msg_id=crowd.batch_msg_id)
        record = crowd_submit.asking.ask(self.mini_program, asked).record
        assert (record.template_id, record.crowd_code) == (crowd.platform_template_id, None)
        assert [one.value for one in record.msg_content.keyword_list] == crowd.values
        assert quote(crowd.sent_page, safe="") in record.msg_content.jump_url

    def test_one_time_balances_of_the_template_are_marked(self):
        self.submit(self.launched())
        self.template.refresh_from_db()
        assert self.template.crowd_sent_at is not None

    def test_two_beats_and_tasks_delivered_twice_make_one_call(self):
        crowd = self.launched()
        advance_crowds()
        advance_crowds()
        call = self.call_of(crowd)
        for _ in range(2):
            calls.send_call(call.pk, merchant_id=self.yunduo.pk)
        for _ in range(2):
            settle_crowd(self.yunduo.pk, call.pk)
        assert self.again(crowd).state == "submitted"
        assert len(self.calls_of(BATCH)) == 1
        assert self.kinds(crowd).count("crowd.submitted") == 1

    def test_a_slow_answer_of_a_count_changes_no_state(self):
        crowd = self.submit(self.launched())
        self.fault("timeout_after_success", BATCH_QUERY)
        assert not crowd_submit.ask_count(crowd, at=timezone.now())
        assert (self.again(crowd).state, self.again(crowd).platform_count) == ("submitted", None)

    def test_another_merchants_call_settles_nothing(self):
        crowd = self.launched()
        self.advance()
        call = self.send_call(crowd)
        assert not crowd_submit.settle(call.pk, merchant_id=self.other_mini_program.merchant_id)
        assert self.again(crowd).state == "submitting"


class RefusedTests(CrowdPlatformCase):
    def test_each_refusal_of_the_method_has_a_sentence_and_keeps_its_place_in_the_quota(self):
        codes = set(BY_METHOD[BATCH]) - UNKNOWN_CODES - BUSY_CODES
        assert codes - set(refusals.SENTENCES) == set()
        for code in ("BATCH_SEND_QUOTA_OVER_LIMIT", "CROWD_CODE_INVALID", "DATA_SENSITIVE"):
            self.fault("sub_code", BATCH, value=code)
            crowd = self.submit(self.launched())
            assert (crowd.state, crowd.refusal, bool(crowd.quota_day)) == ("refused", code, True)
        self.template.refresh_from_db()
        assert (self.used(), self.template.crowd_sent_at) == (3, None)

    def test_a_crowd_the_platform_does_not_have_is_refused(self):
        crowd = self.submit(self.launched(crowd_code="CROWD0"))
        assert (crowd.state, crowd.refusal) == ("refused", "CROWD_CODE_INVALID")

    def test_batches_sent_from_the_platforms_own_console_use_up_the_day(self):
        for _ in range(10):
            assert self.submit(self.launched()).state == "submitted"
        with self.settings(CROWD_SENDS_PER_DAY=20):
            crowd = self.submit(self.launched())
        assert (crowd.state, crowd.refusal) == ("refused", "BATCH_SEND_QUOTA_OVER_LIMIT")


class UnknownTests(CrowdPlatformCase):
    def unknown(self) -> CrowdSend:
        self.fault("timeout_after_success", BATCH)
        crowd = self.submit(self.launched())
        assert crowd.state == "unknown"
        return crowd

    def test_a_silent_platform_is_never_asked_again(self):
        crowd = self.unknown()
        GatewayCall.objects.update(due_at=timezone.now() - timedelta(minutes=1))
        for _ in range(3):
            self.advance()
            calls.sweep_calls(at=timezone.now() + timedelta(minutes=1))
            self.send_call(crowd)
        assert len(self.calls_of(BATCH)) == 1
        assert (self.again(crowd).state, self.used(), bool(crowd.quota_day)) == ("unknown", 1, True)
        self.template.refresh_from_db()
        assert self.template.crowd_sent_at is not None

    def test_an_unknown_one_is_neither_cancelled_nor_edited_nor_launched_again(self):
        crowd = self.unknown()
        for act in (crowds.take_back, crowds.cancel):
            with pytest.raises(crowd_submit.CrowdMoved):
                act(crowd, by=self.operator)
        with pytest.raises(crowd_submit.CrowdMoved):
            self.launch(crowd)
        assert self.used() == 1

    def test_a_person_decides_once_and_it_stays_counted(self):
        crowd = self.unknown()
        assert crowds.decide(crowd, "written_off", by=self.owner, at=timezone.now())
        assert not crowds.decide(crowd, "submitted", by=self.operator, at=timezone.now())
        crowd = self.again(crowd)
        assert (crowd.state, crowd.decision, crowd.decided_by, self.used()) == (
            "unknown",
            "written_off",
            self.owner,
            1,
        )
        assert self.kinds(crowd)[-1] == "crowd.written_off_by_hand"

    def test_a_worker_that_dies_between_call_and_answer_leaves_an_unknown_and_no_second_call(self):
        crowd = self.launched()
        self.advance()
        call = self.call_of(crowd)
        begun = {"state": "claimed", "started_at": timezone.now(), "attempts": 1}
        rows = GatewayCall.objects.filter(pk=call.pk)
        assert len(leases.claim(rows, seconds=30, limit=1, changes=begun)) == 1
        rows.update(lease_until=timezone.now() - timedelta(seconds=1))
        calls.sweep_calls(at=timezone.now())
        crowd_submit.settle(call.pk, merchant_id=self.yunduo.pk)
        self.send_call(crowd)
        assert (self.again(crowd).state, self.calls_of(BATCH)) == ("unknown", [])

    def test_a_late_answer_ends_the_doubt_only_before_a_person_decided(self):
        for decision, state in (("", "submitted"), ("written_off", "unknown")):
            crowd = self.unknown()
            if decision:
                crowds.decide(crowd, decision, by=self.owner, at=timezone.now())
            rows = GatewayCall.objects.filter(target_id=crowd.pk)
            rows.update(state="accepted", answer={"batch_msg_id": "B1"}, settled_at=None)
            assert crowd_submit.settle(rows.get().pk, merchant_id=self.yunduo.pk)
            assert (self.again(crowd).state, self.again(crowd).decision) == (state, decision)


class HeldTests(CrowdPlatformCase):
    def test_a_busy_platform_is_asked_again_until_it_is_too_late_and_the_day_is_given_back(self):
        self.fault("busy", BATCH, count=2)
        crowd = self.submit(self.launched())
        assert (crowd.state, self.call_of(crowd).state) == ("submitting", "waiting")
        rows = GatewayCall.objects.filter(target_id=crowd.pk)
        assert rows.get().not_after == crowd.due_at + timedelta(seconds=600)
        rows.update(due_at=timezone.now() - timedelta(seconds=1))
        self.send_call(crowd)
        rows.update(due_at=timezone.now() - timedelta(seconds=1), not_after=timezone.now())
        self.send_call(crowd)
        calls.sweep_calls(at=timezone.now())
        crowd_submit.settle(rows.get().pk, merchant_id=self.yunduo.pk)
        crowd = self.again(crowd)
        assert (crowd.state, crowd.missed_reason, self.used()) == ("missed", "busy", 0)
        assert len(self.calls_of(BATCH)) == 2

    def test_a_busy_platform_that_recovers_gets_it_once(self):
        self.fault("busy", BATCH)
        crowd = self.submit(self.launched())
        GatewayCall.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        self.send_call(crowd)
        crowd_submit.settle(self.call_of(crowd).pk, merchant_id=self.yunduo.pk)
        assert self.again(crowd).state == "submitted"

    def test_a_stopped_mini_program_submits_nothing_and_after_ten_minutes_it_is_missed(self):
        crowd, late = self.launched(), self.launched(late=LATE)
        self.mini_program.stopped_at = timezone.now()
        self.mini_program.save()
        self.advance()
        assert (self.again(crowd).state, self.again(late).state) == ("scheduled", "missed")
        assert (self.again(late).missed_reason, GatewayCall.objects.count(), self.used()) == ("stopped", 0, 1)

    def test_a_stop_between_beat_and_call_holds_the_call(self):
        crowd = self.launched()
        self.advance()
        self.mini_program.stopped_at = timezone.now()
        self.mini_program.save()
        assert self.send_call(crowd).state == "waiting"
        GatewayCall.objects.update(not_after=timezone.now())
        calls.sweep_calls(at=timezone.now())
        crowd_submit.settle(self.call_of(crowd).pk, merchant_id=self.yunduo.pk)
        crowd = self.again(crowd)
        assert (crowd.state, crowd.missed_reason, self.calls_of(BATCH)) == ("missed", "stopped", [])

    def test_quiet_hours_that_were_set_after_the_launch_hold_it(self):
        crowd = self.launched()
        wall = timezone.localtime(timezone.now(), crowds.ZoneInfo(self.yunduo.time_zone))
        begins, ends = wall - timedelta(hours=1), wall + timedelta(hours=1)
        SendRules.objects.create(
            merchant=self.yunduo, quiet_from=time(begins.hour), quiet_to=time((ends.hour + 1) % 24)
        )
        self.advance()
        assert self.again(crowd).state == "scheduled"
        CrowdSend.objects.filter(pk=crowd.pk).update(due_at=timezone.now() - LATE)
        self.advance()
        assert self.again(crowd).missed_reason == "quiet"

    def test_tries_end_where_the_quiet_hours_begin(self):
        crowd = self.launched()
        zone = crowds.ZoneInfo("Asia/Shanghai")
        at = crowd.due_at.astimezone(zone).replace(hour=20, minute=55, second=0, microsecond=0)
        quiet = crowds.Quiet(time(21, 0), time(9, 0), zone)
        crowd.due_at = at
        assert crowd_submit._last_moment(crowd, quiet, at) == at + timedelta(minutes=5)
        assert crowd_submit._last_moment(crowd, None, at) == at + timedelta(minutes=10)

    def test_a_template_that_went_offline_holds_it(self):
        crowd = self.launched(late=LATE)
        self.template.state = "offline"
        self.template.save()
        self.advance()
        assert self.again(crowd).missed_reason == "template"

    def test_workers_that_come_back_too_late_send_nothing_and_it_gets_a_new_time(self):
        crowd = self.launched(late=LATE)
        self.advance()
        crowd = self.again(crowd)
        assert (crowd.missed_reason, self.used()) == ("late", 0)
        crowds.take_back(crowd, by=self.operator)
        self.launch(crowd)
        CrowdSend.objects.filter(pk=crowd.pk).update(due_at=timezone.now() - timedelta(seconds=1))
        assert self.submit(self.again(crowd)).state == "submitted"
        assert len(self.calls_of(BATCH)) == 1

    def test_after_a_restore_nothing_that_was_due_leaves(self):
        due, begun, ahead = self.launched(), self.launched(), self.draft()
        CrowdSend.objects.filter(pk=due.pk).update(state="draft", quota_day=None)
        self.advance()
        CrowdSend.objects.filter(pk=due.pk).update(state="scheduled", quota_day=due.quota_day)
        self.launch(ahead)
        assert crowd_submit.halt_all(at=timezone.now()) == 2
        self.send_call(begun)
        crowd_submit.settle(self.call_of(begun).pk, merchant_id=self.yunduo.pk)
        found = [self.again(one) for one in (due, begun, ahead)]
        assert [one.state for one in found] == ["missed", "unknown", "scheduled"]
        assert (found[0].missed_reason, self.calls_of(BATCH)) == ("restored", [])
