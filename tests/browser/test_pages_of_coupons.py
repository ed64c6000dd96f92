"""Coupons and reminders: they answer and fit, for everybody."""

from operator import attrgetter

import pytest

from tests.browser.house import House
from tests.browser.pages import COUPONS, Looking, Row
from tests.browser.scenes import Scenes


@pytest.fixture(scope="module")
def scenes(house: House) -> Scenes:
    return Scenes(house)


@pytest.mark.parametrize("row", COUPONS, ids=attrgetter("name"))
def test_in_both_languages_at_both_widths_with_and_without_script(
    row: Row, scenes: Scenes, looking: Looking
) -> None:
    if wrong := looking.wrong_at(row, scenes):
        pytest.fail("\n".join(wrong), pytrace=False)
