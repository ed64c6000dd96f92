"""An order message as the phone shows it, for templates/messaging/_phone.html, with sample values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from orders.scene_fields import field_name
from orders.scenes import Node, Scene

PHONE_LANGUAGE = "zh-hans"
SAMPLES = {
    "total_rent": "1280.00",
    "lease": "12",
    "thaw_deposit": "3000.00",
    "delivery_time": "2026-03-02 10:20",
    "receiving_time": "2026-03-04 15:05",
    "rent_due_date": "2027-03-03",
    "courier_number": "SF1234567890",
    "lease_period": "2026-03-04 / 2027-03-03",
    "give_back_date": "2027-03-10",
    "overdue_amount": "106.70",
    "real_date": "2027-06-03",
    "payment_amount": "200.00",
    "buy_amount": "1999.00",
}


@dataclass(frozen=True)
class OrderMessage:
    """The status stands first, the sentence below it; `fields` are what the message uses."""

    sender: str
    name: str
    sentence: str
    fields: Sequence[tuple[str, str]]
    has_push: bool
    no_push: str

    @property
    def first(self) -> str:
        return self.name

    @property
    def second(self) -> str:
        return self.sentence


def message_of(scene: Scene, node: Node, *, sender: str) -> OrderMessage:
    """The phone speaks Chinese whatever the language of the page."""
    no_push = _("This status has no push")
    needed = scene.needed(node.status)
    with override(PHONE_LANGUAGE):
        sentence = node.sentence_with(SAMPLES)
        values = [(field_name(key), SAMPLES.get(key, "--")) for key in needed]
        told = [(pgettext("order message", "What it says"), sentence), *values]
        return OrderMessage(sender, str(node.name), sentence, told, node.pushes, no_push)
