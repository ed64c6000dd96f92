"""The menu of a line of the list: what this person can do with the send, and nothing else."""

from django.utils import timezone

from messaging.models import BatchSend
from tests.console.messaging.sends.base import SendCase


class RowMenu(SendCase):
    def menu(self, batch: BatchSend) -> list[str]:
        rows = self.client.get(self.url("sends")).context["rows"]
        row = next(row for row, _pace, _token in rows if row.batch.pk == batch.pk)
        return [one.url_name for one in row.menu]

    def test_each_state_has_its_own_acts(self) -> None:
        now = timezone.now()
        draft = ["send", "send_edit", "send_launch", "send_copy"]
        self.assertEqual(self.menu(self.draft()), draft)
        waiting = ["send", "send_edit", "send_copy", "send_cancel"]
        self.assertEqual(self.menu(self.launched("scheduled")), waiting)
        self.assertEqual(self.menu(self.launched()), ["send", "send_deliveries", "send_copy", "send_cancel"])
        finished = self.launched("finished", finished_at=now)
        self.assertEqual(self.menu(finished), ["send", "send_deliveries", "send_copy"])

    def test_who_may_only_look_is_offered_nothing_to_change(self) -> None:
        running = self.launched()
        self.sign_in(self.analyst)
        self.assertEqual(self.menu(running), ["send", "send_deliveries"])
        self.sign_in(self.reviewer)
        self.assertEqual(self.menu(running), ["send", "send_deliveries", "send_cancel"])

    def test_it_opens_without_script_and_copying_is_a_form_of_its_own(self) -> None:
        batch = self.draft(name="Autumn")
        text = self.client.get(self.url("sends")).content.decode()
        self.assertIn(f'popovertarget="menu-{batch.pk}"', text)
        self.assertIn(f'popover id="menu-{batch.pk}"', text)
        self.assertIn("More about Autumn", text)
        self.assertIn(f'method="post" action="{self.url("send_copy", batch)}"', text)
