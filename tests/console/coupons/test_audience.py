"""A list of those who used a coupon or have not yet, and the send with another coupon that it leads to."""

import uuid
from typing import Any

from django.db import transaction
from django.urls import reverse

from coupons import ledger
from coupons.tasks import write_holder_list
from membership.models import PeopleList
from merchants.models import Job
from tests import build_coupons, build_messaging
from tests.base import CastCase


class Audience(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)
        self.coupon = build_coupons.coupon(self.mini_program, max_uses=2, per_person=None)
        self.people = build_messaging.people(self.mini_program, 5)
        grants = [build_coupons.grant(self.coupon, one) for one in self.people]
        build_coupons.grant(self.coupon, self.people[0])  # a second one, which makes nobody twice
        for grant in grants[:2]:
            with transaction.atomic():
                ledger.redeem(grant, build_coupons.fact())
        with transaction.atomic():
            ledger.invalidated(grants[4], build_coupons.fact())

    def address(self, who: str) -> str:
        return reverse("coupon_audience", args=["yunduo", self.coupon.pk]) + f"?who={who}"

    def make(self, who: str, **changes: Any) -> Any:
        given = {"name": "名单", "purpose": "第二张券", "form_token": str(uuid.uuid4()), **changes}
        return self.client.post(self.address(who), given)

    def written(self, who: str) -> set[int]:
        self.make(who)
        made = PeopleList.objects.latest("pk")
        for _n in range(2):
            write_holder_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        self.assertEqual(made.state, "ready")
        return set(made.entries.values_list("customer_id", flat=True))

    def test_it_counts_and_freezes_who_used_it_and_who_can_still(self) -> None:
        for who, people in (("used", self.people[:2]), ("unused", [self.people[0], *self.people[2:4]])):
            page = self.client.get(self.address(who))
            self.assertEqual(page.context["reach"].people, len(people))
            self.assertEqual(self.written(who), {one.pk for one in people})

    def test_the_list_says_where_it_comes_from(self) -> None:
        self.written("used")
        page = self.client.get(reverse("list", args=["yunduo", PeopleList.objects.latest("pk").pk]))
        self.assertContains(page, f"who used the coupon “{self.coupon.name}”")

    def test_the_same_form_twice_is_one_list(self) -> None:
        token = str(uuid.uuid4())
        answers = [self.make("used", form_token=token).status_code for _n in range(2)]
        self.assertEqual((answers, PeopleList.objects.count(), Job.objects.count()), ([303, 303], 1, 1))

    def test_a_name_that_lacks_is_told_at_its_field(self) -> None:
        answer = self.make("used", name="")
        self.assertEqual(answer.status_code, 422)
        self.assertIn("name", answer.context["form"].errors)

    def test_a_word_that_names_nobody_shows_who_used_it(self) -> None:
        self.assertEqual(self.client.get(self.address("everybody")).context["who"], "used")

    def test_nobody_yet_says_so_and_offers_no_button(self) -> None:
        empty = build_coupons.coupon(self.mini_program)
        page = self.client.get(reverse("coupon_audience", args=["yunduo", empty.pk]))
        self.assertContains(page, "There is nobody yet.")
        self.assertNotContains(page, "Make the list")

    def test_a_send_begins_with_the_list_and_another_coupon(self) -> None:
        self.written("used")
        to, second = PeopleList.objects.latest("pk"), build_coupons.coupon(self.mini_program, name="满20减9")
        address = reverse("send_new", args=["yunduo"])
        form = self.client.get(f"{address}?list={to.pk}&coupon={second.pk}").context["form"]
        chosen = (form["people_list"].value(), form["coupon"].value())
        self.assertEqual(chosen, (str(to.pk), str(second.pk)))

    def test_another_merchants_coupon_is_not_there(self) -> None:
        theirs = build_coupons.coupon(self.other_mini_program)
        address = reverse("coupon_audience", args=["yunduo", theirs.pk])
        self.assertEqual(self.client.get(address).status_code, 404)
