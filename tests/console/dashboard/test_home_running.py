from datetime import timedelta

from django.urls import reverse

from tests.console.dashboard.test_home import HTMX, HomeCase

RUNNING = reverse("home_running", args=["yunduo"])


class HomeRunning(HomeCase):
    def test_a_poll_gets_the_part_and_its_next_poll(self) -> None:
        self.running("Autumn", accepted=10, queued=30)
        part = self.client.get(RUNNING, headers=HTMX)
        self.assertNotContains(part, "<html")
        self.assertContains(part, 'id="running"')
        self.assertContains(part, 'hx-trigger="load delay:2s, wake"')
        self.assertContains(part, 'data-say="Autumn: 25%"')

    def test_without_script_it_is_a_page(self) -> None:
        self.running("Autumn", accepted=10)
        self.assertContains(self.client.get(RUNNING), "<html")

    def test_with_nothing_going_out_it_asks_seldom_and_names_the_next_start(self) -> None:
        self.send("Evening", "scheduled", due_in=timedelta(hours=5))
        part = self.client.get(RUNNING, headers=HTMX)
        self.assertContains(part, "load delay:15s")
        self.assertContains(part, "Evening")

    def test_pausing_is_a_form_and_only_for_who_may(self) -> None:
        batch = self.running("Autumn", accepted=10, queued=1)
        pause = reverse("send_pause", args=["yunduo", batch.pk])
        self.assertContains(self.client.get(RUNNING, headers=HTMX), f'action="{pause}"')
        self.sign_in(self.analyst)
        self.assertNotContains(self.client.get(RUNNING, headers=HTMX), pause)
