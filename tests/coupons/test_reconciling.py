"""Our books beside the simulated platform's: each planted difference is found, told once, and settled."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from coupons import differences, ledger, reconciling, rollups
from coupons.comparing import Held
from coupons.models import Coupon, CouponCount, CouponDifference, CouponGrant, GrantEntry
from merchants.models import Event
from tests import build_coupons, build_orders
from tests.coupons.books import Books, later, look, open_kinds, take, used_there

pytestmark = pytest.mark.django_db(transaction=True)


def test_books_that_agree_have_no_difference_and_say_whom_they_asked(books: Books) -> None:
    coupon = books.coupon()
    grants = [books.held(coupon) for _n in range(3)]
    paid = books.pays(grants[0])
    with transaction.atomic():
        ledger.redeem(grants[0], build_coupons.fact(trade_no=paid["trade_no"]))
    check = look(coupon)
    assert open_kinds(coupon) == []
    assert (check.looked_at, check.not_asked, check.found, check.cut_in) == (3, 0, 0, "")
    assert check.finished_at is not None
    coupon.refresh_from_db()
    assert (coupon.platform_claimed, coupon.platform_used) == (3, 1)


def claimed_there(books: Books, coupon: Coupon) -> None:
    """(1) by somebody who is known here and has none."""
    books.claims(coupon, books.person())


def claimed_there_once_more(books: Books, coupon: Coupon) -> None:
    """(1) by somebody who has one here already."""
    grant = books.held(coupon)
    books.claims(coupon, grant.customer)


def claimed_here(books: Books, coupon: Coupon) -> None:
    """(2)"""
    build_coupons.grant(coupon, books.person())


def deleted_there(books: Books, coupon: Coupon) -> None:
    """(2) as far as the platform tells."""
    grant = books.held(coupon)
    books.counter.act(grant.customer.open_id or "", "delete", voucher_id=grant.voucher_id)


def used_here(books: Books, coupon: Coupon) -> None:
    """(4)"""
    grant = books.held(coupon)
    with transaction.atomic():
        ledger.redeem(grant, build_coupons.fact(saved_fen=500, order_fen=2_500))


def paid_back_there(books: Books, coupon: Coupon) -> None:
    """(4) its money was given back, which no push told us."""
    grant = books.held(coupon)
    books.pays(grant)
    with transaction.atomic():
        ledger.redeem(grant, build_coupons.fact())
    books.counter.act(grant.customer.open_id or "", "pay_back", voucher_id=grant.voucher_id)


def over_here(books: Books, coupon: Coupon) -> None:
    """(5)"""
    grant = books.held(coupon)
    with transaction.atomic():
        ledger.invalidated(grant, build_coupons.fact())


def claimed_by_strangers(books: Books, coupon: Coupon) -> None:
    """(6) the total is all that tells of them: nobody here knows who they are."""
    books.counter.act(books.counter.person(), "claim", activity_id=coupon.activity_id)


def used_by_strangers(books: Books, coupon: Coupon) -> None:
    """(6)"""
    who = books.counter.person()
    books.counter.act(who, "claim", activity_id=coupon.activity_id)
    books.counter.act(who, "pay", total_fee=2_500)


PLANTED = [
    (claimed_there, ["claimed_there", "total_claimed"]),
    (claimed_there_once_more, ["claimed_there", "total_claimed"]),
    (claimed_here, ["claimed_here", "total_claimed"]),
    (deleted_there, ["claimed_here"]),
    (used_there, ["total_used", "used_there"]),
    (used_here, ["total_used", "used_here"]),
    (paid_back_there, ["total_used", "used_here"]),
    (over_here, ["ended_here"]),
    (claimed_by_strangers, ["total_claimed"]),
    (used_by_strangers, ["total_claimed", "total_used"]),
]


@pytest.mark.parametrize(("plant", "kinds"), PLANTED, ids=[plant.__name__ for plant, _kinds in PLANTED])
def test_a_planted_difference_is_found_once(
    books: Books, plant: Callable[[Books, Coupon], None], kinds: list[str]
) -> None:
    coupon = books.coupon()
    books.held(coupon)
    plant(books, coupon)
    check = look(coupon)
    assert open_kinds(coupon) == kinds
    assert check.found == len(kinds)
    assert look(coupon).found == 0
    assert open_kinds(coupon) == kinds
    assert Event.objects.filter(kind="coupon.differences_found").count() == 1


def test_seven_kinds_planted_in_one_coupon_are_all_found_by_one_look(books: Books) -> None:
    coupon, amounts = books.coupon(), {"amount_fen": 2_500, "pay_amount_fen": 2_000, "discount_fen": 500}
    plants = (claimed_there, claimed_here, used_there, used_here, over_here, claimed_by_strangers)
    for plant in plants:
        plant(books, coupon)
    for known in ({"order_no": "NOBODY-RETURNED-IT"}, {"saved_fen": 400}):  # (7) its order, then its money
        grant = books.held(coupon)
        trade_no = books.pays(grant)["trade_no"]
        if "saved_fen" in known:
            build_orders.order(books.app, customer=grant.customer, trade_no=trade_no, **amounts)
            known = {**known, "trade_no": trade_no}
        with transaction.atomic():
            ledger.redeem(grant, build_coupons.fact(**known))
    holder = books.held(coupon).customer  # (7) an order that took it off, and no use
    build_orders.order(books.app, customer=holder, order_created_at=timezone.now(), **amounts)
    check = look(coupon)
    kinds = [
        *("claimed_here", "claimed_there", "ended_here", "money_differs", "order_missing"),
        *("total_claimed", "use_missing", "used_here", "used_there"),
    ]
    assert open_kinds(coupon) == kinds
    assert (check.found, check.uses_named, check.uses_matched) == (len(kinds), 2, 1)


def test_what_was_taken_back_there_is_found_and_taken_over(books: Books) -> None:
    """(5) the other way round: a code was made invalid in the merchant's own system."""
    activity_id = books.counter.made_for_orders(quantity=50)
    coupon = build_coupons.coupon(books.app, activity_id=activity_id, stock=50, family="merchant")
    grant = books.held(coupon)
    [voucher] = books.counter.vouchers(open_id=grant.customer.open_id or "")
    biz = books.counter.use(activity_id, voucher["code"])
    named = {name: biz[name] for name in ("activity_id", "voucher_code", "out_biz_no", "biz_dt")}
    books.counter.say("alipay.marketing.activity.ordervoucher.invalid", **named)
    look(coupon)
    assert open_kinds(coupon) == ["ended_there"]
    take(books, coupon, "ended_there")
    grant.refresh_from_db()
    assert grant.state == "invalidated"
    assert GrantEntry.objects.get(grant=grant, kind="invalidated").by == "repair"
    assert rollups.rebuild(repair=False) == []


