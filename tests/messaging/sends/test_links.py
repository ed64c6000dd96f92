"""A pasted link becomes the page it opens; what cannot be used says what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import wire
from messaging.sends.links import (
    LinkError,
    is_link,
    lines_of_parameters,
    page_of_link,
    page_with,
    parameters_of_lines,
    startapp_link,
)

APP = "2021000000000001"
names = st.text("abcXYZ_0 é&=?#%/", min_size=1, max_size=4).filter(lambda name: name.strip())


@given(st.dictionaries(names, st.text("ab1-=&?#% 券", max_size=3), max_size=2))
def test_a_page_survives_its_link(parameters: dict[str, str]) -> None:
    page = wire.page_with_parameters("pages/goods/detail", parameters)
    link = startapp_link(page, app_id=APP)
    assert is_link(link)
    assert page_of_link(link, app_id=APP) == ("pages/goods/detail", parameters)


def test_parameters_of_query_join_those_of_the_page() -> None:
    link = f"alipays://platformapi/startapp?appId={APP}&page=pages%2Fa%3Fid%3D1&query=from%3Dmsg%26n%3D2"
    assert page_of_link(link, app_id=APP) == ("pages/a", {"id": "1", "from": "msg", "n": "2"})


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("alipays://platformapi/startapp?appId=2021999999999999&page=pages/a", "another mini program"),
        (f"alipays://platformapi/startapp?appId={APP}", "names no page"),
        (f"alipays://elsewhere/startapp?appId={APP}&page=a", "cannot be read"),
        ("alipays://platformapi/startapp?page=a", "cannot be read"),
    ],
)
def test_a_link_that_cannot_be_used_says_why(link: str, words: str) -> None:
    with pytest.raises(LinkError) as caught:
        page_of_link(link, app_id=APP)
    assert words in str(caught.value)


def test_lines_are_parameters_and_back() -> None:
    found = parameters_of_lines(" goods_id = 17-256 \n\nfrom=a=b")
    assert found == {"goods_id": "17-256", "from": "a=b"}
    assert parameters_of_lines(lines_of_parameters(found.items())) == found
    with pytest.raises(LinkError, match="Line 2"):
        parameters_of_lines("a=1\nb")


def test_what_does_not_fit_is_refused_encoded() -> None:
    assert page_with("pages/a", {}) == "pages/a"
    assert page_with("pages/a", {"k": "v w"}) == "pages/a?k%3Dv%20w"
    with pytest.raises(LinkError, match="128"):
        page_with("p" * 129, {})
    with pytest.raises(LinkError, match="128"):
        page_with("pages/a", {"k": "券" * 14})
