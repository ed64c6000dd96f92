"""Wall times that do not exist are refused with the next one; those that come twice take the first."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.sends.wall_time import NoSuchTime, resolve

ZONES = [
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "UTC",
]


def test_beijing_time_is_eight_hours_ahead() -> None:
    resolved = resolve(date(2026, 11, 22), time(9, 15), "Asia/Shanghai")
    assert resolved.at == datetime(2026, 11, 22, 1, 15, tzinfo=UTC)
    assert resolved.ambiguous is False


def test_an_hour_that_the_clocks_skip_is_refused_with_the_next_that_exists() -> None:
    with pytest.raises(NoSuchTime) as gap:
        resolve(date(2026, 3, 8), time(2, 30), "America/New_York")
    assert gap.value.next_valid == datetime(2026, 3, 8, 3, 0, tzinfo=ZoneInfo("America/New_York"))


def test_half_an_hour_that_is_skipped_is_refused_too() -> None:
    with pytest.raises(NoSuchTime) as gap:
        resolve(date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe")
    assert gap.value.next_valid.strftime("%H:%M") == "02:30"


def test_an_hour_that_comes_twice_takes_the_first_and_says_so() -> None:
    resolved = resolve(date(2026, 11, 1), time(1, 30), "America/New_York")
    assert resolved.ambiguous is True
    assert resolved.at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.sampled_from(ZONES))
def test_what_is_resolved_reads_as_the_same_wall_time(wall: datetime, zone: str) -> None:
    wall = wall.replace(second=0, microsecond=0)
    try:
        resolved = resolve(wall.date(), wall.time(), zone)
    except NoSuchTime as gap:
        following = gap.next_valid.replace(tzinfo=None)
        assert wall < following <= wall + timedelta(hours=3)
        assert resolve(following.date(), following.time(), zone).ambiguous is False
    else:
        assert resolved.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == wall
