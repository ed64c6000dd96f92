from datetime import timedelta

from django.utils import timezone

from messaging.models import RecallCount, SendControl
from tests.console.messaging.sends.base import HTMX, SendCase


class SendsPage(SendCase):
    def test_the_first_visit_explains_what_to_do(self) -> None:
        answer = self.client.get(self.url("sends"))
        self.assertContains(answer, "No batch sends yet")
        self.assertContains(answer, self.url("send_new"))

    def test_each_state_offers_its_next_step(self) -> None:
        draft = self.draft(name="Draft")
        running = self.launched(name="Running")
        missed = self.launched("missed", name="Missed")
        finished = self.launched("finished", name="Finished", finished_at=timezone.now())
        text = self.client.get(self.url("sends")).content.decode()
        for label, address in (
            ("Continue editing", self.url("send_edit", draft)),
            ("Pause", self.url("send_pause", running)),
            ("Decide", self.url("send_missed", missed)),
            ("Copy", self.url("send_copy", finished)),
        ):
            self.assertIn(f'"{address}"', text)
            self.assertIn(label, text)

    def test_an_analyst_is_offered_nothing_to_change(self) -> None:
        running = self.launched()
        self.sign_in(self.analyst)
        text = self.client.get(self.url("sends")).content.decode()
        self.assertNotIn(self.url("send_pause", running), text)
        self.assertIn(self.url("send", running), text)

    def test_an_unknown_outcome_comes_first(self) -> None:
        finished = self.launched("finished", finished_at=timezone.now())
        self.settle(finished, accepted=["", "", "", ""], unknown=["timeout", "cut_off"])
        answer = self.client.get(self.url("sends"))
        self.assertContains(answer, "4 accepted")
        self.assertContains(answer, "2 unknown")
        self.assertContains(answer, "Decide unknowns")

    def test_the_future_stands_above_the_past_and_drafts_above_both(self) -> None:
        now = timezone.now()
        self.launched("finished", name="Past", due_at=now - timedelta(days=2), finished_at=now)
        self.launched("scheduled", name="Future", due_at=now + timedelta(days=2))
        self.draft(name="Draft")
        text = self.client.get(self.url("sends")).content.decode()
        places = [text.index(f">{name}</a>") for name in ("Draft", "Future", "Past")]
        self.assertEqual(places, sorted(places))

    def test_it_is_filtered_by_name_status_and_day(self) -> None:
        now = timezone.now()
        self.draft(name="Autumn")
        self.launched("finished", name="Winter", due_at=now - timedelta(days=40), finished_at=now)
        for query, there, gone in (
            ("?text=autu", "Autumn", "Winter"),
            ("?state=finished", "Winter", "Autumn"),
            (f"?until={(now - timedelta(days=20)).date()}", "Winter", "Autumn"),
        ):
            answer = self.client.get(self.url("sends") + query)
            self.assertContains(answer, there)
            self.assertNotContains(answer, f">{gone}</a>")

    def test_several_states_are_shown_together_and_each_can_be_taken_away(self) -> None:
        self.draft(name="Autumn")
        self.launched("finished", name="Winter", finished_at=timezone.now())
        self.launched(name="Spring")
        answer = self.client.get(self.url("sends") + "?state=draft&state=finished&page=2")
        for name in ("Autumn", "Winter"):
            self.assertContains(answer, f">{name}</a>")
        self.assertNotContains(answer, ">Spring</a>")
        self.assertContains(answer, "2 chosen")
        self.assertContains(answer, 'class="chip" href="?state=finished"')
        self.assertContains(answer, 'class="chip" href="?state=draft"')

    def test_a_send_is_found_by_its_number(self) -> None:
        batch = self.draft(name="Autumn")
        self.draft(name="Winter")
        answer = self.client.get(self.url("sends"), {"text": str(batch.pk)})
        self.assertContains(answer, ">Autumn</a>")
        self.assertNotContains(answer, ">Winter</a>")

    def test_as_many_rows_are_shown_as_the_address_asks_for(self) -> None:
        for number in range(27):
            self.draft(name=f"Send {number}")
        for query, shown in (("", 25), ("?per_page=50", 27), ("?per_page=7", 25), ("?per_page=x", 25)):
            with self.subTest(query=query):
                answer = self.client.get(self.url("sends") + query)
                self.assertEqual(len(answer.context["rows"]), shown)
        answer = self.client.get(self.url("sends") + "?per_page=50&state=draft")
        self.assertContains(answer, "?state=draft&amp;per_page=100")
        self.assertContains(answer, '<input type="hidden" name="per_page" value="50" id="id_per_page">')

    def test_a_filter_nobody_passes_shows_the_way_back(self) -> None:
        self.draft(name="Autumn")
        answer = self.client.get(self.url("sends") + "?text=spring&per_page=50")
        self.assertContains(answer, "Nothing matches.")
        self.assertContains(answer, 'Remove <a href="?per_page=50">“Text: spring”</a>')
        self.assertContains(answer, f'<a href="{self.url("sends")}?per_page=50">Clear all</a>')

    def test_a_day_that_cannot_be_read_is_told_and_filters_nothing(self) -> None:
        self.draft(name="Autumn")
        answer = self.client.get(self.url("sends") + "?since=yesterday")
        self.assertContains(answer, "Autumn")
        self.assertContains(answer, "field-error")

    def test_htmx_gets_the_table_alone(self) -> None:
        self.draft(name="Autumn")
        answer = self.client.get(self.url("sends"), headers=HTMX)
        self.assertContains(answer, "Autumn")
        self.assertNotContains(answer, "<html")

    def test_only_moving_rows_ask_again(self) -> None:
        running, draft = self.launched(), self.draft()
        text = self.client.get(self.url("sends")).content.decode()
        self.assertIn(f'hx-get="{self.url("send_row", running)}"', text)
        self.assertNotIn(self.url("send_row", draft), text)

    def test_the_number_of_queries_does_not_grow_with_the_list(self) -> None:
        def fill(count: int) -> None:
            for _ in range(count):
                batch = self.launched()
                self.settle(batch, accepted=["", ""], unknown=["timeout"])
                RecallCount.objects.create(send=batch.control, visits=1)

        fill(2)
        small = self.queries(self.url("sends"))
        fill(9)
        self.assertEqual(self.queries(self.url("sends")), small)
        self.assertLessEqual(small, 17)

    def test_sends_of_another_merchant_are_not_listed(self) -> None:
        self.draft(name="Ours alone")
        self.sign_in(self.other_owner)
        answer = self.client.get(self.url("sends", merchant="qingcha"))
        self.assertNotContains(answer, "Ours alone")
        self.assertEqual(self.client.get(self.url("sends")).status_code, 404)

    def test_a_post_is_rejected(self) -> None:
        self.assertEqual(self.client.post(self.url("sends")).status_code, 405)


class SendRow(SendCase):
    def test_a_moving_row_carries_its_own_trigger_and_a_settled_one_does_not(self) -> None:
        batch = self.launched(started_at=timezone.now())
        address = self.url("send_row", batch)
        self.assertContains(self.client.get(address, headers=HTMX), 'hx-trigger="load delay:2s, wake"')
        SendControl.objects.filter(pk=batch.control_id).update(state="finished", finished_at=timezone.now())
        self.assertNotContains(self.client.get(address, headers=HTMX), "hx-trigger")

    def test_without_script_it_leads_to_the_page(self) -> None:
        batch = self.launched()
        self.assertRedirects(self.client.get(self.url("send_row", batch)), self.url("send", batch))

    def test_a_post_is_rejected(self) -> None:
        self.assertEqual(self.client.post(self.url("send_row", self.launched())).status_code, 405)
