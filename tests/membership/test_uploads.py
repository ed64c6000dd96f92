import io
import os
from datetime import timedelta

from django.utils import timezone

from membership import uploads
from membership.models import PeopleList
from tests.membership.base import ListCase, open_id

ONE = open_id(1)


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
