from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.test import TestCase, override_settings

from merchants import partitions
from merchants.models import Event
from tests.base import CastCase

# The last second of November and the first of December in Beijing.
NOVEMBER = datetime(2031, 11, 30, 15, 59, 59, tzinfo=UTC)
DECEMBER = NOVEMBER + timedelta(seconds=1)


def rows_in(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def event(case: CastCase, at: datetime) -> Event:
    return Event.objects.create(merchant=case.yunduo, kind="test.happened", at=at)


class Months(TestCase):
    def test_a_month_begins_at_midnight_in_beijing(self):
        assert partitions.month_of(NOVEMBER) == date(2031, 11, 1)
        assert partitions.month_of(DECEMBER) == date(2031, 12, 1)

    def test_december_is_followed_by_january(self):
        assert partitions.month_after(date(2031, 12, 1)) == date(2032, 1, 1)

    def test_this_month_and_three_more_are_made_once(self):
        with override_settings(PARTITIONED_TABLES={"messaging_delivery": "date"}):
            assert partitions.ensure_all(at=NOVEMBER) == [
                f"messaging_delivery_{month}" for month in ("2031_11", "2031_12", "2032_01", "2032_02")
            ]
            assert partitions.ensure_all(at=NOVEMBER) == []
            assert partitions.ensure_all(at=DECEMBER) == ["messaging_delivery_2032_03"]

    def test_every_table_of_the_settings_gets_its_months(self):
        assert len(partitions.ensure_all(at=NOVEMBER)) == 8


class EventMonths(CastCase):
    def test_an_event_goes_into_the_month_of_beijing(self):
        partitions.ensure_event_months(at=NOVEMBER)
        event(self, NOVEMBER), event(self, DECEMBER)
        assert rows_in("merchants_event_2031_11") == rows_in("merchants_event_2031_12") == 1

    def test_events_that_came_before_their_month_was_made_move_into_it(self):
        early = [event(self, NOVEMBER), event(self, DECEMBER), event(self, NOVEMBER - timedelta(days=40))]
        with connection.cursor() as cursor:  # the references of these rows are checked at commit
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        before = rows_in("merchants_event_rest")
        partitions.ensure_event_months(at=NOVEMBER)
        assert rows_in("merchants_event_rest") == before - 2
        assert rows_in("merchants_event_2031_11") == rows_in("merchants_event_2031_12") == 1
        assert Event.objects.filter(kind="test.happened").count() == len(early)

    def test_a_new_month_has_the_keys_and_indexes_of_its_table(self):
        partitions.ensure_event_months(at=NOVEMBER)
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'merchants_event_2031_11'")
            indexes = " ".join(row[0] for row in cursor.fetchall())
            cursor.execute(
                "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"
                " AND conrelid = 'merchants_event_2031_11'::regclass"
            )
            assert cursor.fetchone() == (3,)
        assert "(at, id)" in indexes and "(merchant_id, at DESC)" in indexes
