"""Builder functions for the merchants floor: small, keyword arguments, sensible defaults.

Other floors have files of their own beside this one (build_membership.py and so on).
"""

import base64
import hashlib
import hmac
import itertools
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from merchants import second_factor as second_factors
from merchants import secrets
from merchants.models import ApiKey, Merchant, MiniProgram, ProviderApp, SecondFactor, Staff, User
from merchants.roles import Role

PASSWORD = "a quiet pond at dawn"  # of every user built here

# Made once and kept with the signing vectors: creating RSA keys would cost half a second for each test class.
KEYS: dict[str, str] = json.loads((Path(__file__).parent / "vectors" / "keys.json").read_text("utf-8"))

_numbers = itertools.count(1)


def user(username: str = "", *, password: str = PASSWORD, **fields: Any) -> User:
    username = username or f"person{next(_numbers)}"
    return User.objects.create_user(username=username, password=password, **fields)


def merchant(slug: str = "", *, name: str = "", **fields: Any) -> Merchant:
    slug = slug or f"merchant-{next(_numbers)}"
    return Merchant.objects.create(slug=slug, name=name or slug, **fields)


def mini_program(owner: Merchant, *, app_id: str = "", name: str = "", **fields: Any) -> MiniProgram:
    """Its gateway is `simulated` and its keys are those of tests/vectors/keys.json, unless given."""
    private_key = fields.pop("app_private_key", KEYS["app_private_key"])
    return MiniProgram.objects.create(
        merchant=owner,
        app_id=app_id or f"2021{next(_numbers):012d}",
        name=name or f"{owner.name} 小程序",
        **{
            "industry": "rental",
            "gateway": MiniProgram.Gateway.SIMULATED,
            "app_private_key_sealed": secrets.encrypt(private_key),
            "alipay_public_key": KEYS["alipay_public_key"],
            **fields,
        },
    )


def provider_app(provider: Merchant, *, app_id: str = "", **fields: Any) -> ProviderApp:
    """Makes the merchant a provider; keys as for mini_program()."""
    Merchant.objects.filter(pk=provider.pk).update(is_provider=True)
    provider.is_provider = True
    return ProviderApp.objects.create(
        merchant=provider,
        app_id=app_id or f"2021{next(_numbers):012d}",
        **{
            "name": f"{provider.name} 第三方应用",
            "gateway": MiniProgram.Gateway.SIMULATED,
            "app_private_key_sealed": secrets.encrypt(KEYS["app_private_key"]),
            "alipay_public_key": KEYS["alipay_public_key"],
            **fields,
        },
    )


def seat(person: User, at: Merchant, role: str = Role.OPERATOR, **fields: Any) -> Staff:
    return Staff.objects.create(merchant=at, user=person, role=role, **fields)


def api_key(app: MiniProgram, *, kind: str = ApiKey.Kind.SERVER, scopes: list[str] | None = None) -> str:
    """The readable key of a new ApiKey row."""
    default = ["signals"] if kind == ApiKey.Kind.SERVER else []
    return ApiKey.issue(
        mini_program=app, name="test key", kind=kind, scopes=default if scopes is None else scopes
    )[1]


def second_factor(person: User, *, at: datetime) -> tuple[SecondFactor, list[str]]:
    """Set up at `at`, with its readable recovery codes."""
    factor = second_factors.begin(person, at=at)
    codes = second_factors.confirm(person, code_of(second_factors.manual_key(factor), at), at=at)
    factor.refresh_from_db()
    return factor, codes


def code_of(key: str, at: datetime) -> str:
    """What an app shows, written down from the RFC and not by the library that judges it."""
    counter = (int(at.timestamp()) // 30).to_bytes(8, "big")
    digest = hmac.new(base64.b32decode(key), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


@dataclass(frozen=True)
class Cast:
    """云朵租机 with its four roles, and 青茶 next door with an owner who must never see inside it."""

    yunduo: Merchant
    qingcha: Merchant
    mini_program: MiniProgram
    other_mini_program: MiniProgram
    owner: User
    operator: User
    reviewer: User
    analyst: User
    other_owner: User


def cast() -> Cast:
    yunduo = merchant("yunduo", name="云朵租机")
    qingcha = merchant("qingcha", name="青茶")
    people = {role: user(role, display_name=role.title(), language="en") for role in Role.values}
    for role, person in people.items():
        seat(person, yunduo, role)
    other_owner = user("other-owner", language="en")
    seat(other_owner, qingcha, Role.OWNER)
    return Cast(
        yunduo=yunduo,
        qingcha=qingcha,
        mini_program=mini_program(yunduo, app_id="2021000000000001", name="云朵租机"),
        other_mini_program=mini_program(qingcha, app_id="2021000000000002", name="青茶", industry="retail"),
        owner=people[Role.OWNER],
        operator=people[Role.OPERATOR],
        reviewer=people[Role.REVIEWER],
        analyst=people[Role.ANALYST],
        other_owner=other_owner,
    )
