"""Simulated customers. Name and phone are for the phone page only; the open API never shows them.

An open_id is three digits (the same for all people of one app) and 28 URL-safe characters, 31 in all. It
follows from app, seed and position alone, so the same call names the same people again. Seed and position are
the person: at every app the same name, phone and 2088 number, and another open_id.
"""

import base64
import hashlib
from collections.abc import Iterator

_SURNAMES = "张李王陈赵刘杨黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "明欣宇琳浩然子涵梓轩雨桐嘉怡思远晓雯俊杰佳宁文博若溪志强美玲海燕国栋丽华建平婷婷一诺诗涵天佑"
_PREFIXES = ("138", "139", "150", "158", "186", "187", "133", "177", "199")
OPEN_ID_LENGTH = 31


def open_ids(app_id: str, seed: int, count: int) -> Iterator[str]:
    area = _area(app_id)
    for position in range(count):
        yield area + _own_part(app_id, seed, position)


def open_id_at(app_id: str, seed: int, position: int) -> str:
    return _area(app_id) + _own_part(app_id, seed, position)


def _area(app_id: str) -> str:
    return f"{int.from_bytes(hashlib.sha256(app_id.encode()).digest()[:4]) % 1000:03d}"


def _own_part(app_id: str, seed: int, position: int) -> str:
    digest = hashlib.sha256(f"{app_id}\n{seed}\n{position}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:21]).decode("ascii")


def user_id_of(who: str) -> str:
    """16 digits beginning with 2088, that follow from a person's identity or an app_id."""
    digest = hashlib.blake2b(who.encode(), digest_size=8, salt=b"user_id").digest()
    return f"2088{int.from_bytes(digest) % 10**12:012d}"


def name_of(identity: str) -> str:
    digest = hashlib.blake2b(identity.encode(), digest_size=4).digest()
    given = _GIVEN[digest[1] % len(_GIVEN)]
    if digest[2] % 3:
        given += _GIVEN[digest[3] % len(_GIVEN)]
    return _SURNAMES[digest[0] % len(_SURNAMES)] + given


def masked_name(identity: str) -> str:
    name = name_of(identity)
    return f"{name[0]}*{name[2:]}"


def masked_phone(identity: str) -> str:
    phone = phone_of(identity)
    return f"{phone[:3]}****{phone[-4:]}"


def phone_of(identity: str) -> str:
    digest = hashlib.blake2b(identity.encode(), digest_size=4, salt=b"phone").digest()
    prefix, tail = _PREFIXES[digest[0] % len(_PREFIXES)], int.from_bytes(digest[1:4]) % 10_000
    return f"{prefix}{int.from_bytes(digest) % 10_000:04d}{tail:04d}"
