"""docs/redeeming.md names every reason that is judged here, with the group a program is told."""

import re

from console.coupons.use_words import OWN, group_of
from tests.source_tree import ROOT

ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| ((?:`\w+`(?:, )?)+) \| \S", re.MULTILINE)


def test_the_page_lists_each_reason_once_in_its_group() -> None:
    text = (ROOT / "docs" / "redeeming.md").read_text("utf-8").partition("| `reason` | `group` |")[2]
    told: dict[str, set[str]] = {}
    for reasons, groups in ROW.findall(text):
        for reason in re.findall(r"\w+", reasons):
            assert reason not in told
            told[reason] = set(re.findall(r"\w+", groups))
    assert told.keys() == OWN.keys()
    assert {reason for reason, groups in told.items() if group_of(reason) not in groups} == set()
