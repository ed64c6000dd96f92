from datetime import date

import pytest

from merchants import tokens


def test_the_token_of_an_order_names_the_order_and_nothing_else() -> None:
    token = tokens.make_for_order(41)
    assert (len(token), tokens.read_for_order(token)) == (22, 41)
    assert (tokens.read(token), tokens.read_for_crowd(token)) == (None, None)


def test_no_other_token_is_read_as_an_orders() -> None:
    for token in (tokens.make(41, date(2026, 8, 1)), tokens.make_for_crowd(41), "short"):
        assert tokens.read_for_order(token) is None


def test_a_changed_token_names_no_order() -> None:
    token = tokens.make_for_order(41)
    other = token[:6] + ("A" if token[6] != "A" else "B") + token[7:]
    assert tokens.read_for_order(other) is None


@pytest.mark.parametrize("order_id", [0, 1 << 48])
def test_an_id_that_does_not_fit_is_refused(order_id: int) -> None:
    with pytest.raises(ValueError, match="fits a token"):
        tokens.make_for_order(order_id)
