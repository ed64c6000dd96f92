"""Sends of past days with their figures, as counters and rollups hold them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from messaging.models import BatchSend, DeliveryCounter, RecallCount, SendControl, SendState, Visit
from messaging.recall import hours
from tests import build_messaging
from tests.base import CastCase

RECALL = reverse("recall", args=["yunduo"])
BEIJING = ZoneInfo("Asia/Shanghai")


def today() -> date:
    return timezone.now().astimezone(BEIJING).date()


def days_ago(n: int, hour: int = 10) -> datetime:
    """An hour of a past day in the merchant's zone."""
    day = today() - timedelta(days=n)
    return datetime(day.year, day.month, day.day, hour, tzinfo=BEIJING).astimezone(UTC)


class RecallPageCase(CastCase):
    def setUp(self) -> None:
        self.template = build_messaging.template(self.mini_program)
        self.list = build_messaging.people_list(self.mini_program, [])
        self.sign_in(self.operator)

    def past(
        self, name: str, started_at: datetime, *, accepted: int, visits: int, shared: int = 0, **fields: Any
    ) -> BatchSend:
        """A finished send. Call `hours.roll_up()` (or self.counted()) before a page is asked for."""
        app, template = fields.pop("app", self.mini_program), fields.pop("template", self.template)
        batch = build_messaging.batch(app, self.operator, chosen=template, to=self.list, name=name)
        usual = {
            "state": SendState.FINISHED,
            "template": template,
            "people_list": self.list,
            "due_at": started_at,
            "started_at": started_at,
            "finished_at": started_at + timedelta(minutes=5),
            "touched_at": timezone.now(),
            "books_month": started_at.date().replace(day=1),
            "frozen_total": accepted,
        }
        SendControl.objects.filter(pk=batch.control_id).update(**(usual | fields))
        DeliveryCounter.objects.create(send_id=batch.control_id, state="accepted", n=accepted)
        RecallCount.objects.create(send_id=batch.control_id, visits=visits, shared_visits=shared)
        batch.refresh_from_db()
        return batch

    def visits(self, batch: BatchSend, *after: timedelta) -> None:
        control = batch.control
        Visit.objects.bulk_create(
            Visit(
                books_month=control.books_month,
                delivery_id=control.pk * 1_000 + number,
                shared=False,
                send=control,
                at=control.started_at + late,
            )
            for number, late in enumerate(after)
        )

    def counted(self, query: str = "") -> Any:
        """The page, after the rollup ran."""
        hours.roll_up()
        return self.client.get(RECALL + query)
