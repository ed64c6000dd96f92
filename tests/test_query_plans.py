"""No statement of the engine and no page walks a big table from end to end.

Statistics are those of a house with tens of thousands of rows next door. Each statement is explained as it is
asked, whoever asks it: a table of the engine's operations, and every page that can be opened.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

from django.db import connection, transaction
from django.db.models import F
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from coupons import figure_reports, giving, ledger, store_reports, use_reports
from coupons.models import CouponGrant
from merchants.models import GatewayCall, MiniProgram, Store, User
from messaging.engine import schedule, slot, sql, turn
from messaging.engine.claim import claim, release
from messaging.engine.decisions import send_again, treat_as_sent
from messaging.engine.freeze import freeze
from messaging.engine.mark import mark
from messaging.engine.reap import reap
from messaging.engine.reconcile import lines
from messaging.engine.record import Answer, record
from messaging.models import (
    CarriedClaim,
    Delivery,
    DeliveryAttempt,
    FrequencyCount,
    RecallCount,
    SendControl,
    Signal,
    SubscriptionTemplate,
    Visit,
)
from messaging.sends import plan_figures, plan_reports
from orders import reports
from orders.models import StatusChange
from tests import build_alerts, build_coupons, build_giving, build_orders, build_uses
from tests import build_messaging as build
from tests.base import CastCase
from tests.coupon_operations import life_of_a_run
from tests.order_operations import life_of_orders
from tests.permission_table import TABLE

ROWS = 20_000
BIG = (
    "coupons_couponalert",
    "coupons_coupongrant",
    "coupons_couponuse",
    "coupons_grantentry",
    "merchants_gatewaycall",
    "messaging_carriedclaim",
    "membership_customer",
    "membership_peoplelistentry",
    "merchants_event",
    "messaging_consent",
    "messaging_consententry",
    "messaging_delivery",
    "messaging_deliveryattempt",
    "messaging_frequencycount",
    "messaging_signal",
    "messaging_visit",
    "orders_order",
    "orders_statuschange",
)
# Of slot.NEXT, for the first turn of a slot.
NOBODY_WAS_SERVED = {"candidates": 8, "at_once": 1, "passed": [], "had_turn": [], "singles_first": True}
EXPLAINED = ("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")


def multiply(table: str, **instead: str) -> None:
    """ROWS copies of the newest row, but for the columns of `instead`: expressions of `copy`, 1 to ROWS."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, table)
        columns = [column.name for column in found if column.name != "id"]
        values = [instead.get(name, f'src."{name}"') for name in columns]
        quoted = ", ".join(f'"{name}"' for name in columns)
        newest = f"(SELECT * FROM {table} ORDER BY ctid DESC LIMIT 1) src"
        cursor.execute(
            f"INSERT INTO {table} ({quoted}) SELECT {', '.join(values)}"
            f" FROM {newest}, generate_series(1, {ROWS}) AS copies (copy)"
        )
        cursor.execute(f"ANALYZE {table}")


def fill_next_door(app: MiniProgram, *, by: User) -> None:
    """One of each big table by the builders, the others as its copies."""
    chosen = build.template(app)
    someone = build.people(app, 1)
    first = someone[0].pk
    build.consents(chosen, someone)
    to = build.people_list(app, someone)
    control = build.send(app, chosen, to)
    at = timezone.now()
    month = control.books_month
    Signal.objects.create(
        merchant=app.merchant, mini_program=app, kind="visited", caller_id="v", customer=someone[0], at=at
    )
    Visit.objects.create(books_month=month, delivery_id=1, shared=False, send=control, at=at)
    RecallCount.objects.create(send=control, visits=1)
    FrequencyCount.objects.create(customer=someone[0], template=chosen, day=at.date(), n=1)
    DeliveryAttempt.objects.create(
        merchant=app.merchant,
        books_month=month,
        delivery_id=1,
        send=control,
        attempt=1,
        state="unknown",
        spent=True,
        again_by=by,
    )
    returned = build_orders.change(build_orders.order(app, customer=someone[0]), "WAIT_PAY", state="synced")
    build_uses.unknown(build_uses.held(app))
    given = build_giving.gift(build_coupons.coupon(app), someone[0])
    with transaction.atomic():
        given.call = giving.intend(given)
    CouponGrant.objects.filter(pk=given.pk).update(call=given.call)
    GatewayCall.objects.update(state="accepted", finished_at=at, settled_at=at, attempts=1)
    build_coupons.grant(given.coupon, someone[0])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # copies keep what they copy
    multiply("membership_customer", open_id="'many' || copy")
    for table, own in {
        "messaging_consent": {},
        "messaging_consententry": {"source_key": "'many' || copy"},
        "membership_peoplelistentry": {},
        "messaging_delivery": {"state": "'accepted'"},
        "messaging_frequencycount": {},
        "messaging_signal": {"caller_id": "'many' || copy"},
    }.items():
        multiply(table, customer_id=f"{first} + copy", **own)
    multiply("messaging_visit", delivery_id="copy + 1")
    multiply("messaging_deliveryattempt", delivery_id="copy + 1")
    multiply("merchants_event")
    multiply("merchants_gatewaycall", idempotency_key="'many' || copy", target_id=f"{given.pk} + copy")
    of_grant = {"voucher_id": "'many' || copy", "code": "'many' || copy", "slot": "''"}
    multiply("coupons_coupongrant", customer_id=f"{first} + copy", **of_grant)
    numbers = {"request_no": "'many' || copy", "out_biz_no": "'many' || copy"}
    multiply("coupons_couponuse", grant_id=f"{given.pk} + copy", **numbers)
    carried = build_coupons.placement(given.coupon, booth="SERVICE_MESSAGE", delivery_id="", state="draft")
    CarriedClaim.objects.create(grant=given, placement=carried, told_at=at)
    multiply("messaging_carriedclaim", grant_id=f"{given.pk} + copy")
    multiply("coupons_grantentry", grant_id=f"{given.pk} + copy", source_key="'many' || copy")
    build_alerts.alert(app, someone[0])
    multiply("coupons_couponalert", customer_id=f"{first} + copy")
    multiply("orders_order", out_biz_no="'many' || copy")
    spread = "src.received_at - copy * interval '1 second'"
    multiply("orders_statuschange", order_id=f"{returned.order_id} + copy", received_at=spread)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@contextmanager
