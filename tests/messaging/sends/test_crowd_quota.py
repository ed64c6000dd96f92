from datetime import UTC, date, datetime

from django.test import override_settings

from messaging.models import CrowdQuota
from messaging.sends import crowd_quota
from tests.base import CastCase

DAY = date(2026, 8, 3)


class QuotaTests(CastCase):
    def test_a_day_is_the_beijing_day(self):
        assert crowd_quota.day_of(datetime(2026, 8, 2, 16, 0, tzinfo=UTC)) == DAY
        assert crowd_quota.day_of(datetime(2026, 8, 2, 15, 59, tzinfo=UTC)) == date(2026, 8, 2)

    @override_settings(CROWD_SENDS_PER_DAY=2)
    def test_no_more_than_the_limit_is_taken_and_each_day_and_mini_program_has_its_own(self):
        taken = [crowd_quota.take(self.mini_program, DAY) for _ in range(3)]
        assert taken == [True, True, False]
        assert crowd_quota.left(self.mini_program, DAY) == 0
        assert crowd_quota.left(self.mini_program, date(2026, 8, 4)) == 2
        assert crowd_quota.take(self.other_mini_program, DAY)

    @override_settings(CROWD_SENDS_PER_DAY=1)
    def test_what_is_given_back_can_be_taken_again(self):
        crowd_quota.take(self.mini_program, DAY)
        crowd_quota.give_back(self.mini_program.pk, DAY)
        crowd_quota.give_back(self.mini_program.pk, None)
        assert crowd_quota.left(self.mini_program, DAY) == 1
        assert crowd_quota.take(self.mini_program, DAY)
        assert CrowdQuota.objects.get().used == 1

    @override_settings(CROWD_SENDS_PER_DAY=0)
    def test_a_limit_of_none_gives_none(self):
        assert not crowd_quota.take(self.mini_program, DAY)
