import uuid
from datetime import timedelta

from django.db import connection
from django.test import override_settings
from django.utils import timezone

from membership import importing, lists, staging, uploads
from membership.columns import stored_layout
from membership.customers import forget
from membership.models import PeopleList, PeopleListEntry
from membership.tasks import forget_customer, tidy_lists
from merchants import events, jobs
from merchants.models import Dispatch, Event, Job, User
from tests.membership.base import ListCase, judged_tables, open_id

HEADER = "open_id\n"


class ReceiveTests(ListCase):
    def test_an_upload_becomes_a_list_that_waits_for_its_columns(self):
        people_list = self.receive(HEADER + open_id(1))
        assert (people_list.state, people_list.source, people_list.job) == ("uploaded", "upload", None)
        assert people_list.layout["open_id"] == 0
        assert Event.objects.filter(
            kind="list.uploaded", subject_id=people_list.pk, by=self.operator
        ).exists()

    def test_the_stored_name_has_nothing_of_the_name_the_operator_gave(self):
        people_list = self.receive(HEADER + open_id(1), file_name="../../etc/八月 名单.csv")
        assert people_list.file_name == "八月 名单.csv"
        assert [path.name for path in self.uploads.iterdir()] == [people_list.stored_file]
        assert "名单" not in people_list.stored_file
        assert ".." not in people_list.stored_file

    def test_only_we_may_read_the_stored_file(self):
        people_list = self.receive(HEADER + open_id(1))
        assert uploads.path_of(people_list.stored_file).stat().st_mode & 0o077 == 0

    def test_a_list_without_a_name_is_called_like_its_file(self):
        assert self.receive(HEADER + open_id(1), name="  ").name == "people.csv"

    def test_the_same_form_sent_twice_gives_the_first_list(self):
        token = uuid.uuid4()
        first = self.receive(HEADER + open_id(1), form_token=token)
        second = self.receive(HEADER + open_id(2), form_token=token, name="another")
        assert second == first
        assert PeopleList.objects.count() == 1
        assert len(list(self.uploads.iterdir())) == 1

    def test_a_form_token_of_another_merchant_is_refused_and_its_list_stays_hidden(self):
        token = uuid.uuid4()
        self.receive(HEADER + open_id(1), form_token=token)
        with self.assertRaisesMessage(uploads.UploadRefused, "sent before"):
            self.receive(
                HEADER + open_id(2),
                form_token=token,
                merchant=self.qingcha,
                mini_program=self.other_mini_program,
                by=self.other_owner,
            )
        assert len(list(self.uploads.iterdir())) == 1

    def test_a_file_over_the_limit_is_refused_and_leaves_nothing(self):
        with (
            override_settings(UPLOAD_MAX_BYTES=1024 * 1024),
            self.assertRaisesMessage(uploads.UploadRefused, "larger than 1 MB"),
        ):
            self.receive(b"1" * (1024 * 1024 + 1))
        assert not list(self.uploads.iterdir())
        assert not PeopleList.objects.exists()


class MoveTests(ListCase):
    def test_columns_chosen_start_the_dry_run_and_its_hint_names_merchant_and_job(self):
        people_list = self.receive(HEADER + open_id(1))
        with self.captureOnCommitCallbacks() as hints:
            assert lists.start_check(
                people_list, layout=stored_layout(people_list.layout), add_unknown=True, by=self.operator
            )
        job = self.job_of(people_list)
        assert (people_list.state, people_list.add_unknown) == ("checking", True)
        assert (job.kind, job.state, job.by) == ("membership.check_list", "queued", self.operator)
        assert [hint.args for hint in hints] == [("membership.check_list", self.yunduo.pk, job.pk)]

    def test_of_two_who_start_the_same_move_one_does_and_one_job_is_made(self):
        people_list = self.receive(HEADER + open_id(1))
        layout = stored_layout(people_list.layout)
        moved = [
            lists.start_check(people_list, layout=layout, add_unknown=False, by=self.operator)
            for _turn in range(2)
        ]
        assert (moved, Job.objects.count()) == ([True, False], 1)

    def test_nothing_is_imported_that_was_not_checked(self):
        people_list = self.being_checked(HEADER + open_id(1))
        assert not lists.start_import(people_list, by=self.operator)
        people_list.refresh_from_db()
        assert (people_list.state, Job.objects.count()) == ("checking", 1)

    def test_other_columns_are_chosen_after_the_dry_run_too(self):
        self.know(open_id(1))
        people_list = self.checked(f"open_id\n{open_id(1)}\nbad\n")
        assert judged_tables() == [f"membership_judged_{people_list.pk}"]
        assert lists.reopen(people_list)
        assert (people_list.state, people_list.problem_file) == ("uploaded", "")
        assert judged_tables() == []
        assert [path.name for path in self.uploads.iterdir()] == [people_list.stored_file]
        assert not lists.reopen(people_list)

    def test_a_list_is_renamed_once_and_the_change_is_an_event(self):
        people_list = self.receive(HEADER + open_id(1))
        assert lists.rename(people_list, name="九月老客", by=self.owner)
        assert not lists.rename(people_list, name="九月老客", by=self.owner)
        event = Event.objects.get(kind="list.renamed")
        assert event.detail == {"name": "老客名单", "new_name": "九月老客"}


