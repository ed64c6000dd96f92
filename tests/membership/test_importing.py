import csv
import hashlib
from datetime import timedelta

from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from membership import importing, uploads
from membership.customers import forget
from membership.models import Customer, PeopleList, PeopleListEntry
from membership.tasks import import_list
from merchants import jobs
from merchants.models import Event, Job
from tests.membership.base import ListCase, open_id

ONE, TWO, THREE = open_id(1), open_id(2), open_id(3)


def counts(people_list: PeopleList) -> tuple[int, int, int, int, int]:
    row = people_list
    return row.rows, row.count, row.malformed, row.repeated, row.unknown


def entries(people_list: PeopleList) -> set[str]:
    found = PeopleListEntry.objects.filter(people_list=people_list)
    return set(found.values_list("customer__open_id", flat=True))


class ImportTests(ListCase):
    def test_known_people_become_entries_and_everything_else_is_counted(self):
        self.know(ONE, TWO)
        made = self.imported(f"open_id,n\n{ONE},1\nbad!,2\n{TWO},3\n{ONE},4\n{THREE},5\n,6\n")
        assert made.state == "ready"
        assert counts(made) == (6, 2, 2, 1, 1)
        assert entries(made) == {ONE, TWO}

    def test_the_job_ends_in_the_same_breath_with_the_figures(self):
        self.know(ONE)
        made = self.imported(f"{ONE}\nbad\n")
        job = self.job_of(made)
        assert (job.state, job.done_units, job.total_units) == ("done", 2, 2)
        assert job.result == {"rows": 2, "count": 1, "malformed": 1, "repeated": 0, "unknown": 0, "added": 0}
        assert Event.objects.filter(kind="list.ready", subject_id=made.pk, by=self.operator).count() == 1

    def test_the_hash_is_over_the_sorted_customer_ids(self):
        people = self.know(TWO, ONE)
        made = self.imported(f"{ONE}\n{TWO}\n")
        lines = "".join(f"{pk}\n" for pk in sorted(person.pk for person in people))
        assert made.hash == hashlib.sha256(lines.encode()).hexdigest()
        assert self.imported(f"{TWO}\n{ONE}\n").hash == made.hash

    def test_people_of_another_mini_program_are_unknown(self):
        Customer.objects.create(
            merchant=self.qingcha, mini_program=self.other_mini_program, open_id=ONE, source="test"
        )
        assert counts(self.imported(f"{ONE}\n")) == (1, 0, 0, 0, 1)

    def test_forgotten_people_are_unknown(self):
        (person,) = self.know(ONE)
        forget(person, by=None, at=timezone.now())
        assert counts(self.imported(f"{ONE}\n")) == (1, 0, 0, 0, 1)

    def test_unknown_ids_become_customers_when_that_was_asked_for(self):
        self.know(ONE)
        made = self.imported(f"{ONE}\n{TWO}\n{TWO}\nbad\n{THREE}\n", add_unknown=True)
        assert counts(made) == (5, 3, 1, 1, 0)
        assert self.job_of(made).result["added"] == 2
        assert set(Customer.objects.filter(source="upload").values_list("open_id", flat=True)) == {TWO, THREE}

    def test_a_file_that_is_no_list_fails_with_a_sentence(self):
        made = self.imported(b"PK\x03\x04")
        assert made.state == "failed"
        job = self.job_of(made)
        assert job.state == "failed"
        assert "CSV UTF-8" in job.error
        assert Event.objects.filter(kind="list.failed", subject_id=made.pk).count() == 1

    def test_a_header_without_rows_fails(self):
        made = self.imported("open_id\n")
        assert (made.state, "no rows" in self.job_of(made).error) == ("failed", True)

    def test_a_file_lost_from_the_disk_fails_with_a_sentence(self):
        made = self.receive(f"{ONE}\n")
        uploads.delete(made.stored_file)
        with self.assertRaises(FileNotFoundError):
            import_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (made.state, "Upload it again" in self.job_of(made).error) == ("failed", True)

    def test_more_rows_than_one_chunk(self):
        self.know(*(open_id(number) for number in range(0, 5_200, 2)))
        made = self.imported("".join(f"{open_id(number)}\n" for number in range(5_200)))
        assert counts(made) == (5_200, 2_600, 0, 0, 2_600)


