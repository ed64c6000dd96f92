"""Quiet hours hold what is queued and let it go by themselves; the wall clock of the merchant decides."""

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from messaging.engine import slot
from messaging.engine.quiet import IS_HELD, Quiet, quiet_of
from messaging.engine.turn import Turn
from messaging.models import SendControl, SendRules
from messaging.reports import send_figures
from tests import build_messaging as build
from tests.build import merchant

BEIJING = ZoneInfo("Asia/Shanghai")
NIGHT = Quiet(time(22), time(8), BEIJING)
NOON = Quiet(time(12), time(14, 30), BEIJING)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("quiet", "when", "until"),
    [
        (NIGHT, at(20, 21, 59), None),
        (NIGHT, at(20, 22), at(21, 8)),
        (NIGHT, at(21, 0), at(21, 8)),
        (NIGHT, at(21, 7, 59), at(21, 8)),
        (NIGHT, at(21, 8), None),
        (NOON, at(20, 11, 59), None),
        (NOON, at(20, 12), at(20, 14, 30)),
        (NOON, at(20, 14, 30), None),
    ],
)
def test_the_start_is_quiet_and_the_end_is_not(quiet: Quiet, when: datetime, until: datetime | None) -> None:
    assert quiet.until(when) == until
    assert quiet.until(when.astimezone(UTC)) == until


def test_a_forecast_rests_while_it_is_quiet() -> None:
    hour = 3600.0
    assert NIGHT.finish(at(20, 10), seconds=2 * hour) == at(20, 12)
    assert NIGHT.finish(at(20, 21), seconds=2 * hour) == at(21, 9)
    assert NIGHT.finish(at(20, 23), seconds=2 * hour) == at(21, 10)
    assert NIGHT.finish(at(20, 21), seconds=16 * hour) == at(22, 9)


@given(
    start=st.times(), end=st.times(), when=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)),
    seconds=st.floats(0, 86_400),
)  # fmt: skip
def test_what_is_forecast_is_never_earlier_and_never_ends_inside_the_quiet(
    start: time, end: time, when: datetime, seconds: float
) -> None:
    start, end = start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
    if start == end:
        return
    quiet, begun = Quiet(start, end, BEIJING), when.replace(tzinfo=BEIJING)
    done = quiet.finish(begun, seconds=seconds)
    assert done >= begun + timedelta(seconds=seconds) - timedelta(milliseconds=1)
    assert quiet.until(done - timedelta(milliseconds=1)) is None or seconds < 1 or done == begun


def window(minutes_from: int, minutes_to: int, zone: str = "Asia/Shanghai") -> tuple[time, time]:
    """Around now, by the wall clock of a zone."""
    now = timezone.now().astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    first, last = (now + timedelta(minutes=one) for one in (minutes_from, minutes_to))
    return first.time(), last.time()


def rules(shop: SimpleNamespace, hours: tuple[time, time] | None) -> None:
    start, end = hours or (None, None)
    SendRules.objects.update_or_create(
        merchant=shop.merchant, defaults={"quiet_from": start, "quiet_to": end}
    )


def is_held(control: SendControl) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {IS_HELD} FROM messaging_sendcontrol s WHERE s.id = %s", [control.pk])
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize(("hours", "held"), [((-60, 60), True), ((60, 120), False), ((-120, -60), False)])
def test_sql_and_python_agree_and_nothing_finds_work_while_it_is_quiet(
    shop: SimpleNamespace, hours: tuple[int, int], held: bool
) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    assert slot.has_work() and not is_held(control)
    for zone in ("Asia/Shanghai", "America/New_York"):
        type(shop.merchant).objects.filter(pk=shop.merchant.pk).update(time_zone=zone)
        rules(shop, window(*hours, zone=zone))
        quiet = quiet_of(control)
        assert quiet is not None
        assert (quiet.until(timezone.now()) is not None) == held == is_held(control)
        assert slot.has_work() is not held
        assert Turn._may_send(SimpleNamespace(control=control, is_authorised=True)) is not held
    assert (send_figures(control, at=timezone.now()).held_until is not None) == held
    rules(shop, None)
    assert quiet_of(control) is None
    assert slot.has_work()


def test_another_merchants_night_holds_nothing_here(shop: SimpleNamespace) -> None:
    start, end = window(-60, 60)
    SendRules.objects.create(merchant=merchant(), quiet_from=start, quiet_to=end)
    assert not is_held(build.send(shop.app, shop.template, shop.list))


def test_a_test_to_one_person_is_not_held(shop: SimpleNamespace) -> None:
    rules(shop, window(-60, 60))
    draft = build.batch(shop.app, shop.operator, chosen=shop.template, to=shop.list)
    trial = build.batch(shop.app, shop.operator, chosen=shop.template, to=shop.list, test_of=draft)
    assert is_held(draft.control) and not is_held(trial.control)
    assert quiet_of(trial.control) is None
