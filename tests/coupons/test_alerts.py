"""What a person decides about an alert: once each, with who and why; the table takes nothing else."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from coupons import alerts, frequency
from coupons.alert_reports import open_of, standing_of
from coupons.models import CouponAlert
from coupons.models.limits import ALERT_TRANSITIONS, AlertState
from coupons.terms import beijing_day
from merchants.models import Event
from tests import build_alerts, build_coupons, build_messaging
from tests.base import CastCase


class Deciding(CastCase):
    def setUp(self) -> None:
        self.at = timezone.now()
        self.today = beijing_day(self.at)
        [self.person] = build_messaging.people(self.mini_program, 1)
        self.alert = build_alerts.alert(self.mini_program, self.person)

    def fresh(self) -> CouponAlert:
        found: CouponAlert = CouponAlert.objects.get(pk=self.alert.pk)
        return found

    def dismiss(self, alert: CouponAlert | None = None) -> None:
        alerts.dismiss(alert or self.fresh(), reason="一家人", by=self.operator, at=self.at)

    def keep(self, alert: CouponAlert | None = None, days: int = 10) -> None:
        until = self.today + timedelta(days=days)
        alerts.keep(alert or self.fresh(), until=until, reason="脚本", by=self.operator, at=self.at)

    def events(self) -> list[str]:
        rows = Event.objects.filter(subject_kind="couponalert", subject_id=self.alert.pk).order_by("id")
        return [kind.partition(".")[2] for kind in rows.values_list("kind", flat=True)]

    def test_it_is_dismissed_with_who_and_why(self) -> None:
        self.dismiss()
        alert = self.fresh()
        self.assertEqual(
            (alert.state, alert.reason, alert.settled_by), ("dismissed", "一家人", self.operator)
        )
        self.assertEqual(self.events(), ["dismissed"])
        self.assertEqual(open_of(self.yunduo), [])

    def test_a_person_is_kept_until_a_day_and_not_on_it(self) -> None:
        self.keep(days=10)
        for days, is_kept in ((0, True), (9, True), (10, False), (11, False)):
            at = frequency.midnight(self.today) + timedelta(days=days, hours=12)
            self.assertEqual(self.person.pk in frequency.kept([self.person.pk], at=at), is_kept, days)
            self.assertEqual(standing_of(self.person.pk, at=at) is not None, is_kept, days)
        self.assertEqual(self.events(), ["kept"])

    def test_who_is_kept_can_be_let_go(self) -> None:
        self.keep()
        self.dismiss()
        alert = self.fresh()
        self.assertEqual((alert.state, alert.kept_until), ("dismissed", None))
        self.assertEqual(frequency.kept([self.person.pk], at=self.at), set())
        self.assertEqual(self.events(), ["kept", "let_go"])

    def test_reasons_stand_in_no_event(self) -> None:
        self.keep()
        self.dismiss()
        told = str(list(Event.objects.filter(subject_kind="couponalert").values_list("detail", flat=True)))
        self.assertNotIn("脚本", told)
        self.assertNotIn("一家人", told)

    def test_no_move_but_those_of_the_table(self) -> None:
        moves = {"dismissed": self.dismiss, "kept": self.keep}
        for state in AlertState.values:
            for to, move in moves.items():
                if to in ALERT_TRANSITIONS[state]:
                    continue
                until = self.today if state == "kept" else None
                settled = None if state == "open" else self.at
                CouponAlert.objects.update(state=state, kept_until=until, settled_at=settled)
                with self.subTest(state=state, to=to), self.assertRaises(alerts.AlertMoved):
                    move(None)
                self.assertEqual(self.fresh().state, state)

    def test_who_comes_second_changes_nothing(self) -> None:
        seen = self.fresh()
        self.dismiss()
        with self.assertRaises(alerts.AlertMoved):
            self.keep(seen)
        self.assertEqual((self.fresh().state, self.events()), ("dismissed", ["dismissed"]))

    def test_a_coupon_is_kept_from_nothing(self) -> None:
        alert = build_alerts.of_coupon(build_coupons.coupon(self.mini_program))
        self.assertFalse(alerts.may(alert, "kept"))
        with self.assertRaises(alerts.AlertMoved):
            self.keep(alert)

    def test_what_holds_for_a_person_is_kept_before_open(self) -> None:
        build_alerts.alert(self.mini_program, self.person, kind="uses")
        self.keep()
        self.assertEqual(standing_of(self.person.pk, at=self.at), self.alert)

    def test_the_table_takes_one_of_a_day_and_no_halves(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        wrong = (
            {"customer": self.person},
            {"customer": self.person, "kind": "burst"},
            {"kind": "uses", "state": "kept", "settled_at": self.at},
            {"kind": "uses", "state": "dismissed"},
            {"kind": "uses", "settled_at": self.at},
            {"kind": "uses", "coupon": coupon},
        )
        for fields in wrong:
            with self.subTest(fields), self.assertRaises(IntegrityError), transaction.atomic():
                build_alerts.alert(self.mini_program, **fields)
        build_alerts.of_coupon(coupon)
        with self.assertRaises(IntegrityError), transaction.atomic():
            build_alerts.of_coupon(coupon)
