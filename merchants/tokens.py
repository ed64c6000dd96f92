"""Recall tokens: a link in a message carries one, so that a visit is traced to one delivery.

A page path with its parameters has 128 characters, so a token is short: 1 byte key number, 2 bytes month,
6 bytes delivery id, 7 bytes MAC, together 16 bytes or 22 characters of base64url. 7 bytes
are enough against guessing online; a forged token could only add a visit to a figure.

The link of a crowd send is the same for everybody, so its token names the send: the id is the send's, the
month is 0, which no month has. The link of an order is the same for all its messages, so its token names the
order, with 1 for the month. No kind is ever read as another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import date
from functools import lru_cache

from django.conf import settings

MAC_BYTES = 7
NO_MONTH = 0  # in its place for a crowd send; those of our years begin at 12
ORDER = 1  # in its place for an order
FIRST_MONTH = 12
KEYS_VALID = 2  # the newest writes, one older still reads: tokens outlive one rotation
_SHAPE = re.compile(r"[A-Za-z0-9_-]{22}")


def make(delivery_id: int, month: date) -> str:
    """22 characters. `month` is the partition of the delivery: any day in it."""
    if not 0 < delivery_id < 1 << 48:
        raise ValueError(f"{delivery_id} is no delivery id that fits a token")
    return _token(_month_number(month), delivery_id)


def make_for_crowd(crowd_id: int) -> str:
    """22 characters, the same for everybody who gets this crowd send."""
    if not 0 < crowd_id < 1 << 48:
        raise ValueError(f"{crowd_id} is no id of a crowd send that fits a token")
    return _token(NO_MONTH, crowd_id)


def make_for_order(order_id: int) -> str:
    """22 characters, the same in every message of this order. FIELD_KEYS change it: keep the link."""
    if not 0 < order_id < 1 << 48:
        raise ValueError(f"{order_id} is no id of an order that fits a token")
    return _token(ORDER, order_id)


def _token(month_number: int, row_id: int) -> str:
    number, key = _keys(tuple(settings.FIELD_KEYS))[0]
    head = bytes([number]) + month_number.to_bytes(2, "big") + row_id.to_bytes(6, "big")
    return base64.urlsafe_b64encode(head + _mac(key, head)).decode().rstrip("=")


def read(token: str) -> tuple[int, date] | None:
    """Delivery id and first day of its month; None for anything we did not make, and for other kinds."""
    found = _read(token)
    if found is None or found[0] < FIRST_MONTH:
        return None
    return found[1], _month(found[0])


def read_for_crowd(token: str) -> int | None:
    """Id of the crowd send; None for anything we did not make, and for other kinds."""
    found = _read(token)
    return found[1] if found is not None and found[0] == NO_MONTH else None


def read_for_order(token: str) -> int | None:
    """Id of the order; None for anything we did not make, and for other kinds."""
    found = _read(token)
    return found[1] if found is not None and found[0] == ORDER else None


def _read(token: str) -> tuple[int, int] | None:
    """(number of the month, NO_MONTH or ORDER; id)."""
    if not _SHAPE.fullmatch(token):
        return None
    raw = base64.urlsafe_b64decode(token + "==")
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != token:
        return None  # the last character has spare bits: only one spelling of a token counts
    head, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    for number, key in _keys(tuple(settings.FIELD_KEYS)):
        if number == head[0] and hmac.compare_digest(mac, _mac(key, head)):
            return int.from_bytes(head[1:3], "big"), int.from_bytes(head[3:], "big")
    return None


def _mac(key: bytes, head: bytes) -> bytes:
    return hmac.digest(key, head, "sha256")[:MAC_BYTES]


@lru_cache(maxsize=8)
def _keys(field_keys: tuple[str, ...]) -> tuple[tuple[int, bytes], ...]:
    """(number, key) pairs, newest first. The number is derived, so it stays with its key when keys rotate."""
    keys = [
        hmac.digest(field_key.encode(), b"recall token", hashlib.sha256)
        for field_key in field_keys[:KEYS_VALID]
    ]
    return tuple((hmac.digest(key, b"number", hashlib.sha256)[0], key) for key in keys)


def _month_number(month: date) -> int:
    return month.year * 12 + month.month - 1


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)
