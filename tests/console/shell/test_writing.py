"""How figures, times and people are written: console/templatetags/console.py."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from console.bars import parts
from console.templatetags import console as write

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("at", "english", "chinese"),
    [
        (datetime(2026, 11, 22, 19, 30), "Today 19:30", "今天 19:30"),
        (datetime(2026, 11, 21, 20, 14), "Yesterday 20:14", "昨天 20:14"),
        (datetime(2026, 11, 23, 8, 5), "Tomorrow 08:05", "明天 08:05"),
        (datetime(2026, 11, 9, 10, 30), "Nov 9, 10:30", "11-09 10:30"),
        (datetime(2025, 11, 19, 10, 30), "Nov 19, 2025, 10:30", "2025-11-19 10:30"),
    ],
)
def test_times_in_words(at: datetime, english: str, chinese: str) -> None:
    with timezone.override(SHANGHAI):
        for language, words in (("en", english), ("zh-hans", chinese)):
            with translation.override(language):
                assert write.in_words(at.replace(tzinfo=SHANGHAI), now=NOON) == words


def test_inside_a_sentence_the_day_begins_small() -> None:
    now = timezone.now()
    with timezone.override(SHANGHAI):
        for language, words in (("en", ">today "), ("zh-hans", ">今天 ")):
            with translation.override(language):
                assert words in write.local_time(now, "within")
        with translation.override("en"):
            assert ">Today " in write.local_time(now)
            assert ">Nov 19, 2025, " in write.local_time(
                datetime(2025, 11, 19, 4, 0, tzinfo=SHANGHAI), "within"
            )
    assert write.local_time(None, "within") == "--"


def test_a_day_is_written_with_its_weekday() -> None:
    with timezone.override(SHANGHAI):
        for language, words in (("en", "Sunday, November 22"), ("zh-hans", "11 月 22 日 周日")):
            with translation.override(language):
                assert write.day_words(NOON) == words


def test_a_day_begins_in_the_merchants_zone() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=ZoneInfo("UTC"))
    with timezone.override(SHANGHAI), translation.override("en"):
        assert write.in_words(late, now=NOON) == "Tomorrow 07:30"


def test_the_full_time_is_at_hand() -> None:
    with timezone.override(SHANGHAI):
        html = write.full_time(NOON)
    assert 'datetime="2026-11-22T12:00:00+08:00"' in html
    assert 'title="2026-11-22 12:00:00 (UTC+08)"' in html


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "5 s"),
        (60, "1 min"),
        (53_700, "14 h 55 min"),
        (86_400, "1 day"),
        (200_000, "2 days 7 h"),
        (0, "0 s"),
    ],
)
def test_durations_have_two_units_at_most(seconds: int, words: str) -> None:
    with translation.override("en"):
        assert write.duration(seconds) == words


def test_figures() -> None:
    assert write.number(58612) == "58,612"
    assert write.number(None) == "--"
    assert write.figure(0) == '<span class="zero">0</span>'
    assert write.percent(0.2123) == "21.2%"
    assert write.file_size(5 * 1024 * 1024) == "5.0 MB"


def test_ids_show_four_characters_to_who_may_and_none_to_others() -> None:
    allowed, masked = {"capabilities": {"people.reveal"}}, {"capabilities": set()}
    assert write.masked_open_id(allowed, "085abcdef1402") == "****1402"
    assert write.masked_open_id(masked, "085abcdef1402") == "****"
    with translation.override("en"):
        assert write.masked_open_id(allowed, None) == "Forgotten"


def test_an_address_keeps_its_filters_and_starts_paging_again() -> None:
    request = RequestFactory().get("/m/yunduo/audit/?area=send&page=4&before=9")
    shown = Template("{% load console %}{% here sort='-at' %}").render(Context({"request": request}))
    assert shown == "/m/yunduo/audit/?area=send&amp;sort=-at"


def test_the_bar_leaves_zeros_out_and_shows_the_smallest_part() -> None:
    drawn = parts({"accepted": 99_999, "refused": 0, "unknown": 1}, smallest=0.5)
    assert [part.name for part in drawn] == ["accepted", "unknown"]
    assert drawn[1].width >= 0.49
    assert drawn[-1].x + drawn[-1].width == pytest.approx(100, abs=0.01)
    assert parts({"accepted": 0}, smallest=1) == []


def test_a_time_of_this_very_second_is_just_now_and_neither_past_nor_to_come() -> None:
    for moved in (-0.4, 0.0, 0.4):
        assert write.distance(timezone.now() + timedelta(seconds=moved)) == "just now"
    assert write.distance(timezone.now() - timedelta(seconds=5)) == "5 s ago"
