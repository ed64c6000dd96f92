"""The breaker's verdict on the last outcomes, letter by letter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.engine.breaker import Evidence, Verdict, verdict
from messaging.models import PauseReason


@pytest.mark.parametrize(
    ("recent", "found"),
    [
        ("", None),
        ("a" * 200, None),
        ("p" * 200, None),
        ("b" * 19, None),
        ("b" * 20, (PauseReason.REFUSALS, 20, 20)),
        ("p" * 30 + "b" * 20, (PauseReason.REFUSALS, 20, 50)),
        ("a" + "b" * 20, None),
        ("a" + "b" * 39, None),
        ("a" + "b" * 40, (PauseReason.REFUSALS, 40, 41)),
        ("a" * 161 + "b" * 39, None),
        ("a" * 160 + "b" * 40, (PauseReason.REFUSALS, 40, 200)),
        ("aaaab" * 40, (PauseReason.REFUSALS, 40, 200)),
        ("u" * 4, None),
        ("u" * 5, (PauseReason.UNTRUSTED, 5, 5)),
        ("u" * 5 + "a" * 59, (PauseReason.UNTRUSTED, 5, 64)),
        ("u" * 5 + "a" * 60, None),
        ("uuuu" + "a" * 60 + "u" * 4, None),
        ("!", (PauseReason.SIGNATURE, 1, 1)),
        ("!" + "a" * 199, (PauseReason.SIGNATURE, 1, 200)),
        ("b" * 40 + "u" * 5, (PauseReason.REFUSALS, 40, 45)),
        ("b" * 40 + "u" * 5 + "!", (PauseReason.SIGNATURE, 1, 46)),
    ],
)
def test_a_verdict_names_its_reason_and_how_many_of_how_many(
    recent: str, found: tuple[str, int, int] | None
) -> None:
    assert verdict(recent) == (Verdict(*found) if found else None)  # type: ignore[arg-type]


@given(st.text(alphabet="ap", max_size=200), st.text(alphabet="ap", max_size=200))
@settings(max_examples=30, deadline=None)
def test_acceptances_and_refusals_of_persons_never_pause_a_send(before: str, after: str) -> None:
    assert verdict((before + after)[-200:]) is None


@given(st.text(alphabet="apbu!", max_size=200))
@settings(max_examples=30, deadline=None)
def test_one_more_acceptance_never_brings_a_verdict_about(recent: str) -> None:
    if verdict(recent) is None:
        assert verdict((recent + "a")[-200:]) is None


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        (Evidence(48, 200, "USER_TEMPLATE_ILLEGAL"), "48/200 USER_TEMPLATE_ILLEGAL"),
        (Evidence(20, 20, "isv.invalid-signature"), "20/20 isv.invalid-signature"),
        (Evidence(5, 64, ""), "5/64"),
    ],
)
def test_evidence_is_written_and_read_back(evidence: Evidence, text: str) -> None:
    assert str(evidence) == text
    assert Evidence.of_text(text) == evidence


@pytest.mark.parametrize("text", ["", "GATEWAY_URL is not set", "48 of 200", "/200"])
def test_other_details_are_no_evidence(text: str) -> None:
    assert Evidence.of_text(text) is None
