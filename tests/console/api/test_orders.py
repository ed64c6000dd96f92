"""POST /api/v1/orders and /api/v1/orders/<number>/status: what each caller is answered, order by order."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from merchants import rate
from orders.models import Order, StatusChange
from orders.scenes import SCENES
from tests import build, build_orders
from tests.base import CastCase
from tests.rental_scene import RENTAL

URL = "/api/v1/orders"


@pytest.fixture(autouse=True)
def rental(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCENES, "online_rental", RENTAL)  # type: ignore[arg-type]


class OrdersCase(CastCase):
    def setUp(self) -> None:
        rate.connection().flushdb()
        self.key = build.api_key(self.mini_program, scopes=["orders"])
        build_orders.chosen(self.mini_program)

    def order(self, number: str = "R1", **changes: Any) -> dict[str, Any]:
        return {
            "out_biz_no": number,
            "open_id": "buyer-0000001",
            "scene": "online_rental",
            "page": "pages/order/detail",
            "order_created_at": "2026-03-01T09:00:00+08:00",
            **changes,
        }

    def post(self, *orders: Any, key: str = "", app_id: str = "") -> Any:
        body = {"app_id": app_id or self.mini_program.app_id, "orders": orders}
        return self.send(URL, json.dumps(body), key=key)

    def status(self, number: str = "R1", **changes: Any) -> Any:
        body = {"status": "APPROVAL", "order_modified_time": "2026-03-01 09:30:00.120", **changes}
        return self.send(f"{URL}/{number}/status", json.dumps(body))

    def send(self, url: str, body: str, *, key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {key or self.key}", "Accept-Language": "en"}
        return self.client.post(url, body, content_type="application/json", headers=headers)


class Returning(OrdersCase):
    def test_an_order_is_created_and_the_same_again_is_unchanged(self) -> None:
        status = {"status": "CREATE", "order_modified_time": "2026-03-01 09:00:00.120"}
        whole = self.order(
            status=status,
            amount_fen=3000,
            pay_amount_fen=2900,
            discount_fen=100,
            items=[{"name": "Phone"}],
            shop={"name": "North"},
        )
        first = self.post(whole)
        self.assertEqual(first.status_code, 200)
        self.assertEqual(
            first.json(),
            {
                "created": 1,
                "updated": 0,
                "unchanged": 0,
                "refused": 0,
                "results": [
                    {
                        "index": 0,
                        "out_biz_no": "R1",
                        "status": "created",
                        "order_status": "taken",
                        "reason": "",
                        "sentence": "",
                    }
                ],
            },
        )
        again = self.post(whole).json()["results"][0]
        self.assertEqual((again["status"], again["order_status"]), ("unchanged", "repeated"))
        order = Order.objects.get()
        self.assertEqual(order.source, "api")
        self.assertEqual(order.items[0]["quantity"], 1)
        self.assertEqual(order.shop, {"name": "North"})
        self.assertEqual(order.order_created_at, datetime(2026, 3, 1, 1, 0, tzinfo=UTC))
        self.assertEqual(
            StatusChange.objects.get().modified_at, datetime(2026, 3, 1, 1, 0, 0, 120_000, tzinfo=UTC)
        )

    def test_of_a_half_bad_batch_the_good_ones_are_taken_and_each_bad_one_is_named(self) -> None:
        answer = self.post(
            self.order("a"),
            {"out_biz_no": "b"},
            "no order at all",
            self.order("c", colour="red"),
            self.order("d", amount_fen="12.30"),
            self.order("e", order_created_at="2026-03-01T09:00:00"),
            self.order("f", order_created_at=1772326800),
            self.order("g", order_created_at="2026-02-31 09:00:00"),
            self.order("h", fields={"note": "nul\u0000"}),
            self.order("i", scene="moon_landing"),
            self.order("j", status={"status": "ORBIT", "order_modified_time": "2026-03-01 09:00:00"}),
            self.order("a", page="pages/other"),
            self.order("k"),
        ).json()
        self.assertEqual((answer["created"], answer["refused"]), (2, 11))
        results = answer["results"]
        self.assertEqual([one["index"] for one in results], list(range(13)))
        self.assertEqual([one["out_biz_no"] for one in results], ["a", "b", "", *"cdefghij", "a", "k"])
        self.assertEqual(
            [one["reason"] for one in results],
            ["", *["unreadable"] * 8, "scene_unknown", "status_unknown", "fixed_field", ""],
        )
        words = {1: "open_id: ", 3: "colour: ", 4: "amount_fen: ", 5: "order_created_at: ", 7: "exists"}
        for index, said in words.items():
            self.assertIn(said, results[index]["sentence"])
        self.assertEqual(results[11]["sentence"].split(":")[0], "page")

    def test_five_hundred_are_taken_and_one_more_is_refused_whole(self) -> None:
        orders = [self.order(f"R{n}") for n in range(501)]
        refused = self.post(*orders)
        self.assertEqual(refused.status_code, 413)
        self.assertIn("At most 500", refused.json()["error"])
        self.assertFalse(Order.objects.exists())
        self.assertEqual(self.post(*orders[:500]).json()["created"], 500)
        self.assertEqual(self.post().status_code, 422)

    def test_a_key_without_the_scope_or_of_another_mini_program_is_refused(self) -> None:
        weak = build.api_key(self.mini_program, scopes=["messages"])
        self.assertEqual(self.post(self.order(), key=weak).status_code, 403)
        self.assertEqual(self.post(self.order(), app_id="2021000000000000").status_code, 403)
        self.assertEqual(self.post(self.order(), key="sk_nobody").status_code, 401)
        self.assertEqual(self.send(URL, "{").status_code, 400)
        self.assertEqual(self.send(URL, '{"orders": 3}').status_code, 422)
        self.assertFalse(Order.objects.exists())

    def test_the_same_number_under_another_mini_program_is_another_order(self) -> None:
        self.post(self.order())
        other = build.api_key(self.other_mini_program, scopes=["orders"])
        build_orders.chosen(self.other_mini_program)
        answer = self.post(self.order(), key=other, app_id=self.other_mini_program.app_id).json()
        self.assertEqual(answer["created"], 1)
        self.assertEqual(Order.objects.values("merchant").distinct().count(), 2)


class Statuses(OrdersCase):
    def setUp(self) -> None:
        super().setUp()
        self.post(self.order())

    def test_a_change_is_taken_and_the_same_again_is_repeated(self) -> None:
        self.assertEqual(self.status().json(), {"out_biz_no": "R1", "status": "taken"})
        again = self.status(order_modified_time="2026-03-01T01:30:00.120Z")
        self.assertEqual(again.json()["status"], "repeated")
        self.assertEqual(StatusChange.objects.get().repeats, 1)
        self.assertEqual(Order.objects.get().status, "APPROVAL")

    def test_what_is_refused_says_why(self) -> None:
        self.status()
        cases = [
            (self.status(status="FINISHED"), 409, "a time of its own"),
            (self.status(status="ORBIT"), 422, "CREATE, APPROVAL, DELIVERY, FINISHED"),
            (self.status(order_modified_time="2026-03-01T09:30:00"), 422, "order_modified_time"),
            (self.status(colour="red"), 422, "colour"),
            (self.status("R2"), 404, "Hand the order in first"),
        ]
        for answer, code, words in cases:
            self.assertEqual(answer.status_code, code, answer.content)
            self.assertIn(words, answer.json()["error"])
        self.assertEqual(StatusChange.objects.count(), 1)

    def test_one_change_asks_the_database_a_handful_of_times(self) -> None:
        self.status()
        with self.assertNumQueries(2):
            self.assertEqual(self.status(order_modified_time="2026-03-01 09:30:01").status_code, 200)
