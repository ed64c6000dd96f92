import base64
from datetime import date

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from merchants import tokens

MONTH = date(2026, 11, 1)


@given(st.integers(1, (1 << 48) - 1), st.dates(date(2000, 1, 1), date(2900, 1, 1)))
def test_what_is_made_can_be_read(delivery_id, day):
    token = tokens.make(delivery_id, day)
    assert len(token) == 22
    assert tokens.read(token) == (delivery_id, day.replace(day=1))


@given(st.integers(0, 127))
def test_one_changed_bit_makes_it_nobodys(bit):
    raw = bytearray(base64.urlsafe_b64decode(tokens.make(41, MONTH) + "=="))
    raw[bit // 8] ^= 1 << bit % 8
    assert tokens.read(base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")) is None


def test_a_token_has_one_spelling():
    token = tokens.make(41, MONTH)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [token[:-1] + letter for letter in alphabet if letter != token[-1]]
    assert [tokens.read(other) for other in others] == [None] * 63


@given(st.text(max_size=40))
def test_anything_else_is_nobodys(text):
    assert tokens.read(text) is None


@pytest.mark.parametrize("text", ["", "A" * 22, "A" * 21 + "=", "A" * 21 + "\n", "é" * 22])
def test_odd_texts_are_nobodys(text):
    assert tokens.read(text) is None


def test_a_token_outlives_one_rotation_and_not_two():
    old, new, newest = (Fernet.generate_key().decode() for _ in range(3))
    with override_settings(FIELD_KEYS=[old]):
        token = tokens.make(41, MONTH)
    with override_settings(FIELD_KEYS=[new, old]):
        assert tokens.read(token) == (41, MONTH)
    with override_settings(FIELD_KEYS=[newest, new, old]):
        assert tokens.read(token) is None


@pytest.mark.parametrize("delivery_id", [0, -1, 1 << 48])
def test_an_id_that_does_not_fit_is_refused(delivery_id):
    with pytest.raises(ValueError, match="delivery id"):
        tokens.make(delivery_id, MONTH)
