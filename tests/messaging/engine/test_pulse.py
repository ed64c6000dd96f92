"""The pulse moves in record's transaction, once per outcome, and only for rows that were ours."""

import uuid
from types import SimpleNamespace

import pytest
from django.utils import timezone

from merchants.models import Event
from messaging.engine import breaker, pulse
from messaging.engine.claim import Claim, claim
from messaging.engine.control import pause, resume
from messaging.engine.decisions import send_again
from messaging.engine.mark import mark
from messaging.engine.reap import reap
from messaging.engine.record import Answer, record
from messaging.engine.schedule import advance
from messaging.models import Delivery, SendControl, SendPulse, SendState
from tests import build_messaging as build


def in_flight(shop: SimpleNamespace, limit: int) -> tuple[SendControl, Claim]:
    control = build.send(shop.app, shop.template, shop.list)
    return control, fly(control, limit)


def fly(control: SendControl, limit: int) -> Claim:
    ours = claim(control, limit=limit)
    assert len(mark(control, ours, ids=ours.ids, at=timezone.now())) == limit
    return ours


def answers(ours: Claim, shape: str, reason: str = "", **more: object) -> list[Answer]:
    return [Answer(one, shape, reason, 1.0, **more) for one in ours.ids]  # type: ignore[arg-type]


def recent(control: SendControl) -> str:
    return pulse.read(control.pk)[0]


def test_each_outcome_is_one_letter_in_the_order_of_the_answers(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 8)
    told = [
        ("accepted", "", {}),
        ("refused", "MSG_REJECTED", {"scope": "recipient"}),
        ("refused", "DATA_SENSITIVE", {"scope": "batch"}),
        ("refused", "isv.invalid-signature", {"scope": "app"}),
        ("unknown", "timeout", {}),
        ("unknown", "bad_signature", {"alarm": True}),
        ("busy", "isv.app-call-limited", {}),
        ("not_sent", "guard", {}),
    ]
    given = [
        Answer(one, shape, reason, 1.0, **more)  # type: ignore[arg-type]
        for one, (shape, reason, more) in zip(ours.ids, told, strict=True)
    ]
    record(control, ours.token, given)
    assert recent(control) == "apbbu!"


def test_the_newest_reason_of_the_message_or_the_mini_program_is_kept(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 2)
    record(control, ours.token, answers(ours, "refused", "DATA_SENSITIVE", scope="batch"))
    ours = fly(control, 2)
    record(control, ours.token, answers(ours, "refused", "MSG_UNAUTHORIZED", scope="app"))
    ours = fly(control, 2)
    record(control, ours.token, answers(ours, "refused", "MSG_REJECTED"))
    assert pulse.read(control.pk) == ("bbbbpp", "MSG_UNAUTHORIZED")


def test_recording_twice_adds_nothing_twice_and_a_stranger_adds_nothing(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 3)
    record(control, ours.token, answers(ours, "accepted"))
    record(control, ours.token, answers(ours, "accepted"))
    record(control, uuid.uuid4(), answers(ours, "unknown", "timeout"))
    assert recent(control) == "aaa"


def test_of_answers_recorded_in_part_before_only_the_others_are_added(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 4)
    given = answers(ours, "accepted")
    record(control, ours.token, given[:3])
    assert record(control, ours.token, given) == 1
    assert recent(control) == "aaaa"


def test_busy_and_what_never_left_say_nothing(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 3)
    record(control, ours.token, answers(ours, "busy", "isv.app-call-limited"))
    assert not SendPulse.objects.filter(send=control).exists()


def test_only_the_last_200_are_kept(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 5)
    SendPulse.objects.create(send=control, recent="b" * 2 + "a" * 198)
    record(control, ours.token, answers(ours, "accepted"))
    assert recent(control) == "a" * 200


