"""`manage.py detach_month 2025-09`: takes an old month of deliveries out of the ledger."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from messaging.engine.archive import CannotDetach, detach


class Command(BaseCommand):
    help = (
        "Carries forward what people spent in one Beijing month, freezes its books and detaches its "
        "deliveries, of all merchants. Refuses while a send of it is open, and changes nothing then."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", help="the month, as in 2025-09")
        parser.add_argument("--drop", action="store_true", help="throw the rows away; take a backup first")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = detach(
                _month(options["month"]),
                at=timezone.now(),
                keep_months=settings.DELIVERY_KEEP_MONTHS,
                drop=options["drop"],
            )
        except CannotDetach as refusal:
            raise CommandError(str(refusal)) from refusal
        where = f"They are kept in {done.table}." if done.table else "They were dropped."
        self.stdout.write(
            f"{done.month:%Y-%m}: {done.people} people of {done.sends} sends left the ledger, "
            f"{done.carried} lines were carried forward. {where}"
        )


def _month(written: str) -> date:
    try:
        return date.fromisoformat(f"{written}-01")
    except ValueError as error:
        raise CommandError(f"{written!r} is no month. Write year and month, as in 2025-09.") from error
