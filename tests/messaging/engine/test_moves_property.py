"""Any sequence of an operator's moves, beat's looks and slots that live or die keeps the law after each step.

Each change of state is in its table, the sums agree, and nobody has a message twice unless a person sent it
again. The platform is a Counter here: what left, it may have delivered, whether or not that was written down.
"""

import os
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from messaging.engine import control as engine
from messaging.engine import record as recording
from messaging.engine import schedule
from messaging.engine.claim import Claim, claim, release
from messaging.engine.decisions import NothingToSendAgain, send_again, treat_as_sent
from messaging.engine.mark import Marked, mark
from messaging.engine.reap import reap
from messaging.engine.reconcile import lines
from messaging.engine.record import Answer, record
from messaging.models import TRANSITIONS, Delivery, SendControl
from messaging.sends import batches
from tests import build, build_messaging

FULL = os.environ.get("PROOF_SIZE") == "full"
EXAMPLES, STEPS = (400, 60) if FULL else (10, 30)
PEOPLE = 6
LONG_AGO = timedelta(hours=1)
SHAPES = ("accepted", "refused", "unsubscribed", "busy", "not_sent", "unknown")
WAITING = ("scheduled", "preparing", "ready")
REFUSALS = (engine.MoveRefused, batches.LaunchRefused, batches.DraftConflict, NothingToSendAgain)

# Design of the row's states; what only "send again" may do stands apart.
ROW_MOVES = {
    "queued": {"claimed", "skipped", "unknown"},
    "claimed": {"queued", "sending", "skipped", "unknown"},
    "sending": {"queued", "accepted", "refused", "skipped", "unknown"},
    "unknown": {"accepted", "refused", "skipped", "unknown"},
}
AGAIN_MOVES = {("unknown", "queued"), ("refused", "queued")}
# Told by the database itself, so that no move escapes, whichever statement made it.
WATCH = """
CREATE TEMPORARY TABLE moved (what text, old text, new text) ON COMMIT DROP;
CREATE FUNCTION pg_temp.watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO moved VALUES (TG_ARGV[0], OLD.state, NEW.state);
    RETURN NULL;
END $$;
CREATE TRIGGER watch AFTER UPDATE OF state ON messaging_sendcontrol
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION pg_temp.watch('send');
CREATE TRIGGER watch AFTER UPDATE OF state ON messaging_delivery
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION pg_temp.watch('row');
"""


@dataclass
class Slot:
    """`marked`: each row with how often a person had sent to its customer again by then."""

    claimed: Claim
    marked: list[tuple[Marked, int]] = field(default_factory=list)


