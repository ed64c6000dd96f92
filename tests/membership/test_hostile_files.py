"""No file that is no list gets past us, none brings us down, and nothing of it is left behind."""

import io
import uuid

import pytest
from django.test import override_settings

from membership import checking, lists, uploads, workbooks
from membership.columns import stored_layout
from membership.models import Customer, PeopleList, PeopleListEntry
from tests import build
from tests.membership.base import judged_tables, open_id
from tests.membership.hostile import FILES, Hostile, book


def answer_to(content: bytes, cast: build.Cast) -> str:
    """The sentence at the door, else that of the dry run. "" when the file was taken."""
    try:
        made = lists.receive(
            merchant=cast.yunduo,
            mini_program=cast.mini_program,
            file=io.BytesIO(content),
            file_name="people.csv",
            name="",
            purpose="召回",
            by=cast.operator,
            form_token=uuid.uuid4(),
        )
    except uploads.UploadRefused as refusal:
        assert not PeopleList.objects.exists()
        return str(refusal)
    lists.start_check(made, layout=stored_layout(made.layout), add_unknown=True, by=cast.operator)
    checking.check_list(cast.yunduo.pk, made.job_id or 0)
    made.refresh_from_db()
    assert made.job is not None
    assert (made.state == "failed") == bool(made.job.error)
    return made.job.error


@pytest.mark.django_db
@pytest.mark.parametrize("hostile", FILES, ids=lambda hostile: hostile.name)
def test_each_is_refused_with_a_sentence_that_says_what_to_do(hostile: Hostile, tmp_path) -> None:
    with override_settings(
        MEDIA_ROOT=tmp_path, UPLOAD_MAX_BYTES=1024 * 1024 if "large" in hostile.name else 9**9
    ):
        sentence = answer_to(hostile.content(), build.cast())
    assert hostile.sentence in sentence
    assert sentence.endswith(".")
    assert list(tmp_path.iterdir()) == []
    assert judged_tables() == []
    assert not PeopleListEntry.objects.exists()
    assert not Customer.objects.exists()


def test_there_are_many_kinds_and_nearly_as_many_sentences() -> None:
    assert len(FILES) >= 30
    assert len({hostile.sentence for hostile in FILES}) >= 25


@pytest.mark.django_db
def test_a_workbook_with_too_many_rows_is_asked_for_as_csv(tmp_path, monkeypatch) -> None:
    """With a smaller bound: the full one takes a file of 200,000 rows."""
    monkeypatch.setattr(workbooks, "MAX_ROWS", 50)
    cast = build.cast()
    with override_settings(MEDIA_ROOT=tmp_path):
        assert answer_to(book([["open_id"], *([open_id(n)] for n in range(50))]), cast) == ""
        PeopleList.objects.all().delete()
        sentence = answer_to(book([["open_id"], *([open_id(n)] for n in range(51))]), cast)
    assert sentence == "The sheet has more than 50 rows. Save it as CSV UTF-8, then upload that file."
