"""Differences as a list, one of them with both sides, and the three ways to settle it."""

import csv
import io
from typing import Any
from unittest import mock

from django.urls import reverse
from django.utils.html import escape

from console.coupons.difference_words import WORDS, facts_of
from coupons.models import CouponDifference, CouponGrant
from coupons.models.difference import DifferenceKind
from merchants.models import Event
from tests import build_coupons
from tests.base import CastCase


class Differences(CastCase):
    def setUp(self) -> None:
        self.coupon = build_coupons.coupon(self.mini_program)
        self.difference = build_coupons.difference(self.coupon)
        self.sign_in(self.operator)

    def listed(self, **query: Any) -> Any:
        return self.client.get(reverse("coupon_differences", args=["yunduo"]), query)

    def shown(self, **query: Any) -> list[CouponDifference]:
        return [row[0] for row in self.listed(**query).context["rows"]]

    def page(self, one: CouponDifference | None = None) -> Any:
        address = reverse("coupon_difference", args=["yunduo", (one or self.difference).pk])
        return self.client.get(address)

    def settle(self, choice: str, *, follow: bool = True, **more: Any) -> Any:
        address = reverse("coupon_difference_settle", args=["yunduo", self.difference.pk])
        response = self.client.post(address, {"choice": choice, **more}, follow=follow)
        self.difference.refresh_from_db()
        return response

    # --- the list ---

    def test_open_ones_are_shown_unless_others_are_asked_for(self) -> None:
        other = build_coupons.difference(self.coupon)
        at = other.found_at
        CouponDifference.objects.filter(pk=other.pk).update(how="gone", settled_at=at)
        self.assertEqual(self.shown(), [self.difference])
        self.assertEqual(self.shown(state="gone"), [other])
        self.assertEqual(len(self.shown(state="every")), 2)

    def test_filters_stand_in_the_address(self) -> None:
        second = build_coupons.coupon(self.mini_program, name="满20减8")
        other = build_coupons.difference(second, kind="claimed_here")
        self.assertEqual(self.shown(coupon=second.pk), [other])
        self.assertEqual(self.shown(kind="used_there"), [self.difference])
        self.assertContains(self.listed(kind="money_differs"), "Nothing matches.")

    def test_what_differs_stands_in_the_line(self) -> None:
        self.assertContains(self.listed(), "Uses: here 0, there 1")

    def test_with_nothing_open_the_page_says_so(self) -> None:
        CouponDifference.objects.all().delete()
        self.assertContains(self.listed(), "No open difference")

    def test_home_names_what_differs_and_leads_here(self) -> None:
        home = self.client.get(reverse("home", args=["yunduo"]))
        self.assertContains(home, "Coupon books are off by 1")
        self.assertContains(home, "Used there, not here 1")
        self.settle("accept", reason="known to the till")
        self.assertNotContains(self.client.get(reverse("home", args=["yunduo"])), "Coupon books are off")

    def test_the_file_has_the_rows_of_the_filter_and_no_formulas(self) -> None:
        type(self.coupon).objects.filter(pk=self.coupon.pk).update(name="=1+1")
        response = self.client.get(reverse("coupon_differences_export", args=["yunduo"]))
        text = b"".join(response.streaming_content).decode("utf-8-sig")
        head, *rows = csv.reader(io.StringIO(text))
        [row] = (dict(zip(head, one, strict=True)) for one in rows)
        self.assertEqual(row["coupon"], "'=1+1")
        self.assertEqual((row["kind"], row["state"]), ("used_there", "open"))
        self.assertEqual(row["open_id"], self.difference.customer.open_id)
        self.assertIn("used 1", row["theirs"])

    def test_whoever_may_not_see_people_gets_no_ids_in_the_file(self) -> None:
        self.sign_in(self.analyst)
        response = self.client.get(reverse("coupon_differences_export", args=["yunduo"]))
        self.assertNotIn(self.difference.customer.open_id.encode(), b"".join(response.streaming_content))

    # --- one of them ---

    def test_every_kind_has_its_sentence_and_a_page(self) -> None:
        self.assertEqual(set(WORDS), set(DifferenceKind.values))
        for kind in DifferenceKind.values:
            with self.subTest(kind):
                one = build_coupons.difference(
                    self.coupon,
                    kind=kind,
                    theirs={"status": "EXPIRED", "used": 0, "got_at": "2026-11-20T02:00:00+00:00"},
                )
                self.assertContains(self.page(one), escape(str(WORDS[kind].sentence)))

    def test_what_an_order_says_stands_in_the_orders_column(self) -> None:
        sides = {"ours": {"saved": 400}, "theirs": {"saved": 500, "order_no": "R1"}}
        [saved, number] = facts_of(build_coupons.difference(self.coupon, kind="money_differs", **sides))
        self.assertEqual((saved.ours, saved.platform, saved.orders), ("4.00", None, "5.00"))
        self.assertEqual((number.ours, number.platform, number.orders), (None, None, "R1"))

    def test_the_platforms_word_is_taken_over_once(self) -> None:
        page = self.settle("take")
        self.assertContains(page, "Taken over")
        self.assertEqual((self.difference.how, self.difference.settled_by), ("taken", self.operator))
        self.assertEqual(CouponGrant.objects.get(pk=self.difference.grant_id).state, "redeemed")
        self.assertEqual(self.settle("take", follow=False).status_code, 422)
        self.assertEqual(Event.objects.filter(kind="coupon.difference_taken").count(), 1)

    def test_what_moved_meanwhile_is_not_taken_over(self) -> None:
        CouponGrant.objects.filter(pk=self.difference.grant_id).update(state="invalidated")
        page = self.settle("take", follow=False)
        self.assertContains(page, "Nothing was changed.", status_code=422)
        self.assertIsNone(self.difference.settled_at)

    def test_it_is_accepted_only_with_a_reason(self) -> None:
        page = self.settle("accept", follow=False)
        self.assertContains(page, "Write why it stays as it is.", status_code=422)
        self.assertIsNone(self.difference.settled_at)
        self.assertContains(self.settle("accept", reason="known to the till"), "known to the till")
        self.assertEqual(self.difference.how, "accepted")
        self.assertEqual(Event.objects.filter(kind="coupon.difference_accepted", by=self.operator).count(), 1)

    def test_another_look_is_asked_for_where_the_difference_lives(self) -> None:
        for kind, task in (("used_there", "coupons.look_again"), ("use_missing", "orders.look_again_at_use")):
            CouponDifference.objects.filter(pk=self.difference.pk).update(kind=kind, again_at=None)
            with self.subTest(kind), mock.patch("coupons.differences.enqueue") as hinted:
                self.settle("again")
                hinted.assert_called_once_with(task, self.yunduo.pk, self.difference.pk)
                self.assertIsNotNone(self.difference.again_at)

    def test_an_unknown_choice_is_refused(self) -> None:
        self.assertEqual(self.settle("burn", follow=False).status_code, 400)

    def test_a_viewer_reads_and_decides_nothing(self) -> None:
        self.sign_in(self.analyst)
        page = self.page()
        self.assertNotContains(page, "Take the platform")
        self.assertContains(page, "A person with the right")

    def test_what_cannot_be_taken_over_has_no_button_for_it(self) -> None:
        one = build_coupons.difference(self.coupon, kind="total_claimed", about="", grant=None, customer=None)
        page = self.page(one)
        self.assertNotContains(page, "Take the platform")
        self.assertContains(page, "Look again")
