"""Where the result of a job is to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from merchants.models import Job, Merchant


@dataclass(frozen=True)
class Page:
    """`argument`: where the job's arguments keep the id that the address takes after the merchant."""

    url_name: str
    argument: str
    label: str | Promise


RESULT_PAGES: Mapping[str, Page] = {
    "membership.check_list": Page("list", "people_list", _("Open the audience")),
    "membership.import_list": Page("list", "people_list", _("Open the audience")),
    "messaging.write_consent_list": Page("list", "people_list", _("Open the audience")),
    "coupons.write_holder_list": Page("list", "people_list", _("Open the audience")),
    "orders.check_import": Page("order_import", "order_import", _("Open the import")),
    "orders.import_orders": Page("order_import", "order_import", _("Open the import")),
    "orders.repair_alike": Page("order", "order", _("Open the order")),
    "messaging.decide_failures": Page("failure_decision", "decision", _("See what was done")),
}


LEFT_BECAUSE: Mapping[str, str | Promise] = {
    "gone": _("Nothing is missing any more, or it is under way."),
    "done": _("Somebody else filled it in first."),
    "moved_on": _("The order stands at another status by now."),
    "not_twice": _("The scene does not let this status follow itself."),
    "wrong_value": _("A value is not taken; open the order to correct it."),
}


@dataclass(frozen=True)
class Left:
    """`named`: numbers of orders with why each was left; the first of `left` of them."""

    again: int
    left: int
    named: list[tuple[str, str | Promise]]


def left_of(job: Job) -> Left | None:
    """What came of each order of a job that syncs several again."""
    result = job.result or {}
    if job.kind != "orders.repair_alike" or "again" not in result:
        return None
    named = [(number, LEFT_BECAUSE[why]) for number, why in result.get("left_orders", [])]
    return Left(result["again"], result["left"], named)


@dataclass(frozen=True)
class Result:
    label: str | Promise
    url: str


def result_of(job: Job, merchant: Merchant) -> Result | None:
    page = RESULT_PAGES.get(job.kind)
    if page is None or page.argument not in job.arguments:
        return None
    return Result(page.label, reverse(page.url_name, args=[merchant.slug, job.arguments[page.argument]]))
