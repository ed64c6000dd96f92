"""`manage.py create_merchant NAME --slug SLUG --owner USERNAME`: a merchant with its first owner."""

from argparse import ArgumentParser

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug

from merchants.staff import StaffRefused, open_merchant


class Command(BaseCommand):
    help = "Create a merchant and its first owner, and print the owner's one-time password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="as people read it: 云朵租机")
        parser.add_argument("--slug", required=True, help="as it stands in addresses: yunduo")
        parser.add_argument("--owner", required=True, help="the owner's user name")
        parser.add_argument("--time-zone", default="Asia/Shanghai")

    def handle(self, **options: str) -> None:
        try:
            validate_slug(options["slug"])
            merchant, owner, password = open_merchant(
                name=options["name"],
                slug=options["slug"],
                owner_username=options["owner"],
                time_zone=options["time_zone"],
            )
        except StaffRefused as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(
                "The slug takes letters, digits, hyphens and underscores: --slug yunduo"
            ) from error
        self.stdout.write(f"Created {merchant.name} at /m/{merchant.slug}/.")
        self.stdout.write(f"{owner.username} signs in with this password, shown only now: {password}")
