import io
import os
from datetime import timedelta

from django.utils import timezone

from membership import uploads
from membership.models import PeopleList
from merchants.jobs import JobRefused
from tests.membership.base import ListCase, open_id

ONE, TWO = open_id(1), open_id(2)


class ReadTests(ListCase):
    def values(self, content: bytes | str) -> list[tuple[int, str]]:
        body = content.encode() if isinstance(content, str) else content
        name = uploads.store(io.BytesIO(body))
        uploads.count_lines(name)
        return [tuple(row) for row in uploads.read_rows(name)]

    def refusal(self, content: bytes | str) -> str:
        with self.assertRaises(JobRefused) as caught:
            self.values(content)
        return str(caught.exception)

    def test_ids_are_read_below_the_header_wherever_its_column_stands(self):
        assert self.values(f"name,open_id,city\n张三,{ONE},杭州\n李四,{TWO},上海\n") == [(2, ONE), (3, TWO)]

    def test_the_header_may_be_written_openid_in_any_case(self):
        assert self.values(f" OpenID ,x\n{ONE},1\n") == [(2, ONE)]

    def test_without_a_header_the_first_column_is_taken(self):
        assert self.values(f"{ONE},a\n{TWO},b") == [(1, ONE), (2, TWO)]

    def test_a_byte_order_mark_is_no_part_of_the_header(self):
        assert self.values(b"\xef\xbb\xbfopen_id\n" + ONE.encode()) == [(2, ONE)]

    def test_semicolons_and_tabs_separate_columns_too(self):
        assert self.values(f"name;open_id\nA;{ONE}\n") == [(2, ONE)]
        assert self.values(f"{ONE}\tA\n{TWO}\tB\n") == [(1, ONE), (2, TWO)]

    def test_windows_line_ends_quotes_and_blanks_around_values_are_fine(self):
        assert self.values(f'"open_id"\r\n" {ONE} "\r\n\r\n{TWO}\r\n') == [(2, ONE), (4, TWO)]

    def test_a_row_without_the_column_has_a_blank_value(self):
        assert self.values(f"name,open_id\nA\nB,{ONE}\n") == [(2, ""), (3, ONE)]

    def test_an_empty_file_is_refused(self):
        assert "is empty" in self.refusal("")

    def test_a_file_of_blank_lines_is_refused(self):
        assert "only blank lines" in self.refusal("\n\n  \n")

    def test_a_spreadsheet_is_refused_with_the_way_out(self):
        assert "save it as CSV UTF-8" in self.refusal(b"PK\x03\x04rest of a zip")
        assert "save it as CSV UTF-8" in self.refusal(b"\xd0\xcf\x11\xe0rest of an xls")

    def test_another_encoding_is_refused_with_the_way_out(self):
        assert "not text in UTF-8" in self.refusal("open_id,姓名\n".encode("gb18030"))
        assert "not text in UTF-8" in self.refusal("open_id\n".encode("utf-16"))
        assert "not text in UTF-8" in self.refusal(b"open_id\nab\0c\n")

    def test_a_character_cut_off_at_the_end_is_refused(self):
        assert "not text in UTF-8" in self.refusal(b"open_id\n\xe5\xbc")

    def test_a_file_without_a_column_of_ids_is_refused(self):
        assert "Write open_id above the column" in self.refusal("customer_id,name\nabcdefgh1,A\n")

    def test_a_quotation_mark_that_is_never_closed_is_refused_with_its_line(self):
        assert "Line 3 is not proper CSV" in self.refusal(f'open_id\n{ONE}\n"{TWO}\n')

    def test_a_line_without_end_is_refused_before_it_fills_the_memory(self):
        assert "Line 2 is longer" in self.refusal(b"open_id\n" + b"x" * 30_000)

    def test_lines_are_counted_with_and_without_an_end_of_the_last(self):
        for content in (b"a\nb\n", b"a\nb"):
            assert uploads.count_lines(uploads.store(io.BytesIO(content))) == 2


class FormulaTests(ListCase):
    def test_what_a_spreadsheet_would_run_is_made_text(self):
        for value in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx"):
            assert uploads.safe_against_formulas(value) == f"'{value}"
        assert uploads.safe_against_formulas("a=1") == "a=1"


class PruneTests(ListCase):
    def test_files_are_deleted_when_their_time_is_over_and_the_list_stays(self):
        now = timezone.now()
        self.know(ONE)
        old, young = self.imported(f"{ONE}\nbad"), self.imported(f"{ONE}\nbad")
        PeopleList.objects.filter(pk=old.pk).update(created_at=now - timedelta(days=31))
        assert uploads.prune(at=now) == 1
        old.refresh_from_db()
        assert (old.stored_file, old.count, uploads.problem_path(old)) == ("", 1, None)
        assert uploads.problem_path(young) is not None

    def test_stray_files_go_too(self):
        now = timezone.now()
        name = uploads.store(io.BytesIO(b"x"))
        long_ago = (now - timedelta(days=32)).timestamp()
        os.utime(uploads.path_of(name), (long_ago, long_ago))
        uploads.prune(at=now)
        assert not uploads.path_of(name).exists()
