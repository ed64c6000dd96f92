"""A list and a template of today, of which the statistics know nothing: nobody is compared with everybody."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from messaging.engine import sql
from messaging.engine.freeze import freeze, judged
from messaging.engine.funnel import FUNNEL
from messaging.models import Consent, FrequencyCount, SendControl, SendRules, SendState
from tests import build_messaging as build

PEOPLE = 400
TABLES = (
    "membership_customer",
    "membership_peoplelistentry",
    "messaging_consent",
    "messaging_frequencycount",
)
WAYS = pytest.mark.parametrize("looked_up", [PEOPLE, 0], ids=["one by one", "as a whole"])


@pytest.fixture
def way(looked_up: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.engine.freeze.LOOKED_UP", looked_up)


def hundreds(shop: SimpleNamespace, name: str) -> SendControl:
    """A send to people of its own, with consents of its own template; every tenth has none."""
    people = build.people(shop.app, PEOPLE, open_ids=[f"{name}{n}" for n in range(PEOPLE)])
    template = build.template(shop.app, fatigue_total=1, fatigue_value=2)
    to = build.people_list(shop.app, people, count=PEOPLE)
    build.consents(template, [one for n, one in enumerate(people) if n % 10])
    return build.send(shop.app, template, to, state=SendState.PREPARING, due_at=timezone.now())


def plan(control: SendControl) -> str:
    people = judged(control, at=timezone.now())
    with people.unnested(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {FUNNEL.format(judged=people.statement)}", people.parameters)
        return "\n".join(row[0] for row in cursor.fetchall())


@WAYS
def test_no_person_is_compared_with_each_consent_of_a_new_template(
    shop: SimpleNamespace, way: None, looked_up: int
) -> None:
    hundreds(shop, "known")
    for table in TABLES:
        sql.run(f"ANALYZE {table}", {})
    SendRules.objects.create(merchant=shop.merchant, cap_day=3)
    found = plan(hundreds(shop, "new"))
    assert "Join Filter" not in found, found


@WAYS
def test_either_way_stops_the_same_people_at_the_same_gates(
    shop: SimpleNamespace, way: None, looked_up: int
) -> None:
    SendRules.objects.create(merchant=shop.merchant, cap_day=2)
    control = hundreds(shop, "p")
    today = timezone.localdate(control.due_at)
    ids = list(
        Consent.objects.filter(template=control.template, units=1)
        .order_by("pk")
        .values_list("customer", flat=True)
    )
    tired, capped = ids[0], ids[1]
    FrequencyCount.objects.create(customer_id=tired, template=control.template, day=today, n=1)
    FrequencyCount.objects.create(customer_id=capped, template=build.template(shop.app), day=today, n=2)
    assert freeze(control)
    assert build.counters(control) == {
        ("queued", ""): PEOPLE * 9 // 10 - 2,
        ("skipped", "no_consent"): PEOPLE // 10,
        ("skipped", "fatigue"): 1,
        ("skipped", "cap"): 1,
    }


def test_the_next_statement_of_the_same_transaction_is_planned_as_ever(
    shop: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.engine.freeze.LOOKED_UP", 0)
    people = judged(hundreds(shop, "p"), at=timezone.now())
    with people.unnested():
        assert sql.rows("SHOW enable_nestloop", {}) == [("off",)]
    assert sql.rows("SHOW enable_nestloop", {}) == [("on",)]
