"""Counts every figure of recall again and puts the kept ones right."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from messaging.recall import hours, rollups, untied


class Command(BaseCommand):
    help = (
        "Counts the visits of every send, of every hour and every day again. --check only compares, and "
        "fails when a figure is wrong; figures of sends under way may be half a minute old."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on a difference")

    def handle(self, *args: Any, **options: Any) -> None:
        repair = not options["check"]
        sends = rollups.rebuild(repair=repair)  # first: the figures by hour are sums of these
        for one in sends:
            self.stdout.write(f"send {one.send_id}: kept {one.kept}, counted {one.counted} (visits, shared)")
        rows = [*hours.recount(repair=repair), *untied.recount(at=timezone.now(), repair=repair)]
        for row in rows:
            key = ", ".join(str(part) for part in row.key)
            self.stdout.write(f"{row.rollup} ({key}): kept {row.kept}, counted {row.counted}")
        wrong = len(sends) + len(rows)
        if options["check"] and wrong:
            raise CommandError(f"{wrong} figures are wrong. Run rebuild_recall to put them right.")
        self.stdout.write(f"{wrong} figures were wrong.")
