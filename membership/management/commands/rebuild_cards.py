"""Counts the totals of every card again and puts the kept ones right."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from membership import proof
from membership.models import MemberCard
from merchants.models import Merchant


class Command(BaseCommand):
    help = (
        "Counts points, balance and what counts for the level of every card again, from its ledgers. --check "
        "only compares, and fails when a figure is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on a difference")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = [one for merchant in Merchant.objects.order_by("pk") for one in proof.look(merchant)]
        for one in wrong:
            self.stdout.write(f"card {one.card_id}, {one.figure}: kept {one.kept}, counted {one.counted}")
        if options["check"] and wrong:
            raise CommandError(f"{len(wrong)} figures are wrong. Run rebuild_cards to put them right.")
        if not options["check"]:
            for card_id in sorted({one.card_id for one in wrong}):
                proof.rebuild(MemberCard.objects.get(pk=card_id), by=None, at=timezone.now())
        self.stdout.write(f"{len(wrong)} figures were wrong.")
