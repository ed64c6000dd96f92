"""Frozen people lists: an upload waits for its columns, is checked by one Job and made by another.

Each move is a compare-and-set; see models.PeopleList for the states, checking and importing for the Jobs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import PurePath
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from membership import staging, uploads
from membership.columns import Layout, look_at
from membership.models import PeopleList, PeopleListEntry
from merchants import events, jobs
from merchants.models import Job, Merchant, MiniProgram, User

State = PeopleList.State
CHECK_TASK = "membership.check_list"
IMPORT_TASK = "membership.import_list"
FORGET_SUBSCRIBER = "membership.forget_customer"
WAITING = (State.UPLOADED, State.CHECKED)  # for a person
WORKING = (State.CHECKING, State.IMPORTING)  # a Job is at it
OPEN_STATES = (*WAITING, *WORKING)


def receive(
    *,
    merchant: Merchant,
    mini_program: MiniProgram,
    file: uploads.Readable,
    file_name: str,
    name: str,
    purpose: str,
    by: User,
    form_token: UUID,
    add_unknown: bool = False,
) -> PeopleList:
    """Stores the file and looks at its beginning; the list then waits for its columns.

    The same form_token gives the first list. `file_name` is only shown, never used as a path. Raises
    uploads.UploadRefused, and nothing is kept.
    """
    first = PeopleList.objects.for_merchant(merchant).filter(form_token=form_token).first()
    if first is not None:
        return first
    stored_file = uploads.store(file)
    shown_name = PurePath(file_name.replace("\0", "").replace("\\", "/")).name[:200]
    try:
        layout = look_at(uploads.path_of(stored_file)).layout
        people_list = PeopleList(
            merchant=merchant,
            mini_program=mini_program,
            name=name.strip()[:80] or shown_name[:80],
            purpose=purpose[:120],
            state=State.UPLOADED,
            add_unknown=add_unknown,
            file_name=shown_name,
            layout=layout.stored(),
            stored_file=stored_file,
            form_token=form_token,
            created_by=by,
        )
        with transaction.atomic():
            people_list.save(force_insert=True)
            _record("list.uploaded", people_list, by=by, file=people_list.file_name)
    except BaseException as error:
        uploads.delete(stored_file)
        if isinstance(error, IntegrityError):
            return sent_before(merchant, form_token)
        raise
    return people_list


def sent_before(merchant: Merchant, form_token: UUID) -> PeopleList:
    """The list of a form that was sent twice at once. Raises UploadRefused: it is of another merchant."""
    first = PeopleList.objects.for_merchant(merchant).filter(form_token=form_token).first()
    if first is None:
        raise uploads.UploadRefused(
            _("This form was sent before. Open the upload page again and choose the file once more.")
        ) from None
    return first


def start_check(people_list: PeopleList, *, layout: Layout, add_unknown: bool, by: User) -> bool:
    """uploaded → checking, with the Job of the dry run. False when the list moved on meanwhile."""
    title = _("Check of %(name)s") % {"name": people_list.name}
    changes = {
        "layout": layout.stored(),
        "columns": layout.names,
        "add_unknown": add_unknown,
        **dict.fromkeys(("rows", "malformed", "repeated", "unknown", "count"), 0),
    }
    return _start(people_list, CHECK_TASK, title, (State.UPLOADED, State.CHECKING), by=by, **changes)


def start_import(people_list: PeopleList, *, by: User) -> bool:
    """checked → importing, with the Job that makes the list. False when the list moved on meanwhile."""
    title = _("Import of %(name)s") % {"name": people_list.name}
    return _start(people_list, IMPORT_TASK, title, (State.CHECKED, State.IMPORTING), by=by)


def _start(
    people_list: PeopleList, task: str, title: str, move: tuple[str, str], *, by: User, **changes: object
) -> bool:
    before, after = move
    with transaction.atomic():
        job = jobs.start(
            task,
            merchant=people_list.merchant,
            by=by,
            title=title[:120],
            arguments={"people_list": people_list.pk},
        )
        rows = PeopleList.objects.filter(pk=people_list.pk, state=before)
        if not rows.update(state=after, job=job, **changes):
            transaction.set_rollback(True)
            return False
    people_list.refresh_from_db()
    return True


def reopen(people_list: PeopleList) -> bool:
    """checked → uploaded: other columns. False when the list moved on meanwhile."""
    with transaction.atomic():
        if not PeopleList.objects.filter(pk=people_list.pk, state=State.CHECKED).update(
            state=State.UPLOADED, problem_file="", job=None
        ):
            return False
        staging.drop_judged(people_list.pk)
    uploads.delete(people_list.problem_file)
    people_list.refresh_from_db()
    return True


def cancel(people_list: PeopleList) -> bool:
    """Ends an open list and deletes its files. False when it was over already."""
    if people_list.state in WORKING and (people_list.job is None or not jobs.cancel(people_list.job)):
        return False
    if not mark_failed(people_list):
        return False
    uploads.discard(people_list)
    return True


def close_abandoned() -> int:
    """Fails the lists whose Job was cancelled or given up by its sweep. Returns how many."""
    over = [Job.State.CANCELLED, Job.State.FAILED]
    return _close(PeopleList.objects.filter(state__in=WORKING, job__state__in=over)[:200])


def close_stale(*, at: datetime) -> int:
    """Fails the lists nobody decided on while their file was kept. Returns how many."""
    oldest = at - timedelta(days=settings.UPLOAD_KEEP_DAYS)
    return _close(PeopleList.objects.filter(state__in=WAITING, created_at__lt=oldest)[:200])


def _close(people_lists: Iterable[PeopleList]) -> int:
    closed = [people_list for people_list in people_lists if mark_failed(people_list)]
    for people_list in closed:
        uploads.discard(people_list)
    return len(closed)


def drop_leftovers() -> int:
    """Judged rows of lists that moved on. Returns how many tables."""
    needing = PeopleList.objects.filter(state__in=[State.CHECKED, State.IMPORTING])
    return staging.drop_leftovers(set(needing.values_list("pk", flat=True)))


def mark_failed(people_list: PeopleList) -> bool:
    """False when the list was over already. The sentence stands on its Job."""
    with transaction.atomic():
        rows = PeopleList.objects.filter(pk=people_list.pk, state__in=OPEN_STATES)
        if not rows.update(state=State.FAILED):
            return False
        _record("list.failed", people_list, by=None)
    return True


def rename(people_list: PeopleList, *, name: str, by: User) -> bool:
    """False when it is called so already. What was sent keeps the people, not the name."""
    with transaction.atomic():
        rows = PeopleList.objects.filter(pk=people_list.pk).exclude(name=name)
        if not rows.update(name=name):
            return False
        _record("list.renamed", people_list, by=by, new_name=name)
    return True


def _record(kind: str, people_list: PeopleList, *, by: User | None, **detail: object) -> None:
    events.record(
        kind,
        merchant=people_list.merchant,
        by=by,
        mini_program=people_list.mini_program,
        subject=people_list,
        detail={"name": people_list.name, **detail},
    )


def erase_uploads_naming(event_id: int, *, at: datetime) -> int:
    """Subscriber of `customer.forgotten`: deletes files and texts that hold the person. How many lists.

    The lists themselves stay: they hold customers, not ids. Repeatable.
    """
    event = events.load(event_id, subscriber=FORGET_SUBSCRIBER)
    if event is None or event.subject_id is None:
        return 0
    entries = PeopleListEntry.objects.filter(customer_id=event.subject_id)
    of_merchant = PeopleList.objects.filter(merchant=event.merchant)
    naming = list(of_merchant.filter(pk__in=entries.values("people_list")))
    entries.exclude(values=None).update(values=None)
    naming += [
        one for one in of_merchant.filter(state=State.CHECKED) if staging.forget(one.pk, event.subject_id)
    ]
    kept = [one for one in naming if one.stored_file or one.problem_file]
    for people_list in kept:
        uploads.discard(people_list)
    events.done(event_id, subscriber=FORGET_SUBSCRIBER, at=at)
    return len(kept)
