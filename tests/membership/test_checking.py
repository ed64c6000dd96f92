import io
import tracemalloc
from datetime import timedelta

import pytest
from django.utils import timezone
from openpyxl import Workbook

from membership import checking, csv_files, lists, uploads
from membership.models import Customer, PeopleList
from membership.tasks import check_list
from merchants import jobs
from merchants.models import Event, Job
from tests.membership.base import ListCase, judged_tables, open_id

ONE, TWO, THREE = open_id(1), open_id(2), open_id(3)


def figures(people_list: PeopleList) -> tuple[int, int, int, int, int]:
    row = people_list
    return row.rows, row.count, row.malformed, row.repeated, row.unknown


def workbook(rows: list[list[object]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("名单")
    for row in rows:
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


class DryRunTests(ListCase):
    def test_the_file_is_counted_and_nobody_is_taken_over(self):
        self.know(ONE, TWO)
        made = self.checked(
            f"open_id,n\n{ONE},1\nbad!,2\n{TWO},3\n{ONE},4\n{THREE},5\n,6\n", add_unknown=True
        )
        assert (made.state, figures(made)) == ("checked", (6, 3, 2, 1, 0))
        assert (made.entries.count(), Customer.objects.count(), made.hash) == (0, 2, "")
        job = self.job_of(made)
        assert (job.state, job.done_units, job.total_units) == ("done", 6, 6)
        assert job.result["added"] == 1
        assert Event.objects.filter(kind="list.checked", subject_id=made.pk, by=self.operator).count() == 1

    def test_the_server_and_we_read_a_file_alike(self):
        """A single quotation mark sends a file down the way of odd ones."""
        self.know(ONE, TWO)
        plain = f"name,open_id\r\nA, {ONE} \r\nB,\r\n\u3000C\u3000,{TWO}\r\nD,{TWO}\r\nE,x y\r\n,{THREE}\r\n"
        one, other = self.checked(plain, keep=[0]), self.checked(plain.replace("A,", '"A",'), keep=[0])
        assert figures(one) == figures(other) == (6, 2, 2, 1, 1)
        texts = [uploads.problem_path(made).read_text("utf-8") for made in (one, other)]
        assert texts[0] == texts[1]
        assert texts[0].count("\n") == 5

    def test_rows_of_different_length_are_read_all_the_same(self):
        self.know(ONE, TWO)
        assert figures(self.checked(f"name,open_id\nA\nB,{ONE}\nC,{TWO},more\n")) == (3, 2, 1, 0, 0)

    def test_blank_lines_are_no_rows_and_keep_their_number(self):
        self.know(ONE)
        made = self.checked(f"open_id\n\n{ONE}\n\nbad\n")
        assert figures(made) == (2, 1, 1, 0, 0)
        assert "\n5,bad," in uploads.problem_path(made).read_text("utf-8").replace("\r", "")

    def test_gb18030_is_read_also_when_its_first_letters_come_late(self):
        self.know(ONE)
        lines = "".join(f"{open_id(number)},x\n" for number in range(100, 15_000))
        made = self.checked(f"open_id,name\n{lines}{ONE},张三\n".encode("gb18030"), keep=[1])
        assert figures(made) == (14_901, 1, 0, 0, 14_900)

    def test_a_value_too_long_to_keep_is_a_problem_row_and_too_long_to_leave_out_is_none(self):
        self.know(ONE)
        content = f"open_id,name\n{ONE},{'长' * 201}\n"
        assert figures(self.checked(content)) == (1, 1, 0, 0, 0)
        made = self.checked(content, keep=[1])
        assert figures(made) == (1, 0, 1, 0, 0)
        assert "more than 200 characters" in uploads.problem_path(made).read_text("utf-8")

    def test_a_workbook_is_read_like_a_file_of_text(self):
        self.know(ONE, TWO)
        rows = [
            ["姓名", "open_id", "到期"],
            ["张三", ONE, timezone.now().date()],
            [None, TWO],
            [1.0, "bad"],
            [],
        ]
        made = self.checked(workbook(rows), keep=[0, 2], file_name="people.xlsx")
        assert (made.state, figures(made)) == ("checked", (3, 2, 1, 0, 0))

    def test_more_rows_than_one_chunk(self):
        self.know(*(open_id(number) for number in range(0, 5_200, 2)))
        text = "".join(f"{open_id(number)}\n" for number in range(5_200))
        assert figures(self.checked(text)) == (5_200, 2_600, 0, 0, 2_600)
        assert figures(self.checked(text.replace(ONE, f'"{ONE}"'))) == (5_200, 2_600, 0, 0, 2_600)

    def test_our_memory_does_not_grow_with_the_file(self):
        for quote in ("", '"'):
            with self.subTest(quote=quote):
                lines = (f"{quote}{open_id(number)}{quote},{'x' * 180}\n" for number in range(60_000))
                waiting = self.being_checked("open_id,n\n" + "".join(lines))
                size = uploads.path_of(waiting.stored_file).stat().st_size
                tracemalloc.start()
                checking.check_list(self.yunduo.pk, waiting.job_id)
                reached = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
                assert reached < size / 2


class RestartTests(ListCase):
    def test_a_dry_run_whose_worker_died_midway_starts_over(self):
        self.know(ONE)
        made = self.being_checked(f"{ONE}\nbad\n")
        dead = jobs.claim(made.job_id, merchant_id=self.yunduo.pk)
        jobs.advance(dead, done_units=1)
        check_list(self.yunduo.pk, made.job_id)
        assert self.job_of(made).state == "running"  # its lease is not over
        Job.objects.filter(pk=made.job_id).update(lease_until=timezone.now() - timedelta(seconds=1))
        check_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (made.state, figures(made)) == ("checked", (2, 1, 1, 0, 0))
        with self.assertRaises(jobs.LostLease):
            checking._work(dead, made)
        made.refresh_from_db()
        assert (made.state, len(list(self.uploads.iterdir()))) == ("checked", 2)

    def test_a_dry_run_cancelled_by_a_person_leaves_nothing(self):
        self.know(ONE)
        made = self.being_checked(f"{ONE}\nbad\n")
        running = jobs.claim(made.job_id, merchant_id=self.yunduo.pk)
        made.refresh_from_db()
        assert lists.cancel(made)
        with self.assertRaises((jobs.LostLease, FileNotFoundError)):
            checking._work(running, made)
        assert (judged_tables(), list(self.uploads.iterdir())) == ([], [])

    def test_a_file_lost_from_the_disk_fails_with_a_sentence(self):
        made = self.being_checked(f"{ONE}\n")
        uploads.delete(made.stored_file)
        with self.assertRaises(FileNotFoundError):
            check_list(self.yunduo.pk, made.job_id)
        made.refresh_from_db()
        assert (made.state, "Upload it again" in self.job_of(made).error) == ("failed", True)


def test_a_space_inside_a_value_does_not_make_us_look_for_blanks_around_it(tmp_path):
    """Wherever the blocks of the file are cut."""
    path = tmp_path / "file"
    path.write_bytes(b"open_id,n\n" + b"012person000001,iPhone 17 Pro\n" * 30_000)
    assert csv_files.survey(path).trimmed
    path.write_bytes(b"open_id,n\n" + b"012person000001,iPhone 17 Pro\n" * 30_000 + b"012person000001, x\n")
    assert not csv_files.survey(path).trimmed
    path.write_bytes(b" open_id\n")
    assert not csv_files.survey(path).trimmed


def test_a_line_of_the_longest_length_passes_and_one_byte_more_is_named(tmp_path):
    """Wherever the blocks of the file are cut."""
    path = tmp_path / "file"
    longest = b"x" * csv_files.MAX_LINE_BYTES
    path.write_bytes(b"open_id\n" + (longest + b"\n") * 40)
    assert csv_files.survey(path).lines == 41
    path.write_bytes(b"open_id\n" + (longest + b"\n") * 40 + longest + b"x\n")
    with pytest.raises(uploads.UploadRefused, match="Line 42 is longer than 20000 bytes"):
        csv_files.survey(path)
