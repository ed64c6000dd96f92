from coupons.models import CouponDifference
from messaging.consent.reports import template_rows
from messaging.models import DeliveryCounter, SendControl
from messaging.waiting import Waiting, waiting
from tests import build, build_coupons, build_messaging
from tests.base import CastCase


class Counts(CastCase):
    def setUp(self) -> None:
        self.template = build_messaging.template(self.mini_program)
        self.list = build_messaging.people_list(self.mini_program, [])

    def send(self, state: str, **counters: int) -> SendControl:
        batch = build_messaging.launched_batch(
            self.mini_program, self.operator, chosen=self.template, to=self.list, state="scheduled"
        )
        SendControl.objects.filter(pk=batch.control_id).update(state=state)
        for name, n in counters.items():
            DeliveryCounter.objects.create(send_id=batch.control_id, state=name, n=n)
        return batch.control

    def test_a_calm_house_has_nothing_waiting(self) -> None:
        self.send("finished", accepted=10)
        self.send("scheduled")
        assert waiting(self.yunduo) == Waiting(0, 0)

    def test_sends_that_wait_for_a_reviewer_or_for_their_confirmation_wait(self) -> None:
        self.send("in_review")
        self.send("approved")
        assert waiting(self.yunduo).sends == 2

    def test_paused_and_missed_sends_wait(self) -> None:
        self.send("paused")
        self.send("missed")
        assert waiting(self.yunduo).sends == 2

    def test_a_send_waits_until_its_last_unknown_outcome_is_decided(self) -> None:
        self.send("finished", unknown=3, decided=2)
        assert waiting(self.yunduo).sends == 1
        DeliveryCounter.objects.filter(state="decided").update(n=3)
        assert waiting(self.yunduo).sends == 0

    def test_a_send_that_waits_for_two_reasons_is_one(self) -> None:
        self.send("paused", unknown=3)
        assert waiting(self.yunduo).sends == 1

    def test_templates_wait_when_rejected_offline_or_different(self) -> None:
        build_messaging.template(self.mini_program, state="rejected")
        build_messaging.template(self.mini_program, state="offline")
        build_messaging.template(self.mini_program, differs=True, difference="another name")
        assert waiting(self.yunduo).templates == 3

    def test_a_lost_template_waits_no_more_once_it_was_adopted_again(self) -> None:
        for state in ("rejected", "offline"):
            for again in ("applied", "approved"):
                with self.subTest(state=state, again=again):
                    build_messaging.template(self.mini_program, library_code=state + again, state=state)
                    self.assert_waiting(1)
                    build_messaging.template(self.mini_program, library_code=state + again, state=again)
                    self.assert_waiting(0)

    def test_only_a_later_one_of_the_same_kind_in_the_same_mini_program_settles_it(self) -> None:
        same = {"library_code": "LIB"}
        build_messaging.template(self.mini_program, **same)
        build_messaging.template(self.mini_program, **same, state="rejected")
        build_messaging.template(self.mini_program, **same, kind="long_term")
        build_messaging.template(self.mini_program, library_code="another")
        build_messaging.template(build.mini_program(self.yunduo, app_id="2021000000000009"), **same)
        for state in ("submitting", "failed"):
            build_messaging.template(self.mini_program, **same, state=state)
        self.assert_waiting(1)
        build_messaging.template(self.mini_program, **same, state="offline")
        self.assert_waiting(2)
        build_messaging.template(self.mini_program, **same)
        self.assert_waiting(0)

    def test_one_that_differs_waits_although_another_was_adopted_since(self) -> None:
        same = {"library_code": "LIB"}
        build_messaging.template(self.mini_program, **same, differs=True, difference="another name")
        build_messaging.template(self.mini_program, **same)
        self.assert_waiting(1)

    def assert_waiting(self, templates: int) -> None:
        """The menu counts what home and the list show."""
        assert waiting(self.yunduo).templates == templates
        assert template_rows(self.yunduo, state="to_decide").count() == templates

    def test_open_differences_in_the_books_of_coupons_wait(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        one, _two = build_coupons.difference(coupon), build_coupons.difference(coupon)
        assert waiting(self.yunduo).books == 2
        CouponDifference.objects.filter(pk=one.pk).update(how="gone", settled_at=one.found_at)
        assert waiting(self.yunduo).books == 1

    def test_other_merchants_see_none_of_it(self) -> None:
        self.send("paused")
        assert waiting(self.qingcha) == Waiting(0, 0)
