"""Text with places for the list's columns: what can be read says the same again, the rest says what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.engine.text import render
from messaging.sends.placeholders import Place, PlaceholderError, columns_in, compiled, literal, parse

COLUMNS = ["name", "city", "上次租的"]
names = st.sampled_from(COLUMNS)
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}"), max_size=20)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_a_text_with_its_braces_doubled_stands_for_itself(text: str) -> None:
    assert render(compiled(literal(text), [])) == text


@given(st.lists(st.one_of(plain, names.map(lambda name: (name,)), st.tuples(names, plain)), max_size=8))
def test_places_take_the_persons_text_and_everything_else_stays(parts: list[str | tuple[str, ...]]) -> None:
    values = [" 张明 ", "", "相机"]
    text, expected = "", ""
    for part in parts:
        if isinstance(part, str):
            text, expected = text + part, expected + part
            continue
        text += "{" + "|".join(part) + "}"
        fallback = part[1].strip() if len(part) == 2 else ""
        expected += values[COLUMNS.index(part[0])].strip() or fallback
    assert render(compiled(text, COLUMNS), values) == expected


@given(st.text("{}|na ", max_size=12))
def test_any_text_is_read_or_refused_with_a_sentence_and_a_place(text: str) -> None:
    try:
        parts = parse(text)
    except PlaceholderError as error:
        assert 0 <= error.start < len(text)
        assert str(error.sentence).endswith(".")
    else:
        assert all(isinstance(part, Place) or part for part in parts)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello {name", "The “{” at character 7 has no “}”"),
        ("Hello name}", "The “}” at character 11 has no “{”"),
        ("Hello {}", "name no column"),
        ("Hello { |you}", "name no column"),
        ("Hello {nmae}", "The list has no column “nmae”. It has: name, city, 上次租的."),
    ],
)
def test_what_cannot_be_read_says_what_to_do(text: str, words: str) -> None:
    with pytest.raises(PlaceholderError) as caught:
        compiled(text, COLUMNS)
    assert words in str(caught.value.sentence)


def test_a_list_without_columns_is_told_apart_from_a_wrong_name() -> None:
    with pytest.raises(PlaceholderError) as caught:
        compiled("Hello {name}", [])
    assert "keeps no columns" in str(caught.value.sentence)


def test_names_are_found_without_their_fallbacks() -> None:
    assert columns_in("{name|friend} in {city}, {{not}}") == {"name", "city"}


def test_a_person_without_values_gets_the_fallback() -> None:
    pieces = compiled("{name|老朋友}，{city}见", COLUMNS)
    assert render(pieces) == render(pieces, [" ", "", ""]) == render(pieces, []) == "老朋友，见"
