"""The merchant's own limit counts all its templates together, before the button and once more at the end."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from merchants.partitions import BEIJING
from messaging.engine.claim import claim
from messaging.engine.freeze import freeze, judged
from messaging.engine.funnel import forecast, stopped_by
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.models import Consent, Delivery, FrequencyCount, SendControl, SendRules, SendState
from tests import build_messaging as build
from tests.build import merchant


@pytest.fixture
def other_template(shop: SimpleNamespace) -> object:
    return build.template(shop.app)


def cap(shop: SimpleNamespace, *, day: int | None = None, week: int | None = None) -> None:
    SendRules.objects.update_or_create(merchant=shop.merchant, defaults={"cap_day": day, "cap_week": week})


def got(shop: SimpleNamespace, template: object, number: int, n: int, on: date) -> None:
    FrequencyCount.objects.create(customer=shop.people[number], template=template, day=on, n=n)


def at_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=BEIJING)


def preparing(shop: SimpleNamespace, **fields: object) -> SendControl:
    return build.send(shop.app, shop.template, shop.list, state=SendState.PREPARING, **fields)


def test_freeze_leaves_out_who_reached_it_by_messages_of_any_template(
    shop: SimpleNamespace, other_template: object
) -> None:
    friday = date(2026, 11, 20)
    cap(shop, day=2, week=3)
    got(shop, other_template, 0, 2, friday)  # today's are two
    got(shop, shop.template, 1, 1, friday)
    got(shop, other_template, 1, 1, friday)  # of two templates together
    got(shop, other_template, 2, 3, friday - timedelta(days=4))  # Monday's are three
    got(shop, other_template, 3, 9, friday - timedelta(days=5))  # last Sunday's belong to another week
    got(shop, other_template, 4, 1, friday)
    control = preparing(shop, due_at=at_noon(friday))
    funnel = forecast(control, due_at=at_noon(friday), at=timezone.now())
    assert [(drop.reason, drop.n) for drop in funnel.drops if drop.n] == [("no_consent", 10), ("cap", 3)]
    behind = stopped_by(control, gate="cap", due_at=at_noon(friday))
    assert [customer for customer, _open_id in behind] == [who.pk for who in shop.people[:3]]
    assert freeze(control)
    assert build.counters(control) == {
        ("queued", ""): funnel.will_send,
        ("skipped", "cap"): 3,
        ("skipped", "no_consent"): 10,
    }


def test_without_a_cap_nothing_is_asked_and_no_step_is_shown(shop: SimpleNamespace) -> None:
    control = preparing(shop)
    people = judged(control, at=timezone.now())
    assert "'cap'" not in people.statement
    assert "cap" not in [
        drop.reason for drop in forecast(control, due_at=control.due_at, at=timezone.now()).drops
    ]
    cap(shop, week=5)
    assert "cap" in [
        drop.reason for drop in forecast(control, due_at=control.due_at, at=timezone.now()).drops
    ]


@pytest.mark.parametrize(
    ("limits", "skipped"), [({"day": 1}, True), ({"week": 2}, True), ({"day": 2, "week": 3}, False)]
)
def test_who_reached_it_since_the_freeze_is_skipped_and_spends_nothing(
    shop: SimpleNamespace, other_template: object, limits: dict[str, int], skipped: bool
) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=10)
    at = at_noon(date(2026, 11, 20))
    tired = Delivery.objects.get(send=control, id=ours.ids[0])
    FrequencyCount.objects.create(customer_id=tired.customer_id, template=other_template, day=at.date(), n=1)
    FrequencyCount.objects.create(
        customer_id=tired.customer_id, template=other_template, day=at.date() - timedelta(days=3), n=1
    )
    cap(shop, **limits)
    marked = mark(control, ours, ids=ours.ids, at=at)
    assert (tired.customer_id not in {row.customer_id for row in marked}) == skipped
    assert len(marked) == (9 if skipped else 10)
    tired.refresh_from_db()
    assert (tired.state, tired.reason) == (("skipped", "cap") if skipped else ("sending", ""))
    left = Consent.objects.get(template=shop.template, customer_id=tired.customer_id).units
    assert left == (1 if skipped else 0)
    assert build.counters(control).get(("skipped", "cap"), 0) == skipped


def test_a_refused_message_gives_its_place_back(shop: SimpleNamespace, other_template: object) -> None:
    cap(shop, day=1)
    at = timezone.now()
    first = build.send(shop.app, shop.template, shop.list)
    ours = claim(first, limit=1)
    (row,) = mark(first, ours, ids=ours.ids, at=at)
    build.consents(other_template, shop.people)
    one = build.people_list(shop.app, [who for who in shop.people if who.pk == row.customer_id])
    for refused, expected in ((False, 0), (True, 1)):
        if refused:
            record(first, ours.token, [Answer(row.id, "refused", "USER_TEMPLATE_ILLEGAL", 1.0)])
        second = build.send(shop.app, other_template, one)
        theirs = claim(second, limit=1)
        assert len(mark(second, theirs, ids=theirs.ids, at=at)) == expected


def test_another_merchants_rules_do_not_count(shop: SimpleNamespace, other_template: object) -> None:
    today = timezone.now().astimezone(BEIJING).date()
    got(shop, other_template, 0, 9, today)
    SendRules.objects.create(merchant=merchant(), cap_day=1, cap_week=1)
    control = build.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=40)
    assert len(mark(control, ours, ids=ours.ids, at=timezone.now())) == 30
