"""Counts every figure of recall, of orders and of coupons in messages again and puts the kept ones right."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from messaging.recall import hours, order_visits, rollups, untied
from messaging.sends import plan_figures
from orders import rollups as order_figures


class Command(BaseCommand):
    help = (
        "Counts the visits of every send, hour, day and order, every order status, and what came of coupons "
        "in messages again. --check only compares, and fails when a figure is wrong; figures of sends under "
        "way may be half a minute old, those of coupons ten minutes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on a difference")

    def handle(self, *args: Any, **options: Any) -> None:
        repair = not options["check"]
        sends = rollups.rebuild(repair=repair)  # first: the figures by hour are sums of these
        for one in sends:
            self.stdout.write(f"send {one.send_id}: kept {one.kept}, counted {one.counted} (visits, shared)")
        rows = [
            *hours.recount(repair=repair),
            *untied.recount(at=timezone.now(), repair=repair),
            *order_visits.recount(repair=repair),
        ]
        for row in rows:
            key = ", ".join(str(part) for part in row.key)
            self.stdout.write(f"{row.rollup} ({key}): kept {row.kept}, counted {row.counted}")
        nodes = order_figures.rebuild(repair=repair)
        for cell in nodes:
            key = ", ".join(str(part) for part in cell.key)
            self.stdout.write(f"statuses ({key}): kept {cell.kept}, counted {cell.counted}")
        plans = plan_figures.rebuild(repair=repair)
        for plan in plans:
            self.stdout.write(
                f"plan {plan.placement_id}, {plan.name}: kept {plan.kept}, counted {plan.counted}"
            )
        wrong = len(sends) + len(rows) + len(nodes) + len(plans)
        if options["check"] and wrong:
            raise CommandError(f"{wrong} figures are wrong. Run rebuild_recall to put them right.")
        self.stdout.write(f"{wrong} figures were wrong.")
