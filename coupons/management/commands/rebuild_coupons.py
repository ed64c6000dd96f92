"""Counts every figure of coupons again and puts the kept ones right."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coupons import rollups


class Command(BaseCommand):
    help = (
        "Counts what is gone of every coupon again, in all, by day and by store, from its ledger. --check "
        "only compares, and fails when a figure is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on a difference")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = rollups.rebuild(repair=not options["check"])
        for one in wrong:
            part = one.source if one.store is None else f"store {one.store or '--'}"
            where = f"coupon {one.coupon_id}" + (f", {one.day} {part}" if one.day else "")
            self.stdout.write(f"{where}, {one.name}: kept {one.kept}, counted {one.counted}")
        if options["check"] and wrong:
            raise CommandError(f"{len(wrong)} figures are wrong. Run rebuild_coupons to put them right.")
        self.stdout.write(f"{len(wrong)} figures were wrong.")
