"""`manage.py seed_demo`: what has happened in the demo before anybody signs in. Repeatable and then quick."""

import os
from argparse import ArgumentParser

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from console.demo.pretend import Pretend, PretendError
from console.demo.story import SIZES, StoryError, tell
from messaging.consent.asking import NotAnswered

PLATFORM_SECONDS = 30.0


class Command(BaseCommand):
    help = "Fill an empty demo with two shops and thirty days of past. Needs DEBUG=1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--prepare", action="store_true", help="first do what `prepare` does")

    def handle(self, *, prepare: bool = False, **_: object) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "The demo makes users whose passwords stand in a file, so it does nothing with DEBUG=0."
            )
        if not settings.SIMULATOR_URL or not settings.CONSOLE_URL or "simulated" not in settings.GATEWAY_URLS:
            raise CommandError("Set SIMULATOR_URL, GATEWAY_URL and CONSOLE_URL, or start with `make demo`.")
        size = SIZES.get(os.environ.get("DEMO_STORY") or "full")
        if size is None:
            raise CommandError(f"DEMO_STORY is one of {', '.join(SIZES)}, or not set.")
        platform = Pretend(settings.SIMULATOR_URL)
        if prepare:
            call_command("prepare", stdout=self.stdout)
        try:
            platform.wait(seconds=PLATFORM_SECONDS)
            told = tell(
                platform,
                api_url=f"{settings.CONSOLE_URL}/api/v1",
                var=settings.VAR_DIR,
                say=self.stdout.write,
                size=size,
            )
        except (StoryError, PretendError, NotAnswered) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The demo is filled." if told else "The demo is filled already.")
