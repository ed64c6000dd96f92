"""Puts what the operations wrote just now at its true time in the past. Nothing but times is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import models

from membership.models import Customer, PeopleList
from merchants.models import ApiKey, Event, GatewayCall, Job, Merchant, MiniProgram, Staff, Store
from messaging.engine import sql
from messaging.models import BatchSend, SendControl, Signal, SubscriptionTemplate

EVENTS = """
UPDATE merchants_event e SET at = t.at
FROM unnest(%(kinds)s::text[], %(times)s::timestamptz[]) AS t (kind, at)
WHERE e.subject_kind = %(subject_kind)s AND e.subject_id = %(subject)s AND e.kind = t.kind
    AND e.at >= %(since)s
"""
# In the order of their ids, as the engine claims them.
DELIVERIES = """
UPDATE messaging_delivery d
SET sent_at = t.at, recorded_at = t.at + d.duration_ms * interval '1 millisecond'
FROM (
    SELECT id, %(start)s::timestamptz
        + (row_number() OVER (ORDER BY id)) * (interval '1 second' / %(per_second)s::int) AS at
    FROM messaging_delivery
    WHERE send_id = %(send)s AND books_month = %(month)s AND sent_at IS NOT NULL
) t
WHERE d.books_month = %(month)s AND d.id = t.id
RETURNING d.recorded_at
"""
STOPPED = """
UPDATE messaging_delivery SET recorded_at = %(at)s
WHERE send_id = %(send)s AND books_month = %(month)s AND sent_at IS NULL AND recorded_at IS NOT NULL
"""
# Consents that the platform's word ended, by a line of the ledger each.
ENDED_CONSENTS = """
WITH lines AS (
    UPDATE messaging_consententry e SET at = d.recorded_at
    FROM messaging_delivery d
    WHERE d.send_id = %(send)s AND d.books_month = %(month)s AND d.reason = 'MSG_UNSUBSCRIBED'
        AND e.template_id = %(template)s AND e.customer_id = d.customer_id AND e.source = 'platform'
        AND e.source_key LIKE %(key)s
    RETURNING e.customer_id, e.at
)
UPDATE messaging_consent c SET revoked_at = l.at FROM lines l
WHERE c.template_id = %(template)s AND c.customer_id = l.customer_id
"""


def events(subject: models.Model, times: Mapping[str, datetime], *, since: datetime) -> None:
    """By kind; only events written from `since` on, so that it can be repeated."""
    sql.run(
        EVENTS,
        {
            "subject_kind": subject._meta.model_name,
            "subject": subject.pk,
            "kinds": list(times),
            "times": list(times.values()),
            "since": since,
        },
    )


def deliveries(control: SendControl, *, start: datetime, per_second: int) -> datetime:
    """Spreads the messages evenly from `start`; returns when the last answer was written down."""
    parameters = {"send": control.pk, "month": control.books_month, "start": start, "per_second": per_second}
    ended_at: datetime = max((row[0] for row in sql.rows(DELIVERIES, parameters)), default=start)
    sql.run(STOPPED, parameters | {"at": ended_at})
    sql.run(ENDED_CONSENTS, parameters | {"template": control.template_id, "key": f"platform:{control.pk}:%"})
    return ended_at


def send(
    batch: BatchSend, *, written_at: datetime, finished_at: datetime | None, touched_at: datetime
) -> None:
    BatchSend.objects.filter(pk=batch.pk).update(created_at=written_at, changed_at=written_at)
    control = SendControl.objects.filter(pk=batch.control_id)
    control.update(created_at=written_at, finished_at=finished_at)
    control.filter(books_month__isnull=False).update(touched_at=touched_at)


def upload(people_list: PeopleList, *, at: datetime, since: datetime) -> None:
    ready_at = at + timedelta(seconds=2)
    PeopleList.objects.filter(pk=people_list.pk).update(created_at=at)
    if people_list.job is not None:
        Job.objects.filter(pk=people_list.job.pk).update(
            created_at=at, started_at=at + timedelta(seconds=1), finished_at=ready_at
        )
    times = {"list.uploaded": at, "list.ready": ready_at, "list.failed": ready_at}
    events(people_list, times, since=since)


def adoption(template: SubscriptionTemplate, *, at: datetime, since: datetime) -> None:
    """The application, its call and the review that followed."""
    reviewed_at = at + timedelta(minutes=47)
    SubscriptionTemplate.objects.filter(pk=template.pk).update(applied_at=at)
    target = {"target_kind": "subscriptiontemplate", "target_id": template.pk}
    GatewayCall.objects.filter(**target).update(
        created_at=at, started_at=at, finished_at=at + timedelta(milliseconds=180), settled_at=at
    )
    times = {
        "template.submitted": at,
        "template.applied": at + timedelta(seconds=1),
        "template.approved": reviewed_at,
        "template.rejected": reviewed_at,
    }
    events(template, times, since=since)


def rest(apps: Iterable[MiniProgram], *, since: datetime, back: timedelta) -> None:
    """Seats, mini programs, keys: what was set up before anything else, moved back as a whole."""
    merchants = [app.merchant_id for app in apps]
    setting_up = Event.objects.filter(merchant__in=merchants, at__gte=since).exclude(
        models.Q(kind__startswith="send.")
        | models.Q(kind__startswith="list.")
        | models.Q(kind__startswith="template.")
    )
    setting_up.update(at=models.F("at") - back)
    then = since - back
    for model in (Store, MiniProgram, Staff):
        model.objects.filter(merchant__in=merchants, created_at__gte=since).update(created_at=then)
    Merchant.objects.filter(pk__in=merchants, created_at__gte=since).update(created_at=then)
    ApiKey.objects.filter(mini_program__in=apps, created_at__gte=since).update(created_at=then)
    Customer.objects.filter(merchant__in=merchants, created_at__gte=since).update(created_at=then)


def signals(app: MiniProgram, *, since: datetime) -> None:
    """Reports reached us a moment after what they tell of."""
    late = Signal.objects.filter(mini_program=app, received_at__gte=since, at__lt=since)
    late.update(received_at=models.F("at") + timedelta(seconds=1))


def books(*, since: datetime) -> None:
    """Books of the past were closed when the last outcome was known; they are checked at every start."""
    closed = SendControl.objects.filter(books_closed_at__gte=since, touched_at__lt=since)
    closed.update(books_closed_at=models.F("touched_at") + timedelta(seconds=20))
