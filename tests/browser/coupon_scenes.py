"""Coupons and reminders as pages show them: held by a few, about to expire, compared with a holdout."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from merchants.models import User
from messaging.models import ReminderRound
from tests import build_coupons, build_messaging
from tests.browser.scenes import Scenes
from tests.messaging.sends import reminder_scene

Find = Callable[[Scenes], str]


def a_coupon(tail: str = "", **columns: Any) -> Find:
    def find(scenes: Scenes) -> str:
        coupon = build_coupons.coupon(scenes.house.app, **columns)
        for _n in range(3):
            build_coupons.grant(coupon)
        return f"coupons/{coupon.pk}/{tail}"

    return find


def codes_of_a_coupon(**book: Any) -> Find:
    def find(scenes: Scenes) -> str:
        return f"coupons/{build_coupons.with_codes(scenes.house.app, **book).pk}/codes/"

    return find


def a_placement(tail: str = "", **columns: Any) -> Find:
    def find(scenes: Scenes) -> str:
        coupon = build_coupons.coupon(scenes.house.app)
        build_coupons.grant(coupon)
        placement = build_coupons.placement(coupon, booth="SERVICE_MESSAGE", **columns)
        return f"coupons/placements/{placement.pk}/{tail}"

    return find


def placements(scenes: Scenes) -> str:
    coupon = build_coupons.coupon(scenes.house.app)
    build_coupons.placement(coupon, booth="SERVICE_MESSAGE", state="auditing")
    build_coupons.placement(coupon)
    return "coupons/placements/"


def a_reminder(tail: str = "") -> Find:
    """With a round behind it and coupons that expire the day after tomorrow."""

    def find(scenes: Scenes) -> str:
        app, now = scenes.house.app, timezone.now()
        template = build_messaging.template(app, name="券到期提醒", keywords=["优惠内容", "到期时间"])
        coupon = build_coupons.coupon(app)
        for _n in range(3):
            build_coupons.grant(coupon, ends_at=reminder_scene.wall(now + timedelta(days=2), 23))
        author = User.objects.order_by("pk").first()
        policy = reminder_scene.policy(template, author, of=coupon, holdout_percent=10)
        counts = {"reminded": 1_240, "accepted": 1_032, "used": 310, "held_out": 138, "used_held_out": 19}
        ReminderRound.objects.create(policy=policy, round_on=now.date(), counted_at=now, **counts)
        return f"reminders/{policy.pk}/{tail}"

    return find


def reminder_words(scenes: Scenes) -> str:
    template = build_messaging.template(
        scenes.house.app, name="券到期提醒", keywords=["优惠内容", "到期时间"]
    )
    return f"reminders/new/?template={template.pk}"
