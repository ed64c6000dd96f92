"""`manage.py make_field_key`: a key for FIELD_KEYS."""

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = (
        "Print a new key. Put it in front of FIELD_KEYS; keep the old ones behind it until all is rewritten."
    )
    requires_system_checks = []

    def handle(self, **_: object) -> None:
        self.stdout.write(Fernet.generate_key().decode())
