"""Where the lists that have saved views stand, and the addresses of their views."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from merchants.models import Merchant, SavedView
from messaging.models import BatchSend


@dataclass(frozen=True)
class Place:
    """`page` is what a SavedView stores; `list_name`, `view_name`: URL names, `args` those of both."""

    page: str
    list_name: str
    view_name: str
    args: tuple[str | int, ...]

    @property
    def address(self) -> str:
        return reverse(self.list_name, args=self.args)

    @property
    def new_address(self) -> str:
        return reverse(f"{self.view_name}_new", args=self.args)

    def change_address(self, view: SavedView) -> str:
        return reverse(self.view_name, args=[*self.args, view.pk])

    def delete_address(self, view: SavedView) -> str:
        return reverse(f"{self.view_name}_delete", args=[*self.args, view.pk])

    def showing(self, query: str) -> str:
        return f"{self.address}?{query}" if query else self.address


def sends(merchant: Merchant) -> Place:
    return Place("sends", "sends", "view", (merchant.slug,))


def orders(merchant: Merchant) -> Place:
    return Place("orders", "orders", "order_view", (merchant.slug,))


def people(batch: BatchSend) -> Place:
    """A view of people belongs to no send: it stands above the people of each."""
    return Place("people", "send_deliveries", "send_people_view", (batch.merchant.slug, batch.pk))
