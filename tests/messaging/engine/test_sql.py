"""What the engine hands to the server: lists as the text of an array, statements that are planned once."""

import pytest
from django.db import DataError, connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from messaging.engine import sql

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
