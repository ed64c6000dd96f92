"""`manage.py reset_second_factor USERNAME`: for an owner whom no other owner can help."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from merchants.models import User
from merchants.second_factor import CodeRefused, reset


class Command(BaseCommand):
    help = "Remove a person's second factor and sign them out everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, **options: str) -> None:
        person = User.objects.filter(username__iexact=options["username"]).first()
        if person is None:
            raise CommandError(f"Nobody signs in as {options['username']}. Check the name.")
        try:
            reset(person, by=None)
        except CodeRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{person.username} has no second factor now and is signed out everywhere.")