def test_rows_reaped_after_a_kill_add_nothing_and_their_late_truth_does(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 6)
    Delivery.objects.filter(send=control, state="sending").update(answer_by="2020-01-01T00:00Z")
    assert reap() == (0, 6)
    assert recent(control) == ""
    assert not breaker.trip(control)
    record(control, ours.token, answers(ours, "accepted"))
    assert recent(control) == "aaaaaa"


def test_twenty_refusals_of_the_message_pause_the_send_once_with_their_evidence(
    shop: SimpleNamespace,
) -> None:
    control, ours = in_flight(shop, 20)
    record(control, ours.token, answers(ours, "refused", "USER_TEMPLATE_ILLEGAL", scope="batch"))
    assert breaker.trip(control)
    assert breaker.trip(SendControl.objects.get(pk=control.pk)), "the other slot finds the same"
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (SendState.PAUSED, "refusals")
    assert control.pause_detail == "20/20 USER_TEMPLATE_ILLEGAL"
    event = Event.objects.get(kind="send.paused", subject_id=control.pk)
    assert event.by_id is None
    assert event.detail == {"reason": "refusals", "detail": "20/20 USER_TEMPLATE_ILLEGAL"}
    assert build.states(control)["queued"] == 10


def test_what_one_slot_may_lose_to_the_platform_pauses_it_and_names_no_code(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 5)
    record(control, ours.token, answers(ours, "unknown", "timeout"))
    assert breaker.trip(control)
    control.refresh_from_db()
    assert (control.pause_reason, control.pause_detail) == ("untrusted", "5/5")


def test_one_wrong_signature_is_enough(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 1)
    record(control, ours.token, answers(ours, "unknown", "bad_signature", alarm=True))
    assert breaker.trip(control)
    control.refresh_from_db()
    assert (control.pause_reason, control.pause_detail) == ("signature", "1/1")


@pytest.mark.parametrize(("state", "after"), [("cancelling", "cancelling"), ("finished", "finished")])
def test_a_send_that_ends_meanwhile_is_left_as_it_is(shop: SimpleNamespace, state: str, after: str) -> None:
    control, ours = in_flight(shop, 1)
    record(control, ours.token, answers(ours, "unknown", "bad_signature", alarm=True))
    SendControl.objects.filter(pk=control.pk).update(state=state)
    breaker.trip(control)
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (after, "")


def test_resuming_starts_the_pulse_anew(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 20)
    record(control, ours.token, answers(ours, "refused", "USER_TEMPLATE_ILLEGAL", scope="batch"))
    breaker.trip(control)
    resume(control, by=shop.operator)
    assert recent(control) == ""
    assert not breaker.trip(control)
    ours = fly(control, 5)
    record(control, ours.token, answers(ours, "refused", "USER_TEMPLATE_ILLEGAL", scope="batch"))
    assert recent(control) == "bbbbb"
    assert not breaker.trip(control)


def test_a_pause_by_a_person_keeps_the_pulse_for_whoever_looks(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 3)
    record(control, ours.token, answers(ours, "accepted"))
    pause(control, by=shop.operator)
    assert recent(control) == "aaa"


def test_a_finished_send_that_sends_again_is_judged_anew(shop: SimpleNamespace) -> None:
    control, ours = in_flight(shop, 30)
    record(control, ours.token, answers(ours, "refused", "USER_TEMPLATE_ILLEGAL", scope="batch"))
    advance()
    control.refresh_from_db()
    assert control.state == SendState.FINISHED
    again = send_again(control, delivery_ids=None, states=["refused"], by=shop.operator, at=timezone.now())
    assert (again, recent(control)) == (30, "")


def test_the_pulse_goes_with_a_transaction_that_is_rolled_back(
    shop: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    control, ours = in_flight(shop, 3)
    with monkeypatch.context() as broken:
        broken.setattr("messaging.engine.sql.COUNT", "SELECT 1 / 0")
        with pytest.raises(Exception, match="division by zero"):
            record(control, ours.token, answers(ours, "accepted"))
    assert recent(control) == ""