def test_what_ended_there_by_its_time_is_expired_here_on_its_last_day(books: Books) -> None:
    coupon = books.coupon()
    grant, at = books.held(coupon), later()
    ends_at = at - timedelta(hours=1)
    told = Held(grant.voucher_id, "", "EXPIRED", 0, timezone.now(), ends_at)
    with transaction.atomic():
        answer = reconciling.Answer((told,), frozenset([grant.entries.get().pk]), 1)
        assert reconciling.keep(coupon, grant.customer, answer, at=at) == 1
    take(books, coupon, "ended_there")
    entry = GrantEntry.objects.get(grant=grant, kind="expired")
    assert (entry.by, entry.happened_at) == ("repair", ends_at)


def test_the_platforms_claim_is_taken_over_by_the_ledger(books: Books) -> None:
    coupon = books.coupon()
    voucher = books.claims(coupon, books.person())
    look(coupon)
    difference = take(books, coupon, "claimed_there")
    grant = CouponGrant.objects.get(voucher_id=voucher["voucher_id"])
    entry = GrantEntry.objects.get(grant=grant)
    assert (grant.state, entry.kind, entry.by, entry.user_id) == ("claimed", "claimed", "repair", books.by.pk)
    assert CouponCount.objects.get(coupon=coupon).claimed == 1
    assert Event.objects.get(kind="coupon.difference_taken").subject_id == difference.pk
    look(coupon)
    assert open_kinds(coupon) == []
    assert CouponDifference.objects.get(coupon=coupon, kind="total_claimed").how == "gone"