class Moves(RuleBasedStateMachine):
    """One send of PEOPLE with two units each, and the slots that believe to hold rows of it."""

    def __init__(self) -> None:
        super().__init__()
        self.around = transaction.atomic()
        self.around.__enter__()
        with connection.cursor() as cursor:
            cursor.execute(WATCH)
        app = build.mini_program(build.merchant(f"moves-{uuid.uuid4().hex[:8]}"))
        chosen = build_messaging.template(app, fatigue_value=1, fatigue_unit="day", fatigue_total=3)
        people = build_messaging.people(app, PEOPLE)
        build_messaging.consents(chosen, people, units=2)
        self.by = build.user(f"mover-{uuid.uuid4().hex[:8]}")
        to = build_messaging.people_list(app, people)
        self.batch = build_messaging.batch(app, self.by, chosen=chosen, to=to)
        self.slots: list[Slot] = []
        self.delivered: Counter[tuple[int, int]] = Counter()  # by customer, and decision that allowed it
        self.sent_again: Counter[int] = Counter()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.around.__exit__(None, None, None)

    @property
    def control(self) -> SendControl:
        return SendControl.objects.select_related("merchant", "mini_program").get(pk=self.batch.control_id)

    @property
    def rows(self) -> Any:
        return Delivery.objects.filter(send_id=self.batch.control_id)

    @initialize(steps=st.sampled_from([4, 4, 4, 4, 3, 2, 1, 0]))
    def begin(self, steps: int) -> None:
        """Most histories begin with a send under way, some earlier."""
        self.state = "draft"
        way: list[Callable[[], object]] = [self.launch, self.time_passes, self.look, self.look]
        for step in way[:steps]:
            step()

    # --- the operator: one rule for all brakes, so that most steps are those of slots ---

    @rule(move=st.sampled_from(["pause", "speed", "resume", "undo", "reschedule", "launch", "cancel"]))
    def operate(self, move: str) -> None:
        if move == "pause" and self.state == "paused":
            move = "resume"
        with suppress(*REFUSALS):
            getattr(self, move)()

    def launch(self) -> None:
        batches.launch(self.batch, by=self.by, version=self.batch.version, at=timezone.now())

    def undo(self) -> None:
        batches.take_back(self.batch, by=self.by)

    def reschedule(self) -> None:
        batches.reschedule(self.batch, by=self.by, at=timezone.now(), on=None, wall=None)

    def pause(self) -> None:
        engine.pause(self.control, by=self.by)

    def resume(self) -> None:
        engine.resume(self.control, by=self.by)

    def speed(self) -> None:
        engine.set_speed(self.control, by=self.by, rate_per_second=1 if self.slots else None)

    def cancel(self) -> None:
        if len(self.slots) > 1:  # seldom, and with something in flight: little happens afterwards
            engine.cancel(self.control, by=self.by, why="changed our minds")

    @rule(n=st.integers(1, PEOPLE))
    def treat_as_sent(self, n: int) -> None:
        chosen = list(self.rows.filter(state="unknown").values_list("id", flat=True)[:n])
        treat_as_sent(self.control, delivery_ids=chosen, by=self.by, at=timezone.now())

    @rule()
    def send_again(self) -> None:
        unknown = self.rows.filter(state="unknown", decision="")
        people = list(unknown.values_list("customer_id", flat=True))
        states = ("unknown", "refused")
        with suppress(*REFUSALS):
            send_again(self.control, delivery_ids=None, states=states, by=self.by, at=timezone.now())
            self.sent_again.update(people)
        self.check_moves(AGAIN_MOVES)

    # --- time, and beat ---

    @rule(late=st.sampled_from([False, False, False, True]))
    def time_passes(self, late: bool = False) -> None:
        """What waits is due, or long since; a row that came back as busy may be claimed; beat looks."""
        at = timezone.now() - LONG_AGO * late
        waiting = SendControl.objects.filter(pk=self.batch.control_id, state__in=WAITING)
        waiting.update(due_at=at, prepare_at=at)
        self.rows.filter(state="queued").update(due_at=at)
        self.look()

    def look(self) -> None:
        schedule.advance()
        schedule.prepare(self.batch.merchant_id, self.batch.control_id)

    @rule()
    def leases_are_over(self) -> None:
        self.rows.filter(state="claimed").update(lease_until=timezone.now() - LONG_AGO)
        reap()
        self.look()

    @rule()
    def no_answer_comes(self) -> None:
        """Their slots may be dead, or late with the record."""
        self.rows.filter(state="sending").update(answer_by=timezone.now() - LONG_AGO)
        reap()
        self.look()

    # --- slots ---

    @precondition(lambda self: self.state == "sending")
    @rule(n=st.integers(1, PEOPLE))
    def claim(self, n: int) -> None:
        self.slots.append(Slot(claim(self.control, limit=n)))

    @precondition(lambda self: any(slot.claimed.ids for slot in self.slots))
    @rule()
    def mark(self) -> None:
        for slot in self.slots:
            if slot.claimed.ids:
                slot.marked += self._marked(slot.claimed)

    @precondition(lambda self: self.state == "sending")
    @rule(n=st.integers(1, PEOPLE))
    def serve(self, n: int) -> None:
        self.rows.filter(state="queued").update(due_at=timezone.now())
        ours = claim(self.control, limit=n)
        self.slots.append(Slot(Claim(ours.token, []), self._marked(ours)))

    @precondition(lambda self: self.state == "sending" and any(slot.marked for slot in self.slots))
    @rule(n=st.integers(1, PEOPLE))
    def overtake(self, n: int) -> None:
        """A slot is so late that a person sends its messages again before it writes its answers down."""
        self.no_answer_comes()
        self.send_again()
        self.serve(n)

    @precondition(lambda self: self.slots)
    @rule(which=st.integers(0, 3), data=st.data())
    def record(self, which: int, data: st.DataObject) -> None:
        """A slot ends: it writes its answers down, in some histories twice, and gives back what is left."""
        slot = self.slots.pop(which % len(self.slots))
        answers = [self._answer(*one, data.draw(st.sampled_from(SHAPES)), data) for one in slot.marked]
        for _time in range(data.draw(st.integers(1, 2))):
            record(self.control, slot.claimed.token, answers)
        release(self.control, slot.claimed)

    @precondition(lambda self: self.slots)
    @rule(which=st.integers(0, 3), data=st.data())
    def kill(self, which: int, data: st.DataObject) -> None:
        """A slot dies with what it holds; what it had sent may have arrived."""
        for row, again in self.slots.pop(which % len(self.slots)).marked:
            self.delivered[row.customer_id, again] += data.draw(st.booleans())

    def _marked(self, claimed: Claim) -> list[tuple[Marked, int]]:
        marked = mark(self.control, claimed, ids=claimed.ids, at=timezone.now())
        return [(row, self.sent_again[row.customer_id]) for row in marked]

    def _answer(self, row: Marked, again: int, shape: str, data: st.DataObject) -> Answer:
        if shape == "accepted" or (shape == "unknown" and data.draw(st.booleans())):
            self.delivered[row.customer_id, again] += 1
        words = ("refused", "MSG_UNSUBSCRIBED") if shape == "unsubscribed" else (shape, f"why-{shape}")
        return Answer(row.id, *words, 1.0)

    # --- the law ---

    @invariant()
    def each_move_is_in_its_table(self) -> None:
        self.check_moves(set())

    def check_moves(self, also: set[tuple[str, str]]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM moved RETURNING what, old, new")
            for what, old, new in cursor.fetchall():
                table = TRANSITIONS.get(old, ()) if what == "send" else ROW_MOVES.get(old, ())
                assert new in table or (old, new) in also, f"{what}: {old} → {new}"

    @invariant()
    def the_sums_agree(self) -> None:
        control = self.control
        self.state = control.state
        assert not [line for line in lines(control) if line.difference]

    @invariant()
    def nobody_has_it_twice_unless_a_person_sent_it_again(self) -> None:
        assert max(self.delivered.values(), default=0) <= 1

    @invariant()
    def who_has_it_is_accepted_or_not_known(self) -> None:
        """Who has it by an attempt before "send again" is `kept`; the last attempt speaks for itself."""
        told = self.rows.values_list("customer_id", "state", "kept_unknown")
        accepted = {who for who, state, _kept in told if state == "accepted"}
        open_ = {who for who, state, _kept in told if state in {"sending", "unknown"}}
        kept = {who for who, _state, kept in told if kept}
        reached = {who for (who, _again), n in self.delivered.items() if n}
        lately = {who for (who, again), n in self.delivered.items() if n and again == self.sent_again[who]}
        assert accepted <= reached <= accepted | open_ | kept
        assert lately <= accepted | open_


@pytest.mark.django_db
def test_any_sequence_of_moves_keeps_the_tables_the_sums_and_one_message_per_person() -> None:
    size = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Moves, settings=size)


