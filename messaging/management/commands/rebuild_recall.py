"""Counts the visits of every send again and puts the kept figures right."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from messaging.recall import rollups


class Command(BaseCommand):
    help = "Counts the visits of every send again. --check only compares, and fails when a figure is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on a difference")

    def handle(self, *args: Any, **options: Any) -> None:
        differences = rollups.rebuild(repair=not options["check"])
        for one in differences:
            self.stdout.write(f"send {one.send_id}: kept {one.kept}, counted {one.counted} (visits, shared)")
        if options["check"] and differences:
            raise CommandError(f"{len(differences)} figures are wrong. Run rebuild_recall to put them right.")
        self.stdout.write(f"{len(differences)} figures were wrong.")
