"""Strangers run coupons from creation to refund; what came of it is seen on the phone."""

from tests.simulator import coupon_asks as asks
from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.coupon_shelf import about, now, use
from tests.simulator.strangers.world import DAY, World


def test_a_pay_coupon_is_made_published_sent_paid_with_and_told_with_its_counts(
    stranger: Stranger, world: World
) -> None:
    client, person = stranger(world.shop), world.person(world.shop)
    activity_id = client.call(asks.CREATE, asks.coupon(now(world), activity_name="相机立减"))["activity_id"]
    silent = client.call(asks.SEND_PAY, about(activity_id, open_id=person))
    assert silent["sub_code"] == "ACTIVITY_NOT_ACTIVE"
    assert client.call(asks.PUBLISH, about(activity_id)) == {"code": "10000", "msg": "Success"}

    sent = client.call(asks.SEND_PAY, about(activity_id, open_id=person))
    paid = world.platform.post(
        "/sim/coupons",
        {"app_id": world.shop.app_id, "open_id": person, "action": "pay", "total_fee": 2_500},
    )

    assert (paid["saved"], paid["voucher"]["voucher_id"]) == (500, sent["voucher_id"])
    one = client.call(asks.ONE_HELD, {"open_id": person, "voucher_id": sent["voucher_id"]})
    assert (one["voucher_status"], one["associate_trade_no"]) == ("USED", paid["trade_no"])
    told = client.call(asks.QUERY_PAY, {"activity_id": activity_id})
    assert told["summary"] == {"publish_count": "1", "used_count": "1"}
    assert "相机立减" in _card_pack(world, person)


def test_a_merchants_coupon_goes_from_uploaded_codes_to_claim_use_and_refund(
    stranger: Stranger, world: World
) -> None:
    client, person = stranger(world.shop), world.person(world.shop)
    wish = asks.coupon(now(world), quantity=0, code_mode="MERCHANT_UPLOAD", activity_name="租满减")
    activity_id = client.call(asks.ORDER_CREATE, wish)["activity_id"]
    prefix = asks.number()
    codes = [f"{prefix}-{place}" for place in range(3)]
    deposited = client.call(asks.DEPOSIT, about(activity_id, voucher_codes=[*codes, codes[0]]))
    assert (deposited["success_count"], deposited["fail_count"]) == (3, 1)
    assert client.call(asks.COUNT, {"activity_id": activity_id})["success_count"] == 3
    assert client.call(asks.ORDER_APPEND, about(activity_id, voucher_quantity="3"))["code"] == "10000"

    code = client.call(asks.ORDER_SEND, about(activity_id, open_id=person))["voucher_code"]
    assert code == codes[0]
    asked = use(world, activity_id, code)
    once, again = client.call(asks.USE, asked), client.call(asks.USE, asked)
    twice = client.call(asks.USE, {**asked, "out_biz_no": asks.number()})
    back = about(activity_id, voucher_code=code, biz_dt=asks.moment(now(world)), total_fee="25.00")
    given_back = client.call(asks.REFUND, back)

    assert once == again, "the same number is the same use"
    assert (twice["sub_code"], twice["sub_msg"]) == ("BIZ_ERROR", "券已核销")
    assert given_back["voucher_use_detail_result_info"] == {"voucher_max_un_use_times": "0"}
    pid = world.shop.texts["pid"]
    held = client.call(
        asks.HELD, {"open_id": person, "belong_merchant_id": pid, "page_num": 1, "page_size": 20}
    )
    assert [one["voucher_status"] for one in held["user_voucher_infos"]] == ["SENDED"]
    assert client.call(asks.USE, {**asked, "out_biz_no": asks.number()})["code"] == "10000"


def test_what_was_accepted_is_under_way_until_the_platform_has_reviewed_it(
    stranger: Stranger, world: World
) -> None:
    world.configure(world.shop, review_seconds=600)
    client = stranger(world.shop)
    activity_id = client.call(asks.ORDER_CREATE, asks.coupon(now(world)))["activity_id"]
    waiting = client.call(asks.ORDER_QUERY, {"activity_id": activity_id})
    world.later(700)
    there = client.call(asks.ORDER_QUERY, {"activity_id": activity_id})

    assert (waiting["activity_operation_status"], "activity_status" in waiting) == ("CREATING", False)
    assert (there["activity_status"], "activity_operation_status" in there) == ("ACTIVE", False)


def test_a_plan_offers_a_coupon_in_the_messages_of_a_template_until_its_end(
    stranger: Stranger, world: World
) -> None:
    client, person = stranger(world.shop), world.subscriber(world.shop, world.coupon)
    activity_id = client.call(asks.CREATE, asks.coupon(now(world)))["activity_id"]
    client.call(asks.PUBLISH, about(activity_id))
    plan = client.call(asks.PLAN, asks.plan(now(world), activity_id, template_id=world.coupon))

    claim = {"app_id": world.shop.app_id, "open_id": person, "action": "claim", "activity_id": activity_id}
    got = world.platform.post("/sim/coupons", {**claim, "booth": "SERVICE_MESSAGE"})
    told = client.call(asks.PLAN_QUERY, {"delivery_id": plan["delivery_id"]})
    world.later(11 * DAY)
    over = client.call(asks.PLAN_QUERY, {"delivery_id": plan["delivery_id"]})

    assert got["voucher"]["through"] == "SERVICE_MESSAGE"
    assert told["delivery_target_rule"] == {"delivery_template_rule": {"template_id": world.coupon}}
    assert (told["delivery_status"], over["delivery_status"]) == ("ACTIVE", "INACTIVE")


def test_a_provider_runs_a_coupon_for_its_merchant(stranger: Stranger, world: World) -> None:
    token, client = world.app_token(world.shop, world.provider), stranger(world.provider)

    made = client.call(asks.CREATE, asks.coupon(now(world)), app_auth_token=token)

    told = world.shop.call(asks.QUERY_PAY, {"activity_id": made["activity_id"]}).node
    assert told["belong_merchant_info"]["merchant_id"] == world.shop.texts["pid"]


def _card_pack(world: World, person: str) -> str:
    return world.platform.get(f"/sim/phone/{person}/coupons?app_id={world.shop.app_id}")
