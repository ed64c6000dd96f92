"""The import: what the dry run said, each row once, whatever happens to the worker."""

import threading
import tracemalloc
from datetime import datetime, timedelta

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.utils import timezone

from membership import uploads
from merchants.models import Event, Job
from orders.importing import checking, files, running
from orders.intake import receive_orders
from orders.models import Order, OrderImport, StatusChange
from tests.orders.importing.base import (
    BREAK,
    STEAL,
    CommittedFileCase,
    FileCase,
    as_csv,
    as_xlsx,
    blow,
    counts,
    expected,
    outcome,
    row,
)
from tests.orders.test_intake import order_given

STATUSES = ("APPLYING", "WAIT_PAY", "TO_SEND_GOODS")


def many(orders: int) -> bytes:
    """Each with three statuses, each status twice."""
    rows = [
        row(f"R{n}", status, f"09:00:0{second}")
        for second, status in enumerate(STATUSES)
        for _again in range(2)
        for n in range(orders)
    ]
    return as_csv(rows)


def let_leases_run_out() -> None:
    Job.objects.filter(state="running").update(lease_until=timezone.now() - timedelta(minutes=1))


class Import(FileCase):
    def test_it_does_what_the_dry_run_said_and_the_file_goes(self) -> None:
        made = self.take(
            as_csv(
                [row("R1", "APPLYING", "09:00:01"), row("R1", "WAIT_PAY", "09:00:02"), row("R2", open_id="x")]
            )
        )
        self.assertEqual((made.state, made.outcome), ("done", made.expected))
        self.assertEqual((made.stored_file, uploads.path_of(made.problem_file).is_file()), ("", True))
        self.assertEqual([path.name for path in self.uploads.iterdir()], [made.problem_file])
        order = Order.objects.get()
        self.assertEqual(
            (order.source, order.status, order.fields), ("file", "WAIT_PAY", {"total_rent": "897.00"})
        )
        self.assertEqual(set(StatusChange.objects.values_list("source", "state")), {("file", "pending")})
        event = Event.objects.get(kind="orders.imported")
        wanted = {"rows": 3, "created": 1, "updated": 1, "refused": 1, "taken": 2, "file": "orders.csv"}
        self.assertEqual({name: event.detail[name] for name in wanted}, wanted)
        self.assertEqual(event.by, self.operator)

    def test_the_same_file_again_changes_nothing_and_says_so(self) -> None:
        content = as_csv(
            [row("R1", "APPLYING", "09:00:01"), row("R1", "WAIT_PAY", "09:00:02", rent="900.00")]
        )
        self.take(content)
        again = self.take(content)
        wanted = {"rows": 2, "created": 0, "updated": 0, "unchanged": 2, "repeated": 2, "taken": 0}
        self.assertEqual(counts(outcome(again), **wanted), wanted)
        self.assertEqual(Order.objects.get().fields, {"total_rent": "900.00"})
        self.assertEqual(set(StatusChange.objects.values_list("repeats", flat=True)), {1})

    def test_orders_that_changed_after_the_dry_run_are_told_as_they_were_found(self) -> None:
        made = self.check(as_csv([row("R1"), row("R2")]))
        self.run_first(made)
        self.assertEqual(counts(expected(made), created=0), {"created": 2})
        wanted = {"created": 1, "refused": 1}
        self.assertEqual(counts(outcome(made), **wanted), wanted)
        self.assertEqual(outcome(made).reasons, {"fixed_field": 1})
        self.assertTrue(outcome(made).balanced)

    def run_first(self, made: OrderImport) -> None:
        """Somebody else hands R1 in, and then the file comes."""
        receive_orders(self.mini_program, [order_given("R1", open_id="somebody-else")], source="api")
        self.run_import(made)

    def test_a_workbook_gives_the_same_orders_as_a_csv(self) -> None:
        rows = [row("R1", "APPLYING", "09:00:01.250"), row("R2")]
        self.take(as_csv(rows))
        again = outcome(self.take(as_xlsx(rows), file_name="orders.xlsx"))
        self.assertEqual((again.unchanged, again.repeated, again.rows), (2, 1, 2))
        at = datetime(2026, 3, 1, 9, 0, 1)
        at_cells = as_xlsx([[*row("R1", "APPLYING")[:5], at.replace(microsecond=250_000), ""]])
        self.assertEqual(outcome(self.take(at_cells)).repeated, 1)

    def test_it_starts_once_and_only_from_checked(self) -> None:
        made = self.check(as_csv([row()]))
        self.assertTrue(files.start_import(made, by=self.operator))
        self.assertFalse(files.start_import(made, by=self.operator))
        self.assertEqual(Job.objects.filter(kind="orders.import_orders").count(), 1)


