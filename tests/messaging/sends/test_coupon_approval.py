"""A coupon that may cost much needs a second person, as a long list does; any change of it voids that."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging.models import BatchSend
from messaging.sends import approval, review
from messaging.sends.batches import LaunchRefused, launch
from messaging.sends.rules import Rules, save
from tests import build_coupons, build_messaging
from tests.base import CastCase


class CouponApproval(CastCase):
    def setUp(self) -> None:
        people = build_messaging.people(self.mini_program, 4)
        self.template = build_messaging.template(self.mini_program)
        build_messaging.consents(self.template, people)
        self.to = build_messaging.people_list(self.mini_program, people)
        save(self.yunduo, Rules(approve_above_fen=2_000), version=0, by=self.owner)

    def draft(self, **columns: Any) -> BatchSend:
        """To four people, so that ¥5 each is just the limit."""
        coupon = build_coupons.coupon(self.mini_program, **columns)
        return build_messaging.batch(
            self.mini_program, self.operator, chosen=self.template, to=self.to, coupon=coupon
        )

    def needs(self, batch: BatchSend) -> bool:
        standing = approval.standing_of(batch, at=timezone.now())
        assert standing.is_needed == approval.is_needed(batch) == standing.is_for_coupon
        return standing.is_needed

    def test_it_is_what_everybody_on_the_list_could_cost(self) -> None:
        self.assertFalse(self.needs(self.draft()))
        self.assertTrue(self.needs(self.draft(amount_fen=501)))
        self.assertTrue(self.needs(self.draft(max_uses=2)))
        self.assertFalse(self.needs(self.draft(amount_fen=1_000, stock=2)))

    def test_a_discount_without_a_ceiling_has_no_upper_end(self) -> None:
        columns = {"kind": "discount", "amount_fen": None, "discount_tenths": 80}
        self.assertTrue(self.needs(self.draft(**columns)))
        self.assertFalse(self.needs(self.draft(**columns, ceiling_fen=500)))

    def test_a_send_without_a_coupon_costs_nothing(self) -> None:
        plain = build_messaging.batch(self.mini_program, self.operator, chosen=self.template, to=self.to)
        self.assertFalse(self.needs(plain))

    def test_it_is_not_launched_before_and_not_with_another_coupon_than_the_approved(self) -> None:
        batch, at = self.draft(amount_fen=900), timezone.now()
        with pytest.raises(LaunchRefused):
            launch(batch, by=self.operator, version=batch.version, at=at)
        review.ask(batch, by=self.operator, version=batch.version, at=at)
        batch.control.refresh_from_db()
        waiting = approval.newest(batch.control_id)
        assert waiting is not None
        review.approve(batch, by=self.reviewer, seen=waiting.fingerprint, comment="", at=at)
        batch = BatchSend.objects.select_related("control", "merchant", "coupon").get(pk=batch.pk)
        self.assertTrue(approval.standing_of(batch, at=at).is_approved)
        batch.coupon = build_coupons.coupon(self.mini_program, amount_fen=950)
        standing = approval.standing_of(batch, at=at + timedelta(seconds=1))
        self.assertEqual((standing.is_approved, standing.changed), (False, ["coupon"]))
