"""The present speed of a send is told from the checks of the last minute, the forecast from it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging.models import DeliveryCounter, SendControl, SendState
from messaging.reports import send_figures
from tests import build_messaging as build
from tests.base import CastCase


class PresentRate(CastCase):
    def setUp(self) -> None:
        people = build.people(self.mini_program, 6)
        template = build.template(self.mini_program)
        build.consents(template, people)
        to = build.people_list(self.mini_program, people)
        self.at = timezone.now()
        self.control: SendControl = build.launched_batch(
            self.mini_program, self.operator, chosen=template, to=to, started_at=self.at - timedelta(hours=1)
        ).control

    def settle(self, n: int) -> None:
        DeliveryCounter.objects.update_or_create(
            send=self.control, state="accepted", reason="", defaults={"n": n}
        )

    def checks(self, **detail: Any) -> None:
        self.control.check_detail = detail

    def told(self, seconds_ago: float, settled: int) -> dict[str, Any]:
        moment: datetime = self.at - timedelta(seconds=seconds_ago)
        return {"settled": settled, "settled_at": moment.isoformat()}

    def test_it_is_the_pace_since_the_check_before_the_last(self) -> None:
        self.settle(5)
        self.checks(**self.told(10, 4), before=self.told(20, 3))
        figures = send_figures(self.control, at=self.at)
        assert figures.present_rate == pytest.approx(0.1)
        assert figures.finishes_at == self.at + timedelta(seconds=60)  # six are queued in the counters

    def test_a_first_check_serves_once_it_is_a_few_seconds_old(self) -> None:
        self.settle(5)
        self.checks(**self.told(10, 3))
        assert send_figures(self.control, at=self.at).present_rate == pytest.approx(0.2)
        self.checks(**self.told(1, 3))
        assert send_figures(self.control, at=self.at).present_rate is None

    def test_checks_that_stopped_long_ago_tell_nothing_and_the_average_is_shown(self) -> None:
        self.settle(5)
        self.checks(**self.told(90, 4), before=self.told(100, 3))
        figures = send_figures(self.control, at=self.at)
        assert figures.present_rate is None
        assert figures.speed == figures.rate_per_second

    def test_a_send_that_stands_still_has_no_finishing_time(self) -> None:
        self.settle(5)
        self.checks(**self.told(10, 5), before=self.told(20, 5))
        figures = send_figures(self.control, at=self.at)
        assert (figures.speed, figures.finishes_at) == (0, None)

    def test_only_a_send_under_way_has_one(self) -> None:
        self.settle(5)
        self.checks(**self.told(10, 4))
        self.control.state = SendState.PAUSED
        assert send_figures(self.control, at=self.at).present_rate is None
