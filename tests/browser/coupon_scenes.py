"""Coupons and reminders as pages show them: held by a few, at the till, about to expire."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from coupons import ledger, use_answers
from coupons.models import CouponGrant
from merchants.models import User
from messaging.models import ReminderRound
from tests import build_coupons, build_messaging, build_uses
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


def at_the_till(*, done: bool = False, several: bool = False, unknown: bool = False) -> Find:
    """A code was scanned; or it was redeemed, and the field waits for the next."""

    def find(scenes: Scenes) -> str:
        app = scenes.house.app
        grant = build_uses.held(app, name="鲜果茶第二杯半价", max_uses=3 if several else 1)
        if not (done or unknown):
            return f"coupons/scan/?code={grant.code}"
        use = build_uses.unknown(grant, by=scenes.by)
        if done:
            with transaction.atomic():
                use_answers.accept(use_answers.locked(use))
        return f"coupons/scan/?use={use.pk}"

    return find


def a_holder(tail: str = "", *, unknown: bool = False) -> Find:
    """Claimed, used twice, one of them given back; `tail` is of the use that is left."""

    def find(scenes: Scenes) -> str:
        grant = build_uses.held(scenes.house.app, name="鲜果茶三次卡", max_uses=3)
        back = build_uses.redeemed(grant, by=scenes.by)
        with transaction.atomic():
            fact = build_coupons.fact(by="hand", user_id=scenes.by.pk, order_fen=2_500, saved_fen=500)
            ledger.revert(grant, fact, of=back)
        used = build_uses.redeemed(grant)
        if unknown:
            build_uses.unknown(CouponGrant.objects.select_related("coupon").get(pk=grant.pk))
        return f"coupons/entries/{used.pk}/{tail}" if tail else f"coupons/grants/{grant.pk}/"

    return find


def holders(scenes: Scenes) -> str:
    coupon = build_coupons.coupon(scenes.house.app, family="merchant", name="鲜果茶第二杯半价")
    for number in range(4):
        grant = build_coupons.grant(coupon, code=f"HOLD{coupon.pk}{number}")
        if number % 2:
            build_uses.redeemed(grant)
    return f"coupons/{coupon.pk}/grants/"
