"""The Job that makes the list: the judged rows become entries, all in one transaction.

Entries, counts, hash, state and the end of the Job are one: a list is empty or complete. A killed worker's
next one starts from the beginning.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import translation
from psycopg import sql

from membership import checking, lists, staging
from membership.columns import stored_layout
from membership.models import PeopleList
from merchants import events, jobs
from merchants.models import Job, User

ADD_CUSTOMERS = """
INSERT INTO membership_customer (merchant_id, mini_program_id, open_id, source)
SELECT {merchant}, {mini_program}, value, 'upload' FROM {judged}
WHERE problem = 'unknown' ORDER BY value
ON CONFLICT DO NOTHING
"""
LEARN_CUSTOMERS = """
UPDATE {judged} j SET problem = '', customer_id = c.id
FROM membership_customer c
WHERE j.problem = 'unknown' AND c.mini_program_id = {mini_program} AND c.open_id = j.value
"""
ADD_ENTRIES = """
INSERT INTO membership_peoplelistentry (people_list_id, customer_id, values)
SELECT {people_list}, customer_id, to_jsonb(kept) FROM {judged} WHERE problem = '' ORDER BY customer_id
"""
# Who was forgotten since the upload keeps a place in the count and no text.
FORGET_VALUES = """
UPDATE membership_peoplelistentry e SET values = NULL FROM membership_customer c
WHERE e.people_list_id = {people_list} AND e.values IS NOT NULL AND c.id = e.customer_id
    AND c.mini_program_id = {mini_program} AND c.forgotten_at IS NOT NULL
"""
# SHA-256 over the customer ids in ascending order, each in decimal and followed by a line feed.
HASH = """
SELECT encode(sha256(coalesce(string_agg(customer_id || E'\\n', '' ORDER BY customer_id), '')::bytea), 'hex')
FROM membership_peoplelistentry WHERE people_list_id = {people_list}
"""


def import_list(merchant_id: int, job_id: int) -> None:
    """One run of the Job. Database trouble propagates: the lease runs out and the sweep starts it again."""
    job = jobs.claim(job_id, merchant_id=merchant_id)
    if job is None:
        lists.close_abandoned()
        return
    with translation.override(checking.language_of(job)):
        try:
            _work(job, PeopleList.objects.get(merchant_id=merchant_id, job=job))
        except jobs.LostLease:
            lists.close_abandoned()  # when a person cancelled it; another worker's job is left alone
        except jobs.JobRefused as refusal:
            checking.give_up(job, str(refusal))


def _work(job: Job, people_list: PeopleList) -> None:
    people = people_list.count
    jobs.advance(job, done_units=0, total_units=people, lease_seconds=30 + people_list.rows // 10_000)
    with transaction.atomic():
        _judge_again_if_lost(job, people_list)
        added = _add_unknown(people_list) if people_list.add_unknown else 0
        parts = _parts(people_list)
        people = staging.run(ADD_ENTRIES, **parts)
        if people_list.columns:
            staging.run(FORGET_VALUES, **parts)
        complete(job, people_list, people=people, result={"added": added})
        staging.drop_judged(people_list.pk)


def complete(
    job: Job, people_list: PeopleList, *, people: int, result: dict[str, Any], **counts: int
) -> None:
    """In the transaction that wrote the entries: hash, counts, state and the end of the Job."""
    jobs.advance(job, done_units=people, total_units=people)
    importing = PeopleList.objects.filter(pk=people_list.pk, state=PeopleList.State.IMPORTING)
    changes = {"hash": _hash(people_list), "count": people, **counts}
    if not importing.update(state=PeopleList.State.READY, **changes):
        raise jobs.LostLease(f"list {people_list.pk} is over")
    jobs.finish(job, result={"people": people, **result})
    events.record(
        "list.ready",
        merchant=people_list.merchant,
        by=job.by,
        mini_program=people_list.mini_program,
        subject=people_list,
        detail={"name": people_list.name, "count": people, **result},
    )


def _judge_again_if_lost(job: Job, people_list: PeopleList) -> None:
    """An unlogged table is empty after a crash of the database; then the file is read once more."""
    if staging.judged_rows(people_list.pk) == people_list.rows:
        return
    staged, _rows, trimmed = checking.stage(job, people_list)
    found = checking.judge(people_list, staged, trimmed=trimmed)
    staging.away()
    counts = {name: found[name] for name in ("rows", "malformed", "repeated", "unknown")}
    PeopleList.objects.filter(pk=people_list.pk).update(**counts)


def _add_unknown(people_list: PeopleList) -> int:
    parts = _parts(people_list)
    added = staging.run(ADD_CUSTOMERS, **parts)
    staging.run(LEARN_CUSTOMERS, **parts)
    return added


def _parts(people_list: PeopleList) -> dict[str, sql.Composable]:
    return {
        "judged": staging.judged_table(people_list.pk),
        "people_list": sql.Literal(people_list.pk),
        "merchant": sql.Literal(people_list.merchant_id),
        "mini_program": sql.Literal(people_list.mini_program_id),
    }


def _hash(people_list: PeopleList) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute(staging.compose(HASH, people_list=sql.Literal(people_list.pk)))
        return str(cursor.fetchone()[0])


def take_over(people_list: PeopleList, *, by: User) -> PeopleList:
    """For code that has no person to ask: both Jobs here and now, with the columns as proposed."""
    layout = stored_layout(people_list.layout)
    if lists.start_check(people_list, layout=layout, add_unknown=people_list.add_unknown, by=by):
        checking.check_list(people_list.merchant_id, people_list.job_id or 0)
        people_list.refresh_from_db()
    if lists.start_import(people_list, by=by):
        import_list(people_list.merchant_id, people_list.job_id or 0)
        people_list.refresh_from_db()
    return people_list
