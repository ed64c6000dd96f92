"""A file or pasted text of codes: one code a line, what cannot be used told with its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from coupons.models import Coupon, CouponCode
from membership import uploads

SHAPE = re.compile(r"[0-9a-zA-Z\-_+=|]{1,64}")  # the contract's
LINE_END = re.compile(r"\r\n|\r|\n")
MOST_CODES = 100_000
MOST_BYTES = 10_000_000
LOOKED_UP = 5_000
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Line:
    number: int
    text: str


@dataclass(frozen=True)
class Read:
    """`repeated` stood on an earlier line, `known` were uploaded for this coupon before."""

    new: tuple[Line, ...]
    repeated: tuple[Line, ...]
    malformed: tuple[Line, ...]
    known: tuple[Line, ...] = ()

    @property
    def codes(self) -> list[str]:
        return [line.text for line in self.new]


def read(text: str) -> Read:
    """In the order of the lines; empty ones count as lines and are otherwise passed over."""
    new: list[Line] = []
    repeated: list[Line] = []
    malformed: list[Line] = []
    seen: set[str] = set()
    for number, raw in enumerate(LINE_END.split(text.removeprefix("\ufeff")), start=1):
        code = _cell(raw)
        if not code:
            continue
        if not SHAPE.fullmatch(code):
            malformed.append(Line(number, code[:SHOWN_CHARACTERS]))
        elif code in seen:
            repeated.append(Line(number, code))
        else:
            seen.add(code)
            new.append(Line(number, code))
    return Read(tuple(new), tuple(repeated), tuple(malformed))


def _cell(raw: str) -> str:
    """The one cell of a line; where several are filled the whole line, which is no code."""
    filled = [cell for cell in (each.strip().strip('"').strip() for each in raw.split(",")) if cell]
    return filled[0] if len(filled) == 1 else raw.strip() if filled else ""


def check(coupon: Coupon, text: str) -> Read:
    """The dry run. Raises UploadRefused where there are too many."""
    found = read(text)
    if len(found.new) > MOST_CODES:
        words = _("These are %(n)s codes; at most %(most)s go at once. Split them.")
        raise uploads.UploadRefused(words % {"n": f"{len(found.new):,}", "most": f"{MOST_CODES:,}"})
    known = known_of(coupon, found.codes)
    return Read(
        tuple(line for line in found.new if line.text not in known),
        found.repeated,
        found.malformed,
        tuple(line for line in found.new if line.text in known),
    )


def known_of(coupon: Coupon, codes: list[str]) -> set[str]:
    rows = CouponCode.objects.filter(coupon=coupon, coupon__merchant=coupon.merchant_id)
    found: set[str] = set()
    for part in _parts(codes):
        found.update(rows.filter(code__in=part).values_list("code", flat=True))
    return found


def _parts(codes: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(codes), LOOKED_UP):
        yield codes[start : start + LOOKED_UP]


def decoded(blocks: Iterable[bytes]) -> str:
    """UTF-8, or what Chinese spreadsheets write. Raises UploadRefused."""
    data = b"".join(blocks)
    if len(data) > MOST_BYTES:
        raise uploads.UploadRefused(
            _("The file is larger than 10 MB. Split it and upload each part by itself.")
        )
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise uploads.UploadRefused(_("This is no text. Save it as CSV or TXT with one code a line."))
