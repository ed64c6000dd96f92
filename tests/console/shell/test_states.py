import pytest

from console import states
from membership.models import PeopleList
from merchants.models import Job
from messaging.models import DeliveryState, PauseReason, SendState, SubscriptionTemplate


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("send", SendState.values),
        ("delivery", DeliveryState.values),
        ("template", SubscriptionTemplate.State.values),
        ("job", Job.State.values),
        ("list", PeopleList.State.values),
    ],
)
def test_every_state_has_a_word_and_a_known_tone(kind: str, values: list[str]) -> None:
    for value in values:
        found = states.word_of(kind, value)
        assert str(found.word)
        assert found.tone in states.TONES


def test_a_state_without_a_word_is_an_error_not_a_bare_code() -> None:
    with pytest.raises(KeyError):
        states.word_of("send", "exploded")


def test_a_pause_by_a_person_and_one_by_itself_are_told_apart() -> None:
    assert states.send_word("paused", PauseReason.OPERATOR).tone == "ask"
    for reason in set(PauseReason.values) - {PauseReason.OPERATOR}:
        assert states.send_word("paused", reason).tone == "broken"


def test_unknown_is_never_drawn_like_refused() -> None:
    unknown, refused = states.word_of("delivery", "unknown"), states.word_of("delivery", "refused")
    assert unknown.tone != refused.tone
