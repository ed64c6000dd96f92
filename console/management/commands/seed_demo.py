"""`manage.py seed_demo`: what has happened in the demo before anybody signs in. Repeatable and then quick."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from console.demo.pretend import Pretend, PretendError
from console.demo.story import StoryError, tell
from messaging.consent.asking import NotAnswered


class Command(BaseCommand):
    help = "Fill an empty demo with merchants, people, templates and one finished send. Needs DEBUG=1."

    def handle(self, **_: object) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "The demo makes users whose passwords stand in a file, so it does nothing with DEBUG=0."
            )
        if not settings.SIMULATOR_URL or not settings.CONSOLE_URL or "simulated" not in settings.GATEWAY_URLS:
            raise CommandError("Set SIMULATOR_URL, GATEWAY_URL and CONSOLE_URL, or start with `make demo`.")
        try:
            told = tell(
                Pretend(settings.SIMULATOR_URL),
                signals_url=f"{settings.CONSOLE_URL}/api/v1/signals",
                var=settings.VAR_DIR,
                say=self.stdout.write,
            )
        except (StoryError, PretendError, NotAnswered) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The demo is filled." if told else "The demo is filled already.")
