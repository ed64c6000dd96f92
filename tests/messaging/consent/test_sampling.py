from datetime import UTC, datetime, timedelta

from gateway.methods import messages
from membership.models import Customer
from merchants.credentials import client_for
from messaging.consent.library import sync_library
from messaging.consent.sampling import sample_consents
from messaging.models import Consent
from tests import build_messaging
from tests.messaging.consent.base import QUERY, PlatformCase

NOON = datetime(2026, 8, 3, 4, 0, tzinfo=UTC)


class SampleTests(PlatformCase):
    def setUp(self):
        super().setUp()
        sync_library(self.mini_program, at=NOON)
        self.open_ids = self.sim.post("/sim/people", {"app_id": self.app_id, "count": 4})["open_ids"]
        self.people = build_messaging.people(self.mini_program, 4, open_ids=self.open_ids)
        self.template = build_messaging.template(self.mini_program, template_id=self._adopted())
        build_messaging.consents(self.template, self.people)

    def _adopted(self) -> str:
        """Adopted on the platform without our doing, so that only the sample is under test."""
        request = messages.OpenMiniMessageTemplateApply(
            lib_code="TM0010004",
            scene_rule="one_time_subscribe",
            keyword_list=({"name": "权益名称"}, {"name": "领取时间"}),
        )
        return client_for(self.mini_program).call(request).response.template_id

    def agree(self, *open_ids: str) -> None:
        body = {"app_id": self.app_id, "template_id": self.template.template_id, "kind": "one_time"}
        self.sim.post("/sim/consents", {**body, "open_ids": list(open_ids), "report": False})

    def drift(self) -> list[str]:
        return list(Consent.objects.order_by("customer_id").values_list("drift", flat=True))

    def test_where_the_platform_agrees_nothing_is_noted(self):
        self.agree(*self.open_ids)
        assert sample_consents(at=NOON, one_in=1) == 4
        assert self.drift() == [""] * 4
        assert set(Consent.objects.values_list("checked_at", flat=True)) == {NOON}

    def test_where_it_differs_its_word_is_shown_and_nothing_is_repaired(self):
        self.agree(*self.open_ids[1:])
        Consent.objects.filter(customer=self.people[1]).update(units=0)
        sample_consents(at=NOON, one_in=1)
        assert self.drift() == ["not_subscribed", "subscribed", "", ""]
        units = Consent.objects.order_by("customer_id").values_list("units", flat=True)
        assert list(units) == [1, 0, 1, 1]

    def test_drift_that_is_over_is_forgotten(self):
        sample_consents(at=NOON, one_in=1)
        self.agree(*self.open_ids)
        sample_consents(at=NOON, one_in=1)
        assert self.drift() == [""] * 4

    def test_a_person_the_platform_does_not_know_is_shown(self):
        self.agree(*self.open_ids)
        Customer.objects.filter(pk=self.people[0].pk).update(open_id="012nobodyatall")
        sample_consents(at=NOON, one_in=1)
        assert self.drift() == ["OPENID_INVALID", "", "", ""]

    def test_a_run_is_bounded_and_goes_on_with_the_longest_unasked(self):
        assert sample_consents(at=NOON, one_in=1, calls=3) == 3
        assert sample_consents(at=NOON + timedelta(hours=1), one_in=1, calls=1) == 1
        assert len(self.calls_of(QUERY)) == 4
        assert Consent.objects.filter(checked_at=None).count() == 0

    def test_each_hour_takes_another_share(self):
        hours = [NOON + timedelta(hours=hour) for hour in range(2)]
        assert sum(sample_consents(at=hour, one_in=2) for hour in hours) == 4
        assert len(self.calls_of(QUERY)) == 4

    def test_a_busy_platform_ends_the_run_of_its_mini_program(self):
        self.fault("busy", QUERY, count=1)
        assert sample_consents(at=NOON, one_in=1) == 0
        assert len(self.calls_of(QUERY)) == 1
        assert Consent.objects.filter(checked_at=None).count() == 4
