"""`manage.py write_roles`: docs/roles.md, written from merchants/roles.py. A test fails when it is old."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import override

from console.staff.rights import rights_table
from merchants.roles import Role

PAGE = Path(settings.BASE_DIR) / "docs" / "roles.md"
HEAD = """\
# Roles

Written by `manage.py write_roles` from `merchants/roles.py`; a test fails when this page is old. Change the
table there, then run the command.

A person has one role at each merchant. Somebody who does not work for a merchant gets 404 there; somebody
who does, but lacks the right, gets 403. Whoever loses a right is signed out everywhere. The last owner
cannot be removed.
"""


class Command(BaseCommand):
    help = "Write docs/roles.md from the table of roles."
    requires_system_checks = []

    def handle(self, **_: object) -> None:
        PAGE.write_text(page(), encoding="utf-8")
        self.stdout.write(f"Wrote {PAGE.name}.")


def page() -> str:
    """The whole page, in English."""
    with override("en"):
        rows = [["What", "Capability", *(str(label) for label in Role.labels)], ["---"] * (2 + len(Role))]
        rows += [
            [str(right.words), f"`{right.capability}`", *("yes" if may else "" for may in right.roles)]
            for right in rights_table()
        ]
    return HEAD + "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)
