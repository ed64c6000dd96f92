import pytest
from django.utils.functional import Promise
from django.utils.translation import override

from gateway.outcomes import SUB_CODES
from merchants import refusals


def test_every_code_of_the_table_has_a_sentence():
    assert sorted(set(SUB_CODES) - set(refusals.SENTENCES)) == []


def test_no_sentence_is_left_over():
    assert sorted(set(refusals.SENTENCES) - set(SUB_CODES)) == []


def test_no_code_has_two_sentences():
    codes = [code for group, _title, _remedy in refusals._SENTENCES for code in group.split()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", [*SUB_CODES, "SOMETHING_NEW", ""])
def test_a_sentence_is_translated_late_and_says_what_to_do(code):
    title, remedy = refusals.sentence(code)
    assert isinstance(title, Promise) and isinstance(remedy, Promise)
    with override("en"):
        assert 0 < len(str(title)) <= 60
        assert str(remedy).endswith(".") and len(str(remedy)) <= 120
        assert not {"!", "please", "successfully"} & set(
            f"{title} {remedy}".lower().replace("!", " ! ").split()
        )


def test_an_unlisted_code_is_said_to_be_one():
    assert refusals.sentence("SOMETHING_NEW") is refusals.UNLISTED


@pytest.mark.parametrize(
    ("code", "group"),
    [
        ("MSG_UNSUBSCRIBED", "person"),
        ("DATA_SENSITIVE", "message"),
        ("isv.invalid-signature", "app"),
        ("isv.app-call-limited", "platform"),
        ("QUERY_CONSUMER_REQEUST_ERROR", "platform"),
        ("MSG_SEND_ERROR", "platform"),
        ("SOMETHING_NEW", "platform"),
        ("", "platform"),
    ],
)
def test_a_cause_is_the_matter_of_a_person_the_message_the_app_or_the_platform(code, group):
    assert refusals.group_of(code) == group


def test_every_group_has_a_code():
    assert {refusals.group_of(code) for code in SUB_CODES} == set(refusals.GROUPS)
