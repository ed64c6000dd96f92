"""Detaching a month: refused while a book is open, and every equation holds before and after."""

import re
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from merchants.models import Event
from merchants.partitions import month_of
from messaging.consent import ledger
from messaging.engine.archive import CannotDetach, detach
from messaging.engine.claim import claim
from messaging.engine.decisions import NothingToSendAgain, send_again, treat_as_sent
from messaging.engine.mark import mark
from messaging.engine.reconcile import _sums, _write_down, lines, reconcile
from messaging.engine.record import Answer, record
from messaging.engine.schedule import advance
from messaging.models import (
    Consent,
    ConsentEntry,
    Delivery,
    DeliveryAttempt,
    DeliveryCounter,
    MonthBooks,
    SendControl,
)
from tests import build_messaging
from tests.messaging.engine.test_ledger_properties import World, steps

LATER = timedelta(days=31 * 15)
MONTH = month_of(timezone.now())
KEEP = 13


def go(month: date = MONTH, *, drop: bool = False, later: timedelta = LATER):
    return detach(month, at=timezone.now() + later, keep_months=KEEP, drop=drop)


def settle(control: SendControl, outcome: str, *, limit: int = 40) -> None:
    ours = claim(control, limit=limit)
    rows = mark(control, ours, ids=ours.ids, at=timezone.now())
    record(control, ours.token, [Answer(row.id, outcome, f"why-{outcome}", 2.0) for row in rows])


def close(control: SendControl, state: str = "finished") -> None:
    SendControl.objects.filter(pk=control.pk).update(
        state=state, books_closed_at=timezone.now(), balanced=True, checked_at=timezone.now()
    )


def unexplained(template) -> list[int]:
    """Customers whose balance is not granted − revoked − carried − what their rows and attempts spent."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.customer_id FROM messaging_consent k WHERE k.template_id = %(template)s AND k.units <>
                (SELECT coalesce(sum(CASE WHEN kind = 'granted' THEN units
                    WHEN kind IN ('revoked', 'carried') THEN -units ELSE 0 END), 0)
                 FROM messaging_consententry e
                 WHERE e.template_id = k.template_id AND e.customer_id = k.customer_id)
                - (SELECT count(*) FROM messaging_delivery d JOIN messaging_sendcontrol s ON s.id = d.send_id
                   WHERE d.customer_id = k.customer_id AND s.template_id = k.template_id AND d.spent)
                - (SELECT count(*) FROM messaging_deliveryattempt a
                   JOIN messaging_delivery d ON d.books_month = a.books_month AND d.id = a.delivery_id
                   JOIN messaging_sendcontrol s ON s.id = a.send_id
                   WHERE d.customer_id = k.customer_id AND s.template_id = k.template_id AND a.spent)
            """,
            {"template": template.pk},
        )
        return [row[0] for row in cursor.fetchall()]


def consent_difference(control: SendControl) -> int:
    return next(line.difference for line in lines(control) if line.name == "consent")


@pytest.fixture
def done(shop) -> SendControl:
    """Thirty accepted, ten skipped; its books are closed."""
    control = build_messaging.send(shop.app, shop.template, shop.list)
    settle(control, "accepted")
    close(control)
    return control


