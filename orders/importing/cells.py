"""Texts of a file as values, with the bounds of the API. A sentence about a wrong one does not repeat it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from gateway import wire
from orders.given import EARLIEST, FIELD_CHARACTERS, LATEST, MAX_FEN, NUMBER_PATTERN

NUMBER_CHARACTERS = 64
MAX_QUANTITY = 1_000_000
WHOLE = re.compile(r"[0-9]{1,15}")
DAY_FIRST = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?")
ZONE = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")


class Unreadable(Exception):
    """The message tells the person what to change."""


def text_of(value: str, *, most: int = FIELD_CHARACTERS) -> str:
    if len(value) > most:
        raise Unreadable(_("It has more than %(most)s characters.") % {"most": most})
    if any(ord(one) < 32 or 0xD800 <= ord(one) < 0xE000 for one in value):
        raise Unreadable(_("It has a line break or another control character in it. Take it out."))
    return value


def number_of(value: str) -> str:
    """Of an order, a trade or a person."""
    if len(value) > NUMBER_CHARACTERS or not re.fullmatch(NUMBER_PATTERN, value):
        raise Unreadable(
            _("It has at most %(most)s letters, digits and signs, and no blanks.")
            % {"most": NUMBER_CHARACTERS}
        )
    return value


def fen_of(value: str) -> int:
    if not WHOLE.fullmatch(value) or int(value) > MAX_FEN:
        raise Unreadable(_("Give the amount in fen as a whole number such as 1230."))
    return int(value)


def fen_of_yuan(value: str) -> int:
    try:
        fen = wire.fen_from_yuan(value)
    except ValueError:
        fen = -1
    if not 0 <= fen <= MAX_FEN:
        raise Unreadable(_("Give the amount in yuan such as 12.30."))
    return fen


def quantity_of(value: str) -> int:
    if not WHOLE.fullmatch(value) or not 1 <= int(value) <= MAX_QUANTITY:
        raise Unreadable(_("Give the quantity as a whole number from 1."))
    return int(value)


def moment_of(value: str, zone: ZoneInfo) -> datetime:
    """With its zone, or else in `zone`; seconds and what is below may be left out."""
    bare = ZONE.sub("", value)
    parts = DAY_FIRST.fullmatch(bare)
    if parts is None:
        raise Unreadable(_("Give day and time as 2026-03-01 09:30:00.000, with a zone or without."))
    year, month, day, hour, minute, second, below = parts.groups("0")
    try:
        wall = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second))  # noqa: DTZ001 - the zone comes next
        wall = wall.replace(microsecond=int(below.ljust(6, "0")))
        moment = _with_zone(wall, value[len(bare) :], zone)
    except (ValueError, OverflowError):
        raise Unreadable(_("This day or time does not exist.")) from None
    if not EARLIEST <= moment <= LATEST:
        raise Unreadable(_("The year is not one from 2020 to 2099."))
    return moment


def _with_zone(wall: datetime, written: str, zone: ZoneInfo) -> datetime:
    """Raises ValueError for a wall time the clocks skip."""
    if written:
        return datetime.fromisoformat(f"{wall.isoformat()}{written}").astimezone(UTC)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != wall:
        raise ValueError("skipped by the clocks")
    return moment
