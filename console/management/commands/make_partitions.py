"""`manage.py make_partitions`: the months that will be written to soon. Beat does the same every hour."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from merchants.partitions import ensure_all


class Command(BaseCommand):
    help = "Make this month's and the next months' partitions of every table split by month."

    def handle(self, **_: object) -> None:
        made = ensure_all(at=timezone.now())
        self.stdout.write(f"Made {', '.join(made)}." if made else "All partitions are there.")
