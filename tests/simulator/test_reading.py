"""Form fields as the platform reads them: like the standard library, only faster."""

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.reading import form_fields, json_object

PARTS = [
    b"%",
    b"%4",
    b"%E5%BC%A0",
    b"%3D",
    b"%25",
    b"%0D%0A",
    b"%00",
    b"=",
    b"_",
    b" ",
    b"+",
    b"\n",
    b"\r",
    b"\t",
]


@given(
    st.lists(st.sampled_from([*PARTS, b"a", b"F", b"2", b".", b"\xff", b"\x00"]), max_size=12).map(b"".join)
)
def test_escapes_are_read_as_the_standard_library_reads_them(value: bytes) -> None:
    expected = unquote_to_bytes(value.replace(b"+", b" ")).decode("utf-8", "replace")

    assert form_fields(b"name=" + value, "utf-8") == {"name": expected}


def test_of_fields_with_one_name_the_last_wins_and_nameless_ones_are_dropped() -> None:
    assert form_fields(b"a=1&=2&b&a=3&&", "utf-8") == {"a": "3", "b": ""}


def test_the_charset_decides() -> None:
    assert form_fields(b"a=%D5%C5", "gbk") == {"a": "张"}


@pytest.mark.parametrize("text", [None, "", "[]", "1", "{", '{"a":"\\ud800"}', "[" * 100_000])
def test_what_is_no_object_is_none(text: str | None) -> None:
    assert json_object(text) is None
