"""Frozen people lists: an upload becomes a list and a Job that fills it (see importing)."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from membership import uploads
from membership.models import PeopleList
from merchants import events, jobs
from merchants.models import Job, Merchant, MiniProgram, User

IMPORT_TASK = "membership.import_list"
FORGET_SUBSCRIBER = "membership.forget_customer"
OPEN_STATES = (PeopleList.State.CHECKING, PeopleList.State.CHECKED, PeopleList.State.IMPORTING)


def receive(
    *,
    merchant: Merchant,
    mini_program: MiniProgram,
    file: uploads.Readable,
    file_name: str,
    name: str,
    purpose: str,
    add_unknown: bool,
    by: User,
    form_token: UUID,
) -> PeopleList:
    """Stores the file, makes the list and starts its Job; the same form_token gives the first list.

    `file_name` is only shown, never used as a path. Raises uploads.UploadRefused.
    """
    first = PeopleList.objects.for_merchant(merchant).filter(form_token=form_token).first()
    if first is not None:
        return first
    stored_file = uploads.store(file)
    shown_name = PurePath(file_name.replace("\0", "").replace("\\", "/")).name[:200]
    people_list = PeopleList(
        merchant=merchant,
        mini_program=mini_program,
        name=name.strip()[:80] or shown_name[:80],
        purpose=purpose[:120],
        add_unknown=add_unknown,
        file_name=shown_name,
        stored_file=stored_file,
        form_token=form_token,
        created_by=by,
    )
    try:
        _start(people_list, by=by)
    except IntegrityError:
        uploads.delete(stored_file)
        first = PeopleList.objects.for_merchant(merchant).filter(form_token=form_token).first()
        if first is None:
            raise uploads.UploadRefused(
                _("This form was sent before. Open the upload page again and choose the file once more.")
            ) from None
        return first
    return people_list


def _start(people_list: PeopleList, *, by: User) -> None:
    with transaction.atomic():
        people_list.save(force_insert=True)
        people_list.job = jobs.start(
            IMPORT_TASK,
            merchant=people_list.merchant,
            by=by,
            title=(_("Import of %(name)s") % {"name": people_list.name})[:120],
            arguments={"people_list": people_list.pk},
        )
        people_list.save(update_fields=["job"])
        events.record(
            "list.uploaded",
            merchant=people_list.merchant,
            by=by,
            mini_program=people_list.mini_program,
            subject=people_list,
            detail={"name": people_list.name, "file": people_list.file_name},
        )


def close_abandoned() -> int:
    """Fails the open lists whose Job was cancelled or given up by its sweep. Returns how many."""
    over = [Job.State.CANCELLED, Job.State.FAILED]
    closed = 0
    for people_list in PeopleList.objects.filter(state__in=OPEN_STATES, job__state__in=over)[:200]:
        closed += mark_failed(people_list)
    return closed


def mark_failed(people_list: PeopleList) -> bool:
    """False when the list was over already. The sentence stands on its Job."""
    with transaction.atomic():
        rows = PeopleList.objects.filter(pk=people_list.pk, state__in=OPEN_STATES)
        if not rows.update(state=PeopleList.State.FAILED):
            return False
        events.record(
            "list.failed",
            merchant=people_list.merchant,
            mini_program=people_list.mini_program,
            subject=people_list,
            detail={"name": people_list.name},
        )
    return True


def erase_uploads_naming(event_id: int, *, at: datetime) -> int:
    """Subscriber of `customer.forgotten`: deletes uploads that hold the person's id. Returns how many lists.

    The lists themselves stay: they hold customers, not ids. Repeatable.
    """
    event = events.load(event_id, subscriber=FORGET_SUBSCRIBER)
    if event is None or event.subject_id is None:
        return 0
    naming = PeopleList.objects.filter(merchant=event.merchant, entries__customer_id=event.subject_id)
    lists = list(naming.exclude(stored_file="", problem_file=""))
    for people_list in lists:
        uploads.discard(people_list)
    events.done(event_id, subscriber=FORGET_SUBSCRIBER, at=at)
    return len(lists)
