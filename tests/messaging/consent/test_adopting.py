import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from merchants import calls
from merchants.models import Event, GatewayCall
from messaging.consent import adopting
from messaging.consent.adopting import AdoptRefused, adopt, watch
from messaging.consent.library import sync_library
from messaging.consent.tasks import settle_adoption, watch_mini_program
from messaging.models import LibraryTemplate, SubscriptionTemplate
from tests import build_messaging
from tests.messaging.consent.base import APPLY, PlatformCase

KEYWORDS = ["领取时间", "权益名称"]


class AdoptCase(PlatformCase):
    def setUp(self):
        super().setUp()
        sync_library(self.mini_program, at=timezone.now())
        self.library = LibraryTemplate.objects.get(mini_program=self.mini_program, code="TM0010004")

    def adopt(self, keywords=KEYWORDS, *, library=None, token=None) -> SubscriptionTemplate:
        return adopt(
            library_template=library or self.library,
            keywords=keywords,
            by=self.operator,
            form_token=token or uuid.uuid4(),
        )

    def call_of(self, template: SubscriptionTemplate) -> GatewayCall:
        return GatewayCall.objects.get(target_kind="subscriptiontemplate", target_id=template.pk)

    def submitted(self, keywords=KEYWORDS, *, library=None) -> SubscriptionTemplate:
        """Adopted, sent and settled, whatever came of it."""
        template = self.adopt(keywords, library=library)
        call = self.call_of(template)
        calls.send_call(call.pk, merchant_id=self.yunduo.pk)
        settle_adoption(self.yunduo.pk, call.pk)
        template.refresh_from_db()
        return template

    def unanswered(self) -> SubscriptionTemplate:
        """The platform made it, and its answer was lost."""
        self.fault("timeout_after_success", APPLY)
        template = self.submitted()
        assert (template.state, template.refusal) == ("submitting", "unknown")
        return template

    def watched(self, template: SubscriptionTemplate, at: datetime | None = None) -> SubscriptionTemplate:
        watch(self.mini_program, at=at or timezone.now() + timedelta(minutes=2))
        template.refresh_from_db()
        return template

    def kinds(self, template: SubscriptionTemplate) -> list[str]:
        found = Event.objects.filter(subject_kind="subscriptiontemplate", subject_id=template.pk)
        return list(found.order_by("id").values_list("kind", flat=True))


class AdoptTests(AdoptCase):
    def test_the_row_the_call_and_the_event_are_written_together(self):
        template = self.adopt()
        assert (template.state, template.keywords, template.kind) == ("submitting", KEYWORDS, "one_time")
        call = self.call_of(template)
        assert call.body["keyword_list"] == [{"name": word} for word in KEYWORDS]
        assert (call.state, call.repeatable, call.settle_task) == (
            "waiting",
            False,
            "messaging.settle_adoption",
        )
        assert self.kinds(template) == ["template.submitted"]
        assert not self.calls_of(APPLY)

    def test_the_same_form_sent_twice_adopts_once(self):
        token = uuid.uuid4()
        assert self.adopt(token=token) == self.adopt(["权益说明", "领取时间"], token=token)
        assert (SubscriptionTemplate.objects.count(), GatewayCall.objects.count()) == (1, 1)

    def test_a_form_token_of_another_merchant_is_refused(self):
        token = uuid.uuid4()
        build_messaging.template(self.other_mini_program)
        SubscriptionTemplate.objects.update(form_token=token)
        with self.assertRaisesMessage(AdoptRefused, "sent before"):
            self.adopt(token=token)

    def test_the_platform_gives_the_template_an_id(self):
        template = self.submitted()
        assert template.state == "applied"
        assert template.template_id
        assert [entry["code"] for entry in self.calls_of(APPLY)] == ["10000"]
        assert self.kinds(template) == ["template.submitted", "template.applied"]

    def test_an_outcome_is_taken_over_once(self):
        template = self.submitted()
        assert not adopting.settle(self.call_of(template).pk, merchant_id=self.yunduo.pk)

    def test_a_refusal_ends_it_with_the_word_of_the_platform(self):
        self.fault("sub_code", APPLY, value="USER_TEMPLATE_OVER_LIMIT")
        template = self.submitted()
        assert (template.state, template.refusal) == ("failed", "USER_TEMPLATE_OVER_LIMIT")
        assert self.kinds(template)[-1] == "template.failed"

    def test_keywords_are_two_to_five_of_the_template_each_once(self):
        for keywords, words in (
            (["权益名称"], "2 to 5"),
            ([str(n) for n in range(6)], "2 to 5"),
            (["权益名称", "权益名称"], "once"),
            (["权益名称", "价格"], "价格"),
        ):
            with self.subTest(keywords), self.assertRaisesMessage(AdoptRefused, words):
                self.adopt(keywords)
        assert not SubscriptionTemplate.objects.exists()

    def test_what_the_platform_bars_is_refused_with_its_reason(self):
        barred = LibraryTemplate.objects.get(code="TM0010009")
        with self.assertRaisesMessage(AdoptRefused, "租赁订单"):
            self.adopt(barred.keywords[:2], library=barred)