def test_a_claim_that_is_not_there_is_taken_back(books: Books) -> None:
    coupon = books.coupon()
    claimed_here(books, coupon)
    look(coupon)
    take(books, coupon, "claimed_here")
    assert CouponGrant.objects.get(coupon=coupon).state == "invalidated"
    assert rollups.rebuild(repair=False) == []


def test_a_use_that_only_the_platform_knows_is_taken_over_with_its_trade(books: Books) -> None:
    coupon = books.coupon()
    grant = books.held(coupon)
    paid = books.pays(grant)
    look(coupon)
    difference = take(books, coupon, "used_there")
    entry = GrantEntry.objects.get(grant=grant, kind="redeemed")
    assert (entry.trade_no, entry.by, entry.saved_fen) == (paid["trade_no"], "repair", None)
    assert entry.source_key == f"repair:{difference.pk}"
    assert rollups.rebuild(repair=False) == []


def test_a_use_that_the_platform_does_not_know_is_given_back_with_its_money(books: Books) -> None:
    coupon = books.coupon()
    used_here(books, coupon)
    look(coupon)
    take(books, coupon, "used_here")
    count = CouponCount.objects.get(coupon=coupon)
    assert (count.redemptions, count.saved_fen, count.order_fen) == (0, 0, 0)
    assert CouponGrant.objects.get(coupon=coupon).state == "reverted"
    assert rollups.rebuild(repair=False) == []


def test_it_is_taken_over_once_and_only_while_ours_is_what_it_says(books: Books) -> None:
    coupon = books.coupon()
    grant = books.held(coupon)
    books.pays(grant)
    look(coupon)
    difference = CouponDifference.objects.get(coupon=coupon, kind="used_there")
    with transaction.atomic():
        ledger.redeem(grant, build_coupons.fact())  # the push came meanwhile
    with pytest.raises(differences.Settled):
        differences.take(difference, by=books.by, at=later())
    assert GrantEntry.objects.filter(grant=grant, kind="redeemed").count() == 1
    reconciling.look_again(difference.pk, merchant_id=coupon.merchant_id, at=later())
    difference.refresh_from_db()
    assert difference.how == "gone"
    with pytest.raises(differences.Settled):
        differences.take(difference, by=books.by, at=later())


def test_what_was_accepted_comes_back_only_with_other_facts(books: Books) -> None:
    coupon = books.coupon(max_uses=2)
    grant = books.held(coupon)
    books.pays(grant)
    look(coupon)
    difference = CouponDifference.objects.get(coupon=coupon, kind="used_there")
    differences.accept(difference, reason="known to the till", by=books.by, at=later())
    assert look(coupon).found == 0
    assert open_kinds(coupon) == ["total_used"]
    with transaction.atomic():
        ledger.redeem(grant, build_coupons.fact(), times=2)
    look(coupon)
    assert open_kinds(coupon) == ["used_here"]


def test_what_may_still_be_on_its_way_is_no_difference(books: Books) -> None:
    coupon = books.coupon()
    books.held(coupon)
    claimed_there(books, coupon)
    claimed_here(books, coupon)
    used_here(books, coupon)
    look(coupon, at=timezone.now() + timedelta(seconds=5))
    assert [one for one in open_kinds(coupon) if one not in ("total_claimed", "total_used")] == []


def test_two_who_take_it_over_at_once_write_one_movement(books: Books) -> None:
    coupon = books.coupon()
    grant = books.held(coupon)
    books.pays(grant)
    look(coupon)
    difference = CouponDifference.objects.get(coupon=coupon, kind="used_there")
    gate, outcomes = threading.Barrier(2), []

    def take_over() -> None:
        try:
            gate.wait()
            differences.take(difference, by=books.by, at=later())
            outcomes.append("taken")
        except differences.Settled:
            outcomes.append("too late")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take_over) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["taken", "too late"]
    assert GrantEntry.objects.filter(grant=grant, kind="redeemed").count() == 1
    assert Event.objects.filter(kind="coupon.difference_taken").count() == 1
