"""Coupons given before a platform on loopback that answers as it is told to and keeps what it was asked."""

import json
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.test import override_settings
from django.utils import timezone

from coupons import answers, claims, giving, held_answers, held_questions, runs, use_answers, use_calls
from coupons.models import Coupon, CouponCount, CouponGrant, CouponRun
from gateway import loop, wire
from membership.models import Customer, PeopleList
from merchants import calls, inbox, rate
from merchants.models import GatewayCall, Notice
from tests import build_coupons, build_messaging
from tests.base import CastCase
from tests.gateway.platform import Behaviour, Platform, answering, hang_up, refusal

SEND, SEND_CODE = giving.METHODS
SETTLED = {
    **dict.fromkeys((request.method for request in use_calls.METHODS.values()), use_answers.settle_use),
    SEND: answers.settle_gift,
    SEND_CODE: answers.settle_gift,
    held_questions.WHOSE: held_answers.settle_whose,
    held_questions.HELD: held_answers.settle_held,
}
PID = "2088000000000001"
Say = Callable[[dict[str, Any]], dict[str, Any]]


def node_of(method: str) -> str:
    return method.replace(".", "_") + "_response"


def said(method: str, **fields: Any) -> Behaviour:
    body = {"code": "10000", "msg": "Success", **fields}
    return answering(json.dumps(body, ensure_ascii=False), node_of(method))


def refused(sub_code: str, words: str = "原因", *, method: str = SEND) -> Behaviour:
    return answering(refusal("40004", sub_code, words), node_of(method))


