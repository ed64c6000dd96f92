"""Coupon alerts as pages show them: who claims everything, who is kept from coupons, a coupon gone fast."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from coupons import alerting
from coupons.alerts import keep
from coupons.models import CouponAlert
from coupons.terms import beijing_day
from tests import build_alerts, build_coupons, build_messaging
from tests.browser.scenes import Scenes

Find = Callable[[Scenes], str]
NAMES = ("满10减5", "满20减8", "首单立减3元")


def alerts(scenes: Scenes) -> str:
    """Of each kind, and one that was decided."""
    app = scenes.house.app
    build_alerts.of_coupon(build_coupons.coupon(app, name="满10减5"))
    build_alerts.alert(app, n=37)
    build_alerts.alert(app, kind="uses", n=26, most=20)
    [person] = build_messaging.people(app, 1)
    build_alerts.kept(app, person, by=scenes.by)
    return "coupons/alerts/?state=every"


def an_alert(*, kept: bool = False) -> Find:
    """Twelve coupons claimed within minutes, where ten are allowed."""

    def find(scenes: Scenes) -> str:
        app, now = scenes.house.app, timezone.now()
        [person] = build_messaging.people(app, 1)
        for n, name in enumerate(NAMES * 4):
            at = now - timedelta(minutes=3 * n)
            grant = build_coupons.grant(build_coupons.coupon(app, name=name), person, at=at)
        with transaction.atomic():
            alerting.claimed(grant, at=now)
        alert = CouponAlert.objects.get(customer=person)
        if kept:
            until = beijing_day(now) + timedelta(days=30)
            keep(alert, until=until, reason="脚本领取，半小时十二张", by=scenes.by, at=now)
        return f"coupons/alerts/{alert.pk}/"

    return find


def a_burst(scenes: Scenes) -> str:
    alert = build_alerts.of_coupon(build_coupons.coupon(scenes.house.app, name="满10减5"))
    return f"coupons/alerts/{alert.pk}/"
