"""`manage.py pause_all_sends`: after a restore or a failover that lost commits, before the engine starts."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from messaging.engine.control import WAITING, pause_all
from messaging.models import SendControl
from messaging.sends import crowd_submit


class Command(BaseCommand):
    help = (
        "Pause every send that is under way and mark those whose time has come as missed, so that nobody "
        "gets a message twice because the database forgot it. Stop the workers first. May be repeated."
    )

    def handle(self, **_: object) -> None:
        halted = pause_all()
        self.stdout.write(
            f"{halted.paused} sends are paused now, {halted.missed} are marked as missed. "
            "A person decides about each on its page."
        )
        crowds = crowd_submit.halt_all(at=timezone.now())
        self.stdout.write(f"{crowds} crowd sends were stopped; a person decides about each, too.")
        ahead = SendControl.objects.filter(state__in=WAITING).order_by("due_at", "id")
        for number, due_at in ahead.values_list("pk", "due_at"):
            starts = timezone.localtime(due_at).isoformat(sep=" ", timespec="minutes")
            self.stdout.write(f"Send {number} starts {starts}. A change made to it after the backup is lost.")
