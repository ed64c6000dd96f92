"""The sidebar as data, and what every page's frame needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from console.access import seats_of
from merchants import providers
from merchants.models import Merchant, MiniProgram, Staff, User
from merchants.roles import CAPABILITIES
from messaging.reports import Seal, seal
from messaging.waiting import waiting

SEARCH_FROM = 10  # merchants in the switcher


@dataclass(frozen=True)
class Item:
    """`family`: the first words of URL names that belong to this item: it is current on them."""

    label: str | Promise
    url_name: str
    capability: str
    icon: str
    family: tuple[str, ...]
    for_providers: bool = False  # no such page elsewhere


@dataclass(frozen=True)
class Section:
    label: str | Promise
    items: tuple[Item, ...]


SECTIONS: tuple[Section, ...] = (
    Section("", (Item(_("Home"), "home", "home.view", "layout-dashboard", ("home",)),)),
    Section(
        _("Service provider"),
        (
            Item(
                _("Merchants"),
                "provider_merchants",
                "provider.view",
                "building-store",
                ("provider",),
                for_providers=True,
            ),
        ),
    ),
    Section(
        _("Messages"),
        (
            Item(
                _("Batch sends"), "sends", "sends.view", "send", ("send", "sends", "view", "crowd", "crowds")
            ),
            Item(_("Single messages"), "singles", "sends.view", "message-2", ("single", "singles")),
            Item(_("Failures"), "failures", "failures.view", "alert-circle", ("failure", "failures")),
            Item(_("Templates"), "templates", "templates.view", "template", ("template", "templates")),
            Item(_("Audiences"), "lists", "lists.view", "users-group", ("list", "lists")),
            Item(_("One person"), "people", "people.view", "id", ("people", "person")),
        ),
    ),
    Section(
        _("Orders"),
        (
            Item(_("Orders & sync"), "orders", "orders.view", "package", ("order", "orders")),
            Item(
                _("Diagnosis"),
                "order_diagnosis",
                "orders.view",
                "stethoscope",
                ("order_diagnosis", "order_digest"),
            ),
        ),
    ),
    Section(
        _("Coupons"),
        (
            Item(
                pgettext_lazy("menu", "Coupons"),
                "coupons",
                "coupons.view",
                "ticket",
                ("coupon", "coupons", "placement"),
            ),
            Item(
                _("Coupon books"),
                "coupon_books",
                "coupons.view",
                "equal",
                ("coupon_books", "coupon_difference", "coupon_difference_settle", "coupon_differences"),
            ),
            Item(
                pgettext_lazy("menu", "Redeem by code"),
                "coupon_scan",
                "coupons.redeem",
                "check",
                ("coupon_scan", "coupon_redeem"),
            ),
            Item(
                _("Coupon alerts"),
                "coupon_alerts",
                "coupons.view",
                "alert-circle",
                ("coupon_alert", "coupon_alert_settle", "coupon_alerts"),
            ),
            Item(_("Expiry reminders"), "reminders", "coupons.view", "bell", ("reminder", "reminders")),
        ),
    ),
    Section(
        _("Figures"),
        (
            Item(_("Recall"), "recall", "recall.view", "chart-histogram", ("recall",)),
            Item(
                _("Coupon figures"),
                "coupon_figures",
                "coupons.view",
                "chart-histogram",
                ("coupon_figures", "coupon_plan_figures", "coupon_store_figures"),
            ),
        ),
    ),
    Section(
        _("Settings"),
        (
            Item(
                _("Mini programs & keys"),
                "mini_programs",
                "mini_programs.view",
                "settings",
                ("mini_program", "mini_programs"),
            ),
            Item(
                _("API keys"),
                "api_keys",
                "api_keys.edit",
                "key",
                ("api_keys", "api_key_new", "api_key_revoke"),
            ),
            Item(_("Sending rules"), "rules", "rules.view", "scale", ("rules",)),
            Item(
                _("Coupon limits"),
                "coupon_limits",
                "coupons.view",
                "scale",
                ("coupon_limits", "coupon_limits_save"),
            ),
            Item(
                _("Service providers"),
                "authorised_providers",
                "provider.authorise",
                "plug",
                ("authorised",),
            ),
            Item(_("Staff & rights"), "staff", "staff.view", "users", ("staff",)),
            Item(_("Audit log"), "audit", "audit.view", "history", ("audit",)),
        ),
    ),
)
# Families of pages with a part of help of their own; every other page leads to its index.
HELP: Mapping[str, tuple[str, str]] = {
    "template": ("help_messages", "consent"),
    "templates": ("help_messages", "consent"),
    "crowd": ("help_states", "state-crowd"),
    "crowds": ("help_states", "state-crowd"),
    "send": ("help_states", "states"),
    "sends": ("help_states", "state-send"),
    "failure": ("help_states", "refused"),
    "failures": ("help_states", "refused"),
    "single": ("help_api", "messages"),
    "singles": ("help_api", "messages"),
    "api": ("help_api", "keys"),
    "list": ("help_limits", "files"),
    "lists": ("help_limits", "files"),
    "mini": ("help_connect", "keys"),
}
SHORTCUTS: tuple[tuple[str, str | Promise], ...] = (
    ("g h", _("Home")),
    ("g b", _("Batch sends")),
    ("n", _("New batch send")),
    ("j k", _("Next row, row before")),
    ("x", _("Tick the row")),
    (".", _("Menu of the row")),
    ("/", _("Search")),
    ("?", pgettext_lazy("shortcut", "These shortcuts")),
)


@dataclass(frozen=True)
class Link:
    """`waiting`: how many things on its pages wait for a person."""

    label: str | Promise
    url: str
    icon: str
    is_current: bool
    waiting: int = 0


@dataclass(frozen=True)
class Group:
    label: str | Promise
    links: list[Link]


class Shell:
    """The frame of one request; each part asks the database only when a template wants it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.merchant: Merchant | None = getattr(request, "merchant", None)
        self.staff: Staff | None = getattr(request, "staff", None)
        self.mini_program: MiniProgram | None = getattr(request, "mini_program", None)

    @cached_property
    def merchants(self) -> list[Merchant]:
        if not getattr(self.request, "user", None) or not self.request.user.is_authenticated:
            return []
        own = [seat.merchant for seat in seats_of(self.request)]
        if not any(merchant.is_provider for merchant in own):
            return own
        lent = providers.borrowed_seats(cast(User, self.request.user))
        return list(dict.fromkeys([*own, *(seat.merchant for seat in lent)]))

    @property
    def has_merchant_search(self) -> bool:
        return len(self.merchants) > SEARCH_FROM

    @cached_property
    def mini_programs(self) -> list[MiniProgram]:
        if self.merchant is None:
            return []
        return list(MiniProgram.objects.for_merchant(self.merchant).order_by("created_at", "pk"))

    @property
    def is_simulated(self) -> bool:
        return self.mini_program is not None and self.mini_program.gateway == MiniProgram.Gateway.SIMULATED

    @cached_property
    def seal(self) -> Seal | None:
        if self.staff is None or self.merchant is None or not self.staff.can("reconciliation.view"):
            return None
        return seal(self.merchant, at=timezone.now())

    @cached_property
    def groups(self) -> list[Group]:
        if self.staff is None or self.merchant is None:
            return []
        match = self.request.resolver_match
        family = (match.url_name or "").partition("_")[0] if match else ""
        name = match.url_name if match else ""
        items = [item for section in SECTIONS for item in section.items]
        by_name = next((item for item in items if name in item.family), None)
        current = by_name or next((item for item in items if family in item.family), None)
        groups = []
        for section in SECTIONS:
            links = [
                Link(
                    item.label,
                    page_url(item.url_name, self.merchant),
                    item.icon,
                    is_current=item is current,
                    waiting=self._waiting(item.url_name),
                )
                for item in section.items
                if self.staff.can(item.capability) and (self.merchant.is_provider or not item.for_providers)
            ]
            if links:
                groups.append(Group(section.label, links))
        return groups

    @cached_property
    def _counts(self) -> Mapping[str, int]:
        """The grey counts by URL name: one statement for all of them."""
        if self.merchant is None:
            return {}
        found = waiting(self.merchant)
        named = {"sends": found.sends, "singles": found.singles, "templates": found.templates}
        of_coupons = {"coupon_books": found.books, "coupon_alerts": found.alerts}
        return {**named, **of_coupons, "orders": found.orders}

    def _waiting(self, url_name: str) -> int:
        return self._counts.get(url_name, 0)

    @property
    def help_url(self) -> str:
        """The part of help that fits the page at hand."""
        if self.staff is None or self.merchant is None:
            return ""
        match = self.request.resolver_match
        family = (match.url_name or "").partition("_")[0] if match else ""
        name, anchor = HELP.get(family, ("help", ""))
        return page_url(name, self.merchant) + (f"#{anchor}" if anchor else "")

    @property
    def sends_url(self) -> str:
        return self._url("sends", "sends.view")

    @property
    def search_url(self) -> str:
        return self._url("search", "search.view")

    @property
    def is_search(self) -> bool:
        match = self.request.resolver_match
        return match is not None and match.url_name == "search"

    @property
    def after_switch_url(self) -> str:
        """Where another mini program is looked at: here, unless the page belongs to one, as a send's does."""
        is_of_one = getattr(self.request, "belongs_to", False)
        return self.sends_url if is_of_one else self.request.get_full_path()

    @property
    def new_send_url(self) -> str:
        return self._url("send_new", "sends.compose")

    @property
    def new_list_url(self) -> str:
        return self._url("list_new", "lists.upload")

    def _url(self, name: str, capability: str) -> str:
        if self.staff is None or self.merchant is None or not self.staff.can(capability):
            return ""
        return page_url(name, self.merchant)

    @property
    def shortcuts(self) -> tuple[tuple[str, str | Promise], ...]:
        return SHORTCUTS

    @property
    def other_language(self) -> tuple[str, str]:
        """Code and short name of the language the switch leads to."""
        return ("en", "EN") if (get_language() or "").startswith("zh") else ("zh-hans", "中")


def page_url(name: str, merchant: Merchant) -> str:
    return reverse(name, kwargs={"merchant": merchant.slug})


def shell(request: HttpRequest) -> Mapping[str, Any]:
    """Context processor: `shell`, `merchant`, `capabilities` (`{% if "sends.launch" in capabilities %}`)."""
    frame = Shell(request)
    role = frame.staff.role if frame.staff else ""
    return {"shell": frame, "merchant": frame.merchant, "capabilities": CAPABILITIES.get(role, frozenset())}
