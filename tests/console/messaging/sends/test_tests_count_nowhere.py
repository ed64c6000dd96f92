"""A test to one named person uses consent and is written down, and counts in no figure of ours."""

from django.urls import reverse
from django.utils import timezone

from messaging import reports
from messaging.models import BatchSend, SendControl
from messaging.sends import uses
from tests.console.messaging.sends.base import SendCase

BEGINNING = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


class TestsCountNowhere(SendCase):
    batch: BatchSend
    test: BatchSend

    def setUp(self) -> None:
        super().setUp()
        now = timezone.now()
        self.batch = self.launched(started_at=now, name="The send itself")
        self.settle(self.batch, accepted=["", "", ""])
        self.test = self.launched(started_at=now, name="Test of it")
        self.settle(self.test, accepted=["", "", "", "", ""])
        BatchSend.objects.filter(pk=self.test.pk).update(test_of=self.batch)

    def page(self, name: str) -> str:
        return self.client.get(reverse(name, args=["yunduo"])).content.decode()

    def home(self) -> reports.HomeFigures:
        at = timezone.now()
        return reports.home_figures(self.yunduo, at=at, day_start=BEGINNING)

    def end(self, batch: BatchSend, state: str, **fields: object) -> None:
        SendControl.objects.filter(pk=batch.control_id).update(state=state, **fields)

    def test_home_counts_the_send_alone(self) -> None:
        found = self.home()
        self.assertEqual([batch.pk for batch in found.running], [self.batch.pk])
        self.assertEqual((found.today_frozen, found.today_settled), (8, 5))
        for name in ("home", "home_running"):
            self.assertNotIn("Test of it", self.page(name))

    def test_the_next_day_counts_the_send_alone(self) -> None:
        for batch in (self.batch, self.test):
            self.end(batch, "scheduled")
        found = self.home()
        self.assertEqual([batch.pk for batch in found.next_day], [self.batch.pk])
        self.assertEqual(found.next_day_people, 8)

    def test_a_test_that_needs_somebody_is_told_nevertheless(self) -> None:
        self.end(self.test, "finished", finished_at=timezone.now())
        self.settle(self.test, unknown=["timeout"])
        self.assertEqual([batch.pk for batch in self.home().unknown], [self.test.pk])

    def test_records_calendar_and_recall_list_and_count_the_send_alone(self) -> None:
        answer = self.client.get(self.url("sends"))
        self.assertEqual([row.batch.pk for row, *_rest in answer.context["rows"]], [self.batch.pk])
        self.assertEqual(answer.context["page"].paginator.count, 1)
        self.assertNotIn("Test of it", self.page("sends_calendar"))
        self.assertNotIn("Test of it", self.page("recall"))
        exported = b"".join(self.client.get(self.url("sends_export")).streaming_content).decode()  # type: ignore[attr-defined]
        self.assertNotIn("Test of it", exported)

    def test_a_template_is_used_by_the_send_alone_and_a_new_one_starts_from_it(self) -> None:
        self.assertEqual(uses.sends_per_template(self.yunduo), {self.template.pk: 1})
        self.assertEqual([stage.count for stage in uses.stages_of(self.template)], [1])
        latest = uses.latest_sends(self.mini_program, limit=9)
        self.assertEqual([batch.pk for batch in latest], [self.batch.pk])

    def test_each_leads_to_the_other(self) -> None:
        self.assertContains(self.client.get(self.url("send", self.batch)), self.url("send", self.test))
        answer = self.client.get(self.url("send", self.test))
        self.assertContains(answer, self.url("send", self.batch))
        self.assertContains(answer, "A test counts in no figure of home, records and recall")