class Killed(FileCase):
    """Chunks of 500: 200 orders with three statuses, each twice, are three chunks."""

    def strike(self, does: str) -> OrderImport:
        """The worker is struck in its second chunk."""
        made = self.check(many(200))
        self.assertEqual(expected(made).rows, 1_200)
        files.start_import(made, by=self.operator)
        with blow("orders_statuschange", does, when="NEW.status = 'TO_SEND_GOODS'"):
            try:
                with transaction.atomic():
                    running.import_orders(made.merchant_id, made.job_id or 0)
            except DatabaseError:
                self.assertEqual(does, BREAK)
        return made

    def go_on(self, made: OrderImport) -> None:
        let_leases_run_out()
        running.import_orders(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()

    def test_the_lease_lost_in_the_middle_of_a_chunk_undoes_that_chunk_only(self) -> None:
        made = self.strike(STEAL)
        made.refresh_from_db()
        self.assertEqual((made.state, made.taken_rows, outcome(made).rows), ("importing", 500, 500))
        self.go_on(made)
        self.assertEqual((made.state, made.outcome), ("done", made.expected))
        self.assertEqual((Order.objects.count(), StatusChange.objects.count()), (200, 600))
        told = set(StatusChange.objects.values_list("status", "repeats"))
        self.assertEqual(told, {(one, 1) for one in STATUSES})
        self.assertEqual(Event.objects.filter(kind="orders.imported").count(), 1)

    def test_problem_rows_stand_there_once_although_their_chunk_came_twice(self) -> None:
        rows = [row(f"R{n}", "ORBIT" if n % 100 == 0 else "TO_SEND_GOODS", "09:00:01") for n in range(800)]
        rows[0][4] = "APPLYING"
        made = self.check(as_csv([row("Q", "ORBIT", "09:00:01"), *([row("Q")] * 499), *rows]))
        wanted = self.problems(made)
        files.start_import(made, by=self.operator)
        with blow("orders_statuschange", STEAL):
            running.import_orders(made.merchant_id, made.job_id or 0)
        self.go_on(made)
        self.assertEqual(made.state, "done")
        self.assertEqual(self.problems(made), wanted)
        self.assertEqual([path.name for path in self.uploads.iterdir()], [made.problem_file])

    def test_cancelled_in_the_middle_it_says_what_was_taken(self) -> None:
        made = self.check(many(200))
        files.start_import(made, by=self.operator)
        cancel = "UPDATE merchants_job SET state = 'cancelled';"
        with blow("orders_statuschange", cancel, when="NEW.status = 'TO_SEND_GOODS'"):
            running.import_orders(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()
        # here the cancel stood in the chunk's own transaction, and went with it
        self.assertEqual((made.state, made.taken_rows), ("importing", 500))
        made.refresh_from_db()
        self.assertTrue(files.cancel(made, by=self.operator))
        self.assertEqual((made.state, made.ending, outcome(made).created), ("failed", "cancelled", 200))
        self.assertEqual(made.stored_file, "")
        self.assertEqual(Event.objects.get(kind="orders.import_failed").detail["created"], 200)


class Dead(CommittedFileCase):
    def test_a_worker_that_dies_between_chunks_doubles_nothing(self) -> None:
        made = self.check(many(200))
        files.start_import(made, by=self.operator)
        with (
            blow("orders_statuschange", BREAK, when="NEW.status = 'TO_SEND_GOODS'"),
            self.assertRaises(DatabaseError),
        ):
            running.import_orders(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()
        self.assertEqual((made.state, made.taken_rows), ("importing", 500))
        let_leases_run_out()
        running.import_orders(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()
        self.assertEqual((made.state, made.outcome), ("done", made.expected))
        self.assertEqual(set(StatusChange.objects.values_list("repeats", flat=True)), {1})
        self.assertEqual((Order.objects.count(), StatusChange.objects.count()), (200, 600))

    def test_two_workers_at_once_take_each_row_once(self) -> None:
        """The second takes over while the first still works: its lease runs out all the time."""
        made = self.check(many(200))
        files.start_import(made, by=self.operator)
        errors: list[BaseException] = []

        def work() -> None:
            try:
                for _turn in range(3):
                    let_leases_run_out()
                    running.import_orders(made.merchant_id, made.job_id or 0)
            except BaseException as error:
                errors.append(error)
            finally:
                close_old_connections()
                connection.close()

        threads = [threading.Thread(target=work) for _worker in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        let_leases_run_out()
        running.import_orders(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()
        self.assertEqual((errors, made.state, made.outcome), ([], "done", made.expected))
        self.assertEqual(set(StatusChange.objects.values_list("repeats", flat=True)), {1})
        self.assertEqual(Event.objects.filter(kind="orders.imported").count(), 1)


class Long(FileCase):
    def peak(self, rows: int) -> int:
        """Bytes of Python at the most, over the dry run and the import of so many rows."""
        content = as_csv([row(f"L{rows}-{n}", "APPLYING", "09:00:01") for n in range(rows)])
        made = self.receive(content)
        tracemalloc.start()
        try:
            checking.check_import(made.merchant_id, made.job_id or 0)
            self.run_import(made)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def test_a_longer_file_needs_no_more_memory(self) -> None:
        """But for the statements that the driver keeps, a hundred at most; 2,000 rows held are twice this."""
        short, long = self.peak(1_000), self.peak(3_000)
        self.assertLess(long - short, 4 * 1024 * 1024)
