"""Our books beside the simulated platform's: each planted difference is found, told once, and settled."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from coupons import claims, differences, ledger, reconciling, rollups
from coupons.comparing import Held
from coupons.models import Coupon, CouponCheck, CouponCount, CouponDifference, CouponGrant, GrantEntry
from gateway import loop
from membership.models import Customer
from merchants import rate, secrets
from merchants.models import Event, MiniProgram, Notice, User
from orders import coupon_uses
from tests import build, build_coupons, build_messaging
from tests.simulator.coupon_counter import Counter, opened
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)
RECEIVED, USED = (f"alipay.marketing.activity.message.{what}" for what in ("received", "used"))
HELD = "alipay.marketing.activity.user.batchqueryvoucher"
Kind = str


class Books:
    """A merchant whose pushes do not arrive by themselves: what is known here is what a test writes."""

    def __init__(self, counter: Counter, app: MiniProgram) -> None:
        self.counter, self.app = counter, app
        self.by: User = build.user(f"keeper-{app.app_id[-6:]}")

    def coupon(self, **columns: Any) -> Coupon:
        activity_id = self.counter.made(quantity=50, per_user=0)
        return build_coupons.coupon(self.app, activity_id=activity_id, stock=50, **columns)

    def person(self) -> Customer:
        [person] = build_messaging.people(self.app, 1, open_ids=[self.counter.person()])
        return person

    def claims(self, coupon: Coupon, person: Customer) -> dict[str, Any]:
        """There, and nowhere else yet."""
        got = self.counter.act(person.open_id or "", "claim", activity_id=coupon.activity_id)
        voucher: dict[str, Any] = got["voucher"]
        return voucher

    def known(self, coupon: Coupon, person: Customer, voucher: dict[str, Any]) -> CouponGrant:
        """The push of a claim, taken over."""
        notice = Notice.objects.create(
            merchant=coupon.merchant,
            mini_program=coupon.mini_program,
            app_id=coupon.mini_program.app_id,
            notify_id=f"N{voucher['voucher_id']}",
            kind=RECEIVED,
            fields={
                "activity_id": coupon.activity_id,
                "voucher_id": voucher["voucher_id"],
                "open_id": person.open_id,
                "event_time": str(round(timezone.now().timestamp() * 1000)),
            },
        )
        claims.take_received(notice.pk, merchant_id=coupon.merchant_id, at=timezone.now())
        return CouponGrant.objects.get(voucher_id=voucher["voucher_id"])

    def held(self, coupon: Coupon) -> CouponGrant:
        """On both sides."""
        person = self.person()
        return self.known(coupon, person, self.claims(coupon, person))

    def pays(self, grant: CouponGrant) -> dict[str, Any]:
        return self.counter.act(
            grant.customer.open_id or "", "pay", total_fee=2_500, voucher_id=grant.voucher_id
        )


@pytest.fixture
def books(simulator: SimulatorProcess, no_faults: None, settings: Any) -> Iterator[Books]:
    counter = opened(simulator)
    texts = counter.merchant.texts
    app = build.mini_program(
        build.merchant(),
        app_id=texts["app_id"],
        app_private_key_sealed=secrets.encrypt(texts["app_private_key"]),
        alipay_public_key=texts["alipay_public_key"],
        rate_per_second=100_000,
    )
    settings.GATEWAY_URLS = {"simulated": simulator.gateway_url}
    rate.connection().flushdb()
    yield Books(counter, app)
    loop.close()


def later() -> datetime:
    """When nothing is on its way any more."""
    return timezone.now() + timedelta(hours=2)


def look(coupon: Coupon, *, at: datetime | None = None) -> CouponCheck:
    at = at or later()
    check = reconciling.start(coupon)
    assert check is not None
    coupon_uses.go_on(at=at)
    for _slice in range(5):
        reconciling.go_on(at=at)
    check.refresh_from_db()
    return check


def open_kinds(coupon: Coupon) -> list[Kind]:
    rows = CouponDifference.objects.filter(coupon=coupon, settled_at=None)
    return sorted(rows.values_list("kind", flat=True))


def take(books: Books, coupon: Coupon, kind: Kind) -> CouponDifference:
    difference = CouponDifference.objects.get(coupon=coupon, kind=kind, settled_at=None)
    differences.take(difference, by=books.by, at=later())
    difference.refresh_from_db()
    assert (difference.how, difference.settled_by) == ("taken", books.by)
    return difference


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


def used_there(books: Books, coupon: Coupon) -> None:
    """(3)"""
    books.pays(books.held(coupon))


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
    books: Books, plant: Callable[[Books, Coupon], None], kinds: list[Kind]
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


def test_a_grant_that_moved_while_the_platform_was_asked_is_left_alone(books: Books) -> None:
    coupon = books.coupon()
    grant = books.held(coupon)
    answer = reconciling.ask_person(coupon, grant.customer, whose=reconciling.ask_whose(coupon))
    books.pays(grant)
    with transaction.atomic():
        ledger.redeem(grant, build_coupons.fact())
        assert reconciling.keep(coupon, grant.customer, answer, at=later()) == 0
    assert open_kinds(coupon) == []


def test_a_look_goes_on_where_it_stopped_and_asks_nobody_twice(books: Books, monkeypatch: Any) -> None:
    coupon = books.coupon()
    for _n in range(4):
        used_there(books, coupon)
    monkeypatch.setattr(reconciling, "SLICE_PEOPLE", 2)
    check = reconciling.start(coupon)
    assert check is not None
    coupon_uses.go_on(at=later())
    reconciling.go_on(at=later())
    check.refresh_from_db()
    assert (check.stage, check.looked_at, check.finished_at) == ("holders", 1, None)
    assert reconciling.start(coupon) is None
    for _slice in range(4):
        reconciling.go_on(at=later())
    check.refresh_from_db()
    assert (check.looked_at, check.calls) == (4, 6)
    assert check.finished_at is not None
    assert open_kinds(coupon).count("used_there") == 4


def test_another_worker_takes_over_only_after_the_lease(books: Books) -> None:
    coupon = books.coupon()
    books.held(coupon)
    check = reconciling.start(coupon)
    assert check is not None
    CouponCheck.objects.filter(pk=check.pk).update(worked_at=later())
    assert reconciling.go_on(at=later()) == 0
    assert reconciling.go_on(at=later() + reconciling.LEASE * 2) == 1


def test_a_slice_that_was_overtaken_writes_nothing(books: Books) -> None:
    coupon = books.coupon()
    used_there(books, coupon)
    check = reconciling.start(coupon)
    assert check is not None
    reconciling._step(reconciling._fresh(check.pk), at=later())
    stale = reconciling._fresh(check.pk)
    assert reconciling._step(reconciling._fresh(check.pk), at=later())
    assert not reconciling._step(stale, at=later())
    check.refresh_from_db()
    assert (check.looked_at, check.found) == (1, 2)


def test_calls_are_bounded_and_the_next_look_begins_behind_them(books: Books, settings: Any) -> None:
    coupon = books.coupon()
    grants = [books.held(coupon) for _n in range(4)]
    settings.COUPON_CHECK_CALLS = 4
    check = look(coupon)
    assert (check.looked_at, check.cut_in, check.cursor) == (2, "holders", grants[1].pk)
    used_there(books, coupon)
    books.pays(grants[0])
    settings.COUPON_CHECK_CALLS = 100
    second = look(coupon)
    assert (second.looked_at, second.cut_in) == (3, "")


def test_whom_the_platform_does_not_tell_about_is_counted(books: Books) -> None:
    coupon = books.coupon()
    grant, other = books.held(coupon), books.held(coupon)
    Customer.objects.filter(pk=grant.customer_id).update(open_id=None, forgotten_at=timezone.now())
    fault = {"method": HELD, "kind": "sub_code", "value": "INVALID_PARAMETER", "app_id": books.app.app_id}
    books.counter.simulator.post("/sim/faults", fault)
    check = look(coupon)
    assert (check.looked_at, check.not_asked, check.cut_in) == (0, 2, "")
    assert (open_kinds(coupon), other.state) == ([], "claimed")


def test_with_the_platform_away_a_look_stumbles_and_ends_without_inventing_anything(
    books: Books, settings: Any
) -> None:
    coupon = books.coupon()
    used_there(books, coupon)
    settings.GATEWAY_URLS = {"simulated": "http://127.0.0.1:9/gateway.do"}
    loop.close()
    check = reconciling.start(coupon)
    assert check is not None
    coupon_uses.go_on(at=later())
    for _slice in range(reconciling.MOST_STUMBLES):
        reconciling.go_on(at=later())
    check.refresh_from_db()
    assert (check.looked_at, check.found, check.cut_in) == (0, 0, "counts")
    assert check.finished_at is not None


def test_due_looks_begin_once_a_day_for_what_somebody_may_hold(books: Books) -> None:
    coupon, now = books.coupon(), timezone.now()
    build_coupons.coupon(books.app, state="draft", activity_id="")
    long_over = {"publish_from": now - timedelta(days=200), "publish_until": now - timedelta(days=100)}
    build_coupons.coupon(books.app, state="ended", **long_over)
    assert reconciling.start_due(at=now) == 1
    assert reconciling.start_due(at=now) == 0
    CouponCheck.objects.update(
        stage="done", uses_at=now, finished_at=now, started_at=now - timedelta(hours=25)
    )
    assert reconciling.start_due(at=now) == 1
    assert CouponCheck.objects.filter(coupon=coupon).count() == 2


def test_a_look_that_was_asked_for_comes_also_where_its_hint_was_lost(books: Books) -> None:
    coupon = books.coupon()
    grant = books.held(coupon)
    books.pays(grant)
    look(coupon)
    difference = CouponDifference.objects.get(coupon=coupon, kind="used_there")
    with transaction.atomic():
        ledger.redeem(grant, build_coupons.fact())
    differences.ask_again(difference, task=differences.LOOK_TASK, at=later())
    reconciling.go_on(at=later())
    difference.refresh_from_db()
    assert difference.how == ""
    reconciling.go_on(at=later() + timedelta(minutes=1))
    difference.refresh_from_db()
    assert difference.how == "gone"
