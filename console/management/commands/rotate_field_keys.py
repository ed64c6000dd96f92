"""`manage.py rotate_field_keys`: after a new key was put in front of FIELD_KEYS. May be repeated."""

from django.core.management.base import BaseCommand, CommandError

from merchants.credentials import reseal_all
from merchants.secrets import CannotDecrypt


class Command(BaseCommand):
    help = "Encrypt every stored secret again with the newest of FIELD_KEYS. Then the old keys can go."

    def handle(self, **_: object) -> None:
        try:
            count = reseal_all()
        except CannotDecrypt as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Encrypted {count} values with the newest key. Older keys are no longer needed here."
        )
        self.stdout.write("Keep the one before it until links in messages already sent have lost their use.")
