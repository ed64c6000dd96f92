"""After a month was detached its pages keep their figures and say where the people are."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from merchants.partitions import month_of
from messaging.engine.archive import detach
from messaging.engine.claim import claim
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.models import BatchSend, SendControl
from messaging.person import rows_of
from tests.console.messaging.sends.base import SendCase

SINCE = "The people of this send are in the archive since"


class Archived(SendCase):
    batch: BatchSend

    def setUp(self) -> None:
        super().setUp()
        batch = self.launched(started_at=timezone.now() - timedelta(minutes=5))
        ours = claim(batch.control, limit=6)
        rows = mark(batch.control, ours, ids=ours.ids, at=timezone.now())
        answers = [("refused", "MSG_REJECTED") if n == 0 else ("accepted", "") for n in range(6)]
        record(
            batch.control, ours.token,
            [Answer(row.id, *told, 2.0) for row, told in zip(rows, answers, strict=True)],
        )  # fmt: skip
        now = timezone.now()
        SendControl.objects.filter(pk=batch.control_id).update(
            state="finished", finished_at=now, books_closed_at=now, balanced=True, checked_at=now
        )
        detach(month_of(now), at=now + timedelta(days=31 * 15), keep_months=13)
        self.batch = BatchSend.objects.select_related("control").get(pk=batch.pk)

    def test_the_page_of_the_send_keeps_its_figures_and_offers_no_second_try(self) -> None:
        page = self.client.get(self.url("send", self.batch))
        self.assertEqual(page.context["figures"].accepted, 5)
        self.assertEqual(page.context["figures"].spent_units, 5)
        self.assertNotContains(page, "Send again…")

    def test_its_people_are_said_to_be_in_the_archive(self) -> None:
        page = self.client.get(self.url("send_deliveries", self.batch))
        self.assertContains(page, SINCE)
        self.assertNotContains(page, "Export as CSV")
        self.assertContains(
            self.client.get(self.url("send_export", self.batch)), "in the archive", status_code=422
        )
        self.assertEqual(self.client.get(self.url("send_unknown", self.batch)).status_code, 200)
        self.assertEqual(self.client.get(self.url("send_recall", self.batch)).status_code, 200)

    def test_nobody_is_sent_to_again(self) -> None:
        address = self.url("send_again", self.batch) + "?reason=MSG_REJECTED"
        answer = self.client.post(address, {"reason": "MSG_REJECTED", "count": "1", "people": "1"})
        self.assertContains(answer, "Nothing was changed", status_code=422)

    def test_the_page_of_a_person_says_how_far_back_the_archive_begins(self) -> None:
        person = reverse("person", args=["yunduo", self.people[0].pk])
        self.assertFalse(rows_of(self.people[0]).exists())
        page = self.client.get(person)
        self.assertContains(page, "Messages up to")
        self.assertContains(page, "are in the archive.")
        self.assertContains(self.client.get(f"{person}?send={self.batch.pk}"), SINCE)
