from datetime import timedelta

from merchants import tokens
from messaging.models import CrowdSend, RecallCount, Signal, UntiedVisits, Visit
from tests.messaging.recall.base import DAY, NOON, RecallCase


class CrowdVisitTests(RecallCase):
    def setUp(self):
        super().setUp()
        self.crowd = self.make_crowd()

    def make_crowd(self, app=None, **changes) -> CrowdSend:
        app = app or self.mini_program
        given = {
            "state": "submitted",
            "submitting_at": NOON,
            "due_at": NOON,
            "launched_at": NOON,
            "quota_day": NOON.date(),
            "data": "{}",
            "sent_page": "pages/x",
        }
        return CrowdSend.objects.create(
            merchant=app.merchant,
            mini_program=app,
            template=self.template,
            zone="Asia/Shanghai",
            author=self.operator,
            form_token=self.told("visited").id.encode().ljust(16, b"0").hex()[:32],
            **{**given, **changes},
        )

    def came(self, crowd=None, **changes):
        return self.told("visited", token=tokens.make_for_crowd((crowd or self.crowd).pk), **changes)

    def visits(self, crowd=None) -> int:
        return CrowdSend.objects.get(pk=(crowd or self.crowd).pk).visits

    def test_visits_count_for_the_send_and_for_nobody(self):
        person = self.people[0].open_id
        result = self.take_in(self.came(open_id=person), self.came(open_id=person), self.came())
        assert (result.accepted, self.visits()) == (3, 3)
        rows = Signal.objects.filter(crowd=self.crowd)
        assert set(rows.values_list("customer_id", "send_id", "delivery_id")) == {(None, None, None)}
        assert not Visit.objects.exists()
        assert not RecallCount.objects.exists()
        assert not UntiedVisits.objects.exists()

    def test_a_report_that_comes_again_counts_once(self):
        told = self.came()
        self.take_in(told, told)
        assert self.take_in(told).repeated == 1
        assert self.visits() == 1

    def test_after_the_window_it_is_kept_and_not_counted(self):
        late = self.came(at=NOON + timedelta(days=7, seconds=1))
        assert self.take_in(late, self.came(at=NOON + 7 * DAY)).accepted == 2
        assert self.visits() == 1

    def test_an_unknown_one_counts_too_for_it_may_have_gone_out(self):
        crowd = self.make_crowd(state="unknown")
        self.take_in(self.came(crowd))
        assert self.visits(crowd) == 1

    def test_one_that_never_left_is_refused(self):
        crowd = self.make_crowd(state="missed", quota_day=None)
        assert self.take_in(self.came(crowd)).rejected[0][1] == "token: this message was never sent"

    def test_the_token_of_another_mini_program_is_refused(self):
        crowd = self.make_crowd(self.other_mini_program)
        assert self.take_in(self.came(crowd)).rejected[0][1].startswith("token: not one of")
        assert self.visits(crowd) == 0

    def test_a_send_to_people_counts_as_before_beside_it(self):
        self.take_in(self.visit(), self.came())
        assert (self.figures(), self.visits()) == ((1, 0), 1)
