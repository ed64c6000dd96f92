"""When a send would be through, from the rate that holds and what else goes out; the full speed for later."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from console.messaging.sends.pace import in_figures
from merchants import rate
from merchants.models import MiniProgram
from messaging.models import BatchSend, SendControl
from tests.console.messaging.sends.base import SendCase


@pytest.mark.usefixtures("clean_redis")
class Forecast(SendCase):
    """Six people would be written to; the mini program may send two a second: three seconds."""

    def setUp(self) -> None:
        super().setUp()
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(rate_per_second=2)
        self.mini_program.refresh_from_db()

    def page(self, batch: BatchSend) -> Any:
        return self.client.get(self.url("send_launch", batch))

    def seconds(self, batch: BatchSend) -> float:
        return float(self.page(batch).context["reach"].seconds)

    def later(self) -> BatchSend:
        moment = timezone.localtime() + timedelta(days=1)
        return self.draft(scheduled_on=moment.date(), scheduled_time=moment.time().replace(microsecond=0))

    def test_alone_it_goes_at_the_limit_after_the_seconds_to_undo(self) -> None:
        answer = self.page(self.draft())
        reach = answer.context["reach"]
        self.assertEqual(reach.seconds, 3)
        self.assertEqual(reach.finishes_at - answer.context["at"], timedelta(seconds=13))
        self.assertContains(answer, "2 a second, done about")

    def test_after_the_platform_was_busy_it_takes_longer(self) -> None:
        rate.slow_down(self.mini_program)
        answer = self.page(self.draft())
        reach = answer.context["reach"]
        self.assertGreater(reach.seconds, 3)
        self.assertAlmostEqual(reach.seconds, 6 / reach.pace.present)
        self.assertContains(answer, f"At present {reach.pace.figure} a second, done about")
        self.assertContains(answer, "The platform asked for less:")

    def test_other_sends_of_the_mini_program_take_their_turns(self) -> None:
        self.launched()
        answer = self.page(self.draft())
        self.assertEqual(answer.context["reach"].seconds, 6)
        self.assertContains(answer, "Taking turns with 1 other send, about 1 a second, done about")
        self.launched()
        self.assertEqual(self.seconds(self.draft()), 9)
        self.assertContains(self.page(self.draft()), "2 other sends, about 0.7 a second")

    def test_a_limit_of_its_own_holds_and_is_not_shared(self) -> None:
        batch = self.draft()
        SendControl.objects.filter(pk=batch.control_id).update(rate_per_second=1)
        self.assertEqual(self.seconds(batch), 6)
        self.launched()
        answer = self.page(batch)
        self.assertEqual(answer.context["reach"].seconds, 6)
        self.assertContains(answer, "at most 1 a second for this send")

    def test_for_a_later_time_it_is_the_full_speed_and_says_so(self) -> None:
        self.launched()
        rate.slow_down(self.mini_program)
        answer = self.page(self.later())
        self.assertEqual(answer.context["reach"].seconds, 3)
        self.assertContains(answer, "At full speed, 2 a second, done about")
        self.assertNotContains(answer, "Taking turns")

    def test_with_redis_away_the_limit_counts(self) -> None:
        rate.slow_down(self.mini_program)
        with override_settings(REDIS_URL="unix:///nowhere/redis.sock"):
            self.assertEqual(self.seconds(self.draft()), 3)

    def test_a_stopped_mini_program_has_no_forecast_for_now_but_for_later(self) -> None:
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(stopped_at=timezone.now())
        answer = self.page(self.draft())
        self.assertIsNone(answer.context["reach"].finishes_at)
        self.assertContains(answer, "so nobody knows when it is done")
        self.assertIsInstance(self.page(self.later()).context["reach"].finishes_at, datetime)

    def test_the_composer_forecasts_the_same(self) -> None:
        batch = self.draft()
        self.launched()
        answer = self.client.get(self.url("send_edit", batch))
        self.assertContains(answer, '<dd class="nowrap">6 s</dd>')
        self.assertContains(answer, "1 send is going out now; they take turns.")
        self.assertContains(self.client.get(self.url("send_edit", self.later())), "Takes at full speed about")

    def test_figures_below_ten_have_a_decimal(self) -> None:
        self.assertEqual([in_figures(n) for n in (0.5, 2.0, 10.4, 1250.0)], ["0.5", "2", "10", "1,250"])
