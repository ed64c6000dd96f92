"""The moves of a file of orders: once, with an end, and gone in time."""

import uuid
from datetime import timedelta
from unittest.mock import ANY

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.utils import timezone

from membership import customers
from membership.models import Customer
from membership.uploads import UploadRefused
from merchants import jobs
from merchants.models import Dispatch, Event, Job
from orders.importing import checking, files
from orders.models import NamedInImport, OrderImport
from tests import build_orders
from tests.orders.importing.base import FileCase, as_csv, row


class Receive(FileCase):
    def test_the_same_form_makes_one_import_and_another_merchant_cannot_have_it(self) -> None:
        token = uuid.uuid4()
        first = self.receive(as_csv([row()]), form_token=token)
        self.assertEqual(self.receive(as_csv([row()]), form_token=token).pk, first.pk)
        self.assertEqual((Job.objects.count(), len(list(self.uploads.iterdir()))), (1, 1))
        with pytest.raises(UploadRefused):
            self.receive(as_csv([row()]), form_token=token, mini_program=self.other_mini_program)
        self.assertEqual(len(list(self.uploads.iterdir())), 1)

    def test_the_name_of_a_file_is_never_a_path(self) -> None:
        made = self.receive(as_csv([row()]), file_name="../../etc\\\0passwd.csv")
        self.assertEqual(made.file_name, "passwd.csv")
        self.assertEqual(Event.objects.get(kind="orders.file_uploaded").detail, {"file": "passwd.csv"})

    def test_too_large_is_refused_and_nothing_stays(self) -> None:
        with override_settings(UPLOAD_MAX_BYTES=100), pytest.raises(UploadRefused):
            self.receive(as_csv([row()] * 3))
        self.assertEqual(list(self.uploads.iterdir()), [])


class End(FileCase):
    def test_an_import_whose_job_was_given_up_ends_and_its_files_go(self) -> None:
        made = self.receive(as_csv([row()]))
        Job.objects.update(attempts=jobs.MAX_ATTEMPTS)
        jobs.sweep_jobs(at=timezone.now())
        files.tidy(at=timezone.now())
        made.refresh_from_db()
        self.assertEqual((made.state, made.ending), ("failed", "broken"))
        self.assertEqual(list(self.uploads.iterdir()), [])

    def test_nobody_decided_in_time_and_what_is_over_is_deleted_after_the_keep_days(self) -> None:
        waiting = self.check(as_csv([row("R1", open_id="short")]))
        done = self.take(as_csv([row("R2"), row("R3", open_id="short")]))
        later = timezone.now() + timedelta(days=31)
        self.assertEqual(files.tidy(at=timezone.now()), 0)
        files.tidy(at=later)
        waiting.refresh_from_db()
        self.assertEqual((waiting.state, waiting.ending), ("failed", "expired"))
        self.assertFalse(OrderImport.objects.filter(pk=done.pk).exists())
        self.assertEqual(list(self.uploads.iterdir()), [])
        files.tidy(at=later)
        self.assertFalse(OrderImport.objects.exists())

    def test_the_database_wants_a_reason_for_each_end(self) -> None:
        for state, ending in (("failed", ""), ("done", "cancelled")):
            with pytest.raises(IntegrityError), transaction.atomic():
                build_orders.order_import(self.mini_program, state=state, ending=ending)


class Forget(FileCase):
    def forget(self, customer: Customer) -> int:
        customers.forget(customer, by=self.owner, at=timezone.now())
        waiting = Dispatch.objects.get(subscriber=files.FORGET_SUBSCRIBER, done_at=None)
        return files.erase_naming(waiting.event_id, at=timezone.now())

    def known(self, open_id: str, *, days: int) -> Customer:
        """For that many days."""
        made = Customer.objects.create(
            merchant=self.yunduo, mini_program=self.mini_program, open_id=open_id, source="test"
        )
        Customer.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=days))
        made.refresh_from_db()
        return made

    def test_files_that_name_the_person_go_and_the_others_stay(self) -> None:
        person = self.known("buyer-000000R1", days=9)
        naming = self.check(as_csv([row("R1"), row("R2", open_id="short")]))
        other = self.check(as_csv([row("R2")]))
        self.assertEqual(self.forget(person), 1)
        naming.refresh_from_db()
        other.refresh_from_db()
        self.assertEqual((naming.state, naming.ending, other.state), ("failed", "forgotten", "checked"))
        self.assertEqual([path.name for path in self.uploads.iterdir()], [other.stored_file])
        self.assertFalse(NamedInImport.objects.exists())
        self.assertFalse(files.start_import(naming, by=self.operator))

    def test_whoever_became_known_after_the_upload_may_stand_in_it(self) -> None:
        waiting = self.check(as_csv([row("R1")]))
        OrderImport.objects.update(created_at=timezone.now() - timedelta(days=3))
        self.assertEqual(self.forget(self.known("buyer-000000R1", days=2)), 1)
        waiting.refresh_from_db()
        self.assertEqual(waiting.ending, "forgotten")

    def test_a_check_under_way_stops_and_doing_it_twice_is_harmless(self) -> None:
        person = self.known("buyer-000000R1", days=0)
        made = self.receive(as_csv([row("R1")]))
        OrderImport.objects.update(created_at=timezone.now() - timedelta(minutes=1))
        self.assertEqual(self.forget(person), 1)
        event = Event.objects.get(kind="customer.forgotten")
        self.assertEqual(files.erase_naming(event.id, at=timezone.now()), 0)
        checking.check_import(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()
        self.assertEqual((made.state, made.ending), ("failed", "forgotten"))
        self.assertEqual(list(self.uploads.iterdir()), [])

    def test_problem_rows_of_what_is_over_hold_no_id(self) -> None:
        person = self.known("buyer-000000R1", days=9)
        done = self.take(as_csv([row("R1", "ORBIT", "09:00:01")]))
        self.assertEqual(self.forget(person), 0)
        self.assertNotIn("buyer-000000R1", str(self.problems(done)))
        self.assertEqual(self.problems(done), [["2", "R1", "status", "Refused", ANY]])