def overtaken_and_late_with_busy() -> Moves:
    """The messages of a slot are sent again by another; then it writes down that the platform was busy."""
    moves = Moves()
    moves.begin(steps=4)
    moves.serve(n=PEOPLE)
    moves.the_sums_agree()  # as the machine does after each step
    moves.overtake(n=PEOPLE)
    late, other = moves.slots
    busy = [Answer(row.id, "busy", "", 1.0) for row, _again in late.marked]
    record(moves.control, late.claimed.token, busy)
    for row, again in other.marked:
        moves.delivered[row.customer_id, again] += 1
    accepted = [Answer(row.id, "accepted", "", 1.0) for row, _again in other.marked]
    record(moves.control, other.claimed.token, accepted)
    return moves


@pytest.mark.django_db
def test_a_slot_that_was_overtaken_writes_nothing_down() -> None:
    moves = overtaken_and_late_with_busy()
    moves.each_move_is_in_its_table()
    moves.the_sums_agree()
    moves.who_has_it_is_accepted_or_not_known()
    assert set(moves.rows.values_list("state", flat=True)) == {"accepted"}
    moves.teardown()


@pytest.mark.django_db
def test_without_the_fence_its_late_word_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "OURS", recording.OURS.replace(" AND token = %(token)s", ""))
    moves = overtaken_and_late_with_busy()
    with pytest.raises(AssertionError):
        moves.who_has_it_is_accepted_or_not_known()
    moves.teardown()
