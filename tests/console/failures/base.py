"""Two sends with failures of several kinds, seen by an operator."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from messaging.models import BatchSend, Delivery
from tests.console.messaging.sends.base import SendCase

AUTH, UNSUBSCRIBED, STATUS = "MSG_UNAUTHORIZED", "MSG_UNSUBSCRIBED", "USER_TEMPLATE_STATUS_ILLEGAL"


class FailuresCase(SendCase):
    def failed(self, name: str = "Autumn", state: str = "finished", **outcomes: list[str]) -> BatchSend:
        """Of its six people as many as there are outcomes have one; the others stay queued."""
        now = timezone.now()
        fields = {"started_at": now, "finished_at": now if state == "finished" else None, "touched_at": now}
        batch = self.launched(state, name=name, **fields)
        self.settle(batch, **(outcomes or {"refused": [AUTH, AUTH]}))
        return batch

    def at(self, name: str, *, merchant: str = "yunduo", **query: Any) -> str:
        address = reverse(name, args=[merchant])
        return f"{address}?{urlencode(query, doseq=True)}" if query else address

    def rows(self, batch: BatchSend, state: str) -> int:
        return Delivery.objects.filter(send=batch.control, state=state, decision="").count()
