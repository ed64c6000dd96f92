"""The table of rights in the words of the pages they open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from merchants.roles import CAPABILITIES, Role

WORDS: Mapping[str, str | Promise] = {
    "home.view": _("See the home page"),
    "search.view": _("Search by name or number"),
    "templates.view": _("See templates"),
    "lists.view": _("See audiences"),
    "sends.view": _("See batch sends"),
    "deliveries.view": _("See each person's outcome"),
    "jobs.view": _("See work in progress"),
    "reconciliation.view": _("See the reconciliation"),
    "recall.view": _("See recall"),
    "templates.adopt": _("Adopt templates"),
    "lists.upload": _("Upload audiences"),
    "lists.download": _("Download problem rows"),
    "sends.compose": _("Write batch sends"),
    "sends.launch": _("Launch batch sends"),
    "sends.review": _("Approve batch sends of others, or send them back"),
    "sends.brake": _("Pause, resume, cancel; stop a mini program"),
    "failures.view": _("See the failures of all sends"),
    "unknown.decide": _("Decide unknown outcomes, send again to refused people"),
    "orders.view": _("See orders and why a notification came or did not"),
    "orders.manage": _("Choose scenes, enter orders, sync them again"),
    "coupons.view": _("See coupons and who has them"),
    "coupons.design": _("Design coupons"),
    "coupons.publish": _("Create coupons on the platform, publish, add stock, extend and stop them"),
    "coupons.issue": _("Give coupons to one person or to an audience"),
    "coupons.reconcile": _("Compare the books of coupons, take over or accept what differs"),
    "coupons.guard": _("Decide about coupon alerts, keep a customer from coupons"),
    "coupons.limits": _("Change the limits against coupon abuse"),
    "coupons.redeem": _("Redeem coupons at the till by their code, and give a use back"),
    "people.view": _("See one person's messages and consent"),
    "people.edit": _("Put people on the do-not-send list, note that they opted out of profiling"),
    "people.export": _("Export all that is kept about a person"),
    "people.forget": _("Erase a person's data"),
    "people.reveal": _("See people's ids; without it they are masked, also in exports"),
    "deliveries.export": _("Export outcomes"),
    "audit.view": _("See the audit log"),
    "mini_programs.view": _("See mini programs and keys"),
    "mini_programs.edit": _("Change mini programs and keys"),
    "api_keys.edit": _("Issue and revoke API keys"),
    "rules.view": _("See the sending rules"),
    "rules.edit": _("Change the sending rules"),
    "provider.view": _("At a service provider: see the merchants it works for"),
    "provider.act": _("At a service provider: adopt and send for many merchants"),
    "provider.authorise": _("Let a service provider work for this merchant, and end it"),
    "staff.view": _("See staff"),
    "staff.edit": _("Change staff and roles"),
}


@dataclass(frozen=True)
class Right:
    """`roles`: one flag per role, in the order of Role."""

    words: str | Promise
    capability: str
    roles: list[bool]


def rights_table() -> list[Right]:
    return [
        Right(words, capability, [capability in CAPABILITIES[role] for role in Role.values])
        for capability, words in WORDS.items()
    ]