class TestDetaching:
    def test_the_rows_leave_and_what_they_spent_is_carried_forward(self, shop, done) -> None:
        told = go()
        assert (told.sends, told.people, told.carried) == (1, 40, 30)
        assert not Delivery.objects.filter(send=done).exists()
        carried = ConsentEntry.objects.filter(template=shop.template, kind="carried")
        assert {(row.units, row.source, row.source_key) for row in carried} == {
            (1, "detach", f"carried:{MONTH:%Y-%m}")
        }
        assert unexplained(shop.template) == []
        done.refresh_from_db()
        assert done.archived_at is not None
        assert consent_difference(done) == 0

    def test_counters_and_the_books_of_the_month_stay(self, shop, done) -> None:
        before = build_messaging.counters(done)
        go()
        assert build_messaging.counters(done) == before
        books = MonthBooks.objects.get(mini_program=shop.app, month=MONTH)
        assert (books.frozen, books.accepted, books.skipped, books.units_spent) == (40, 30, 10, 30)
        assert books.closed_at is not None
        assert books.archived_at is not None
        event = Event.objects.get(kind="books.month_archived")
        assert event.detail == {"month": f"{MONTH:%Y-%m}", "people": 40}
        assert event.merchant == shop.merchant

    def test_the_kept_table_has_every_row_but_no_text_written_for_anybody(self, shop, done) -> None:
        Delivery.objects.filter(send=done).update(data={"keyword1": {"value": "Li Xiang"}})
        told = go()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {told.table}")
            assert len(cursor.fetchall()) == 40
            assert "data" not in [column.name for column in cursor.description]
        assert told.table == f"messaging_delivery_detached_{MONTH:%Y_%m}"

    def test_or_nothing_is_kept(self, shop, done) -> None:
        assert go(drop=True).table == ""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_class WHERE relname LIKE 'messaging_delivery%%detached%%'"
            )
            assert cursor.fetchone()[0] == 0

    def test_attempts_go_with_their_rows_and_their_units_are_carried(self, shop) -> None:
        build_messaging.more_units(shop.template, shop.people[:30])
        control = build_messaging.send(shop.app, shop.template, shop.list)
        settle(control, "unknown")
        send_again(control, delivery_ids=None, by=shop.operator, at=timezone.now())
        settle(control, "accepted")
        close(control)
        assert DeliveryAttempt.objects.count() == 30
        told = go()
        assert DeliveryAttempt.objects.count() == 0
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM messaging_deliveryattempt_detached_{MONTH:%Y_%m}")
            assert cursor.fetchone()[0] == 30
        assert told.carried == 30
        carried = ConsentEntry.objects.filter(kind="carried")
        assert set(carried.values_list("units", flat=True)) == {2}
        assert unexplained(shop.template) == []

    def test_other_months_and_their_people_stay(self, shop, done) -> None:
        build_messaging.more_units(shop.template, shop.people[:30])
        before = timezone.now() - timedelta(days=32)
        older = build_messaging.send(shop.app, shop.template, shop.list, due_at=before)
        go()
        assert Delivery.objects.filter(send=older).count() == 40
        older.refresh_from_db()
        assert older.archived_at is None
        settle(older, "accepted")
        assert not [line for line in lines(older) if line.difference]
        assert unexplained(shop.template) == []


class TestRefusing:
    def refused(self, words: str, **how) -> None:
        before = ConsentEntry.objects.count(), Delivery.objects.count()
        with pytest.raises(CannotDetach, match=words), transaction.atomic():
            go(**how)
        assert (ConsentEntry.objects.count(), Delivery.objects.count()) == before
        assert not MonthBooks.objects.exclude(archived_at=None).exists()
        assert not SendControl.objects.exclude(archived_at=None).exists()

    def test_while_a_send_is_open_which_is_named(self, shop, done) -> None:
        batch = build_messaging.launched_batch(
            shop.app, shop.operator, chosen=shop.template, to=shop.list, name="Autumn offer"
        )
        self.refused(f"#{batch.control_id} Autumn offer")
        settle(batch.control, "unknown")
        self.refused("unknown outcomes")
        treat_as_sent(batch.control, delivery_ids=None, by=shop.operator, at=timezone.now())
        close(batch.control)
        assert go().sends == 2

    def test_while_rows_and_counters_disagree(self, shop, done) -> None:
        counters = DeliveryCounter.objects.filter(send=done, state="units")
        counters.update(n=29)
        self.refused(f"disagree: #{done.pk}")
        counters.update(n=30)
        Delivery.objects.filter(send=done, state="skipped").order_by("id")[:1].get().delete()
        self.refused("disagree")

    def test_a_young_month_and_one_that_is_not_there(self, shop, done) -> None:
        self.refused("too young", later=timedelta(days=31 * 12))
        self.refused("has no month 2019-05", month=date(2019, 5, 1))
        self.refused("first day", month=MONTH.replace(day=2))

    def test_where_an_older_archive_has_the_name(self, shop, done) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE messaging_delivery_detached_{MONTH:%Y_%m} (n int)")
        self.refused("exist already")

    def test_a_month_twice(self, shop, done) -> None:
        go()
        with pytest.raises(CannotDetach, match="has no month"), transaction.atomic():
            go()
        assert ConsentEntry.objects.filter(kind="carried").count() == 30


