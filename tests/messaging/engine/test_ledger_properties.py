"""Whatever happens in whatever order, the books balance after every single step."""

import itertools
import uuid
from contextlib import suppress

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.engine.claim import Claim, claim, release
from messaging.engine.decisions import NothingToSendAgain, send_again, treat_as_sent
from messaging.engine.mark import mark
from messaging.engine.reap import reap
from messaging.engine.reconcile import lines
from messaging.engine.record import Answer, record
from messaging.engine.schedule import advance
from messaging.models import Consent, Delivery, FrequencyCount, SendControl
from tests import build, build_messaging

SHAPES = ("accepted", "refused", "unsubscribed", "busy", "not_sent", "unknown")
STEPS = (
    "claim",
    "mark",
    "record",
    "twice",
    "release",
    "lease_over",
    "deadline_over",
    "treat",
    "again",
    "cancel",
)
_numbers = itertools.count()

steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(1, 4), st.sampled_from(SHAPES)), min_size=3, max_size=18
)


class World:
    """One send of eight people (six with consent), and the claims that some slot believes to hold."""

    def __init__(self) -> None:
        app = build.mini_program(build.merchant())
        chosen = build_messaging.template(app, fatigue_value=1, fatigue_unit="day", fatigue_total=2)
        people = build_messaging.people(app, 8)
        build_messaging.consents(chosen, people[:6], units=2)
        self.by = build.user(f"decider{next(_numbers)}-{uuid.uuid4().hex[:6]}")
        self.template = chosen
        self.control = build_messaging.send(app, chosen, build_messaging.people_list(app, people))
        self.claims: list[Claim] = []
        self.flying: list[Claim] = []

    def step(self, name: str, n: int, shape: str) -> None:
        getattr(self, name)(n, shape)

    def claim(self, n: int, _shape: str) -> None:
        Delivery.objects.filter(send=self.control, state="queued").update(due_at="2020-01-01T00:00Z")
        self.claims.append(claim(self.control, limit=n))

    def mark(self, _n: int, _shape: str) -> None:
        if self.claims:
            ours = self.claims.pop()
            marked = mark(self.control, ours, ids=ours.ids, at=timezone.now())
            self.flying.append(Claim(ours.token, [row.id for row in marked]))

    def record(self, n: int, shape: str) -> None:
        if self.flying:
            ours = self.flying.pop(n % len(self.flying))
            self.answer(ours, shape)

    def twice(self, _n: int, shape: str) -> None:
        if self.flying:
            self.answer(self.flying[-1], shape)
            self.answer(self.flying.pop(), shape)

    def answer(self, ours: Claim, shape: str) -> None:
        words = ("refused", "MSG_UNSUBSCRIBED") if shape == "unsubscribed" else (shape, f"why-{shape}")
        record(self.control, ours.token, [Answer(one, *words, 1.0) for one in ours.ids])

    def release(self, _n: int, _shape: str) -> None:
        if self.claims:
            release(self.control, self.claims.pop())

    def lease_over(self, _n: int, _shape: str) -> None:
        rows = Delivery.objects.filter(send=self.control, state="claimed")
        rows.update(lease_until="2020-01-01T00:00Z")
        reap()

    def deadline_over(self, _n: int, _shape: str) -> None:
        """The rows stay in self.flying: a late record may come."""
        rows = Delivery.objects.filter(send=self.control, state="sending")
        rows.update(answer_by="2020-01-01T00:00Z")
        reap()

    def treat(self, n: int, _shape: str) -> None:
        ids = Delivery.objects.filter(send=self.control, state="unknown").values_list("id", flat=True)
        treat_as_sent(self.control, delivery_ids=list(ids)[:n], by=self.by, at=timezone.now())

    def again(self, _n: int, _shape: str) -> None:
        with suppress(NothingToSendAgain):
            send_again(
                self.control,
                delivery_ids=None,
                states=("unknown", "refused"),
                by=self.by,
                at=timezone.now(),
            )

    def cancel(self, n: int, _shape: str) -> None:
        if n == 1:
            SendControl.objects.filter(pk=self.control.pk, state="sending").update(state="cancelling")
            advance()

    def check(self, told: str) -> None:
        self.control.refresh_from_db()
        assert not [line for line in lines(self.control) if line.difference], told
        assert Delivery.objects.filter(send=self.control).count() == self.control.frozen_total == 8, told
        holding = Delivery.objects.filter(send=self.control, counted_on__isnull=False).count()
        counted = sum(FrequencyCount.objects.filter(template=self.template).values_list("n", flat=True))
        assert counted >= holding, told
        assert not Consent.objects.filter(template=self.template, units__lt=0).exists(), told


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_the_books_balance_after_every_step_of_any_history(history: list[tuple[str, int, str]]) -> None:
    world = World()
    for position, (name, n, shape) in enumerate(history):
        world.step(name, n, shape)
        world.check(f"after step {position} of {history}")
