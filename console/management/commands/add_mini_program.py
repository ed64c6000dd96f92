"""`manage.py add_mini_program --merchant SLUG --app-id ID …`: a mini program with keys from files."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from merchants import credentials
from merchants.models import Merchant, ProviderApp


class Command(BaseCommand):
    help = "Add a mini program to a merchant. The keys are checked against each other and stored encrypted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--merchant", required=True, help="the merchant's slug")
        parser.add_argument("--app-id", required=True, help="16 digits")
        parser.add_argument("--name", required=True)
        parser.add_argument("--industry", required=True, help="as the template library names it: rental")
        parser.add_argument("--gateway", required=True, help="production, sandbox or simulated")
        parser.add_argument("--app-private-key-file", type=Path)
        parser.add_argument("--alipay-public-key-file", type=Path)
        parser.add_argument(
            "--provider-app", default="", help="app ID of the provider's app that runs it, instead of keys"
        )
        parser.add_argument(
            "--app-auth-token-file", type=Path, help="with --provider-app, where the token is known already"
        )

    def handle(self, **options: object) -> None:
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            known = ", ".join(Merchant.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no merchant {options['merchant']!r}. There are: {known}.")
        try:
            mini_program = credentials.add_mini_program(
                merchant=merchant,
                name=str(options["name"]),
                app_id=str(options["app_id"]),
                industry=str(options["industry"]),
                gateway=str(options["gateway"]),
                app_private_key=_content(options["app_private_key_file"]),
                alipay_public_key=_content(options["alipay_public_key_file"]),
                run_by=_run_by(str(options["provider_app"]), _content(options["app_auth_token_file"])),
            )
        except (credentials.InvalidKey, credentials.MiniProgramRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Added {mini_program.name} ({mini_program.app_id}) to {merchant.name}.")
        self.stdout.write(f"Fingerprint of the app's public key: {credentials.fingerprint(mini_program)}")


def _run_by(app_id: str, token: str) -> credentials.RunBy | None:
    if not app_id and not token:
        return None
    app = ProviderApp.objects.filter(app_id=app_id).first()
    if app is None:
        raise CommandError(f"There is no provider app {app_id!r}. Add it with add_provider_app.")
    return credentials.RunBy(app, token)


def _content(path: object) -> str:
    if not isinstance(path, Path):
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
