import pytest
from django.test import override_settings

from gateway.methods.activities import MarketingActivityQuery
from gateway.outcomes import Accepted, Refused, Unknown
from merchants import questions
from tests.coupons.giving_base import PID, GivingCase, refused
from tests.gateway.platform import hang_up

WHOSE = MarketingActivityQuery(activity_id="2026112300826007000001")
METHOD = WHOSE.method


class Questions(GivingCase):
    def test_what_the_platform_says_comes_back(self):
        with self.platform():
            answer = questions.answer(self.mini_program, WHOSE)
        assert answer is not None
        assert answer.belong_merchant_id == PID

    def test_a_refusal_is_an_outcome_and_no_answer(self):
        with self.platform() as counter:
            counter.plan[METHOD] = [refused("INVALID_PARAMETER", method=METHOD)]
            assert isinstance(questions.ask(self.mini_program, WHOSE), Refused)
            assert questions.answer(self.mini_program, WHOSE) is None

    def test_silence_is_an_outcome_and_no_answer(self):
        with self.platform() as counter:
            counter.plan[METHOD] = [hang_up]
            assert isinstance(questions.ask(self.mini_program, WHOSE), Unknown)
            assert questions.answer(self.mini_program, WHOSE) is None

    def test_at_the_limit_of_calls_nothing_is_asked(self):
        self.mini_program.rate_per_second = 1
        self.mini_program.save(update_fields=["rate_per_second"])
        with self.platform() as counter:
            assert isinstance(questions.ask(self.mini_program, WHOSE, seconds=3), Accepted)
            with pytest.raises(questions.NotAsked, match="limit of calls") as told:
                questions.ask(self.mini_program, WHOSE, seconds=0)
            assert counter.times(METHOD) == 1
        assert told.value.reason == "no_token"

    def test_without_redis_nothing_is_asked(self):
        with self.platform() as counter, override_settings(REDIS_URL="unix:///nowhere/redis.sock"):
            with pytest.raises(questions.NotAsked) as told:
                questions.ask(self.mini_program, WHOSE)
            assert questions.answer(self.mini_program, WHOSE) is None
            assert counter.times(METHOD) == 0
        assert told.value.reason == "no_redis"

    @override_settings(GATEWAY_URLS={})
    def test_without_an_address_it_says_what_to_set(self):
        with pytest.raises(questions.NotAsked, match="Set ") as told:
            questions.ask(self.mini_program, WHOSE)
        assert told.value.reason == "not_configured"
