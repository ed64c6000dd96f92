"""Crowd sends at the same instant, on connections of their own: one call, no more than the day allows."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from merchants.models import Event, GatewayCall
from messaging.models import CrowdQuota, CrowdSend, SubscriptionTemplate
from messaging.sends import crowd as crowds
from messaging.sends import crowd_submit
from messaging.sends.batches import LaunchRefused
from messaging.sends.crowd_moves import CrowdMoved
from tests import build_crowds, build_messaging
from tests.base import CommittedCastCase
from tests.concurrency.test_merchants_races import at_once

pytestmark = pytest.mark.race

LOST = (crowds.CrowdConflict, CrowdMoved, LaunchRefused)


class CrowdRaces(CommittedCastCase):
    template: SubscriptionTemplate

    def setUp(self) -> None:
        super().setUp()
        self.template = build_messaging.template(self.mini_program)

    def draft(self) -> CrowdSend:
        return build_crowds.crowd(self.mini_program, self.operator, chosen=self.template)

    def fresh(self, crowd: CrowdSend) -> CrowdSend:
        return CrowdSend.objects.select_related("merchant", "mini_program", "template").get(pk=crowd.pk)

    def launch(self, crowd: CrowdSend) -> None:
        crowds.launch(
            self.fresh(crowd),
            by=self.operator,
            version=crowd.version,
            launches=crowd.launches,
            at=timezone.now(),
        )

    def tally(self, results: list[Any]) -> Counter[str]:
        """How many won; anything but a refusal we know is a fault."""
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, LOST):
                raise result
        return Counter("lost" if isinstance(result, Exception) else "won" for result in results)

    def test_many_tabs_launch_one_crowd_send_once(self) -> None:
        crowd = self.draft()
        assert self.tally(at_once(lambda _n: self.launch(crowd), 5))["won"] == 1
        assert (CrowdQuota.objects.get().used, Event.objects.filter(kind="crowd.scheduled").count()) == (1, 1)

    @override_settings(CROWD_SENDS_PER_DAY=2)
    def test_the_last_places_of_a_day_are_taken_once_each(self) -> None:
        drafts = [self.draft() for _ in range(5)]
        assert self.tally(at_once(lambda n: self.launch(drafts[n]), 5))["won"] == 2
        assert (CrowdQuota.objects.get().used, CrowdSend.objects.filter(state="scheduled").count()) == (2, 2)

    def test_of_undo_and_submission_one_wins_and_quota_and_call_fit_it(self) -> None:
        for _ in range(4):
            crowd = self.draft()
            self.launch(crowd)
            CrowdSend.objects.filter(pk=crowd.pk).update(due_at=timezone.now() - timedelta(seconds=1))

            def act(n: int, crowd: CrowdSend = crowd) -> Any:
                if n % 2:
                    return crowds.take_back(self.fresh(crowd), by=self.operator)
                return crowd_submit.advance(at=timezone.now())

            at_once(act, 4)
            crowd.refresh_from_db()
            called = GatewayCall.objects.filter(target_id=crowd.pk).count()
            assert (crowd.state, called, crowd.quota_day is None) in {
                ("draft", 0, True),
                ("submitting", 1, False),
            }
        held = CrowdSend.objects.filter(quota_day__isnull=False).count()
        assert CrowdQuota.objects.get().used == held