class CancelTests(ListCase):
    def test_a_list_is_cancelled_wherever_it_stands_and_nothing_of_it_is_left(self):
        self.know(open_id(1))
        content = f"open_id\n{open_id(1)}\nbad\n"
        for make in (self.receive, self.being_checked, self.checked, self.being_imported):
            with self.subTest(make.__name__):
                people_list = make(content)
                assert lists.cancel(people_list)
                people_list.refresh_from_db()
                assert (people_list.state, people_list.stored_file) == ("failed", "")
                tidy_lists()
                assert (list(self.uploads.iterdir()), judged_tables()) == ([], [])
                assert not lists.cancel(people_list)
        assert not PeopleListEntry.objects.exists()

    def test_a_list_that_is_ready_stays(self):
        self.know(open_id(1))
        people_list = self.imported(HEADER + open_id(1))
        assert not lists.cancel(people_list)
        people_list.refresh_from_db()
        assert people_list.state == "ready"


class TidyTests(ListCase):
    def test_a_cancelled_job_fails_its_list(self):
        people_list = self.being_checked(HEADER + open_id(1))
        jobs.cancel(self.job_of(people_list))
        tidy_lists()
        people_list.refresh_from_db()
        assert (people_list.state, list(self.uploads.iterdir())) == ("failed", [])
        assert Event.objects.filter(kind="list.failed", subject_id=people_list.pk).count() == 1
        assert lists.close_abandoned() == 0

    def test_a_list_whose_job_still_runs_is_left_alone(self):
        people_list = self.being_checked(HEADER + open_id(1))
        jobs.claim(people_list.job_id, merchant_id=self.yunduo.pk)
        assert lists.close_abandoned() == 0

    def test_lists_nobody_decided_on_end_with_the_time_of_their_file(self):
        self.know(open_id(1))
        waiting = [self.receive(HEADER + open_id(1)), self.checked(HEADER + open_id(1))]
        young = self.checked(HEADER + open_id(1))
        old = timezone.now() - timedelta(days=31)
        PeopleList.objects.filter(pk__in=[one.pk for one in waiting]).update(created_at=old)
        tidy_lists()
        assert set(PeopleList.objects.filter(state="failed")) == set(waiting)
        assert judged_tables() == [f"membership_judged_{young.pk}"]
        assert [path.name for path in self.uploads.iterdir()] == [young.stored_file]

    def test_what_a_killed_worker_copied_goes_and_what_a_living_one_copies_stays(self):
        dead, living = "membership_staged_999999999", staging.staged_table().as_string()
        with connection.cursor() as cursor:
            for name in (dead, living):
                cursor.execute(f"CREATE UNLOGGED TABLE {name} (c0 text)")
            assert lists.drop_leftovers() == 1
            cursor.execute("SELECT relname FROM pg_class WHERE relname ~ '^membership_staged_'")
            assert cursor.fetchall() == [(living.strip('"'),)]


class ForgettingTests(ListCase):
    def test_forgetting_a_person_deletes_the_uploads_that_name_them_and_keeps_the_list(self):
        person, _other = self.know(open_id(1), open_id(2))
        naming = self.imported(HEADER + f"{open_id(1)}\n{open_id(2)}\nbad\n")
        innocent = self.imported(HEADER + open_id(2))
        forget(person, by=self.owner, at=timezone.now())
        event = Event.objects.get(kind="customer.forgotten")
        forget_customer(self.yunduo.pk, event.id)
        naming.refresh_from_db()
        assert (naming.stored_file, naming.problem_file, naming.count) == ("", "", 2)
        assert [path.name for path in self.uploads.iterdir()] == [innocent.stored_file]
        dispatch = Dispatch.objects.get(event_id=event.id, subscriber="membership.forget_customer")
        assert dispatch.done_at is not None
        assert events.load(event.id, subscriber="membership.forget_customer") is None
        forget_customer(self.yunduo.pk, event.id)

    def test_what_a_list_kept_of_the_person_goes_too_also_before_the_import(self):
        person, _other = self.know(open_id(1), open_id(2))
        content = f"open_id,name\n{open_id(1)},张三\n{open_id(2)},李四\n"
        made, checked = self.imported(content, keep=[1]), self.checked(content, keep=[1])
        forget(person, by=self.owner, at=timezone.now())
        forget_customer(self.yunduo.pk, Event.objects.get(kind="customer.forgotten").id)
        lists.start_import(checked, by=self.operator)
        importing.import_list(self.yunduo.pk, checked.job_id)
        for people_list in (made, checked):
            values = PeopleListEntry.objects.filter(people_list=people_list)
            assert sorted(map(str, values.values_list("values", flat=True))) == ["None", "['李四']"]
        assert list(self.uploads.iterdir()) == []


class LanguageTests(ListCase):
    def test_the_sentence_is_in_the_language_of_the_person_who_uploaded(self):
        User.objects.filter(pk=self.operator.pk).update(language="en")
        people_list = self.checked(f'open_id\n"{open_id(1)}\n')
        assert self.job_of(people_list).error.startswith("A quotation mark opened on line 2")
