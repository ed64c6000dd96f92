"""One send of the past on our side, through the operations of a living one, in one transaction.

The engine freezes, claims, marks and records; only the answers come from the plan instead of the platform,
and the times are put back at the end. So every rule of the ledgers holds, and a start that is cut off leaves
a send whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from console.demo import dates
from console.demo.apps import StoryError
from console.demo.cast import OWNERS
from console.demo.plan import HALF, PER_SECOND, DatedSend
from console.demo.scene import Scene, token
from merchants.models import User
from merchants.partitions import BEIJING
from messaging.engine import control as engine
from messaging.engine import decisions, schedule
from messaging.engine.claim import claim
from messaging.engine.freeze import freeze
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.models import BatchSend, SendControl, SendState
from messaging.sends import batches

MOMENT = timedelta(seconds=1)
REACHED = ("finished", "cancelled_half", "paused")  # endings after which somebody has a message
Times = dict[str, datetime]


def send_of(scene: Scene, send: DatedSend) -> BatchSend:
    """The send as it stands, made if this is the first time."""
    form_token = token(f"send {scene.slug} {send.number}")
    known = BatchSend.objects.filter(form_token=form_token).select_related("control").first()
    if known is not None:
        return known
    with transaction.atomic():
        author = scene.users[send.author]
        batch = batches.new_draft(
            merchant=scene.app.merchant,
            mini_program=scene.app,
            by=author,
            form_token=form_token,
            content=_content(scene, send),
        )
        if send.plan.ending == "draft":
            times: Times = {}
            dates.send(batch, written_at=send.written_at)
        else:
            control = batches.launch(batch, by=author, version=batch.version, at=send.launched_at)
            times = ENDINGS[send.plan.ending](scene, send, control)
        times |= {"send.drafted": send.written_at, "send.scheduled": send.launched_at}
        dates.events(batch.control, times, since=scene.past.began_at)
    batch.control.refresh_from_db()
    return batch


def _content(scene: Scene, send: DatedSend) -> batches.Content:
    plan, due = send.plan, send.due_at.astimezone(BEIJING)
    timed = plan.ending != "draft"
    return batches.Content(
        name=plan.name,
        template=scene.templates[plan.code],
        people_list=scene.lists[plan.people],
        values=list(plan.values),
        page=plan.page,
        scheduled_on=due.date() if timed else None,
        scheduled_time=due.time() if timed else None,
    )


# --- How it ended -----------------------------------------------------------------------------------------
def _finished(scene: Scene, send: DatedSend, control: SendControl) -> Times:
    times, ended_at = _under_way(scene, send, control, share=1.0)
    schedule.advance()
    touched_at = ended_at
    if send.plan.decided:
        owner = _owner(scene)
        touched_at = min(ended_at + timedelta(hours=2, minutes=20), scene.past.began_at)
        decisions.treat_as_sent(control, delivery_ids=None, by=owner, at=touched_at)
        times["unknown.treated_as_sent"] = touched_at
    finished_at = ended_at + MOMENT
    dates.send(
        control.batch, written_at=send.written_at, finished_at=finished_at, touched_at=touched_at + MOMENT
    )
    return times | {"send.finished": finished_at}


def _cancelled_half(scene: Scene, send: DatedSend, control: SendControl) -> Times:
    times, ended_at = _under_way(scene, send, control, share=HALF)
    engine.cancel(control, by=_owner(scene), why=send.plan.why)
    schedule.advance()
    finished_at = ended_at + 2 * MOMENT
    dates.deliveries(control, start=send.due_at, per_second=_speed(send))
    dates.send(control.batch, written_at=send.written_at, finished_at=finished_at, touched_at=finished_at)
    return times | {"send.cancelling": ended_at, "send.cancelled": finished_at}


def _paused(scene: Scene, send: DatedSend, control: SendControl) -> Times:
    times, ended_at = _under_way(scene, send, control, share=HALF)
    engine.pause(control, by=scene.users[send.author])
    dates.send(control.batch, written_at=send.written_at, touched_at=ended_at)
    return times | {"send.paused": ended_at}


def _cancelled_early(scene: Scene, send: DatedSend, control: SendControl) -> Times:
    stopped_at = send.launched_at + timedelta(minutes=26)
    engine.cancel(control, by=scene.users[send.author], why=send.plan.why)
    schedule.advance()
    dates.send(control.batch, written_at=send.written_at, finished_at=stopped_at + MOMENT)
    return {"send.cancelling": stopped_at, "send.cancelled": stopped_at + MOMENT}


def _missed(scene: Scene, send: DatedSend, control: SendControl) -> Times:
    engine.move(control, SendState.MISSED, by=None)
    dates.send(control.batch, written_at=send.written_at)
    return {"send.missed": send.due_at + timedelta(minutes=41)}


def _failed(scene: Scene, send: DatedSend, control: SendControl) -> Times:
    engine.move(control, SendState.PREPARING, by=None)
    engine.move(control, SendState.FAILED, by=None, changes={"failure": send.plan.why})
    dates.send(control.batch, written_at=send.written_at)
    return {"send.preparing": send.due_at - timedelta(minutes=1), "send.failed": send.due_at}


def _tomorrow(scene: Scene, send: DatedSend, control: SendControl) -> Times:
    dates.send(control.batch, written_at=send.written_at)
    return {}


ENDINGS: dict[str, Callable[[Scene, DatedSend, SendControl], Times]] = {
    "finished": _finished,
    "cancelled_half": _cancelled_half,
    "paused": _paused,
    "cancelled_early": _cancelled_early,
    "missed": _missed,
    "failed": _failed,
    "tomorrow": _tomorrow,
}


# --- What it did -------------------------------------------------------------------------------------------
def _under_way(
    scene: Scene, send: DatedSend, control: SendControl, *, share: float
) -> tuple[Times, datetime]:
    """Frozen, started, sent to `share` of the people. Times of its events, and of the last answer."""
    prepared_at = control.prepare_at or send.due_at
    engine.move(control, SendState.PREPARING, by=None)
    if not freeze(control):
        raise StoryError(f"“{send.plan.name}” could not be frozen. Run `make demo-reset` and start again.")
    started = {"started_at": send.due_at}
    engine.move(control, SendState.SENDING, by=None, only_from={SendState.READY}, changes=started)
    _deliver(scene, send, control, share=share)
    times = {
        "send.preparing": prepared_at,
        "send.ready": prepared_at + MOMENT,
        "send.sending": send.due_at,
    }
    return times, dates.deliveries(control, start=send.due_at, per_second=_speed(send))


def _deliver(scene: Scene, send: DatedSend, control: SendControl, *, share: float) -> None:
    claimed = claim(control, limit=round((control.frozen_total or 0) * share))
    if not claimed.ids:
        return
    fates = scene.past.fates(send)
    answers = []
    for row in mark(control, claimed, ids=claimed.ids, at=send.due_at):
        place = scene.places[row.open_id]
        fate = fates[place]
        answers.append(Answer(row.id, fate.shape, fate.reason, 45.0 + place * 7_919 % 160))
    record(control, claimed.token, answers)


def _speed(send: DatedSend) -> int:
    return send.plan.per_second or PER_SECOND


def _owner(scene: Scene) -> User:
    return scene.users[OWNERS[scene.slug]]
