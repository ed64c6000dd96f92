import json
from datetime import UTC, datetime
from unittest import mock

import pytest

from gateway.methods.orders import MerchantOrderSync
from merchants import tokens
from orders import bodies
from tests.orders.sync_base import START, SyncCase, ext_info


class Bodies(SyncCase):
    def test_an_order_is_written_as_the_order_centre_reads_it(self) -> None:
        order = self.order(
            out_biz_no="R1",
            paid_at=datetime(2026, 2, 28, 16, 30, tzinfo=UTC),
            amount_fen=12_345,
            pay_amount_fen=12_000,
            discount_fen=345,
            trade_no="2026022822001",
            items=[{"name": "相机", "quantity": 2, "unit_price_fen": 6_000, "image_material_id": "A*x"}],
            shop={"name": "西湖店", "merchant_shop_id": "S1", "phone_num": "0571", "link_page": "pages/shop"},
            logistics=[{"tracking_no": "SF1", "logistics_code": "SF", "phone_no": "13800001234"}],
        )
        fields = {"total_rent": "99.00", "lease": 12, "thaw_deposit": ""}
        change = self.change(order, "IN_DELIVERY", at=0.007, fields=fields)
        order.link_page = bodies.link_page_of(order)
        body = bodies.body_of(change)
        pairs = ext_info(body)
        assert json.loads(pairs.pop("business_info")) == {"total_rent": "99.00", "lease": "12"}
        assert pairs == {
            "merchant_order_status": "IN_DELIVERY",
            "merchant_biz_type": "3C_RENT",
            "tiny_app_id": self.mini_program.app_id,
            "merchant_order_link_page": order.link_page,
        }
        del body["ext_info"]
        assert body == {
            "out_biz_no": "R1",
            "buyer_open_id": order.customer.open_id,
            "order_type": "SERVICE_ORDER",
            "order_create_time": "2026-02-28 12:00:00",
            "order_modified_time": "2026-03-01 12:00:00.007",
            "order_pay_time": "2026-03-01 00:30:00",
            "amount": "123.45",
            "pay_amount": "120.00",
            "discount_amount": "3.45",
            "trade_no": "2026022822001",
            "category_id": "C100845427",
            "item_order_list": [
                {
                    "item_name": "相机",
                    "quantity": 2,
                    "unit_price": "60.00",
                    "ext_info": [{"ext_key": "image_material_id", "ext_value": "A*x"}],
                }
            ],
            "shop_info": {
                "name": "西湖店",
                "merchant_shop_id": "S1",
                "phone_num": "0571",
                "merchant_shop_link_page": "pages/shop",
            },
            "logistics_info_list": [{"tracking_no": "SF1", "logistics_code": "SF", "phone_no": "1234"}],
        }

    def test_what_the_order_lacks_is_left_out_and_the_method_takes_the_rest(self) -> None:
        order = self.order()
        order.link_page = bodies.link_page_of(order)
        body = bodies.body_of(self.change(order))
        assert set(body) == {
            "out_biz_no",
            "buyer_open_id",
            "order_type",
            "order_create_time",
            "order_modified_time",
            "category_id",
            "ext_info",
        }
        assert "business_info" not in ext_info(body)
        MerchantOrderSync.model_validate(body)

    def test_an_amount_of_nothing_is_an_amount(self) -> None:
        order = self.order(amount_fen=0, pay_amount_fen=0, discount_fen=0)
        assert bodies.body_of(self.change(order))["amount"] == "0.00"

    def test_the_link_carries_a_token_that_names_the_order(self) -> None:
        order = self.order(page="pages/order/detail?no=7")
        page, _, token = bodies.link_page_of(order).rpartition("rt%3D")
        assert page == "pages/order/detail?no%3D7%26"
        assert tokens.read_for_order(token) == order.pk

    def test_who_was_erased_and_a_scene_nobody_knows_are_said(self) -> None:
        order = self.order()
        order.customer.open_id = None
        change = self.change(order)
        with pytest.raises(ValueError, match="erased"):
            bodies.body_of(change)
        with mock.patch.dict(bodies.SCENES, clear=True), pytest.raises(ValueError, match="no scene"):
            bodies.body_of(change)

    def test_a_page_without_room_for_the_token_is_refused_with_its_length(self) -> None:
        with pytest.raises(ValueError, match="at most 128"):
            bodies.link_page_of(self.order(page="p" * 120))

    def test_times_are_told_by_beijings_clock(self) -> None:
        assert START.hour == 4
        body = bodies.body_of(self.change(self.order()))
        assert body["order_modified_time"] == "2026-03-01 12:00:00.000"
