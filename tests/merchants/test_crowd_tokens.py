from datetime import date

import pytest

from merchants import tokens


def test_the_token_of_a_crowd_send_names_the_send_and_is_never_a_delivery() -> None:
    token = tokens.make_for_crowd(41)
    assert len(token) == 22
    assert tokens.read_for_crowd(token) == 41
    assert tokens.read(token) is None


def test_the_token_of_a_delivery_is_never_a_crowd_send() -> None:
    assert tokens.read_for_crowd(tokens.make(41, date(2026, 8, 1))) is None


def test_a_changed_token_names_nothing() -> None:
    token = tokens.make_for_crowd(41)
    other = token[:6] + ("A" if token[6] != "A" else "B") + token[7:]
    assert (tokens.read_for_crowd(other), tokens.read_for_crowd("short")) == (None, None)


@pytest.mark.parametrize("crowd_id", [0, 1 << 48])
def test_an_id_that_does_not_fit_is_refused(crowd_id: int) -> None:
    with pytest.raises(ValueError, match="fits a token"):
        tokens.make_for_crowd(crowd_id)
