"""One cause of several sends decided at once: a Job that may be killed anywhere and delivered twice."""

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from merchants.models import Event, Job
from messaging.engine import control as moves
from messaging.engine import decisions, retry
from messaging.engine.reconcile import lines
from messaging.engine.retry import UnderWay, Wanted
from messaging.models import Delivery, DeliveryAttempt, FailureDecision, SendControl
from tests import build, build_messaging
from tests.messaging.engine.refusing import refuse

CODE = "MSG_UNAUTHORIZED"
REFUSED, ACCEPTED = 5, 2


def refused_send(
    shop: SimpleNamespace, *, state: str = "finished", code: str = CODE, start: int = 0
) -> SendControl:
    """To ten people of the shop's, from `start` on."""
    to = build_messaging.people_list(shop.app, shop.people[start : start + 10])
    control = build_messaging.send(shop.app, shop.template, to)
    refuse(control, REFUSED, code)
    refuse(control, ACCEPTED, "", shape="accepted")
    SendControl.objects.filter(pk=control.pk).update(state=state)
    return control


def decide(
    shop: SimpleNamespace, sends: dict[int, int], *, act: str = "again", **fields: str
) -> FailureDecision:
    wanted = Wanted(act, fields.get("state", "refused"), fields.get("reason", CODE), sends)
    token = uuid.UUID(fields["token"]) if "token" in fields else uuid.uuid4()
    return retry.decide(
        shop.merchant, wanted, by=shop.operator, form_token=token, as_of=retry.now(), title="Send again"
    )


def run(shop: SimpleNamespace, decision: FailureDecision) -> Job:
    retry.run(shop.merchant.pk, decision.job_id)
    decision.job.refresh_from_db()
    return decision.job


def rows(control: SendControl, state: str) -> int:
    return Delivery.objects.filter(send=control, state=state).count()


def attempts(*controls: SendControl) -> list[int]:
    """How many earlier attempts each row that has any keeps."""
    kept = DeliveryAttempt.objects.filter(send__in=controls).values_list("delivery_id", flat=True)
    return sorted(list(kept).count(one) for one in set(kept))


def test_the_refused_of_all_chosen_sends_are_queued_once_and_the_books_balance(shop: SimpleNamespace) -> None:
    first, second = refused_send(shop), refused_send(shop, state="paused")
    job = run(shop, decide(shop, {first.pk: REFUSED, second.pk: REFUSED}))
    assert job.state == "done"
    assert job.result == {"people": 10, "sends": [[first.pk, 5, ""], [second.pk, 5, ""]]}
    for control, state in ((first, "sending"), (second, "paused")):
        control.refresh_from_db()
        assert control.state == state
        assert (rows(control, "refused"), rows(control, "accepted")) == (0, ACCEPTED)
        assert not any(line.difference for line in lines(control))
    assert attempts(first, second) == [1] * 10
    told = Event.objects.filter(kind="send.refused_again", subject_id=first.pk).get()
    assert told.detail == {"people": 5, "reason": CODE}
    assert told.by == shop.operator


def test_killed_in_the_middle_and_run_again_each_row_gets_one_new_attempt(
    shop: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = refused_send(shop), refused_send(shop)
    decision = decide(shop, {first.pk: REFUSED, second.pk: REFUSED})
    monkeypatch.setattr(decisions, "CHUNK", 2)
    assert decision.job is not None
    job = retry.jobs.claim(decision.job.pk, merchant_id=shop.merchant.pk)
    assert job is not None

    def killed(so_far: int) -> None:
        raise SystemExit(so_far)

    with pytest.raises(SystemExit):
        retry._one(decision, first, told=killed)
    assert (rows(first, "refused"), rows(second, "refused")) == (3, 5)
    # The two that are queued leave meanwhile and are refused once more: a later outcome, not meant.
    assert len(refuse(first, 2, CODE)) == 2
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=60))
    done = run(shop, decision)
    assert done.result["people"] == 10
    assert done.done_units == 10
    run(shop, decision)
    assert attempts(first, second) == [1] * 10
    assert (rows(first, "refused"), rows(second, "refused")) == (2, 0)