def walks(known: set[str] | None = None) -> Iterator[list[str]]:
    """What is asked inside, and walks a big table: the statement and the table.

    A statement of `known` was looked at before; the others are added to it.
    """
    found: list[str] = []
    seen = set() if known is None else known

    def explain(execute: Callable[..., Any], statement: str, params: Any, many: bool, context: Any) -> Any:
        if statement.lstrip().upper().startswith(EXPLAINED) and not many and statement not in seen:
            seen.add(statement)
            with context["connection"].connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", params)
                plan = cursor.fetchone()[0]
            for table in walked(plan[0]["Plan"] if isinstance(plan, list) else json.loads(plan)[0]["Plan"]):
                found.append(f"{table}: {' '.join(statement.split())[:600]}")
        return execute(statement, params, many, context)

    again = sql.rows_again, sql.run_again
    sql.rows_again, sql.run_again = sql.rows, sql.run  # psycopg's own cursors pass Django's wrapper by
    try:
        with connection.execute_wrapper(explain):
            yield found
    finally:
        sql.rows_again, sql.run_again = again


def walked(node: dict[str, Any]) -> list[str]:
    own = [node["Relation Name"]] if node["Node Type"] == "Seq Scan" else []
    below = [table for child in node.get("Plans", []) for table in walked(child)]
    return [table for table in own + below if is_big(table)]


def is_big(table: str) -> bool:
    """Also a month of one that is split; those of other months are empty and cost nothing."""
    if table in BIG:
        return True
    month = timezone.localdate().strftime("_%Y_%m")
    return any(table == big + month for big in BIG)