class TestAfterwards:
    def test_nobody_of_an_archived_send_is_written_to_again(self, shop) -> None:
        control = build_messaging.send(shop.app, shop.template, shop.list)
        settle(control, "refused")
        close(control)
        go()
        with pytest.raises(NothingToSendAgain):
            send_again(control, delivery_ids=None, states=("refused",), by=shop.operator, at=timezone.now())
        control.refresh_from_db()
        assert (control.state, control.books_closed_at is None) == ("finished", False)

    def test_the_checks_leave_it_alone_even_when_it_is_touched(self, shop, done) -> None:
        go()
        SendControl.objects.filter(pk=done.pk).update(touched_at=timezone.now() + timedelta(hours=1))
        assert reconcile() == 0
        done.refresh_from_db()
        assert done.balanced is True

    def test_a_check_that_had_begun_before_writes_nothing(self, shop, done) -> None:
        begun = SendControl.objects.get(pk=done.pk)
        go()
        _write_down([begun], [lines(begun)], timezone.now(), _sums([begun]))
        done.refresh_from_db()
        assert done.balanced is True

    def test_a_person_who_is_forgotten_afterwards_ends_without_units(self, shop, done) -> None:
        build_messaging.more_units(shop.template, shop.people[:1])
        go()
        ledger.end_all_of(shop.people[0], source="forgotten", source_key="forgotten:1", at=timezone.now())
        assert Consent.objects.get(customer=shop.people[0]).units == 0
        assert unexplained(shop.template) == []


@pytest.mark.django_db
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_after_any_history_each_balance_is_explained_before_and_after(
    history: list[tuple[str, int, str]],
) -> None:
    with transaction.atomic():
        world = World()
        for name, n, shape in history:
            world.step(name, n, shape)
        end(world)
        assert unexplained(world.template) == []
        before = {line.name: line.actual for line in lines(world.control)}
        told = detach(MONTH, at=timezone.now() + LATER, keep_months=KEEP)
        assert told.people == 8
        world.control.refresh_from_db()
        assert unexplained(world.template) == [], history
        assert consent_difference(world.control) == 0, history
        assert {line.name: line.actual for line in lines(world.control)}["consent"] == before["consent"]
        transaction.set_rollback(True)


def end(world: World) -> None:
    """Everything in the air comes down, all is decided, the books are closed."""
    for ours in [*world.flying]:
        world.answer(ours, "accepted")
    world.deadline_over(0, "")
    world.lease_over(0, "")
    SendControl.objects.filter(pk=world.control.pk).exclude(state="cancelled").update(state="cancelling")
    advance()
    treat_as_sent(world.control, delivery_ids=None, by=world.by, at=timezone.now())
    close(world.control, state="cancelled")


class TestTheCommand:
    def test_it_tells_what_it_did(self, shop) -> None:
        due_at = timezone.now() - LATER
        control = build_messaging.send(shop.app, shop.template, shop.list, due_at=due_at)
        settle(control, "accepted")
        close(control)
        out = StringIO()
        call_command("detach_month", f"{month_of(due_at):%Y-%m}", stdout=out)
        assert "40 people of 1 sends left the ledger, 30 lines were carried forward" in out.getvalue()

    @pytest.mark.parametrize("written", ["2025", "2025-13", "last", "2025-09-01"])
    def test_what_is_no_month_is_said_so(self, db, written: str) -> None:
        with pytest.raises(CommandError, match="is no month"):
            call_command("detach_month", written)

    def test_a_refusal_is_an_error(self, db) -> None:
        with pytest.raises(CommandError, match="too young"):
            call_command("detach_month", f"{month_of(datetime.now().astimezone()):%Y-%m}")


def test_a_statement_about_one_month_reads_one_partition(shop) -> None:
    control = build_messaging.send(shop.app, shop.template, shop.list)
    rows = Delivery.objects.filter(books_month=control.books_month, send=control)
    months = set(re.findall(r"messaging_delivery_(20\d\d_\d\d)", rows.explain()))
    assert months == {f"{MONTH:%Y_%m}"}
