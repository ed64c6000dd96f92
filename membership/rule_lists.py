"""Lists that a rule of a higher floor writes: it names the people, this floor freezes them.

Whoever opted out of profiling is left out: a rule looks at people, a file was chosen by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from membership import checking, importing, lists
from membership.models import PeopleList
from merchants import events, jobs
from merchants.models import Job, MiniProgram, User

# `whose` gives one column customer_id, each once; it comes from code, never from a person.
FOUND = """
FROM ({whose}) found
JOIN membership_customer c ON c.id = found.customer_id
WHERE c.mini_program_id = %(mini_program)s AND c.forgotten_at IS NULL
"""
ADD_ENTRIES = f"""
INSERT INTO membership_peoplelistentry (people_list_id, customer_id)
SELECT %(people_list)s, c.id {FOUND} AND c.profiling_opt_out_at IS NULL ORDER BY c.id
"""
OPTED_OUT = f"SELECT count(*) {FOUND} AND c.profiling_opt_out_at IS NOT NULL"
COUNT = f"""
SELECT count(*) FILTER (WHERE c.profiling_opt_out_at IS NULL),
    count(*) FILTER (WHERE c.profiling_opt_out_at IS NOT NULL) {FOUND}
"""


def count(mini_program: MiniProgram, *, whose: str, parameters: Mapping[str, Any]) -> tuple[int, int]:
    """How many people the list would hold now, and how many opted out of profiling."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(whose=whose), {**parameters, "mini_program": mini_program.pk})
        usable, opted_out = cursor.fetchone()
    return usable, opted_out


def start(
    task: str,
    *,
    mini_program: MiniProgram,
    name: str,
    purpose: str,
    rule: Mapping[str, Any],
    by: User,
    form_token: UUID,
) -> PeopleList:
    """Makes the list at importing and its Job, which calls `write`. Once for each form_token."""
    merchant = mini_program.merchant
    first = PeopleList.objects.for_merchant(merchant).filter(form_token=form_token).first()
    if first is not None:
        return first
    people_list = PeopleList(
        merchant=merchant,
        mini_program=mini_program,
        name=name[:80],
        purpose=purpose[:120],
        source=PeopleList.Source.RULE,
        state=PeopleList.State.IMPORTING,
        rule=dict(rule),
        form_token=form_token,
        created_by=by,
    )
    try:
        with transaction.atomic():
            people_list.save(force_insert=True)
            people_list.job = jobs.start(
                task,
                merchant=merchant,
                by=by,
                title=(_("Audience %(name)s") % {"name": people_list.name})[:120],
                arguments={"people_list": people_list.pk},
            )
            people_list.save(update_fields=["job"])
            events.record(
                "list.asked_for",
                merchant=merchant,
                by=by,
                mini_program=mini_program,
                subject=people_list,
                detail={"name": people_list.name},
            )
    except IntegrityError:
        return lists.sent_before(merchant, form_token)
    return people_list


def write(job: Job, *, whose: str, parameters: Mapping[str, Any], lease_seconds: int = 120) -> None:
    """One run of the Job: entries, counts, hash, state and its end in one transaction. Raises LostLease."""
    people_list = PeopleList.objects.select_related("merchant", "mini_program").get(
        merchant=job.merchant_id, job=job
    )
    jobs.advance(job, done_units=0, lease_seconds=lease_seconds)
    given = {
        **parameters,
        "mini_program": people_list.mini_program_id,
        "people_list": people_list.pk,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(OPTED_OUT.format(whose=whose), given)
        (opted_out,) = cursor.fetchone()
        cursor.execute(ADD_ENTRIES.format(whose=whose), given)
        people = cursor.rowcount
        importing.complete(
            job, people_list, people=people, result={}, rows=people + opted_out, opted_out=opted_out
        )


def give_up(job: Job, sentence: str) -> None:
    """Fails the Job and its list."""
    checking.give_up(job, sentence)