class Plans(CastCase):
    template: SubscriptionTemplate

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        fill_next_door(cls.other_mini_program, by=cls.other_owner)
        cls.template = build.template(cls.mini_program, fatigue_value=1, fatigue_unit="day", fatigue_total=5)
        cls.people = build.people(cls.mini_program, 40)
        build.consents(cls.template, cls.people, units=2)
        cls.list = build.people_list(cls.mini_program, cls.people)

    def test_the_fill_is_found_by_a_statement_that_walks(self) -> None:
        with walks() as found, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM messaging_delivery WHERE failed_tries > %s", [3])
        assert len(found) == 1 and found[0].startswith("messaging_delivery_")

    def test_no_operation_of_the_engine_walks_a_big_table(self) -> None:
        control = build.send(self.mini_program, self.template, self.list, state="preparing")
        wrong: dict[str, list[str]] = {}
        for name, operation in engine_operations(control, by=self.operator):
            with walks() as found:
                operation()
            if found:
                wrong[name] = found
        assert not wrong, json.dumps(wrong, indent=1)

    def test_no_operation_of_orders_walks_a_big_table(self) -> None:
        self.no_order_walks()

    def test_no_operation_of_orders_walks_beside_thousands_that_wait(self) -> None:
        """A mini program next door could not be reached for hours."""
        StatusChange.objects.alias(n=F("order_id") % 5).filter(merchant=self.qingcha, n=0).update(
            state="pending"
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE orders_statuschange")
        self.no_order_walks()

    def test_no_list_of_orders_walks_where_many_stand_at_a_state(self) -> None:
        with mock.patch.object(reports, "MOST_FEW", 0):
            self.no_order_walks()

    @override_settings(ORDER_SETTLE_SECONDS=0)
    def no_order_walks(self) -> None:
        build_orders.chosen(self.mini_program)
        wrong: dict[str, list[str]] = {}
        for name, operation in life_of_orders(self.mini_program, self.people[:4], by=self.operator):
            with walks() as found:
                operation()
            if found:
                wrong[name] = found
        assert not wrong, json.dumps(wrong, indent=1)

    def test_no_operation_of_giving_coupons_walks_a_big_table(self) -> None:
        wrong: dict[str, list[str]] = {}
        for name, operation in life_of_a_run(self.mini_program, self.list, by=self.operator):
            with walks() as found:
                operation()
            if found:
                wrong[name] = found
        assert not wrong, json.dumps(wrong, indent=1)

    def test_no_figure_of_a_plan_nor_the_coupons_behind_it_walks_a_big_table(self) -> None:
        app, at = self.mini_program, timezone.now()
        coupon, store = build_coupons.coupon(app), Store.objects.create(merchant=app.merchant, name="西溪店")
        build.send(app, self.template, self.list)
        SendControl.objects.filter(mini_program=app).update(started_at=at)
        for reference in (self.template.template_id, "3C_RENT:APPROVAL"):
            build_coupons.placement(coupon, booth="SERVICE_MESSAGE", template_ref=reference)
        held = [build_coupons.grant(coupon, one, at=at) for one in self.people[:3]]
        with transaction.atomic():
            ledger.redeem(held[0], build_coupons.fact(store_id=store.pk))
        later = at + timedelta(hours=1)
        with walks() as found:
            assert plan_figures.count_due(at=later) >= 2
            plan_reports.figures_of(app.merchant, plan_reports.Wanted(at, later))
            store_reports.figures_of(
                app.merchant, figure_reports.Wanted(at.date(), later.date(), coupon_id=coupon.pk)
            )
            for one in (store.pk, None):
                list(use_reports.used_in(use_reports.held_of(coupon), one).order_by("-id")[:50])
        assert not found, json.dumps(found, indent=1)

    def test_no_page_walks_a_big_table(self) -> None:
        self.sign_in(self.owner)
        wrong: dict[str, list[str]] = {}
        known: set[str] = set()
        for row in TABLE:
            if row.post:
                continue
            with transaction.atomic():
                kwargs = {"merchant": self.yunduo.slug, **row.kwargs(self.mini_program, self.owner)}
                with walks(known) as found:
                    self.client.get(reverse(row.name, kwargs=kwargs), row.data(self.mini_program, self.owner))
                transaction.set_rollback(True)
            if found:
                wrong[row.name] = found
        assert not wrong, json.dumps(wrong, indent=1)


def engine_operations(control: SendControl, *, by: User) -> Iterator[tuple[str, Callable[[], object]]]:
    """The life of one send, operation by operation; what follows finds what the ones before have left."""
    rows = Delivery.objects.filter(send=control)
    now = timezone.now()
    yield "freeze", lambda: freeze(control)
    SendControl.objects.filter(pk=control.pk).update(due_at=now)
    yield "advance", schedule.advance
    yield "has_work", slot.has_work
    yield "next", lambda: sql.rows(slot.NEXT, NOBODY_WAS_SERVED)
    yield "now", lambda: sql.rows(turn.NOW, {"send": control.pk})
    control.refresh_from_db()
    ours = claim(control, limit=30)
    yield "claim", lambda: claim(control, limit=2)
    yield "mark", lambda: mark(control, ours, ids=ours.ids[:20], at=now)
    shapes = ("accepted", "busy", "not_sent", "unknown", "refused")
    answers = [Answer(one, shapes[place % 5], "why", 1.0) for place, one in enumerate(ours.ids[:15])]
    yield "record", lambda: record(control, ours.token, answers)
    yield "release", lambda: release(control, ours)
    rows.filter(state="claimed").update(lease_until=now - timedelta(hours=1))
    rows.filter(state="sending").update(answer_by=now - timedelta(hours=1))
    yield "reap", reap
    yield "lines", lambda: lines(control)
    yield "treat_as_sent", lambda: treat_as_sent(control, delivery_ids=None, cause="process", by=by, at=now)
    yield "send_again", lambda: send_again(control, delivery_ids=None, by=by, at=now)
    SendControl.objects.filter(pk=control.pk).update(state="cancelling")
    yield "cancel", schedule.advance
    yield "close_books", schedule.close_books
