"""What the engine hands to the server: lists as the text of an array, statements that are planned once."""

from collections import Counter

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from messaging.engine import sql
from messaging.engine.claim import claim
from messaging.models import DeliveryCounter, SendControl
from tests import build, build_messaging

TEXTS = st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=12)


class Arrays(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.none() | TEXTS, max_size=6))
    def test_texts_come_back_as_they_were(self, values: list[str | None]) -> None:
        assert sql.rows_again("SELECT %(values)s::text[]", {"values": values}) == [(values,)]

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=6))
    def test_numbers_come_back_as_they_were(self, values: list[int]) -> None:
        assert sql.rows_again("SELECT %(values)s::bigint[]", {"values": values}) == [(values,)]


@pytest.mark.django_db
def test_a_statement_asked_again_is_planned_once() -> None:
    for number in range(3):
        assert sql.rows_again("SELECT %(n)s::int + 1", {"n": number}) == [(number + 1,)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%::int + 1%"])
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db
def test_its_errors_are_django_s() -> None:
    with pytest.raises(DataError):
        sql.rows_again("SELECT 1 / %(n)s::int", {"n": 0})


@pytest.fixture
def control() -> SendControl:
    app = build.mini_program(build.merchant())
    people = build_messaging.people(app, 3)
    chosen = build_messaging.template(app)
    build_messaging.consents(chosen, people)
    return build_messaging.send(app, chosen, build_messaging.people_list(app, people))


@pytest.mark.django_db
def test_a_plan_for_a_table_split_by_month_is_kept_too(control: SendControl) -> None:
    """By itself PostgreSQL would plan it anew each time, which costs more than to carry it out."""
    for _time in range(4):
        claim(control, limit=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%%SET state = ''claimed''%%' AND statement LIKE %s",
            [f"%DATE '{control.books_month}'%"],
        )
        assert [custom for _kept, custom in cursor.fetchall()] == [0]


@pytest.mark.django_db
def test_counters_move_together_and_new_ones_begin(control: SendControl) -> None:
    sql.count(control.pk, Counter({("queued", ""): -2, ("sending", ""): 2, ("refused", "WHY"): 1}))
    sql.count(control.pk, Counter({("sending", ""): -1, ("accepted", ""): 1, ("refused", "WHY"): 0}))
    assert build_messaging.counters(control) == {
        ("queued", ""): 1,
        ("sending", ""): 1,
        ("accepted", ""): 1,
        ("refused", "WHY"): 1,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("key", [("queued", ""), ("accepted", "")], ids=["below zero", "never there"])
def test_a_counter_gives_back_only_what_it_was_given(control: SendControl, key: tuple[str, str]) -> None:
    with pytest.raises(IntegrityError):
        sql.count(control.pk, Counter({key: -4}))


@pytest.mark.django_db
def test_a_refused_step_leaves_no_counter_behind(control: SendControl) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.count(control.pk, Counter({("accepted", ""): -1, ("sending", ""): 1}))
    assert not DeliveryCounter.objects.filter(send=control, state__in=["accepted", "sending"]).exists()
