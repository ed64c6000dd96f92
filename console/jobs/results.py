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
    "orders.check_import": Page("order_import", "order_import", _("Open the import")),
    "orders.import_orders": Page("order_import", "order_import", _("Open the import")),
    "orders.repair_alike": Page("order", "order", _("Open the order")),
    "messaging.decide_failures": Page("failure_decision", "decision", _("See what was done")),
}


@dataclass(frozen=True)
class Result:
    label: str | Promise
    url: str


def result_of(job: Job, merchant: Merchant) -> Result | None:
    page = RESULT_PAGES.get(job.kind)
    if page is None or page.argument not in job.arguments:
        return None
    return Result(page.label, reverse(page.url_name, args=[merchant.slug, job.arguments[page.argument]]))
