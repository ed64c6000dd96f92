"""`manage.py add_provider_app --merchant SLUG --app-id ID …`: a provider's app, keys from files."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from merchants import credentials, providers
from merchants.models import Merchant


class Command(BaseCommand):
    help = "Make a merchant a service provider, or give one another app. The keys are stored encrypted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--merchant", required=True, help="the provider's slug")
        parser.add_argument("--app-id", required=True, help="16 digits")
        parser.add_argument("--name", required=True)
        parser.add_argument("--gateway", required=True, help="production, sandbox or simulated")
        parser.add_argument("--app-private-key-file", required=True, type=Path)
        parser.add_argument("--alipay-public-key-file", required=True, type=Path)

    def handle(self, **options: object) -> None:
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {options['merchant']!r}.")
        try:
            app = providers.add_app(
                provider=merchant,
                name=str(options["name"]),
                app_id=str(options["app_id"]),
                gateway=str(options["gateway"]),
                app_private_key=_content(options["app_private_key_file"]),
                alipay_public_key=_content(options["alipay_public_key_file"]),
            )
        except (credentials.InvalidKey, credentials.MiniProgramRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Added {app.name} ({app.app_id}); {merchant.name} is a service provider.")
        self.stdout.write(f"Fingerprint of the app's public key: {credentials.fingerprint(app)}")


def _content(path: object) -> str:
    if not isinstance(path, Path):
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
