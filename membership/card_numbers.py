"""Numbers of cards: prefix, a running number, and two digits that only check the others.

Gapless within the transactions that commit. The last two digits make whoever mistypes one digit, or exchanges
two neighbours, find no card at all (ISO 7064, MOD 97-10).
"""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext as _

from membership.models import CardTemplate, MemberCard

CHECK_DIGITS = 2
TAKE = """
INSERT INTO membership_cardnumberseries AS s (merchant_id, prefix, length, last)
VALUES (%(merchant)s, %(prefix)s, %(length)s, 1)
ON CONFLICT (merchant_id, prefix, length) DO UPDATE SET last = s.last + 1
RETURNING last
"""


class NumbersExhausted(Exception):
    """The sentence says what to do."""


def take(template: CardTemplate) -> str:
    """The next number that no card of the merchant has. Locks its series until the transaction ends."""
    running = template.number_length - CHECK_DIGITS
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                TAKE,
                {
                    "merchant": template.merchant_id,
                    "prefix": template.number_prefix,
                    "length": template.number_length,
                },
            )
            (last,) = cursor.fetchone()
        if last >= 10**running:
            words = _(
                "Every number with %(prefix)s and %(length)s digits is given. Make a card with more digits."
            )
            raise NumbersExhausted(
                words % {"prefix": template.number_prefix or "--", "length": template.number_length}
            )
        number = with_check(template.number_prefix, last, length=template.number_length)
        # one that was brought along from elsewhere may have it
        if not MemberCard.objects.filter(merchant=template.merchant_id, number=number).exists():
            return number


def with_check(prefix: str, last: int, *, length: int) -> str:
    digits = f"{last:0{length - CHECK_DIGITS}d}"
    return f"{prefix}{digits}{98 - int(digits) * 100 % 97:02d}"


def is_well_formed(number: str, *, prefix: str, length: int) -> bool:
    """Whether it can be one that was given here."""
    digits = number.removeprefix(prefix)
    fits = number.startswith(prefix) and len(digits) == length and digits.isascii() and digits.isdigit()
    return fits and int(digits) % 97 == 1
