"""Everyone with consent to a template, frozen as a list: who holds a unit or a standing consent just then.

The balance decides, so nobody is in it twice. Membership leaves out who opted out of profiling.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from membership import rule_lists
from membership.models import PeopleList
from merchants import jobs
from merchants.models import User
from messaging.models import SubscriptionTemplate

TASK = "messaging.write_consent_list"
RULE = "consent"
WHOSE = (
    "SELECT customer_id FROM messaging_consent WHERE template_id = %(template)s AND (units > 0 OR standing)"
)


@dataclass(frozen=True)
class Reach:
    """`people` would be in the list, `opted_out` hold a consent and are left out."""

    people: int
    opted_out: int
    counted_at: datetime

    @property
    def total(self) -> int:
        return self.people + self.opted_out


def reach(template: SubscriptionTemplate, *, at: datetime) -> Reach:
    people, opted_out = rule_lists.count(
        template.mini_program, whose=WHOSE, parameters={"template": template.pk}
    )
    return Reach(people, opted_out, at)


def make_list(
    template: SubscriptionTemplate, *, name: str, purpose: str, by: User, form_token: UUID
) -> PeopleList:
    """Starts the Job that freezes them. The same form_token gives the first list."""
    return rule_lists.start(
        TASK,
        mini_program=template.mini_program,
        name=name,
        purpose=purpose,
        rule={"kind": RULE, "template": template.pk, "template_name": template.name},
        by=by,
        form_token=form_token,
    )


def write_list(merchant_id: int, job_id: int) -> None:
    """One run of the Job: all or nothing, so a killed worker's next one starts from the beginning."""
    job = jobs.claim(job_id, merchant_id=merchant_id)
    if job is None:
        return
    people_list = PeopleList.objects.for_merchant(job.merchant).get(job=job)
    template = SubscriptionTemplate.objects.for_merchant(job.merchant).filter(
        pk=people_list.rule.get("template"), mini_program=people_list.mini_program_id
    )
    try:
        if not template.exists():
            raise jobs.JobRefused(_("The template of this list is gone. Make the list from another one."))
        rule_lists.write(job, whose=WHOSE, parameters={"template": people_list.rule["template"]})
    except jobs.LostLease:
        return
    except jobs.JobRefused as refusal:
        rule_lists.give_up(job, str(refusal))
