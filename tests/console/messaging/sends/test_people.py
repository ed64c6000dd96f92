import csv
import io

from django.utils import timezone

from console.messaging.sends import people as people_views
from membership.models import Customer
from merchants.models import Event
from messaging.engine import decisions
from messaging.models import BatchSend, Delivery
from messaging.recall import rollups
from messaging.sends import people
from tests.console.messaging.sends.base import HTMX, SendCase


class PeopleCase(SendCase):
    def settled(self) -> BatchSend:
        batch = self.launched("finished", finished_at=timezone.now())
        self.settle(
            batch,
            accepted=["", ""],
            refused=["MSG_REJECTED", "USER_ID_INVALID"],
            unknown=["timeout", "cut_off"],
        )
        return batch

    def decided(self) -> BatchSend:
        """Two unknown outcomes, one treated as sent and one sent again; one accepted person came."""
        batch = self.settled()
        accepted, *_more, first, second = (
            Delivery.objects.filter(send=batch.control).exclude(state="skipped").order_by("id")
        )
        now = timezone.now()
        decisions.treat_as_sent(batch.control, delivery_ids=[first.id], by=self.operator, at=now)
        decisions.send_again(batch.control, delivery_ids=[second.id], by=self.operator, at=now)
        rollups.count([rollups.Came(accepted.books_month, accepted.id, False, batch.control_id, now)])
        return batch

    def ids(self, address: str) -> list[str]:
        """Who stands in the table, by the end of their open_id."""
        return [line.row.customer.open_id for line in self.client.get(address).context["rows"]]

    def rows(self, address: str) -> list[list[str]]:
        answer = self.client.get(address)
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


class SendDeliveries(PeopleCase):
    def test_everybody_stands_there_masked_to_the_last_four(self) -> None:
        answer = self.client.get(self.url("send_deliveries", self.settled()))
        for open_id in self.ids_of_people:
            self.assertContains(answer, f"****{open_id[-4:]}")
            self.assertNotContains(answer, open_id)
        self.assertContains(answer, "8 people")

    def test_it_is_filtered_by_state_reason_and_open_id(self) -> None:
        batch = self.settled()
        for query, n in (
            ("?state=accepted", 2),
            ("?state=skipped&reason=no_consent", 2),
            ("?reason=MSG_REJECTED", 1),
            (f"?open_id={self.ids_of_people[7]}", 1),
            ("?open_id=nobody", 0),
        ):
            with self.subTest(query=query):
                answer = self.client.get(self.url("send_deliveries", batch) + query)
                self.assertEqual(answer.content.decode().count('<td class="mono break">'), n)

    def test_it_is_filtered_by_decision_and_by_visit_and_the_url_keeps_it(self) -> None:
        batch = self.decided()
        for query, n, counted in (
            ("?decision=treated_as_sent", 1, "1 person, counted at"),
            ("?decision=sent_again", 1, None),
            ("?decision=undecided", 0, "0 people, counted at"),
            ("?visited=yes", 1, "1 person, counted at"),
            ("?visited=no", 7, None),
            ("?visited=yes&state=accepted", 1, None),
            ("?visited=yes&state=refused", 0, None),
            ("?decision=sent_again&state=queued", 1, None),
        ):
            with self.subTest(query=query):
                answer = self.client.get(self.url("send_deliveries", batch) + query)
                self.assertEqual(len(answer.context["rows"]), n)
                if counted:
                    self.assertContains(answer, counted)
                else:
                    self.assertNotContains(answer, "counted at")
                self.assertContains(answer, self.url("send_export", batch) + query.replace("&", "&amp;"))
                exported = self.rows(self.url("send_export", batch) + query)
                self.assertEqual(len(exported) - 1, n)

    def test_what_was_decided_and_who_came_stands_in_the_row(self) -> None:
        batch = self.decided()
        for query, words in (
            ("?decision=treated_as_sent", "Treated as sent"),
            ("?decision=sent_again", "Sent again"),
            ("?visited=yes", "Visited at <time"),
        ):
            self.assertContains(self.client.get(self.url("send_deliveries", batch) + query), words)

    def test_a_shared_link_is_no_visit_of_the_recipient(self) -> None:
        batch = self.settled()
        row = Delivery.objects.filter(send=batch.control, state="accepted").first()
        assert row is not None
        rollups.count([rollups.Came(row.books_month, row.id, True, batch.control_id, timezone.now())])
        self.assertEqual(self.ids(self.url("send_deliveries", batch) + "?visited=yes"), [])

    def test_the_number_of_queries_does_not_grow_with_the_people(self) -> None:
        batch = self.decided()
        few = self.queries(self.url("send_deliveries", batch) + "?decision=sent_again")
        self.assertLessEqual(self.queries(self.url("send_deliveries", batch)), few)

    def test_a_reason_that_never_occurred_is_told_and_filters_nothing(self) -> None:
        answer = self.client.get(self.url("send_deliveries", self.settled()) + "?reason=weather")
        self.assertContains(answer, "field-error")
        self.assertEqual(answer.content.decode().count('<td class="mono break">'), 8)

    def test_pages_are_cut_by_key_and_each_person_stands_once(self) -> None:
        batch = self.settled()
        address = self.url("send_deliveries", batch) + "?state=accepted"
        per_page, people_views.PER_PAGE = people_views.PER_PAGE, 1
        self.addCleanup(setattr, people_views, "PER_PAGE", per_page)
        first = self.client.get(address)
        key = first.context["keyset"].next_before
        self.assertContains(first, f"?state=accepted&amp;before={key}")
        second = self.client.get(f"{address}&before={key}")
        self.assertIsNone(second.context["keyset"].next_before)
        shown = [answer.context["rows"][0].row.id for answer in (first, second)]
        self.assertEqual(len(set(shown)), 2)

    def test_before_the_freeze_nobody_stands_there(self) -> None:
        batch = self.launched("scheduled")
        self.assertContains(self.client.get(self.url("send_deliveries", batch)), "Nobody is frozen yet.")

    def test_an_analyst_sees_no_part_of_an_id(self) -> None:
        batch = self.settled()
        self.sign_in(self.analyst)
        answer = self.client.get(self.url("send_deliveries", batch))
        self.assertNotContains(answer, self.ids_of_people[0][-4:])
        self.assertNotContains(answer, "Show ids")

    def test_a_forgotten_person_has_no_id(self) -> None:
        batch = self.settled()
        Customer.objects.filter(pk=self.people[0].pk).update(open_id=None, forgotten_at=timezone.now())
        self.assertContains(self.client.get(self.url("send_deliveries", batch)), "Forgotten")

    def test_a_post_is_rejected_and_a_stranger_finds_nothing(self) -> None:
        batch = self.settled()
        self.assertEqual(self.client.post(self.url("send_deliveries", batch)).status_code, 405)
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.get(self.url("send_deliveries", batch)).status_code, 404)


