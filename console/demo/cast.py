"""Who works in the demo, and the passwords they sign in with, made at the first start."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.db import transaction

from console.demo.together import at_once
from merchants import staff
from merchants.models import Merchant, Staff, Store, User
from merchants.roles import Role

LOGINS_FILE = "demo-logins.json"


@dataclass(frozen=True)
class Person:
    login: str
    name: str
    seats: tuple[tuple[str, str], ...]  # (merchant's slug, role)


MERCHANTS = {"yunduo": "云朵租机", "qingcha": "青茶"}
STORES = {
    "yunduo": [
        ("云朵租机·西湖文化广场店", "杭州市下城区中山北路 581 号"),
        ("云朵租机·滨江店", "杭州市滨江区江南大道 228 号"),
    ],
    "qingcha": [("青茶·南山路店", "杭州市上城区南山路 147 号")],
}
PEOPLE = (
    Person("wangmin", "王敏", (("yunduo", Role.OWNER),)),
    Person("lixiang", "李想", (("yunduo", Role.OPERATOR),)),
    Person("chenjing", "陈静", (("yunduo", Role.REVIEWER),)),
    Person("zhaoyu", "赵宇", (("yunduo", Role.ANALYST),)),
    Person("linxia", "林夏", (("qingcha", Role.OWNER),)),
    Person("zhoulan", "周岚（服务商）", (("yunduo", Role.OPERATOR), ("qingcha", Role.OPERATOR))),
)
OWNERS = {"yunduo": "wangmin", "qingcha": "linxia"}


def introduce(var: Path) -> dict[str, str]:
    """Merchants, stores, people and seats; repeatable. Returns the passwords by login.

    The file of logins is the caller's last act: that it exists says that the demo is filled. Without it
    people of an earlier start, whose passwords nobody knows, get new ones.
    """
    logins = read_logins(var)
    with transaction.atomic():
        for slug, name in MERCHANTS.items():
            merchant, _made = Merchant.objects.get_or_create(slug=slug, defaults={"name": name})
            for store, address in STORES[slug]:
                Store.objects.get_or_create(merchant=merchant, name=store, defaults={"address": address})
    # passwords are hashed slowly on purpose
    at_once([partial(_seat, person, logins) for person in PEOPLE])
    return logins


def is_introduced(var: Path) -> bool:
    there = set(User.objects.filter(is_demo=True).values_list("username", flat=True))
    return {person.login for person in PEOPLE} <= there & set(read_logins(var))


@transaction.atomic
def _seat(person: Person, logins: dict[str, str]) -> None:
    user = User.objects.filter(username=person.login).first()
    if user is None:
        user, logins[person.login] = staff.add_person(username=person.login, display_name=person.name)
        User.objects.filter(pk=user.pk).update(is_demo=True, language="zh-hans")
    elif person.login not in logins:
        logins[person.login] = secrets.token_urlsafe(15)
        user.set_password(logins[person.login])
        user.save(update_fields=["password"])
    for slug, role in person.seats:
        merchant = Merchant.objects.get(slug=slug)
        if not Staff.objects.filter(merchant=merchant, user=user).exists():
            staff.add_staff(merchant=merchant, user=user, role=role, by=None)


def read_logins(var: Path) -> dict[str, str]:
    """Password by login; empty when there is no file that can be read."""
    try:
        rows = json.loads((var / LOGINS_FILE).read_text(encoding="utf-8"))
        return {str(row["login"]): str(row["password"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write_logins(var: Path, logins: dict[str, str]) -> None:
    """Readable by whoever runs the demo and by nobody else."""
    rows = [
        {
            "login": person.login,
            "password": logins[person.login],
            "role": " + ".join(dict.fromkeys(role for _slug, role in person.seats)),
            "merchant": " + ".join(MERCHANTS[slug] for slug, _role in person.seats),
        }
        for person in PEOPLE
    ]
    var.mkdir(parents=True, exist_ok=True)
    made = var / f"{LOGINS_FILE}.new"
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(rows, file, ensure_ascii=False, indent=1)
    made.replace(var / LOGINS_FILE)
