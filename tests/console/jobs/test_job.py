from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from merchants import jobs
from merchants.models import Job
from tests import build_messaging
from tests.base import CastCase

HTMX = {"HX-Request": "true"}


class JobCase(CastCase):
    def setUp(self) -> None:
        people_list = build_messaging.people_list(self.mini_program, [])
        with transaction.atomic():
            self.job = jobs.start(
                "membership.import_list",
                merchant=self.yunduo,
                by=self.operator,
                title="Import of Autumn",
                arguments={"people_list": people_list.pk},
                total_units=60_000,
            )
        self.list_url = reverse("list", args=["yunduo", people_list.pk])
        self.url = reverse("job", args=["yunduo", self.job.pk])
        self.sign_in(self.operator)

    def set(self, **fields: object) -> None:
        Job.objects.filter(pk=self.job.pk).update(**fields)


class JobPage(JobCase):
    def test_a_running_job_asks_again_by_itself(self) -> None:
        self.set(state=Job.State.RUNNING, done_units=23_000)
        page = self.client.get(self.url)
        self.assertContains(page, 'hx-trigger="load delay:2s, wake"')
        self.assertContains(page, "23,000")
        self.assertContains(page, '<noscript><meta http-equiv="refresh"')

    def test_the_partial_is_the_very_part_of_the_page(self) -> None:
        whole, part = self.client.get(self.url), self.client.get(self.url, headers=HTMX)
        self.assertNotContains(part, "<html")
        self.assertContains(part, f'id="job-{self.job.pk}"')
        self.assertIn("HX-Request", whole.headers["Vary"])
        self.assertIn("HX-Request", part.headers["Vary"])

    def test_a_restored_history_entry_gets_the_whole_page(self) -> None:
        answer = self.client.get(self.url, headers=HTMX | {"HX-History-Restore-Request": "true"})
        self.assertContains(answer, "<html")

    def test_it_asks_less_often_with_age(self) -> None:
        self.set(state=Job.State.RUNNING, created_at=timezone.now() - timedelta(minutes=10))
        self.assertContains(self.client.get(self.url, headers=HTMX), "load delay:5s")

    def test_a_finished_job_stops_asking_and_leads_to_its_result(self) -> None:
        self.set(state=Job.State.DONE, finished_at=timezone.now())
        for headers in ({}, HTMX):
            answer = self.client.get(self.url, headers=headers)
            self.assertNotContains(answer, "hx-trigger")
            self.assertContains(answer, self.list_url)

    def test_a_failed_job_says_why(self) -> None:
        self.set(state=Job.State.FAILED, error="The file ended in the middle.", finished_at=timezone.now())
        self.assertContains(self.client.get(self.url), "The file ended in the middle.")

    def test_a_poll_reads_one_row_beside_the_guard(self) -> None:
        with self.assertNumQueries(5):  # session, person, seat, mini program, job
            self.client.get(self.url, headers=HTMX)


class CancelJob(JobCase):
    def test_cancelling_ends_it_and_says_so(self) -> None:
        answer = self.client.post(reverse("job_cancel", args=["yunduo", self.job.pk]))
        self.assertRedirects(answer, self.url, status_code=303, fetch_redirect_response=False)
        self.job.refresh_from_db()
        self.assertEqual(self.job.state, Job.State.CANCELLED)
        self.assertContains(self.client.get(self.url), "Cancelled. What was already done stays as it is.")

    def test_a_job_that_is_over_stays_as_it_is(self) -> None:
        self.set(state=Job.State.DONE)
        self.client.post(reverse("job_cancel", args=["yunduo", self.job.pk]))
        self.job.refresh_from_db()
        self.assertEqual(self.job.state, Job.State.DONE)
        self.assertNotContains(self.client.get(self.url), "What was already done stays")