class ProblemFileTests(ListCase):
    def problems(self, made: PeopleList) -> list[list[str]]:
        path = uploads.problem_path(made)
        assert path is not None
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))[1:]

    def test_it_names_line_value_and_reason_in_the_order_of_the_file(self):
        self.know(ONE)
        rows = self.problems(self.imported(f"open_id\n{ONE}\n=cmd()\n{ONE}\n{TWO}\n"))
        assert [(line, value) for line, value, _reason in rows] == [("3", "'=cmd()"), ("4", ONE), ("5", TWO)]
        assert [reason.split()[0].strip(":") for *_, reason in rows] == ["Malformed", "Repeated", "Unknown"]

    def test_odd_characters_come_through_as_they_were(self):
        self.know(ONE)
        odd = 'a\\b\tc\n"d" é'
        rows = self.problems(self.imported('open_id\n"a\\b\tc\n""d"" é"\n'))
        assert rows[0][:2] == ["3", odd]

    def test_there_is_none_when_every_row_was_taken(self):
        self.know(ONE)
        made = self.imported(f"{ONE}\n")
        assert (made.problem_file, uploads.problem_path(made)) == ("", None)
        assert [path.name for path in self.uploads.iterdir()] == [made.stored_file]

    def test_unknown_ids_that_were_added_are_no_problem(self):
        made = self.imported(f"{ONE}\nbad\n", add_unknown=True)
        assert [row[1] for row in self.problems(made)] == ["bad"]


class RestartTests(ListCase):
    def test_a_second_run_of_a_finished_job_changes_nothing(self):
        self.know(ONE)
        made = self.imported(f"{ONE}\nbad\n")
        import_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (counts(made), made.entries.count()) == ((2, 1, 1, 0, 0), 1)
        assert Event.objects.filter(kind="list.ready").count() == 1

    def test_a_job_whose_worker_died_midway_starts_over_and_doubles_nothing(self):
        self.know(ONE, TWO)
        made = self.receive(f"{ONE}\n{TWO}\nbad\n")
        dead = jobs.claim(made.job_id, merchant_id=self.yunduo.pk)
        jobs.advance(dead, done_units=2)
        PeopleList.objects.filter(pk=made.pk).update(state="importing")
        import_list(self.yunduo.pk, made.job_id)
        assert self.job_of(made).state == "running"  # its lease is not over
        Job.objects.filter(pk=made.job_id).update(lease_until=timezone.now() - timedelta(seconds=1))
        import_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (made.state, counts(made), made.entries.count()) == ("ready", (3, 2, 1, 0, 0), 2)

    def test_a_worker_that_lost_its_job_writes_nothing(self):
        self.know(ONE)
        made = self.receive(f"{ONE}\n")
        late = jobs.claim(made.job_id, merchant_id=self.yunduo.pk)
        Job.objects.filter(pk=made.job_id).update(lease_until=timezone.now() - timedelta(seconds=1))
        import_list(self.yunduo.pk, made.job_id)
        with self.assertRaises(jobs.LostLease):
            importing._work(late, PeopleList.objects.get(pk=made.pk))
        made.refresh_from_db()
        assert (made.state, made.entries.count()) == ("ready", 1)

    def test_a_job_cancelled_by_a_person_fails_the_list(self):
        made = self.receive(f"{ONE}\n")
        jobs.cancel(self.job_of(made))
        import_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (made.state, made.entries.count()) == ("failed", 0)

    def test_another_merchant_cannot_run_it(self):
        made = self.receive(f"{ONE}\n")
        import_list(self.qingcha.pk, made.job_id)
        assert self.job_of(made).state == "queued"


IDS = st.sampled_from([open_id(number) for number in range(12)])
LINES = st.one_of(
    IDS, st.sampled_from(["", "short", "with space 1", "=1+1", "张三", "x" * 65, '"quo""ted1"'])
)


class AnyFileTests(HypothesisTestCase, ListCase):
    @limits(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(lines=st.lists(LINES, min_size=1, max_size=40), mark=st.booleans(), adding=st.booleans())
    def test_rows_are_taken_malformed_repeated_or_unknown_and_nothing_else(self, lines, mark, adding):
        if not Customer.objects.exists():
            self.know(*(open_id(number) for number in range(6)))
        content = "open_id,n\n" + "".join(f"{line},{n}\n" for n, line in enumerate(lines))
        made = self.imported(("\ufeff" if mark else "") + content, add_unknown=adding)
        assert made.state == "ready"
        assert made.rows == made.count + made.malformed + made.repeated + made.unknown == len(lines)
        assert made.entries.count() == made.count
        proper = [line for line in lines if line.startswith("012person")]
        assert made.malformed == len(lines) - len(proper)
        assert made.repeated == len(proper) - len(set(proper))
        assert made.unknown == 0 if adding else made.unknown <= 6
