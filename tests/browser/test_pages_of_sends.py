"""Composer, launch, sends in every state, home: they answer and fit, for everybody."""

from operator import attrgetter

import pytest

from tests.browser.house import House
from tests.browser.pages import SENDS, Looking, Row
from tests.browser.scenes import Scenes, once


@pytest.fixture(scope="module")
def scenes(house: House) -> Scenes:
    """Begins with the one that meets trouble: nothing else is sent then that could meet it instead."""
    found = Scenes(house, start=700)
    once(found, "finished")
    return found


@pytest.mark.parametrize("row", SENDS, ids=attrgetter("name"))
def test_in_both_languages_at_both_widths_with_and_without_script(
    row: Row, scenes: Scenes, looking: Looking
) -> None:
    if wrong := looking.wrong_at(row, scenes):
        pytest.fail("\n".join(wrong), pytrace=False)
