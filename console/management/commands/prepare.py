"""`manage.py prepare`: what has to be done to the database before a new version starts. Repeatable."""

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Bring the tables up to date, then make the partitions that will be written to soon."
    requires_system_checks = []  # migrate makes its own

    def handle(self, **_: object) -> None:
        call_command("migrate", interactive=False)
        call_command("make_partitions")
