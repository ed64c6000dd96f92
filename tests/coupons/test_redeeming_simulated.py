"""Codes used and given back on the simulated platform, which is the witness of both."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from coupons import claims, redeeming, returning, use_answers, use_calls, uses
from coupons.ledger import NotPossible
from coupons.models import Coupon, CouponGrant, CouponUse, GrantEntry
from coupons.redeeming import Bill
from gateway import loop
from merchants import calls, rate, secrets
from merchants.models import GatewayCall, MiniProgram, Notice
from tests import build, build_coupons, build_messaging
from tests.coupons.test_ledger import assert_books
from tests.simulator.coupon_counter import Counter, opened
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)
USE, REFUND = (request.method for request in use_calls.METHODS.values())
Shelf = tuple[Counter, MiniProgram]


@pytest.fixture
def shelf(platform: SimulatorProcess, settings: Any) -> Iterator[Shelf]:
    counter = opened(platform)
    texts = counter.merchant.texts
    app = build.mini_program(
        build.merchant(),
        app_id=texts["app_id"],
        app_private_key_sealed=secrets.encrypt(texts["app_private_key"]),
        alipay_public_key=texts["alipay_public_key"],
    )
    settings.GATEWAY_URLS = {"simulated": platform.gateway_url}
    rate.connection().flushdb()
    yield counter, app
    platform.delete("/sim/faults")
    loop.close()


def held(shelf: Shelf, *, uses: int = 1, items: tuple[str, ...] = ()) -> CouponGrant:
    """The same coupon on both sides, in the same hands."""
    counter, app = shelf
    more: dict[str, Any] = {"voucher_use_rule_info": {"voucher_max_use_times": str(uses)}}
    columns: dict[str, Any] = {"max_uses": uses}
    if items:
        goods = {"voucher_available_goods_info": {"available_goods_sku_ids": list(items)}}
        more["voucher_available_scope_info"] = goods
        columns |= {"scope": "items", "item_ids": list(items), "floor_fen": 2_000}
    activity_id = counter.made_for_orders(quantity=50, **more)
    coupon = build_coupons.coupon(app, family="merchant", activity_id=activity_id, **columns)
    who = counter.person()
    code = counter.code(activity_id, who)
    [voucher] = counter.vouchers(open_id=who)
    [person] = build_messaging.people(app, 1, open_ids=[who])
    grant = build_coupons.grant(coupon, person, code=code)
    CouponGrant.objects.filter(pk=grant.pk).update(voucher_id=voucher["voucher_id"])
    return fresh(grant)


def fresh(grant: CouponGrant) -> CouponGrant:
    found: CouponGrant = CouponGrant.objects.select_related("coupon", "mini_program").get(pk=grant.pk)
    return found


def redeem(grant: CouponGrant, no: str = "R1", **bill: Any) -> CouponUse:
    wish = Bill(**{"order_fen": 2_500, "order_no": "O1", **bill})
    use = redeeming.redeem(fresh(grant), wish, request_no=no, by=None, at=timezone.now())
    return use_calls.make_now(use, seconds=0)


def give_back(of: GrantEntry | None, no: str = "B1", **wish: Any) -> CouponUse:
    assert of is not None
    use = returning.give_back(of, request_no=no, by=None, at=wish.pop("at", timezone.now()), **wish)
    return use_calls.make_now(use, seconds=0)


def used_there(shelf: Shelf, grant: CouponGrant) -> int:
    held_there = shelf[0].vouchers(open_id=grant.customer.open_id)
    return int(held_there[0]["used_times"])


def again() -> None:
    for call in GatewayCall.objects.filter(state="waiting"):
        GatewayCall.objects.filter(pk=call.pk).update(due_at=timezone.now() - timedelta(seconds=1))
        calls.send_call(call.pk, merchant_id=call.merchant_id)
        use_answers.settle_use(call.pk, merchant_id=call.merchant_id)


def redemptions(coupon: Coupon) -> int:
    return GrantEntry.objects.filter(grant__coupon=coupon, kind="redeemed").count()


def test_what_is_used_here_is_used_there_once_however_often_it_is_asked(shelf: Shelf) -> None:
    grant = held(shelf)
    uses = {redeem(grant).pk for _time in range(3)}
    assert (len(uses), CouponUse.objects.get().state) == (1, "accepted")
    assert (used_there(shelf, grant), fresh(grant).state) == (1, "redeemed")
    assert_books(grant.coupon)


def test_the_gateway_is_silent_after_it_was_used_and_it_is_settled_once(shelf: Shelf, settings: Any) -> None:
    grant = held(shelf)
    settings.GATEWAY_READ_SECONDS = 0.5
    fault = {"method": USE, "kind": "timeout_after_success", "rate": 1, "count": 1, "value": 2}
    shelf[0].simulator.post("/sim/faults", fault)
    assert redeem(grant).state == "pending"
    again()
    assert CouponUse.objects.get().state == "accepted"
    assert (used_there(shelf, grant), redemptions(grant.coupon)) == (1, 1)
    assert_books(grant.coupon)


def test_given_back_there_and_here_in_parts_and_never_more(shelf: Shelf) -> None:
    grant = held(shelf, uses=3)
    use = redeem(grant, times=3)
    assert used_there(shelf, grant) == 3
    for _time in range(3):
        give_back(use.entry, times=1)
    assert (used_there(shelf, grant), fresh(grant).used_times) == (2, 2)
    assert give_back(use.entry, "B2").state == "accepted"
    assert (used_there(shelf, grant), fresh(grant).state) == (0, "reverted")
    assert_books(grant.coupon)


def test_given_back_after_its_last_day_it_is_expired_on_both_sides(shelf: Shelf) -> None:
    grant = held(shelf)
    use = redeem(grant)
    shelf[0].later(40)
    assert give_back(use.entry, at=timezone.now() + timedelta(days=40)).state == "accepted"
    assert fresh(grant).state == "expired"
    [voucher] = shelf[0].vouchers(open_id=grant.customer.open_id)
    assert (voucher["used_times"], voucher["status"]) == (0, "EXPIRED")
    assert_books(grant.coupon)


def test_the_platforms_refusal_leaves_both_as_they_were(shelf: Shelf) -> None:
    counter, grant = shelf[0], held(shelf)
    counter.say(USE, **counter.use(grant.coupon.activity_id, grant.code))
    use = redeem(grant)
    assert (use.state, use.refusal, use.words) == ("refused", "BIZ_ERROR", "券已核销")
    assert (used_there(shelf, grant), redemptions(grant.coupon)) == (1, 0)


@pytest.mark.parametrize("order", ["after the answer", "before the answer", "nobody here"])
def test_its_push_counts_once(shelf: Shelf, live_server: Any, order: str) -> None:
    counter, grant = shelf[0], held(shelf)
    counter.listen(f"{live_server.url}/inbox/", uses.USED, claims.RECEIVED)
    if order == "nobody here":
        counter.say(USE, **counter.use(grant.coupon.activity_id, grant.code))
    elif order == "before the answer":
        fault = {"method": USE, "kind": "http_500", "rate": 1, "count": 1, "value": "after"}
        counter.simulator.post("/sim/faults", fault)
        assert redeem(grant).state == "pending"
    else:
        assert redeem(grant).state == "accepted"
    counter.settle()
    again()
    for _time in range(2):
        counter.settle()
        for notice in Notice.objects.filter(kind=uses.USED):
            uses.take_end(notice.pk, merchant_id=notice.merchant_id, at=timezone.now())
        again()
    assert Notice.objects.filter(kind=uses.USED).exclude(handled_at=None).count() == 1
    assert (used_there(shelf, grant), redemptions(grant.coupon), fresh(grant).state) == (1, 1, "redeemed")
    assert_books(grant.coupon)


def test_a_coupon_for_items_is_judged_alike_on_both_sides(shelf: Shelf) -> None:
    grant = held(shelf, items=("TEA",))
    for items in ((), (redeeming.Item("CAKE", 2_500),), (redeeming.Item("TEA", 999, 2),)):
        with pytest.raises(NotPossible) as here:
            redeem(grant, items=items)
        assert here.value.code in ("goods_needed", "other_goods", "below_floor")
        asked = use_of(grant, items)
        assert shelf[0].refused(USE, **asked)[0] == "BIZ_ERROR"
    use = redeem(grant, items=(redeeming.Item("CAKE", 400), redeeming.Item("TEA", 1_050, 2)))
    assert (use.state, used_there(shelf, grant)) == ("accepted", 1)


def use_of(grant: CouponGrant, items: tuple[redeeming.Item, ...]) -> dict[str, Any]:
    """As the platform would be asked, judged by nobody before."""
    lines = [
        {"goods_id": one.id, "price": f"{one.price_fen / 100:.2f}", "quantity": str(one.quantity)}
        for one in items
    ]
    return {
        "activity_id": grant.coupon.activity_id,
        "voucher_code": grant.code,
        "out_biz_no": uuid.uuid4().hex,
        "biz_dt": timezone.localtime().strftime("%Y-%m-%d %H:%M:%S"),
        "total_fee": "25.00",
        "trade_channel": "OTHER_TRADE_CHANNEL",
        **({"goods_detail": lines} if lines else {}),
    }
