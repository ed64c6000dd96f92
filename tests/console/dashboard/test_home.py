from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from merchants.models import MiniProgram
from messaging.models import BatchSend, DeliveryCounter, SendControl, Unprepared
from tests import build, build_messaging
from tests.base import CastCase

HOME = reverse("home", args=["yunduo"])
HTMX = {"HX-Request": "true"}


class HomeCase(CastCase):
    def setUp(self) -> None:
        self.template = build_messaging.template(self.mini_program)
        self.list = build_messaging.people_list(self.mini_program, [])
        self.sign_in(self.operator)

    def send(self, name: str, state: str, *, due_in: timedelta = timedelta(0), **fields: object) -> BatchSend:
        batch = build_messaging.batch(
            self.mini_program, self.operator, chosen=self.template, to=self.list, name=name
        )
        SendControl.objects.filter(pk=batch.control_id).update(
            state=state,
            template=self.template,
            people_list=self.list,
            due_at=timezone.now() + due_in,
            **fields,
        )
        return batch

    def running(self, name: str, **counts: int) -> BatchSend:
        started = timezone.now() - timedelta(seconds=60)
        batch = self.send(name, "sending", started_at=started, frozen_total=sum(counts.values()))
        for state, n in counts.items():
            DeliveryCounter.objects.create(send_id=batch.control_id, state=state, n=n)
        return batch