class UnknownTests(AdoptCase):
    def test_a_lost_answer_leaves_it_submitting_and_nothing_is_sent_again(self):
        template = self.unanswered()
        calls.send_call(self.call_of(template).pk, merchant_id=self.yunduo.pk)
        assert len(self.calls_of(APPLY)) == 1
        assert self.kinds(template) == ["template.submitted", "template.unanswered"]

    def test_watching_finds_what_the_platform_made(self):
        template = self.watched(self.unanswered())
        assert (template.state, template.refusal) == ("approved", "")
        assert template.template_id
        assert len(self.calls_of(APPLY)) == 1

    def test_two_lost_answers_get_a_template_each(self):
        first, second = self.unanswered(), self.unanswered()
        self.watched(first)
        second.refresh_from_db()
        assert {first.state, second.state} == {"approved"}
        assert first.template_id != second.template_id

    def test_a_template_that_is_not_what_we_applied_for_is_left_alone(self):
        self.fault("http_500", APPLY, value="before")
        lost = self.submitted()  # this one the platform never made
        assert (lost.state, lost.refusal) == ("submitting", "unknown")
        other = self.submitted(["权益名称", "权益说明"])
        self.watched(other)
        lost.refresh_from_db()
        assert (lost.state, lost.template_id) == ("submitting", "")

    def test_what_the_platform_never_made_has_failed_after_ten_minutes(self):
        self.fault("http_500", APPLY, value="before")
        template = self.submitted()
        answered = self.call_of(template).finished_at
        assert self.watched(template, answered + timedelta(minutes=9)).state == "submitting"
        template = self.watched(template, answered + timedelta(minutes=11))
        assert (template.state, template.refusal) == ("failed", "unknown")


class WatchTests(AdoptCase):
    def test_review_ends_in_approval(self):
        template = self.watched(self.submitted())
        assert (template.state, template.is_sendable) == ("approved", True)
        assert self.kinds(template) == ["template.submitted", "template.applied", "template.approved"]

    def test_review_ends_in_a_rejection(self):
        rejected = LibraryTemplate.objects.get(code="TM0010010")
        template = self.submitted(rejected.keywords[:2], library=rejected)
        assert self.watched(template).state == "rejected"

    def test_while_the_platform_reviews_it_stays_applied(self):
        self.sim.post("/sim/apps", {"app_id": self.app_id, "review_seconds": 3600})
        assert self.watched(self.submitted()).state == "applied"

    def test_the_platform_takes_it_offline_and_brings_it_back(self):
        template = self.watched(self.submitted())
        self.staff("OFFLINE", template_id=template.template_id)
        assert self.watched(template).state == "offline"
        self.staff("ONLINE", template_id=template.template_id)
        assert self.watched(template).state == "approved"

    def test_a_template_that_vanished_is_offline(self):
        template = build_messaging.template(self.mini_program, template_id="nowhere")
        assert self.watched(template).state == "offline"

    def test_a_template_adopted_this_minute_may_be_missing(self):
        template = build_messaging.template(self.mini_program, template_id="too-young", state="applied")
        assert self.watched(template, timezone.now()).state == "applied"

    def test_other_keywords_names_and_kinds_on_the_platform_are_shown_and_forgotten_when_gone(self):
        template = self.watched(self.submitted())
        rows = SubscriptionTemplate.objects.filter(pk=template.pk)
        rows.update(keywords=["领取时间", "别的"], name="别名", kind="long_term", fatigue_total=99)
        template = self.watched(template)
        assert template.differs
        assert template.difference == "name: 权益领取提醒; keywords: 领取时间, 权益名称; kind: One-time"
        assert template.fatigue_total == 10
        assert self.kinds(template).count("template.differs") == 1
        rows.update(keywords=KEYWORDS, name="权益领取提醒", kind="one_time")
        template = self.watched(template)
        assert (template.differs, template.difference) == (False, "")

    def test_a_platform_that_does_not_answer_changes_nothing(self):
        template = self.submitted()
        self.use_gateway("http://127.0.0.1:1/gateway.do")
        watch_mini_program(self.yunduo.pk, self.mini_program.pk)
        template.refresh_from_db()
        assert (template.state, template.checked_at) == ("applied", None)


class DueTests(PlatformCase):
    def test_who_waits_is_due_always_others_hourly_and_who_has_nothing_never(self):
        now = timezone.now()
        due = (self.yunduo.pk, self.mini_program.pk)
        assert adopting.due_for_watching(at=now) == []
        template = build_messaging.template(self.mini_program, checked_at=now)
        rows = SubscriptionTemplate.objects.filter(pk=template.pk)
        assert adopting.due_for_watching(at=now + timedelta(minutes=59)) == []
        assert adopting.due_for_watching(at=now + timedelta(minutes=61)) == [due]
        for state in ("submitting", "applied"):
            rows.update(state=state)
            assert adopting.due_for_watching(at=now) == [due]
        rows.update(state="failed", checked_at=None)
        assert adopting.due_for_watching(at=now) == []
