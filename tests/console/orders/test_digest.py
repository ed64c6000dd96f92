from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.models import Order, OrderDigest, StatusChange
from tests import build_orders
from tests.base import CastCase


class Digest(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)
        self.order: Order = build_orders.order(self.mini_program)
        self.digest = self.made(self.order)

    def made(self, *examples: Order, day: str = "2026-11-20", **fields: Any) -> OrderDigest:
        lack = {"scene": "online_rental", "status": "IN_DELIVERY", "fields": ["courier_number"], "orders": 7}
        lack["examples"] = [one.pk for one in examples]
        given = {"merchant": self.yunduo, "mini_program": self.mini_program, "orders": 7, "lacks": [lack]}
        return OrderDigest.objects.create(**{**given, "day": day, **fields})

    def at(self, name: str = "order_digest", digest: OrderDigest | None = None) -> str:
        return reverse(name, args=["yunduo", (digest or self.digest).pk])

    def test_it_names_status_fields_how_many_and_examples(self) -> None:
        page = self.client.get(self.at())
        told = ("Missing fields on 2026-11-20", "已发货", "Tracking number", "courier_number", "7 orders")
        for words in (*told, self.order.out_biz_no):
            self.assertContains(page, words)

    def test_home_and_diagnosis_lead_to_it_until_it_is_read(self) -> None:
        home, diagnosis = reverse("home", args=["yunduo"]), reverse("order_diagnosis", args=["yunduo"])
        self.assertContains(self.client.get(home), "7 orders lacked fields of their messages on 2026-11-20")
        for page in (home, diagnosis):
            self.assertContains(self.client.get(page), self.at())
        answer = self.client.post(self.at("order_digest_read"))
        self.assertRedirects(answer, diagnosis, status_code=303)
        for page in (home, diagnosis):
            self.assertNotContains(self.client.get(page), self.at())
        self.assertContains(self.client.get(self.at()), "Read by")

    def test_the_second_press_leads_to_who_was_first(self) -> None:
        self.client.post(self.at("order_digest_read"))
        self.sign_in(self.owner)
        answer = self.client.post(self.at("order_digest_read"))
        self.assertRedirects(answer, self.at(), status_code=303)
        self.assertContains(self.client.get(self.at()), f"Read by {self.operator}")

    def test_who_may_not_manage_orders_reads_without_the_button(self) -> None:
        self.sign_in(self.analyst)
        self.assertNotContains(self.client.get(self.at()), self.at("order_digest_read"))
        self.assertEqual(self.client.post(self.at("order_digest_read")).status_code, 403)

    def test_another_merchants_is_not_found(self) -> None:
        theirs = self.made(merchant=self.other_mini_program.merchant, mini_program=self.other_mini_program)
        self.assertEqual(self.client.get(self.at(digest=theirs)).status_code, 404)
        self.assertEqual(self.client.post(self.at("order_digest_read", theirs)).status_code, 404)

    def test_it_is_not_read_by_looking(self) -> None:
        self.assertEqual(self.client.get(self.at("order_digest_read")).status_code, 405)
        self.client.get(self.at())
        self.digest.refresh_from_db()
        self.assertIsNone(self.digest.read_at)

    def test_queries_do_not_grow_with_lines_and_examples(self) -> None:
        more = self.made(*(build_orders.order(self.mini_program) for _one in range(3)), day="2026-11-19")
        more.lacks = more.lacks * 5
        more.save()
        counts = []
        for digest in (self.digest, more):
            self.client.get(self.at(digest=digest))
            with CaptureQueriesContext(connection) as asked:
                self.client.get(self.at(digest=digest))
            counts.append(len(asked))
        self.assertEqual(counts[0], counts[1])


class NeedsFixing(CastCase):
    def test_statuses_that_need_fixing_stand_on_the_home_page_and_in_the_menu(self) -> None:
        self.sign_in(self.operator)
        home = reverse("home", args=["yunduo"])
        self.assertNotContains(self.client.get(home), "need fixing")
        for _number in range(2):
            build_orders.change(build_orders.order(self.mini_program), "IN_DELIVERY", state="dead")
        build_orders.change(build_orders.order(self.other_mini_program), "IN_DELIVERY", state="dead")
        page = self.client.get(home)
        self.assertContains(page, "2 order statuses need fixing")
        links = {link.url: link.waiting for group in page.context["shell"].groups for link in group.links}
        self.assertEqual(links[reverse("orders", args=["yunduo"])], 2)
        StatusChange.objects.update(state="synced")
        self.assertNotContains(self.client.get(home), "need fixing")