class Home(HomeCase):
    def test_an_empty_house_says_so_and_offers_the_first_step(self) -> None:
        page = self.client.get(HOME)
        self.assertContains(page, "Nothing is going out, and nothing is scheduled.")
        self.assertContains(page, "Nothing needs a decision.")
        self.assertContains(page, "Nothing to check yet")
        self.assertContains(page, reverse("send_new", args=["yunduo"]))

    def test_a_running_send_shows_a_total_and_parts_that_add_up(self) -> None:
        self.running(
            "Autumn", accepted=34_604, refused=688, unknown=6, sending=64, queued=12_014, skipped=11_236
        )
        page = self.client.get(HOME)
        for figure in ("35,298", "47,376 people", "58,612", "34,604", "688", "12,014", "11,236"):
            self.assertContains(page, figure)

    def test_what_comes_next_stands_on_the_line_and_in_the_table(self) -> None:
        self.send("Tomorrow's", "scheduled", due_in=timedelta(hours=20))
        self.send("Next week's", "scheduled", due_in=timedelta(days=6))
        page = self.client.get(HOME)
        self.assertContains(page, "Tomorrow&#x27;s")
        self.assertNotContains(page, "Next week&#x27;s")
        self.assertContains(page, 'class="day-stop"', count=1)

    def test_what_needs_a_person_is_sorted_by_harm(self) -> None:
        self.send("Paused one", "paused", pause_reason="operator")
        self.send("Missed one", "missed")
        self.send("Broken one", "paused", pause_reason="gateway", pause_detail="The key cannot be opened")
        self.running("Unsure one", accepted=10, unknown=3)
        titles = [one.title for one in self.client.get(HOME).context["decisions"]]
        self.assertEqual(titles[0], "3 outcomes unknown")
        self.assertEqual(
            titles[1:],
            ["“Broken one”: Paused by itself", "“Missed one” missed its time", "“Paused one”: Paused"],
        )

    def test_what_could_not_be_prepared_says_why_for_a_week_whenever_it_was_written(self) -> None:
        month = timedelta(days=30)
        for name, days in (("This week's", 6), ("Last week's", 8)):
            batch = self.send(name, "failed", due_in=-timedelta(days=days), failure=Unprepared.UNREADABLE)
            SendControl.objects.filter(pk=batch.control_id).update(created_at=timezone.now() - month)
        self.send("Unfinished", "missed", failure=Unprepared.UNFINISHED)
        told = {one.title: one.sentence for one in self.client.get(HOME).context["decisions"]}
        self.assertEqual(set(told), {"“This week's” was not sent", "“Unfinished” missed its time"})
        self.assertIn("Copy it, check both, and confirm the copy.", told["“This week's” was not sent"])
        self.assertIn("did not end in time", told["“Unfinished” missed its time"])

    def test_a_rejected_template_says_where_to_read_why(self) -> None:
        lost = build_messaging.template(self.mini_program, name="Draw", state="rejected")
        page = self.client.get(HOME)
        address = reverse("template", args=["yunduo", lost.pk])
        self.assertContains(page, f'<a href="{address}">Look')
        for answer in (page, self.client.get(address)):
            self.assertContains(answer, "read it in the merchant platform → operations → mini program")

    def test_several_troubled_templates_are_one_line_that_leads_to_the_list_of_them(self) -> None:
        other = build.mini_program(self.yunduo, app_id="2021000000000009", name="Second")
        build_messaging.template(self.mini_program, name="Draw", state="rejected")
        build_messaging.template(self.mini_program, name="Gift", state="rejected")
        build_messaging.template(other, name="Points", state="offline")
        build_messaging.template(self.mini_program, name="Fine")
        page = self.client.get(HOME)
        self.assertContains(page, "3 templates need a decision")
        self.assertContains(page, "Rejected 2, Offline 1.")
        (line,) = page.context["decisions"]
        listed = self.client.get(line.url)
        self.assertEqual({row.name for row in listed.context["page"]}, {"Draw", "Gift", "Points"})

    def test_a_rejected_template_is_told_no_more_once_it_was_adopted_again(self) -> None:
        build_messaging.template(self.mini_program, library_code="LIB", state="rejected")
        build_messaging.template(self.mini_program, library_code="LIB", state="applied")
        self.assertContains(self.client.get(HOME), "Nothing needs a decision.")

    def test_a_failed_send_is_told_for_seven_days_from_its_time(self) -> None:
        """However long ago its draft was begun, and on which day of the week."""
        for name, days in (("Yesterday's", 1), ("Sunday's", 6.9), ("Long past", 7.1)):
            batch = self.send(name, "failed", due_in=-timedelta(days=days), failure="The list is empty.")
            SendControl.objects.filter(pk=batch.control_id).update(
                created_at=timezone.now() - timedelta(days=30)
            )
        titles = {one.title for one in self.client.get(HOME).context["decisions"]}
        self.assertEqual(titles, {"“Yesterday's” was not sent", "“Sunday's” was not sent"})

    def test_other_merchants_sends_are_absent(self) -> None:
        self.running("Autumn", accepted=1)
        self.sign_in(self.other_owner)
        self.assertNotContains(self.client.get(reverse("home", args=["qingcha"])), "Autumn")

    def test_who_may_not_write_is_not_offered_a_new_send(self) -> None:
        self.sign_in(self.analyst)
        page = self.client.get(HOME)
        self.assertNotContains(page, reverse("send_new", args=["yunduo"]))
        self.assertNotContains(page, reverse("audit", args=["yunduo"]))

    def test_the_simulated_platform_is_named(self) -> None:
        self.assertContains(self.client.get(HOME), "Simulated")

    def test_the_limits_that_hold_today_are_named_and_none_is_invented(self) -> None:
        page = self.client.get(HOME)
        self.assertContains(page, "messages a second")
        self.assertContains(page, "No daily limit person by person")
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(stopped_at=timezone.now())
        self.assertContains(self.client.get(HOME), "The mini program is stopped.")

    def test_speed_stands_beside_pause_for_who_may_brake(self) -> None:
        batch = self.running("Autumn", accepted=10, queued=1)
        speed = reverse("send_speed", args=["yunduo", batch.pk])
        self.assertContains(self.client.get(HOME), speed)
        self.sign_in(self.analyst)
        self.assertNotContains(self.client.get(HOME), speed)

    def test_the_number_of_queries_does_not_grow_with_the_sends_to_come(self) -> None:
        self.send("One", "scheduled", due_in=timedelta(hours=2))
        with CaptureQueriesContext(connection) as few:
            self.client.get(HOME)
        for number in range(12):
            self.send(f"Send {number}", "scheduled", due_in=timedelta(hours=3))
        with CaptureQueriesContext(connection) as many:
            self.client.get(HOME)
        self.assertEqual(len(few), len(many))
