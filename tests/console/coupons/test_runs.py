"""The page of a batch issue: where everybody is, why some got none, and its brakes."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from coupons import runs
from coupons.models import CouponGrant, CouponRun
from membership.models import PeopleListEntry
from tests import build_coupons, build_giving
from tests.base import CastCase

STATES = (
    ("claimed", ""),
    ("redeemed", ""),
    ("refused", "COUNT_OVER_LIMIT"),
    ("refused", "limit_reached"),
    ("unknown", ""),
    ("sending", ""),
)


class RunPages(CastCase):
    def setUp(self) -> None:
        self.coupon = build_coupons.coupon(self.mini_program)
        self.sign_in(self.operator)

    def address(self, name: str, *args: Any) -> str:
        return reverse(name, args=["yunduo", *args])

    def a_run(self, state: str = "issuing", **fields: Any) -> CouponRun:
        """Somebody in every state there is."""
        run = build_giving.run(self.coupon, by=self.operator, people=len(STATES), state=state, **fields)
        people = PeopleListEntry.objects.filter(people_list=run.people_list).order_by("customer_id")
        for entry, (state_of, refusal) in zip(people, STATES, strict=True):
            at = timezone.now() if state_of in ("claimed", "redeemed") else None
            build_giving.gift(
                self.coupon, entry.customer, run=run, source="batch", state=state_of, refusal=refusal,
                claimed_at=at, ends_at=at,
            )  # fmt: skip
        return run

    def page(self, run: CouponRun, **headers: str) -> Any:
        return self.client.get(self.address("coupon_run", run.pk), headers=headers)

    def move(self, run: CouponRun, to: str) -> Any:
        response = self.client.post(self.address("coupon_run_move", run.pk), {"to": to}, follow=True)
        run.refresh_from_db()
        return response

    def test_everybody_stands_in_one_part_of_the_equation(self) -> None:
        run = self.a_run()
        figures = self.page(run).context["figures"]
        parts = (figures.accepted, figures.refused, figures.unknown, figures.sending, figures.queued)
        self.assertEqual((parts, figures.left_out), ((2, 1, 1, 0, 1), 1))
        self.assertEqual(figures.people, run.people)

    def test_causes_name_what_to_do_and_lead_to_the_people(self) -> None:
        run = self.a_run()
        page = self.page(run)
        self.assertContains(page, "Has as many as one person may have")
        self.assertContains(page, "COUNT_OVER_LIMIT")
        for cause in page.context["causes"]:
            people = self.client.get(cause.url)
            self.assertEqual(len(people.context["rows"]), cause.n)

    def test_the_parts_of_the_equation_lead_to_their_people(self) -> None:
        run = self.a_run()
        for term in self.page(run).context["ledger"].terms:
            people = self.client.get(term.url)
            self.assertEqual(len(people.context["rows"]), term.n, term.label)

    def test_a_poll_gets_the_live_part_and_ends_when_it_is_over(self) -> None:
        run = self.a_run()
        poll = self.page(run, **{"HX-Request": "true"})
        self.assertContains(poll, "data-poll")
        self.assertContains(poll, 'id="run-actions" class="actions-line" hx-swap-oob="true"')
        self.assertNotContains(poll, "<html")
        CouponRun.objects.filter(pk=run.pk).update(state="finished")
        self.assertNotContains(self.page(run, **{"HX-Request": "true"}), "data-poll")

    def test_without_script_the_page_reloads_while_it_runs(self) -> None:
        self.assertContains(self.page(self.a_run()), 'http-equiv="refresh"')
        self.assertNotContains(self.page(self.a_run("finished")), 'http-equiv="refresh"')

    def test_each_state_says_what_happened_and_how_many(self) -> None:
        for state, because, words in (
            ("issuing", "", "Being issued: 2 have it, 1 wait their turn."),
            ("paused", "", "Paused. 0 on their way get their outcome; 1 people wait."),
            ("paused", "over", "Paused by itself: Its time to be claimed is over."),
            ("finished", "", "Issued. 2 of 6 people have the coupon."),
            ("cancelled", "", "Cancelled. 2 have it and keep it; 0 got none"),
        ):
            page = self.page(self.a_run(state, paused_because=because))
            self.assertContains(page, words)

    def test_pause_and_resume(self) -> None:
        run = self.a_run()
        self.assertContains(self.move(run, "pause"), "Paused. What is on its way still gets its outcome.")
        self.assertEqual(run.state, "paused")
        self.assertContains(self.move(run, "resume"), "Resumed.")
        self.assertEqual(run.state, "issuing")
        self.move(run, "resume")
        self.move(run, "undo")
        self.assertEqual(run.state, "issuing")

    def test_a_move_that_there_is_not(self) -> None:
        response = self.client.post(self.address("coupon_run_move", self.a_run().pk), {"to": "explode"})
        self.assertEqual(response.status_code, 400)

    def test_cancelling_asks_with_numbers_and_stops_who_was_not_asked_for(self) -> None:
        run = self.a_run()
        asked = self.client.get(self.address("coupon_run_cancel", run.pk))
        self.assertContains(asked, "Cancel the issue, stop 1 person")
        done = self.client.post(self.address("coupon_run_cancel", run.pk), follow=True)
        self.assertContains(done, "Cancelled. 1 person gets none.")
        self.assertEqual(CouponGrant.objects.filter(run=run, refusal="run_cancelled").count(), 1)
        again = self.client.get(self.address("coupon_run_cancel", run.pk))
        self.assertRedirects(again, self.address("coupon_run", run.pk))

    def test_unknown_ones_can_be_decided_here(self) -> None:
        run = self.a_run("finished")
        self.assertContains(self.page(run), "Give again under the same number")
        grant = CouponGrant.objects.get(run=run, state="unknown")
        response = self.client.post(
            self.address("coupon_grant_decide", grant.pk), {"choice": "write_off"}, follow=True
        )
        self.assertContains(response, "Written off. Its stock is free again.")

    def test_ids_are_masked_for_everybody_and_whole_for_nobody(self) -> None:
        run = self.a_run()
        whole = list(CouponGrant.objects.filter(run=run).values_list("customer__open_id", flat=True))
        for person in (self.operator, self.analyst):
            self.sign_in(person)
            page = self.client.get(self.address("coupon_run_people", run.pk))
            for open_id in whole:
                self.assertNotContains(page, open_id)

    def test_an_analyst_sees_no_brakes(self) -> None:
        run = self.a_run()
        self.sign_in(self.analyst)
        page = self.page(run)
        self.assertNotContains(page, self.address("coupon_run_move", run.pk))
        self.assertNotContains(page, self.address("coupon_run_cancel", run.pk))

    def test_the_list_has_the_newest_first_at_a_fixed_number_of_queries(self) -> None:
        made = [self.a_run() for _run in range(3)]
        address = self.address("coupon_runs")
        self.client.get(address)
        with self.assertNumQueries(11):
            page = self.client.get(address)
        self.assertEqual([run for run, _word in page.context["rows"]], made[::-1])

    def test_before_it_begins_nobody_is_written_down(self) -> None:
        run = build_giving.run(self.coupon, by=self.operator)
        self.assertIsNone(self.page(run).context["ledger"])
        people = self.client.get(self.address("coupon_run_people", run.pk))
        self.assertContains(people, "Nothing matches.")

    def test_a_run_of_another_merchant_is_not_there(self) -> None:
        foreign = build_giving.run(build_coupons.coupon(self.other_mini_program))
        self.assertEqual(self.page(foreign).status_code, 404)
        self.assertEqual(self.client.post(self.address("coupon_run_cancel", foreign.pk)).status_code, 404)
        foreign.refresh_from_db()
        self.assertEqual(foreign.state, "preparing")

    def test_a_run_that_began_cannot_be_undone(self) -> None:
        run = self.a_run()
        with self.assertRaises(runs.RunMoved):
            runs.undo(run, by=self.operator)
