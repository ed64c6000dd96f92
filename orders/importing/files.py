"""The moves of a file of orders: received, told to go on, ended, erased. Each is a compare-and-set."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from membership import uploads
from membership.models import Customer
from merchants import events, jobs
from merchants.models import Job, Merchant, MiniProgram, User
from orders.importing.columns import look_at
from orders.importing.tally import stored_tally
from orders.models import NamedInImport, OrderImport

State, Ending = OrderImport.State, OrderImport.Ending
CHECK_TASK = "orders.check_import"
IMPORT_TASK = "orders.import_orders"
FORGET_SUBSCRIBER = "orders.erase_imports"
WORKING = (State.CHECKING, State.IMPORTING)
OPEN_STATES = (*WORKING, State.CHECKED)
MOST_AT_ONCE = 200


def receive(
    *,
    mini_program: MiniProgram,
    scene: str,
    file: uploads.Readable,
    file_name: str,
    by: User,
    form_token: UUID,
) -> OrderImport:
    """Stores the file, looks at its columns and starts the Job of the dry run.

    The same form_token gives the first one. `file_name` is only shown, never used as a path. Raises
    uploads.UploadRefused, and nothing is kept.
    """
    first = _sent_before(mini_program.merchant, form_token)
    if first is not None:
        return first
    stored_file = uploads.store(file)
    shown_name = PurePath(file_name.replace("\0", "").replace("\\", "/")).name[:200]
    try:
        layout = look_at(uploads.path_of(stored_file), has_scene=bool(scene))
        with transaction.atomic():
            made: OrderImport = OrderImport.objects.create(
                merchant=mini_program.merchant,
                mini_program=mini_program,
                scene=scene,
                file_name=shown_name,
                layout=layout.stored(),
                stored_file=stored_file,
                form_token=form_token,
                created_by=by,
            )
            _start(made, CHECK_TASK, _("Check of %(name)s"), by=by)
            record("orders.file_uploaded", made, by=by)
    except BaseException as error:
        uploads.delete(stored_file)
        if not isinstance(error, IntegrityError):
            raise
        first = _sent_before(mini_program.merchant, form_token)
        if first is None:  # the token is of another merchant
            raise uploads.UploadRefused(
                _("This form was sent before. Open the upload page again and choose the file once more.")
            ) from None
        return first
    return made


def _sent_before(merchant: Merchant, form_token: UUID) -> OrderImport | None:
    found: OrderImport | None = (
        OrderImport.objects.for_merchant(merchant).filter(form_token=form_token).first()
    )
    return found


def start_import(of: OrderImport, *, by: User) -> bool:
    """checked → importing, with the Job that takes the orders over. False when it had moved on."""
    with transaction.atomic():
        checked = OrderImport.objects.select_for_update().filter(pk=of.pk, state=State.CHECKED)
        problem_file = checked.values_list("problem_file", flat=True).first()
        if problem_file is None:
            return False
        checked.update(state=State.IMPORTING, problem_file="")
        of.refresh_from_db()
        _start(of, IMPORT_TASK, _("Import of %(name)s"), by=by, rows=int(of.expected.get("rows", 0)))
        record("orders.import_started", of, by=by)
    uploads.delete(problem_file)
    of.refresh_from_db()
    return True


def _start(of: OrderImport, task: str, title: str, *, by: User, rows: int | None = None) -> None:
    of.job = jobs.start(
        task,
        merchant=of.merchant,
        by=by,
        title=(title % {"name": of.file_name})[:120],
        arguments={"order_import": of.pk},
        total_units=rows,
    )
    OrderImport.objects.filter(pk=of.pk).update(job=of.job)


def cancel(of: OrderImport, *, by: User) -> bool:
    """Ends an open one and deletes its files; rows taken over stay. False when it was over already."""
    if of.state in WORKING and (of.job is None or not jobs.cancel(of.job)):
        return False
    return end(of, Ending.CANCELLED, by=by)


def end(of: OrderImport, ending: str, *, by: User | None = None) -> bool:
    """An open one → failed, without its files; problem rows of an import that had begun stay.

    False when it was over already.
    """
    with transaction.atomic():
        now: OrderImport | None = (
            OrderImport.objects.select_for_update().filter(pk=of.pk, state__in=OPEN_STATES).first()
        )
        if now is None:
            return False
        files = [now.stored_file] if now.state == State.IMPORTING else [now.stored_file, now.problem_file]
        kept = now.problem_file if now.state == State.IMPORTING else ""
        OrderImport.objects.filter(pk=of.pk).update(
            state=State.FAILED, ending=ending, stored_file="", problem_file=kept, ended_at=Now()
        )
        NamedInImport.objects.filter(order_import=now).delete()
        record("orders.import_failed", now, by=by, ending=ending, **counts_of(now))
    for name in files:
        uploads.delete(name)
    of.refresh_from_db()
    return True


def close_abandoned() -> int:
    """Ends those whose Job was cancelled or given up by its sweep. Returns how many."""
    working = OrderImport.objects.filter(state__in=WORKING).select_related("job")
    cancelled = working.filter(job__state=Job.State.CANCELLED)[:MOST_AT_ONCE]
    broken = working.filter(Q(job__state=Job.State.FAILED) | Q(job=None))[:MOST_AT_ONCE]
    ended = [end(one, Ending.CANCELLED) for one in cancelled] + [end(one, Ending.BROKEN) for one in broken]
    return sum(ended)


def tidy(*, at: datetime) -> int:
    """Ends those nobody decided on, and deletes the rest, after UPLOAD_KEEP_DAYS. Returns how many."""
    close_abandoned()
    oldest = at - timedelta(days=settings.UPLOAD_KEEP_DAYS)
    old = OrderImport.objects.filter(created_at__lt=oldest)
    over = list(
        old.filter(state__in=[State.DONE, State.FAILED], ended_at__lt=oldest).order_by("pk")[:MOST_AT_ONCE]
    )
    ended = [end(one, Ending.EXPIRED) for one in old.filter(state=State.CHECKED)[:MOST_AT_ONCE]]
    for one in over:
        one.delete()
        uploads.delete(one.problem_file)
    return sum(ended) + len(over)


def erase_naming(event_id: int, *, at: datetime) -> int:
    """Subscriber of `customer.forgotten`: ends the imports whose file may name the person. How many.

    Whoever became known after the upload may stand in it without our knowing: then it goes too. What is over
    keeps no file but its problem rows, which hold no id. Repeatable.
    """
    event = events.load(event_id, subscriber=FORGET_SUBSCRIBER)
    if event is None or event.subject_id is None:
        return 0
    customer = Customer.objects.get(pk=event.subject_id, merchant=event.merchant)
    named = NamedInImport.objects.filter(customer=customer).values("order_import")
    waiting = OrderImport.objects.filter(mini_program=customer.mini_program_id, state__in=OPEN_STATES)
    naming = waiting.filter(Q(pk__in=named) | Q(created_at__lte=customer.created_at)).select_related("job")
    ended = 0
    for one in naming:
        if one.job is not None:
            jobs.cancel(one.job)
        ended += end(one, Ending.FORGOTTEN)
    events.done(event_id, subscriber=FORGET_SUBSCRIBER, at=at)
    return ended


def newest(mini_program: MiniProgram, *, most: int) -> list[OrderImport]:
    rows = OrderImport.objects.filter(mini_program=mini_program).select_related("created_by")
    return list(rows.order_by("-created_at", "-pk")[:most])


def problem_path(of: OrderImport) -> Path | None:
    """Where the problem rows stand while a person may read them, or None: there are none."""
    path = uploads.path_of(of.problem_file) if of.problem_file and of.state not in WORKING else None
    return path if path is not None and path.is_file() else None


def take_problem_rows(of: OrderImport, *, by: User) -> Path | None:
    """The file to hand out, which is an event; None where there is none."""
    path = problem_path(of)
    if path is not None:
        with transaction.atomic():
            record("orders.problems_downloaded", of, by=by)
    return path


def counts_of(of: OrderImport) -> dict[str, int]:
    """For the audit log: what was taken over so far; nothing before an import began."""
    if not of.outcome:
        return {}
    tally = stored_tally(of.outcome)
    names = ("rows", "created", "updated", "unchanged", "refused", "taken", "late", "repeated")
    return {name: getattr(tally, name) for name in names}


def record(kind: str, of: OrderImport, *, by: User | None, **detail: Any) -> None:
    events.record(
        kind,
        merchant=of.merchant,
        by=by,
        mini_program=of.mini_program,
        subject=of,
        detail={"file": of.file_name, **detail},
    )
