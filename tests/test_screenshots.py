"""docs/screenshots shows every page, and nothing that is gone."""

import pytest

from tests.browser.gallery import FOLDER, INDEX, LARGEST_BYTES, every_picture, index, pictures_of
from tests.browser.pages import TABLE, Row


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_each_page_has_its_four_pictures(row: Row) -> None:
    missing = [one.file for one in pictures_of(row) if not (FOLDER / one.file).is_file()]
    assert missing == [], "make screenshots"


def test_pages_have_names_of_their_own() -> None:
    files = [picture.file for picture in every_picture()]
    assert len(files) == len(set(files)) == 4 * len(TABLE)


def test_no_picture_is_left_of_a_page_that_is_gone() -> None:
    known = {picture.file for picture in every_picture()} | {INDEX.name}
    assert {path.name for path in FOLDER.iterdir()} - known == set(), "make screenshots"


def test_the_index_lists_them() -> None:
    assert INDEX.read_text("utf-8") == index(), "make screenshots"


def test_they_stay_small() -> None:
    sizes = [path.stat().st_size for path in FOLDER.iterdir()]
    assert sum(sizes) <= LARGEST_BYTES * len(sizes)
