"""A test: the words of a draft to one named person, a send of its own through the same gates and ledger."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from membership.models import Customer, PeopleList, PeopleListEntry
from messaging.models import BatchSend
from messaging.sends.batches import launch, new_draft
from messaging.sends.content import Content

if TYPE_CHECKING:
    from merchants.models import User


def send_test(batch: BatchSend, *, to: Customer, by: User, form_token: uuid.UUID, at: datetime) -> BatchSend:
    """Launched right away, with the usual seconds to undo. The same form token twice is one test.

    A person of the draft's list gets their own texts, anybody else the fallbacks. Raises LaunchRefused with
    what is wrong with the draft's words; then nothing is kept.
    """
    known = _known(batch, form_token)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return _send(batch, to=to, by=by, form_token=form_token, at=at)
    except IntegrityError:
        raced = _known(batch, form_token)
        if raced is None:
            raise
        return raced


def _known(batch: BatchSend, form_token: uuid.UUID) -> BatchSend | None:
    found: BatchSend | None = (
        BatchSend.objects.for_merchant(batch.merchant).filter(form_token=form_token, test_of=batch).first()
    )
    return found


def _send(batch: BatchSend, *, to: Customer, by: User, form_token: uuid.UUID, at: datetime) -> BatchSend:
    name = (_("Test of %(name)s") % {"name": batch.name})[:80]
    content = Content(
        name=name,
        template=batch.template,
        people_list=_list_of_one(batch, to, by=by, form_token=form_token, name=name),
        values=list(batch.values),
        page=batch.page,
        scheduled_on=None,
        scheduled_time=None,
    )
    made = new_draft(
        merchant=batch.merchant,
        mini_program=batch.mini_program,
        by=by,
        form_token=form_token,
        content=content,
    )
    BatchSend.objects.filter(pk=made.pk).update(test_of=batch)
    launch(made, by=by, version=made.version, at=at)
    return made


def _list_of_one(batch: BatchSend, to: Customer, *, by: User, form_token: uuid.UUID, name: str) -> PeopleList:
    known = PeopleListEntry.objects.filter(people_list=batch.people_list, customer=to).first()
    made: PeopleList = PeopleList.objects.create(
        merchant=batch.merchant,
        mini_program=batch.mini_program,
        name=name,
        purpose=_("Test send"),
        source=PeopleList.Source.HAND,
        for_test=True,
        state=PeopleList.State.READY,
        columns=batch.people_list.columns if batch.people_list else [],
        form_token=uuid.uuid5(form_token, "list"),
        rows=1,
        count=1,
        hash=hashlib.sha256(f"{to.pk}\n".encode()).hexdigest(),
        created_by=by,
    )
    PeopleListEntry.objects.create(people_list=made, customer=to, values=known.values if known else None)
    return made
