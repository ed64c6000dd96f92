"""Advice informs: the place of a claim is exact, and its repair changes nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from messaging.sends.advice import advice, claims_in, repaired
from messaging.sends.claims import ABSOLUTE_CLAIMS

around = st.text("天 减a1，", max_size=10)


@given(around, st.sampled_from(sorted(ABSOLUTE_CLAIMS)), around)
def test_a_claim_is_found_at_its_place_and_repaired_there_only(before: str, word: str, after: str) -> None:
    (claim,) = claims_in([before + word + after])
    assert (claim.start, claim.end, claim.word) == (len(before) + 1, len(before) + len(word), word)
    assert repaired(before + word + after, start=claim.start) == before + ABSOLUTE_CLAIMS[word] + after


def test_no_repair_brings_a_new_claim() -> None:
    assert claims_in(list(ABSOLUTE_CLAIMS.values())) == []


def test_a_place_where_no_claim_begins_is_left_alone() -> None:
    assert repaired("月租 ¥299，全网最低", start=2) == "月租 ¥299，全网最低"
    assert repaired("全网最低", start=99) == repaired("全网最低", start=0) == "全网最低"


def test_a_good_text_has_every_mark_and_a_poor_one_says_what_is_missing() -> None:
    good = advice(["首月立减 100 元", "月租 ¥299，首月仅 ¥199", "三天内领取"])
    assert all(line.good for line in good)
    poor = advice(["我们有一些关于您的事情想要告诉您知道", "谢谢"])
    assert [line.good for line in poor] == [False] * 5


def test_nothing_written_gets_no_advice() -> None:
    assert advice(["", " "]) == advice([]) == []
