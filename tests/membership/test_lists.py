import uuid

from django.test import override_settings
from django.utils import timezone

from membership import lists, uploads
from membership.customers import forget
from membership.models import PeopleList
from membership.tasks import forget_customer, tidy_lists
from merchants import events, jobs
from merchants.models import Dispatch, Event, Job, User
from tests.membership.base import ListCase, open_id

HEADER = "open_id\n"


class ReceiveTests(ListCase):
    def test_an_upload_becomes_a_list_that_is_being_checked_and_a_job(self):
        people_list = self.receive(HEADER + open_id(1))
        assert (people_list.state, people_list.source) == ("checking", "upload")
        job = self.job_of(people_list)
        assert (job.kind, job.state, job.by) == ("membership.import_list", "queued", self.operator)
        assert Event.objects.filter(
            kind="list.uploaded", subject_id=people_list.pk, by=self.operator
        ).exists()

    def test_the_hint_names_the_merchant_and_the_job(self):
        with self.captureOnCommitCallbacks() as hints:
            people_list = self.receive(HEADER + open_id(1))
        assert [hint.args for hint in hints] == [
            ("membership.import_list", self.yunduo.pk, people_list.job_id)
        ]

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
        assert (PeopleList.objects.count(), Job.objects.count()) == (1, 1)
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


class AbandonedTests(ListCase):
    def test_a_cancelled_job_fails_its_list(self):
        people_list = self.receive(HEADER + open_id(1))
        jobs.cancel(self.job_of(people_list))
        tidy_lists()
        people_list.refresh_from_db()
        assert people_list.state == "failed"
        assert Event.objects.filter(kind="list.failed", subject_id=people_list.pk).count() == 1
        assert lists.close_abandoned() == 0

    def test_a_list_whose_job_still_runs_is_left_alone(self):
        people_list = self.receive(HEADER + open_id(1))
        jobs.claim(people_list.job_id, merchant_id=self.yunduo.pk)
        assert lists.close_abandoned() == 0


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


class LanguageTests(ListCase):
    def test_the_sentence_is_in_the_language_of_the_person_who_uploaded(self):
        User.objects.filter(pk=self.operator.pk).update(language="en")
        people_list = self.imported(b"")
        assert self.job_of(people_list).error.startswith("The file is empty.")