def test_a_job_that_another_worker_took_over_stops_after_its_chunk(
    shop: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = refused_send(shop)
    decision = decide(shop, {control.pk: REFUSED})
    monkeypatch.setattr(decisions, "CHUNK", 2)
    mine = retry.jobs.claim(decision.job_id or 0, merchant_id=shop.merchant.pk)
    assert mine is not None
    Job.objects.filter(pk=mine.pk).update(token=uuid.uuid4())
    with pytest.raises(retry.jobs.LostLease):
        retry._one(decision, control, told=retry._teller(mine, 0))
    assert rows(control, "refused") == 3


def test_the_same_form_twice_is_one_decision_and_one_job(shop: SimpleNamespace) -> None:
    control = refused_send(shop)
    token = str(uuid.uuid4())
    both = [decide(shop, {control.pk: REFUSED}, token=token) for _ in range(2)]
    assert both[0] == both[1]
    assert Job.objects.filter(kind=retry.TASK).count() == 1


def test_a_second_decision_about_a_cause_waits_until_the_first_is_over(shop: SimpleNamespace) -> None:
    control = refused_send(shop)
    first = decide(shop, {control.pk: REFUSED})
    with pytest.raises(UnderWay) as raised:
        decide(shop, {control.pk: REFUSED})
    assert raised.value.decision == first
    decide(shop, {control.pk: 1}, reason="NO_BIND_PUBLIC_APP")  # another cause does not wait
    run(shop, first)
    assert decide(shop, {control.pk: 1}) != first


def test_a_cancelled_decision_makes_room_for_the_next(shop: SimpleNamespace) -> None:
    control = refused_send(shop)
    first = decide(shop, {control.pk: REFUSED})
    assert first.job is not None
    retry.jobs.cancel(first.job)
    run(shop, first)
    assert rows(control, "refused") == REFUSED
    assert retry.open_decision(shop.merchant, state="refused", reason=CODE) is None
    assert run(shop, decide(shop, {control.pk: REFUSED})).result["people"] == REFUSED


def test_a_send_cancelled_meanwhile_is_left_and_named(shop: SimpleNamespace) -> None:
    first, second = refused_send(shop), refused_send(shop, state="sending")
    decision = decide(shop, {first.pk: REFUSED, second.pk: REFUSED})
    moves.cancel(second, by=shop.operator, why="")
    result = run(shop, decision).result
    assert result == {"people": 5, "sends": [[first.pk, 5, ""], [second.pk, 0, "cancelling"]]}
    assert rows(second, "refused") == REFUSED


def test_a_finished_send_without_anybody_left_is_not_opened(shop: SimpleNamespace) -> None:
    control = refused_send(shop, code="DATA_SENSITIVE")
    assert run(shop, decide(shop, {control.pk: REFUSED})).result["people"] == 0
    control.refresh_from_db()
    assert control.state == "finished"


def test_another_merchants_send_is_never_touched(shop: SimpleNamespace) -> None:
    control = refused_send(shop)
    stranger = build.merchant(slug="stranger", name="Stranger")
    theirs = SimpleNamespace(merchant=stranger, operator=shop.operator)
    decision = decide(theirs, {control.pk: REFUSED})
    assert run(theirs, decision).result["people"] == 0
    assert rows(control, "refused") == REFUSED


@pytest.mark.parametrize(("act", "state"), [("treat", "unknown"), ("again", "queued")])
def test_unknown_outcomes_of_one_cause_are_decided_over_sends(
    shop: SimpleNamespace, act: str, state: str
) -> None:
    first, second = refused_send(shop), refused_send(shop, start=10)
    for control in (first, second):
        SendControl.objects.filter(pk=control.pk).update(state="sending")
        refuse(control, 2, "timeout", shape="unknown")
    decision = decide(shop, {first.pk: 2, second.pk: 2}, act=act, state="unknown", reason="answer")
    run(shop, decision)
    assert run(shop, decision).result["people"] == 4
    for control in (first, second):
        decided = Delivery.objects.filter(send=control, decision="treated_as_sent").count()
        assert (decided, rows(control, "unknown")) == ((2, 2) if act == "treat" else (0, 0))
        assert rows(control, state) >= 2
        assert not any(line.difference for line in lines(control))
