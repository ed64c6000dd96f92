import csv
import hashlib
from datetime import timedelta

from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from membership import importing, staging, uploads
from membership.customers import forget
from membership.models import Customer, PeopleList, PeopleListEntry
from membership.tasks import import_list
from merchants import jobs
from merchants.models import Event, Job
from tests.membership.base import ListCase, judged_tables, open_id

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
        assert (job.state, job.done_units, job.total_units) == ("done", 1, 1)
        assert job.result == {"people": 1, "added": 0}
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
    def over(self, people_list: PeopleList) -> None:
        """Its worker died a while ago."""
        Job.objects.filter(pk=people_list.job_id).update(lease_until=timezone.now() - timedelta(seconds=1))

    def test_a_second_run_of_a_finished_job_changes_nothing(self):
        self.know(ONE)
        made = self.imported(f"{ONE}\nbad\n")
        import_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (counts(made), made.entries.count()) == ((2, 1, 1, 0, 0), 1)
        assert Event.objects.filter(kind="list.ready").count() == 1

    def test_an_import_whose_worker_died_midway_starts_over_and_doubles_nothing(self):
        self.know(ONE, TWO)
        made = self.being_imported(f"{ONE}\n{TWO}\nbad\n")
        dead = jobs.claim(made.job_id, merchant_id=self.yunduo.pk)
        jobs.advance(dead, done_units=2)
        import_list(self.yunduo.pk, made.job_id)
        assert self.job_of(made).state == "running"  # its lease is not over
        self.over(made)
        import_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (made.state, counts(made), made.entries.count()) == ("ready", (3, 2, 1, 0, 0), 2)
        assert judged_tables() == []

    def test_a_worker_that_lost_its_job_writes_nothing(self):
        self.know(ONE)
        made = self.being_imported(f"{ONE}\n")
        late = jobs.claim(made.job_id, merchant_id=self.yunduo.pk)
        self.over(made)
        import_list(self.yunduo.pk, made.job_id)
        with self.assertRaises(jobs.LostLease):
            importing._work(late, PeopleList.objects.get(pk=made.pk))
        made.refresh_from_db()
        assert (made.state, made.entries.count()) == ("ready", 1)

    def test_a_job_cancelled_by_a_person_fails_the_list(self):
        self.know(ONE)
        made = self.being_imported(f"{ONE}\n")
        jobs.cancel(self.job_of(made))
        import_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (made.state, made.entries.count()) == ("failed", 0)

    def test_a_crash_of_the_database_between_the_two_jobs_costs_a_second_reading_only(self):
        self.know(ONE, TWO)
        made = self.being_imported(f"id_of,name\n{ONE},a\nbad,b\n{TWO},c\n", keep=[1])
        staging.run("TRUNCATE {judged}", judged=staging.judged_table(made.pk))
        import_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (made.state, counts(made)) == ("ready", (3, 2, 1, 0, 0))
        assert entries(made) == {ONE, TWO}

    def test_another_merchant_cannot_run_it(self):
        self.know(ONE)
        made = self.being_imported(f"{ONE}\n")
        import_list(self.qingcha.pk, made.job_id)
        assert self.job_of(made).state == "queued"


class ValuesTests(ListCase):
    def values(self, made: PeopleList) -> dict[str, list[str] | None]:
        found = PeopleListEntry.objects.filter(people_list=made)
        return dict(found.values_list("customer__open_id", "values"))

    def test_the_columns_kept_stand_beside_each_person_in_their_order(self):
        self.know(ONE, TWO)
        made = self.imported(f"city,open_id,name\n 杭州 ,{ONE},张三\n,{TWO},李四\n", keep=[2, 0])
        assert made.columns == ["column 2", "column 0"]
        assert self.values(made) == {ONE: ["张三", "杭州"], TWO: ["李四", ""]}

    def test_a_list_that_keeps_nothing_has_no_values(self):
        self.know(ONE)
        assert self.values(self.imported(f"open_id,name\n{ONE},张三\n")) == {ONE: None}

    def test_of_a_repeated_person_the_first_row_counts(self):
        self.know(ONE)
        made = self.imported(f"open_id,name\n{ONE},first\n{ONE},second\n", keep=[1])
        assert (self.values(made), made.repeated) == ({ONE: ["first"]}, 1)

    def test_people_who_are_added_bring_their_values(self):
        made = self.imported(f"open_id,name\n{ONE},new\n", keep=[1], add_unknown=True)
        assert self.values(made) == {ONE: ["new"]}

    def test_someone_forgotten_before_the_import_keeps_the_place_and_loses_the_text(self):
        person, _other = self.know(ONE, TWO)
        made = self.being_imported(f"open_id,name\n{ONE},张三\n{TWO},李四\n", keep=[1])
        forget(person, by=None, at=timezone.now())
        import_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (made.count, self.values(made)) == (2, {None: None, TWO: ["李四"]})


class TakeOverTests(ListCase):
    def test_code_without_a_person_to_ask_gets_the_whole_list_at_once(self):
        self.know(ONE)
        made = importing.take_over(
            self.receive(f"open_id\n{ONE}\n{TWO}\n", add_unknown=True), by=self.operator
        )
        assert (made.state, counts(made)) == ("ready", (2, 2, 0, 0, 0))


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
