"""Sends as an operator sees them: addresses, people with consent, and a send in any state."""

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from membership.models import Customer, PeopleList
from messaging.models import BatchSend, Delivery, DeliveryCounter, SendState, SubscriptionTemplate, cause_of
from tests import build_messaging as build
from tests.base import CastCase

HTMX = {"HX-Request": "true"}
SETTLED = ("accepted", "refused", "unknown")


class SendCase(CastCase):
    template: SubscriptionTemplate
    people: list[Customer]
    people_list: PeopleList

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.template = build.template(cls.mini_program)
        cls.people = build.people(cls.mini_program, 8)
        build.consents(cls.template, cls.people[:6])
        cls.people_list = build.people_list(cls.mini_program, cls.people)

    def setUp(self) -> None:
        self.sign_in(self.operator)

    def url(
        self, name: str, batch: BatchSend | None = None, *, merchant: str = "yunduo", **kwargs: Any
    ) -> str:
        named = {"send_id": batch.pk} if batch else {}
        return reverse(name, kwargs={"merchant": merchant, **named, **kwargs})

    @property
    def ids_of_people(self) -> list[str]:
        return [str(person.open_id) for person in self.people]

    def draft(self, **fields: Any) -> BatchSend:
        chosen = {"chosen": self.template, "to": self.people_list, **fields}
        return build.batch(self.mini_program, self.operator, **chosen)

    def launched(self, state: str = SendState.SENDING, **fields: Any) -> BatchSend:
        """6 of its 8 people are queued, 2 skipped for want of consent."""
        return build.launched_batch(
            self.mini_program, self.operator, chosen=self.template, to=self.people_list, state=state, **fields
        )

    def settle(self, batch: BatchSend, **outcomes: list[str]) -> None:
        """Queued people, in turn, come to the outcomes: `refused=["MSG_REJECTED"]` is one refused person."""
        queued = Delivery.objects.filter(send=batch.control, state="queued").order_by("id")
        rows = iter(list(queued.values_list("id", flat=True)))
        wanted = [(state, reason) for state, reasons in outcomes.items() for reason in reasons]
        with connection.cursor() as cursor:
            for state, reason in wanted:
                cursor.execute(
                    "UPDATE messaging_delivery SET state = %s, reason = %s, cause = %s, attempt = 1,"
                    " sent_at = now(), recorded_at = now() WHERE id = %s",
                    [state, reason, str(cause_of(reason)) if state == "unknown" else "", next(rows)],
                )
        for state, reason in wanted:
            self.count(batch, state, reason, 1)
            self.count(batch, "queued", "", -1)

    def count(self, batch: BatchSend, state: str, reason: str, change: int) -> None:
        row, _made = DeliveryCounter.objects.get_or_create(
            send=batch.control, state=state, reason=reason, defaults={"n": 0}
        )
        DeliveryCounter.objects.filter(send=batch.control, state=state, reason=reason).update(
            n=row.n + change
        )

    def queries(self, address: str) -> int:
        """What a second visit costs: the first fills caches of content types and the like."""
        self.client.get(address)
        with CaptureQueriesContext(connection) as captured:
            self.client.get(address)
        return len(captured)

    def state_of(self, batch: BatchSend) -> str:
        batch.control.refresh_from_db()
        return str(batch.control.state)

    def assert_moved_on(self, answer: Any, word: str) -> None:
        self.assertContains(answer, f"This send is now “{word}”", status_code=422)
