"""Text that differs per person: SQL and Python say the same, and who it does not fit is left out by name."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import wire
from messaging.engine import text
from messaging.engine.freeze import judged
from messaging.engine.funnel import forecast, stopped_by
from messaging.models import Delivery, SendState
from tests import build_messaging as build

NAME = [{"text": "你好，"}, {"column": 0, "fallback": "老朋友"}]
THING = [{"column": 1, "fallback": ""}]
some_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
person = st.one_of(st.none(), st.lists(some_text, max_size=3))
piece = st.one_of(
    st.fixed_dictionaries({"text": some_text}),
    st.fixed_dictionaries({"column": st.integers(0, 3), "fallback": some_text}),
)


def personal(shop: SimpleNamespace, texts: list[list[str]], **fields: Any) -> Any:
    pieces = [NAME, THING]
    to = build.people_list(shop.app, shop.people[: len(texts)], columns=["name", "thing"], texts=texts)
    data = text.data_of([text.render(value) for value in pieces])
    return build.send(shop.app, shop.template, to, pieces=pieces, data=data, **fields)


def test_only_text_that_differs_is_kept_with_the_row(shop: SimpleNamespace) -> None:
    pieces = [NAME, [{"text": "本周内"}]]
    data = text.data_of(["你好，老朋友", "本周内"])
    texts = [["张明"], [" 李想 "], [""], ["\u3000"], []]
    to = build.people_list(shop.app, shop.people[:5], columns=["name"], texts=texts)
    control = build.send(shop.app, shop.template, to, state=SendState.READY, pieces=pieces, data=data)
    rows = dict(Delivery.objects.filter(send=control).values_list("customer_id", "data"))
    said = [rows[who.pk] and rows[who.pk]["keyword1"]["value"] for who in shop.people[:5]]
    assert said == ["你好，张明", "你好，李想", None, None, None]
    assert rows[shop.people[0].pk]["keyword2"] == {"value": "本周内"}


def test_who_it_does_not_fit_is_skipped_after_do_not_send_and_before_consent(shop: SimpleNamespace) -> None:
    texts = [["张明", "相机"], ["明" * 47, "相机"], ["明" * 48, "相机"], ["李想", " "], ["王" * 60, "灯"]]
    shop.people[4].do_not_send_at = timezone.now()
    shop.people[4].save(update_fields=["do_not_send_at"])
    build.Consent.objects.filter(customer=shop.people[2]).update(units=0)
    control = personal(shop, texts, state=SendState.READY)
    reasons = dict(Delivery.objects.filter(send=control).values_list("customer_id", "reason"))
    expected = ["", "", "does_not_fit", "does_not_fit", "do_not_send"]
    assert [reasons[who.pk] for who in shop.people[:5]] == expected
    skipped = Delivery.objects.filter(send=control, state="skipped").values_list("data", flat=True)
    assert list(skipped) == [None, None, None]


def test_the_funnel_names_those_it_does_not_fit(shop: SimpleNamespace) -> None:
    control = personal(shop, [["张明", "相机"], ["明" * 48, "相机"], ["李想", ""]], state=SendState.PREPARING)
    at = timezone.now()
    drops = {drop.reason: drop.n for drop in forecast(control, due_at=at, at=at).drops}
    assert drops["does_not_fit"] == 2
    behind = stopped_by(control, gate="does_not_fit", due_at=at)
    assert [customer for customer, _open_id in behind] == [who.pk for who in shop.people[1:3]]


def test_a_send_with_the_same_text_for_all_is_rendered_for_nobody(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list, state=SendState.PREPARING)
    people = judged(control, at=timezone.now())
    assert "said" not in people.statement
    assert "does_not_fit" not in people.statement
    at = timezone.now()
    assert "does_not_fit" not in [drop.reason for drop in forecast(control, due_at=at, at=at).drops]


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.lists(piece, max_size=4), min_size=1, max_size=5), values=person)
def test_sql_and_python_render_and_judge_alike(
    db: None, pieces: list[list[dict[str, Any]]], values: list[str] | None
) -> None:
    said = [text.render(one, values) for one in pieces]
    data = text.data_of([text.render(one) for one in pieces])
    made = text.rendering(pieces, data)
    statement = f'SELECT {made.fails}, {made.data} FROM (SELECT %(who)s::jsonb AS "values") e {made.join}'
    with connection.cursor() as cursor:
        cursor.execute(statement, made.parameters | {"who": None if values is None else json.dumps(values)})
        fails, own = cursor.fetchone()
    is_long = text.data_length(said) > wire.DATA_MAX_CHARACTERS
    assert fails == (is_long or not all(text.fits(value) for value in said))
    expected = text.data_of(said)
    assert (json.loads(own) if own else data) == expected


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(some_text, min_size=2, max_size=2), min_size=1, max_size=10))
def test_the_funnel_predicts_exactly_what_freeze_writes(
    shop: SimpleNamespace, texts: list[list[str]]
) -> None:
    control = personal(shop, texts, state=SendState.PREPARING)
    at = control.due_at
    funnel = forecast(control, due_at=at, at=at)
    frozen = personal(shop, texts, state=SendState.READY)
    counters = build.counters(frozen)
    assert funnel.total == len(texts) == sum(counters.values())
    assert counters.get(("queued", ""), 0) == funnel.will_send
    assert {drop.reason: drop.n for drop in funnel.drops if drop.n} == {
        reason: n for (state, reason), n in counters.items() if state == "skipped"
    }
