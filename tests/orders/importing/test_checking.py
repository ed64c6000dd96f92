"""The dry run: says what the import would do, keeps nothing, and names each row that is wrong."""

from unittest import mock

from django.utils import timezone

from membership.models import Customer
from merchants.models import Event
from orders.importing import checking, files
from orders.models import NamedInImport, Order, OrderImport, StatusChange
from tests import build_orders
from tests.orders.importing.base import STEAL, FileCase, as_csv, blow, counts, expected, job_of, row


class DryRun(FileCase):
    def test_it_counts_what_would_happen_and_keeps_nothing(self) -> None:
        made = self.check(
            as_csv(
                [
                    row("R1", "APPLYING", "09:00:01"),
                    row("R1", "WAIT_PAY", "09:00:02"),
                    row("R1", "WAIT_PAY", "09:00:02"),
                    row("R2"),
                    row("R3", "ORBIT", "09:00:01"),
                ]
            )
        )
        wanted = {"rows": 5, "created": 2, "updated": 1, "unchanged": 1, "refused": 1}
        wanted |= {"taken": 2, "late": 0, "repeated": 1, "without": 1}
        self.assertEqual((made.state, counts(expected(made), **wanted)), ("checked", wanted))
        self.assertTrue(expected(made).balanced)
        self.assertEqual(expected(made).reasons, {"status_unknown": 1})
        self.assertFalse(Order.objects.exists() or StatusChange.objects.exists() or Customer.objects.exists())
        self.assertEqual(Event.objects.get(kind="orders.file_checked").detail["created"], 2)

    def test_what_is_known_already_is_unchanged_and_what_the_platform_passed_is_late(self) -> None:
        order = build_orders.order(self.mini_program, out_biz_no="R1", fields={"total_rent": "897.00"})
        at = timezone.now()
        Order.objects.update(synced_at=at, order_created_at="2026-03-01T01:00:00Z")
        first = row("R1", "APPLYING", "10:00:00", open_id=order.customer.open_id)
        same = row("R1", open_id=order.customer.open_id)
        made = self.check(as_csv([first, same]))
        wanted = {"updated": 1, "unchanged": 1, "late": 1, "without": 1, "taken": 0}
        self.assertEqual(counts(expected(made), **wanted), wanted)

    def test_messages_that_lack_fields_are_counted_by_status_and_told_with_their_line(self) -> None:
        made = self.check(
            as_csv([row("R1", "IN_DELIVERY", "09:00:01", rent=""), row("R2", "APPLYING", "09:00:01")])
        )
        self.assertEqual(expected(made).lacking, {"online_rental/IN_DELIVERY": 1})
        ((line, number, column, happens, _sentence),) = self.problems(made)
        self.assertEqual((line, number, column), ("2", "R1", "total_rent, courier_number"))
        self.assertIn("no message", happens)

    def test_each_wrong_cell_is_told_with_line_column_and_sentence_and_the_row_counts_once(self) -> None:
        bad = row("=R 1", "APPLYING", "", open_id="short", order_created_at="yesterday")
        made = self.check(as_csv([row("R1"), bad, row("R3", open_id="short")]))
        self.assertEqual((expected(made).refused, expected(made).created), (2, 1))
        self.assertEqual(expected(made).reasons, {"unreadable": 1, "open_id_wrong": 1})
        found = [(line, number, column) for line, number, column, *_rest in self.problems(made)]
        self.assertEqual(
            sorted(found),
            [
                ("3", "'=R 1", "order_created_at"),
                ("3", "'=R 1", "order_modified_time"),
                ("3", "'=R 1", "out_biz_no"),
                ("4", "R3", "open_id"),
            ],
        )

    def test_without_problems_there_is_no_file_of_them(self) -> None:
        made = self.check(as_csv([row()]))
        self.assertEqual(made.problem_file, "")
        self.assertEqual([path.name for path in self.uploads.iterdir()], [made.stored_file])

    def test_rows_of_one_order_far_apart_are_judged_together(self) -> None:
        """With chunks of two: each needs what those before would have kept."""
        rows = [
            row("R1", "APPLYING", "09:00:01"),
            row("R2"),
            row("R3"),
            row("R1", "APPLYING", "09:00:01"),
            row("R1", "WAIT_PAY", "09:00:01"),
            row("R1", "WAIT_PAY", "09:00:02"),
            row("R1", page="pages/other"),
            row("R2"),
        ]
        with mock.patch("orders.importing.chunks.MAX_ORDERS", 2):
            apart = expected(self.check(as_csv(rows)))
        together = expected(self.check(as_csv(rows)))
        self.assertEqual(apart, together)
        self.assertEqual(apart.reasons, {"status_clash": 1, "fixed_field": 1})
        wanted = {"created": 3, "updated": 1, "unchanged": 2, "refused": 2, "taken": 2, "repeated": 1}
        self.assertEqual(counts(apart, **wanted), wanted)

    def test_a_trade_of_a_chunk_before_belongs_to_that_order(self) -> None:
        header = ("out_biz_no", "open_id", "page", "order_created_at", "trade_no")
        rows = [[f"R{n}", f"buyer-000{n}", "pages/a", "2026-03-01 09:00:00", "T1"] for n in range(3)]
        with mock.patch("orders.importing.chunks.MAX_ORDERS", 1):
            made = self.check(as_csv(rows, header))
        self.assertEqual(expected(made).reasons, {"trade_taken": 2})

    def test_the_known_who_are_named_are_remembered_for_as_long_as_the_file_waits(self) -> None:
        known = Customer.objects.create(
            merchant=self.yunduo, mini_program=self.mini_program, open_id="buyer-000000R1", source="test"
        )
        made = self.check(as_csv([row("R1"), row("R2")]))
        self.assertEqual(
            list(NamedInImport.objects.values_list("order_import", "customer")), [(made.pk, known.pk)]
        )
        self.run_import(made)
        self.assertFalse(NamedInImport.objects.exists())