class Counter:
    """What it gives it gives once for each out_biz_no. `plan`: what a method does instead, one call each, the
    last for all that follow; None is as usual."""

    def __init__(self) -> None:
        self.plan: dict[str, list[Behaviour | None]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.held: list[dict[str, Any]] = []

    def __call__(self, platform: Platform, connection: socket.socket, fields: dict[str, str]) -> None:
        method, biz = fields["method"], json.loads(fields["biz_content"])
        self.asked.append((method, biz))
        planned = self.plan.get(method, [])
        behave = (planned.pop(0) if len(planned) > 1 else planned[0]) if planned else None
        (behave or self._usual(method, biz))(platform, connection, fields)

    def _usual(self, method: str, biz: dict[str, Any]) -> Behaviour:
        if method == SEND:
            return said(method, voucher_id=f"V:{biz['out_biz_no']}")
        if method == SEND_CODE:
            return said(method, voucher_code=code_of(biz["out_biz_no"]))
        if method == held_questions.WHOSE:
            return said(method, activity_id=biz["activity_id"], belong_merchant_id=PID)
        start = (biz["page_num"] - 1) * biz["page_size"]
        page = self.held[start : start + biz["page_size"]]
        return said(method, total_size=len(self.held), page_num=biz["page_num"], user_voucher_infos=page)

    def times(self, method: str) -> int:
        return sum(one == method for one, _biz in self.asked)


def code_of(out_biz_no: str) -> str:
    return f"C{sum(out_biz_no.encode()):011d}"


def holding(voucher_id: str, *, at: datetime, code: str = "") -> dict[str, Any]:
    """As the platform lists a coupon that a person holds."""
    base = {"voucher_id": voucher_id, "voucher_code": code, "create_time": wire.beijing_text(at)}
    return {"voucher_id": voucher_id, "create_time": base["create_time"], "user_voucher_base_info": base}


@override_settings(COUPON_UNDO_SECONDS=0)
class GivingCase(CastCase):
    def setUp(self) -> None:
        self.mini_program.rate_per_second = 100_000
        self.mini_program.save(update_fields=["rate_per_second"])
        rate.connection().flushdb()
        self.addCleanup(loop.close)
        self.counter = Counter()

    @contextmanager
    def platform(self) -> Iterator[Counter]:
        platform = Platform(self.counter)
        try:
            with override_settings(GATEWAY_URLS={"simulated": platform.url}, GATEWAY_READ_SECONDS=0.5):
                yield self.counter
        finally:
            platform.close()

    # --- what there is ---

    def coupon(self, **columns: Any) -> Coupon:
        return build_coupons.coupon(self.mini_program, **columns)

    def people(self, n: int) -> list[Customer]:
        return build_messaging.people(self.mini_program, n)

    def list_of(self, people: list[Customer], **fields: Any) -> PeopleList:
        return build_messaging.people_list(self.mini_program, people, **fields)

    def run_for(self, coupon: Coupon, people: list[Customer], **fields: Any) -> CouponRun:
        to = self.list_of(people, **fields)
        return runs.start(coupon, to, by=self.operator, form_token=uuid.uuid4(), at=timezone.now())

    # --- what goes on ---

    def send(self, *, tries: int = 1) -> None:
        """What waits in the outbox goes out and is settled, as the worker would do it."""
        for _try in range(tries):
            for call in GatewayCall.objects.filter(state="waiting").order_by("pk"):
                GatewayCall.objects.filter(pk=call.pk).update(due_at=timezone.now() - timedelta(minutes=1))
                calls.send_call(call.pk, merchant_id=call.merchant_id)
        self.settle()

    def settle(self) -> None:
        for call in GatewayCall.objects.filter(settled_at=None, finished_at__isnull=False).order_by("pk"):
            SETTLED[call.method](call.pk, merchant_id=call.merchant_id)

    def lose_answers(self) -> None:
        """The outbox has tried as often as it does, and no answer came."""
        self.counter.plan = {SEND: [hang_up], SEND_CODE: [hang_up]}
        GatewayCall.objects.filter(state="waiting").update(attempts=calls.MAX_ATTEMPTS - 1)
        self.send()
        self.counter.plan = {}

    def drain(self, *, rounds: int = 30) -> None:
        for _round in range(rounds):
            runs.issue_due(at=timezone.now())
            self.send()
            if not CouponRun.objects.filter(state__in=["preparing", "issuing"]).exists():
                return
        raise AssertionError("the run does not end")

    def push(self, coupon: Coupon, open_id: str, voucher_id: str, **fields: Any) -> Notice:
        """A push of the platform that came in; `take` handles it."""
        at = fields.pop("at", timezone.now())
        content = {
            "id": f"ORDERSEND_{voucher_id}",
            "activity_id": coupon.activity_id,
            "event_time": str(round(at.timestamp() * 1000)),
            "voucher_id": voucher_id,
            "open_id": open_id,
            **fields,
        }
        made: Notice = Notice.objects.create(
            merchant=coupon.merchant,
            mini_program=coupon.mini_program,
            app_id=coupon.mini_program.app_id,
            notify_id=f"N{Notice.objects.count():06d}",
            kind=claims.RECEIVED,
            fields=content,
        )
        return made

    def take(self, notice: Notice, *, at: datetime | None = None) -> bool:
        return claims.take_received(
            notice.pk, merchant_id=notice.merchant_id, at=at or notice.received_at + timedelta(seconds=1)
        )

    # --- what came of it ---

    def states(self, run: CouponRun) -> dict[str, int]:
        rows = CouponGrant.objects.filter(run=run).values_list("state", "refusal")
        found: dict[str, int] = {}
        for state, refusal_of in rows:
            key = f"{state}:{refusal_of}" if refusal_of else state
            found[key] = found.get(key, 0) + 1
        return found

    def count(self, coupon: Coupon) -> CouponCount:
        return CouponCount.objects.get(coupon=coupon)

    def assert_books(self, coupon: Coupon) -> None:
        """Taken is what is on its way or was got; claimed what was got, each with one entry."""
        rows = CouponGrant.objects.filter(coupon=coupon)
        got = rows.exclude(state__in=["sending", "unknown", "refused"])
        count = self.count(coupon)
        self.assertEqual(count.claimed, got.count())
        self.assertEqual(count.taken, rows.exclude(state="refused").count())
        entries = got.filter(entries__kind="claimed").annotate(one=F("entries__id"))
        self.assertEqual(entries.count(), got.count())
        self.assertFalse(rows.filter(state="refused").exclude(slot="").exists())

    def handled(self, notice: Notice) -> bool:
        with_time = Notice.objects.get(pk=notice.pk).handled_at is not None
        with self.subTest("the inbox agrees"):
            self.assertEqual(inbox.load(notice.pk, merchant_id=notice.merchant_id) is None, with_time)
        return with_time
