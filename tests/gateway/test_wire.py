from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import wire

READABLE = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(st.integers(min_value=-(10**16), max_value=10**16))
def test_fen_survive_the_way_through_yuan(amount_fen: int) -> None:
    assert wire.fen_from_yuan(wire.yuan_from_fen(amount_fen)) == amount_fen


@pytest.mark.parametrize(
    ("text", "fen"), [("0", 0), ("0.01", 1), ("12.3", 1230), ("12.30", 1230), ("-0.05", -5), ("88.88", 8888)]
)
def test_yuan_text_becomes_fen(text: str, fen: int) -> None:
    assert wire.fen_from_yuan(text) == fen


@pytest.mark.parametrize(
    "text", ["", "1.234", "1,000.00", "１２", "1e3", ".5", "5.", "+1", " 1", "NaN", "¥5"]
)
def test_what_is_not_yuan_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount in yuan"):
        wire.fen_from_yuan(text)


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123456, "1234.56")])
def test_fen_become_yuan_with_two_decimals(fen: int, text: str) -> None:
    assert wire.yuan_from_fen(fen) == text


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.timezones()))
def test_a_moment_survives_the_way_through_beijing_text(moment: datetime) -> None:
    back = wire.moment_from_beijing(wire.beijing_text(moment))
    assert back == moment.astimezone(UTC).replace(microsecond=0)
    assert back.utcoffset() == timedelta(0)


def test_beijing_text_is_eight_hours_ahead_of_universal_time() -> None:
    moment = datetime(2026, 2, 28, 20, 30, 5, 999_999, tzinfo=UTC)
    assert wire.beijing_text(moment) == "2026-03-01 04:30:05"
    precise = moment.replace(microsecond=7_900)
    assert wire.beijing_text_to_the_millisecond(precise) == "2026-03-01 04:30:05.007"
    assert wire.moment_from_beijing("2026-03-01 04:30:05.250") == moment.replace(microsecond=250_000)


def test_a_time_without_a_zone_is_not_sent() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        wire.beijing_text(datetime(2026, 3, 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-01",
        "2026-03-01T04:30:05",
        "2026-02-30 00:00:00",
        "2026-03-01 24:00:00",
        "0001-01-01 00:00:00",
    ],
)
def test_what_is_not_a_beijing_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a (Beijing time|date that exists)"):
        wire.moment_from_beijing(text)


@given(st.dictionaries(READABLE.filter(bool), READABLE, min_size=1))
def test_page_parameters_are_one_block_and_can_be_read_back(parameters: dict[str, str]) -> None:
    try:
        page = wire.page_with_parameters("pages/x", parameters)
    except ValueError as error:
        assert "at most 128" in str(error)
        return
    assert len(page) <= 128
    block = page.removeprefix("pages/x?")
    assert not set(block) & set("?&=#+ /")
    assert wire.parameters_of_page(page) == ("pages/x", parameters)


@given(READABLE)
def test_a_value_of_a_form_is_encoded_as_urllib_does_it(value: str) -> None:
    assert wire.form_text(value) == quote_plus(value)


def test_page_parameters_are_written_the_way_the_platform_documents() -> None:
    page = wire.page_with_parameters("pages/x", {"k1": "v1", "k2": "v2"})
    assert page == "pages/x?k1%3Dv1%26k2%3Dv2"
    assert wire.page_with_parameters("pages/x", {}) == "pages/x"


def test_chinese_values_are_plain_once_the_block_is_decoded() -> None:
    page = wire.page_with_parameters("pages/x", {"from": "消息"})
    assert unquote(page) == "pages/x?from=消息"


@pytest.mark.parametrize("path", ["pages/x?a=1&b=2", "pages/x?a%3D1%26b%3D2", "pages/x?a=1&b=old&&b=2"])
def test_a_parameter_joins_those_the_path_already_has(path: str) -> None:
    assert wire.page_with_parameters(path, {"t": "9"}) == "pages/x?a%3D1%26b%3D2%26t%3D9"


def test_a_parameter_given_again_takes_the_new_value() -> None:
    assert wire.page_with_parameters("pages/x?t=1&a=2", {"t": "9"}) == "pages/x?t%3D9%26a%3D2"


@pytest.mark.parametrize("path", ["", "?a=1"])
def test_parameters_without_a_page_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path is empty"):
        wire.page_with_parameters(path, {"t": "9"})


def test_a_parameter_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no name"):
        wire.page_with_parameters("pages/x", {"": "9"})


def test_a_page_of_128_characters_passes_and_one_more_is_refused_with_both_numbers() -> None:
    path = "p" * (128 - len("?t%3D9"))
    assert len(wire.page_with_parameters(path, {"t": "9"})) == 128
    with pytest.raises(ValueError, match="129 characters long; the platform takes at most 128"):
        wire.page_with_parameters(path + "p", {"t": "9"})


def test_message_data_holds_the_keywords_in_their_order_unescaped() -> None:
    assert (
        wire.message_data({"keyword1": "满减券", "keyword2": '"5"'})
        == '{"keyword1":{"value":"满减券"},"keyword2":{"value":"\\"5\\""}}'
    )


def test_message_data_refuses_long_values_long_totals_and_nothing() -> None:
    assert wire.message_data({"keyword1": "券" * 50})
    with pytest.raises(ValueError, match="keyword1 is 51 characters long"):
        wire.message_data({"keyword1": "券" * 51})
    with pytest.raises(ValueError, match="at most 2048"):
        wire.message_data({f"keyword{n}": "券" * 50 for n in range(1, 40)})
    with pytest.raises(ValueError, match="at least one keyword"):
        wire.message_data({})