class Ends(FileCase):
    def test_a_file_that_is_no_text_further_down_ends_it_with_a_sentence_and_without_its_file(self) -> None:
        made = self.check(as_csv([row(f"R{n}") for n in range(5_000)]) + b"\xff\xfe\xfd\n")
        self.assertEqual((made.state, made.ending), ("failed", "broken"))
        self.assertIn("neither in UTF-8 nor in GB18030", job_of(made).error)
        self.assertEqual(list(self.uploads.iterdir()), [])

    def test_gb18030_is_read_although_its_beginning_is_plain(self) -> None:
        far = as_csv([row(f"R{n}") for n in range(4_000)]) + ",".join(row("R9999", rent="九百元")).encode(
            "gb18030"
        )
        self.assertEqual(expected(self.check(far)).created, 4_001)

    def test_a_worker_that_lost_its_lease_changes_nothing_and_the_next_one_ends_it(self) -> None:
        Customer.objects.create(
            merchant=self.yunduo, mini_program=self.mini_program, open_id="buyer-000000R1", source="test"
        )
        made = self.receive(as_csv([row("R1"), row("R2")]))
        with blow("orders_namedinimport", STEAL):
            checking.check_import(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()
        self.assertEqual((made.state, made.expected), ("checking", {}))
        self.assertEqual([path.name for path in self.uploads.iterdir()], [made.stored_file])
        checking.check_import(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()
        self.assertEqual((made.state, expected(made).created), ("checked", 2))

    def test_cancelled_while_it_runs_it_ends_and_its_files_go(self) -> None:
        made = self.receive(as_csv([row()]))
        self.assertTrue(files.cancel(made, by=self.operator))
        checking.check_import(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()
        self.assertEqual((made.state, made.ending), ("failed", OrderImport.Ending.CANCELLED))
        self.assertEqual(list(self.uploads.iterdir()), [])
        self.assertFalse(files.cancel(made, by=self.operator))
