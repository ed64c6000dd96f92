import ast
import re
from zoneinfo import ZoneInfo

from django.utils import timezone

from console.audit.sentences import AREAS, SENTENCES, details_of
from merchants.models import Event
from messaging.models import CROWD_TRANSITIONS, TRANSITIONS, SubscriptionTemplate
from tests import source_tree as tree

KIND = re.compile(r"[a-z_]+\.[a-z_]+")
RECORDERS = {"record", "_record", "_tell", "tell"}


def recorded_kinds() -> set[str]:
    """Literal kinds given to record() or its local short-hands, and to `event=`, and one per state."""
    found = {f"send.{state}" for targets in TRANSITIONS.values() for state in targets}
    found |= {f"crowd.{to}" for targets in CROWD_TRANSITIONS.values() for to in targets if to != "draft"}
    found |= {f"template.{state}" for state in SubscriptionTemplate.State.values if state != "submitting"}
    for module in tree.modules():
        if module.package in {"simulator", "gateway"}:
            continue
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            given = [keyword.value for keyword in node.keywords if keyword.arg == "event"]
            if ast.unparse(node.func).rpartition(".")[2] in RECORDERS:
                given += node.args
            for value in given:
                texts = [n.value for n in ast.walk(value) if isinstance(n, ast.Constant)]
                found |= {text for text in texts if isinstance(text, str) and KIND.fullmatch(text)}
    return found


def test_every_kind_of_event_has_a_sentence() -> None:
    assert recorded_kinds() - set(SENTENCES) == set()


def test_no_sentence_waits_for_an_event_that_nobody_records() -> None:
    assert set(SENTENCES) - recorded_kinds() == set()


def test_every_area_can_be_filtered_for() -> None:
    assert {kind.partition(".")[0] for kind in SENTENCES} <= set(AREAS)


def test_a_time_among_the_details_is_told_in_the_zone_of_the_page() -> None:
    event = Event(kind="send.scheduled", detail={"due_at": "2026-11-22T08:20:10.164362+00:00", "people": 20})
    with timezone.override(ZoneInfo("Asia/Shanghai")):
        assert details_of(event) == [("due", "2026-11-22 16:20:10"), ("people", "20")]
