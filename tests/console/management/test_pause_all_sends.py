from datetime import timedelta
from io import StringIO

from django.core.management import call_command
from django.utils import timezone

from messaging.models import SendControl, SendState
from tests import build_messaging
from tests.base import CastCase


class PauseAllSends(CastCase):
    def send(self, state: str, *, minutes: float) -> SendControl:
        people = build_messaging.people(self.mini_program, 2)
        return build_messaging.send(
            self.mini_program,
            build_messaging.template(self.mini_program),
            build_messaging.people_list(self.mini_program, people),
            state=state,
            due_at=timezone.now() + timedelta(minutes=minutes),
        )

    def test_it_tells_how_many_wait_for_a_person_and_which_start_by_themselves(self):
        under_way, late = self.send(SendState.SENDING, minutes=-5), self.send(SendState.READY, minutes=-1)
        ahead = self.send(SendState.READY, minutes=90)
        output = StringIO()
        call_command("pause_all_sends", stdout=output)
        printed = output.getvalue()
        assert "1 sends are paused now, 1 are marked as missed" in printed
        assert f"Send {ahead.pk} starts " in printed
        states = dict(SendControl.objects.values_list("pk", "state"))
        assert states == {under_way.pk: "paused", late.pk: "missed", ahead.pk: "ready"}
