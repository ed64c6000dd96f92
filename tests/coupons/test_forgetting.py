"""Who is forgotten leaves no alert behind, and nobody else's goes."""

from django.utils import timezone

from coupons import forgetting
from coupons.models import CouponAlert, CouponGrant
from coupons.tasks import forget_customer
from membership.customers import forget
from merchants.models import Dispatch, Event
from tests import build_alerts, build_coupons, build_messaging
from tests.base import CastCase


class Forgetting(CastCase):
    def setUp(self) -> None:
        self.person, other = build_messaging.people(self.mini_program, 2)
        coupon = build_coupons.coupon(self.mini_program)
        build_coupons.grant(coupon, self.person)
        build_alerts.kept(self.mini_program, self.person, by=self.operator)
        build_alerts.alert(self.mini_program, self.person, kind="uses")
        self.others = [build_alerts.alert(self.mini_program, other), build_alerts.of_coupon(coupon)]
        forget(self.person, by=self.owner, at=timezone.now())
        self.event = Event.objects.get(kind="customer.forgotten")

    def test_alerts_of_the_person_go_and_the_ledger_stays(self) -> None:
        forget_customer(self.yunduo.pk, self.event.id)
        self.assertEqual(list(CouponAlert.objects.order_by("pk")), self.others)
        self.assertEqual(CouponGrant.objects.filter(customer=self.person).count(), 1)

    def test_it_is_done_once(self) -> None:
        at = timezone.now()
        self.assertTrue(forgetting.forget(self.event.id, at=at))
        self.assertFalse(forgetting.forget(self.event.id, at=at))
        self.assertIsNotNone(Dispatch.objects.get(subscriber="coupons.forget_customer").done_at)