class SendReveal(PeopleCase):
    def test_whole_ids_are_shown_once_and_written_down(self) -> None:
        batch = self.settled()
        for headers in ({}, HTMX):
            answer = self.client.post(self.url("send_reveal", batch) + "?state=accepted", headers=headers)
            self.assertContains(answer, self.ids_of_people[0])
            self.assertNotContains(answer, self.ids_of_people[7])
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            self.assertEqual("<html" in answer.content.decode(), not headers)
        events = Event.objects.filter(kind="people.revealed", by=self.operator, subject_id=batch.control_id)
        self.assertEqual([event.detail for event in events], [{"people": 2}, {"people": 2}])
        self.assertNotContains(self.client.get(self.url("send_deliveries", batch)), self.ids_of_people[0])

    def test_looking_is_rejected_and_so_are_others(self) -> None:
        batch = self.settled()
        self.assertEqual(self.client.get(self.url("send_reveal", batch)).status_code, 405)
        for person, status in ((self.analyst, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.post(self.url("send_reveal", batch)).status_code, status)
        self.assertFalse(Event.objects.filter(kind="people.revealed").exists())


class SendExport(PeopleCase):
    def test_every_row_leaves_once_and_the_export_is_an_event(self) -> None:
        batch = self.settled()
        chunk, people.EXPORT_CHUNK = people.EXPORT_CHUNK, 3
        self.addCleanup(setattr, people, "EXPORT_CHUNK", chunk)
        head, *rows = self.rows(self.url("send_export", batch))
        self.assertEqual(head[:4], ["delivery", "open_id", "state", "status"])
        self.assertEqual({row[1] for row in rows}, set(self.ids_of_people))
        self.assertEqual(len(rows), 8)
        self.assertTrue(Event.objects.filter(kind="people.exported", by=self.operator).exists())

    def test_it_takes_the_filters_of_the_page(self) -> None:
        rows = self.rows(self.url("send_export", self.settled()) + "?state=refused&reason=MSG_REJECTED")
        self.assertEqual([row[4] for row in rows[1:]], ["MSG_REJECTED"])

    def test_a_cell_that_looks_like_a_formula_is_defused(self) -> None:
        batch = self.settled()
        Customer.objects.filter(pk=self.people[0].pk).update(open_id="=cmd|'/c calc'!A1")
        cells = [row[1] for row in self.rows(self.url("send_export", batch))]
        self.assertIn("'=cmd|'/c calc'!A1", cells)

    def test_words_are_in_the_language_of_the_person(self) -> None:
        self.operator.language = "zh-hans"
        self.operator.save(update_fields=["language"])
        rows = self.rows(self.url("send_export", self.settled()) + "?state=accepted")
        self.assertEqual({row[3] for row in rows[1:]}, {"已受理"})

    def test_ids_leave_only_with_who_may_see_people(self) -> None:
        batch = self.settled()
        for person in (self.owner, self.operator, self.reviewer):
            self.sign_in(person)
            rows = self.rows(self.url("send_export", batch))[1:]
            self.assertEqual({row[1] for row in rows}, set(self.ids_of_people), person)
        self.sign_in(self.analyst)
        rows = self.rows(self.url("send_export", batch))[1:]
        self.assertEqual([row[1] for row in rows], ["****"] * 8)
        self.assertEqual(len({row[0] for row in rows}), 8)

    def test_decision_and_visit_stand_in_their_columns(self) -> None:
        batch = self.decided()
        head, *rows = self.rows(self.url("send_export", batch))
        lines = {row[1]: dict(zip(head, row, strict=True)) for row in rows}
        said = {line["decision"] for line in lines.values()}
        self.assertEqual(said, {"", "treated_as_sent", "sent_again"})
        self.assertTrue(all(line["decided_at"] for line in lines.values() if line["decision"][:1] == "t"))
        self.assertEqual(sum(bool(line["visited_at"]) for line in lines.values()), 1)

    def test_a_post_is_rejected_and_a_stranger_finds_nothing(self) -> None:
        batch = self.settled()
        self.assertEqual(self.client.post(self.url("send_export", batch)).status_code, 405)
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.get(self.url("send_export", batch)).status_code, 404)
