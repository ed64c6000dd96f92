"""Which role may do what: one table. docs/roles.md is written from it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    OPERATOR = "operator", _("Operator")
    REVIEWER = "reviewer", _("Reviewer")
    ANALYST = "analyst", _("Analyst")


_VIEW = frozenset(
    {
        "home.view",
        "search.view",
        "templates.view",
        "lists.view",
        "sends.view",
        "deliveries.view",
        "deliveries.export",
        "jobs.view",
        "reconciliation.view",
        "recall.view",
        "rules.view",
        "people.view",
        "failures.view",
        "orders.view",
        "coupons.view",
    }
)
_OPERATE = frozenset(
    {
        "templates.adopt",
        "lists.upload",
        "lists.download",
        "sends.compose",
        "sends.launch",
        "sends.brake",
        "unknown.decide",
        "people.reveal",
        "people.edit",
        "provider.view",
        "provider.act",
        "orders.manage",
        "coupons.issue",
        "coupons.redeem",
        "coupons.design",
        "coupons.publish",
        "coupons.reconcile",
        "coupons.guard",
    }
)

CAPABILITIES: Mapping[str, frozenset[str]] = {
    Role.OWNER: _VIEW
    | _OPERATE
    | {
        "api_keys.edit",
        "audit.view",
        "sends.review",
        "mini_programs.view",
        "mini_programs.edit",
        "people.export",
        "people.forget",
        "provider.authorise",
        "rules.edit",
        "coupons.limits",
        "staff.view",
        "staff.edit",
    },
    Role.OPERATOR: _VIEW | _OPERATE | {"audit.view", "mini_programs.view"},
    Role.REVIEWER: _VIEW | {"audit.view", "people.reveal", "sends.brake", "sends.review"},
    Role.ANALYST: _VIEW,  # read only, personal data masked, also in exports; no upload downloads
}
ALL_CAPABILITIES: frozenset[str] = frozenset().union(*CAPABILITIES.values())


def may(role: str, capability: str) -> bool:
    """Raises KeyError for a capability that no role has: a misspelt guard must not silently forbid."""
    if capability not in ALL_CAPABILITIES:
        raise KeyError(f"unknown capability {capability!r}")
    return capability in CAPABILITIES[role]
