"""Builder functions for the messaging floor: templates, people with consent, lists and sends."""

import hashlib
import itertools
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from membership.models import Customer, PeopleList, PeopleListEntry
from merchants.models import ApiKey, MiniProgram, User
from merchants.partitions import ensure_months
from messaging.engine.freeze import freeze
from messaging.models import (
    BatchSend,
    Consent,
    ConsentEntry,
    Delivery,
    DeliveryCounter,
    MonthBooks,
    SendControl,
    SendState,
    SingleSend,
    SubscriptionTemplate,
)
from messaging.sends import review
from messaging.sends.asked import Asked
from messaging.sends.singles import hand_in
from tests import build

_numbers = itertools.count(1)


def template(app: MiniProgram, *, kind: str = "one_time", **fields: Any) -> SubscriptionTemplate:
    number = next(_numbers)
    return SubscriptionTemplate.objects.create(
        merchant=app.merchant,
        mini_program=app,
        kind=kind,
        form_token=uuid.uuid4(),
        **{
            "library_code": f"LIB{number:04d}",
            "template_id": f"tpl{number:08d}",
            "name": "权益领取提醒",
            "keywords": ["权益名称", "领取时间"],
            "state": SubscriptionTemplate.State.APPROVED,
            **fields,
        },
    )


def people(app: MiniProgram, count: int, *, open_ids: list[str] | None = None) -> list[Customer]:
    ids = open_ids or [f"open{next(_numbers):09d}" for _ in range(count)]
    rows = [Customer(merchant=app.merchant, mini_program=app, open_id=one, source="test") for one in ids]
    return Customer.objects.bulk_create(rows)


def consents(chosen: SubscriptionTemplate, persons: list[Customer], *, units: int = 1) -> None:
    """Grants with their ledger lines, as a reported prompt would: standing for a long-term template."""
    standing = chosen.kind == "long_term"
    common = {"merchant": chosen.merchant, "template": chosen}
    Consent.objects.bulk_create(
        [
            Consent(customer=who, units=0 if standing else units, standing=standing, **common)
            for who in persons
        ]
    )
    kind = ConsentEntry.Kind.STANDING_GRANTED if standing else ConsentEntry.Kind.GRANTED
    ConsentEntry.objects.bulk_create(
        [
            ConsentEntry(
                customer=who,
                kind=kind,
                units=0 if standing else units,
                source="test",
                source_key=f"test:{next(_numbers)}",
                **common,
            )
            for who in persons
        ]
    )


def more_units(chosen: SubscriptionTemplate, persons: list[Customer]) -> None:
    """One more unit for people who have a balance row already."""
    for who in persons:
        Consent.objects.filter(template=chosen, customer=who).update(units=F("units") + 1)
        ConsentEntry.objects.create(
            merchant=chosen.merchant,
            template=chosen,
            customer=who,
            kind=ConsentEntry.Kind.GRANTED,
            units=1,
            source="test",
            source_key=f"test:{next(_numbers)}",
        )


def people_list(
    app: MiniProgram, persons: list[Customer], *, texts: list[list[str]] | None = None, **fields: Any
) -> PeopleList:
    """`texts`: one list for each person, in the order of `columns`."""
    made = PeopleList.objects.create(
        merchant=app.merchant,
        mini_program=app,
        form_token=uuid.uuid4(),
        **{
            "name": "老客名单",
            "purpose": "召回",
            "state": PeopleList.State.READY,
            "rows": len(persons),
            "count": len(persons),
            "hash": hashlib.sha256(",".join(str(who.pk) for who in persons).encode()).hexdigest(),
            **fields,
        },
    )
    values = texts or [None] * len(persons)
    PeopleListEntry.objects.bulk_create(
        PeopleListEntry(people_list=made, customer=who, values=value)
        for who, value in zip(persons, values, strict=True)
    )
    return made


def batch(
    app: MiniProgram,
    author: User,
    *,
    chosen: SubscriptionTemplate | None = None,
    to: PeopleList | None = None,
    **fields: Any,
) -> BatchSend:
    """A draft."""
    control = SendControl.objects.create(merchant=app.merchant, mini_program=app)
    return BatchSend.objects.create(
        merchant=app.merchant,
        mini_program=app,
        control=control,
        template=chosen,
        people_list=to,
        author=author,
        form_token=uuid.uuid4(),
        zone=app.merchant.time_zone,
        **{"name": "首月立减", "values": ["首月立减 46 元", "本周内"], "page": "pages/renew/index", **fields},
    )


def batch_in_review(app: MiniProgram, author: User, *, to: PeopleList, **fields: Any) -> BatchSend:
    made = batch(app, author, chosen=template(app), to=to, **fields)
    review.ask(made, by=author, version=made.version, at=timezone.now())
    return made


def send(
    app: MiniProgram,
    chosen: SubscriptionTemplate,
    to: PeopleList,
    *,
    state: str = SendState.SENDING,
    due_at: datetime | None = None,
    **fields: Any,
) -> SendControl:
    """A launched send; from `ready` on it is frozen by the engine itself."""
    due_at = due_at or timezone.now() - timedelta(seconds=1)
    control = SendControl.objects.create(
        merchant=app.merchant,
        mini_program=app,
        state=SendState.PREPARING,
        template=chosen,
        template_kind=chosen.kind,
        platform_template_id=chosen.template_id,
        people_list=to,
        due_at=due_at,
        prepare_at=due_at,
        launched_at=due_at,
        **{
            "page": "pages/renew/index",
            "data": {"keyword1": {"value": "首月立减 46 元"}, "keyword2": {"value": "本周内"}},
            "fatigue_value": chosen.fatigue_value,
            "fatigue_unit": chosen.fatigue_unit,
            "fatigue_total": chosen.fatigue_total,
            **fields,
        },
    )
    ensure_months("messaging_delivery", at=due_at)
    if state != SendState.PREPARING:
        if not freeze(control):
            raise AssertionError("the send was not frozen")
        SendControl.objects.filter(pk=control.pk).update(
            state=state, started_at=due_at if state == SendState.SENDING else None
        )
        control.refresh_from_db()
    return control


def launched_batch(
    app: MiniProgram,
    author: User,
    *,
    chosen: SubscriptionTemplate,
    to: PeopleList,
    state: str = SendState.SENDING,
    due_at: datetime | None = None,
    name: str = "首月立减",
    **fields: Any,
) -> BatchSend:
    """A batch send whose control row is in `state`: before `ready` only launched, from there on frozen.

    `fields` are columns of the control row, written last.
    """
    made = batch(app, author, chosen=chosen, to=to, name=name)
    early = state in (SendState.SCHEDULED, SendState.PREPARING, SendState.MISSED, SendState.FAILED)
    control = send(app, chosen, to, state=SendState.PREPARING if early else state, due_at=due_at)
    SendControl.objects.filter(pk=control.pk).update(**{"state": state, **fields})
    left_over = made.control_id
    BatchSend.objects.filter(pk=made.pk).update(control=control)
    SendControl.objects.filter(pk=left_over).delete()
    return BatchSend.objects.select_related("control", "mini_program", "merchant").get(pk=made.pk)


def month_books(app: MiniProgram, month: date, **fields: Any) -> MonthBooks:
    """As the computation writes them; one of each month and mini program."""
    given = {"merchant": app.merchant, "computed_at": timezone.now(), **fields}
    return MonthBooks.objects.get_or_create(mini_program=app, month=month, defaults=given)[0]


def states(control: SendControl) -> dict[str, int]:
    """Rows by state, counted from the rows themselves."""
    found: dict[str, int] = {}
    for state in Delivery.objects.filter(send=control).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def counters(control: SendControl) -> dict[tuple[str, str], int]:
    rows = DeliveryCounter.objects.filter(send=control).exclude(n=0)
    return {(row.state, row.reason): row.n for row in rows}


def single(
    app: MiniProgram, chosen: SubscriptionTemplate | None = None, who: Customer | None = None, **changes: Any
) -> SingleSend:
    """A message handed in by API to somebody with consent; `changes` are columns of its delivery."""
    chosen = chosen or template(app)
    if who is None:
        who = people(app, 1)[0]
        consents(chosen, [who])
    key = ApiKey.find(build.api_key(app, scopes=["messages"]))
    data = {f"keyword{n}": "首月立减 46 元" for n in range(1, len(chosen.keywords) + 1)}
    name = f"order-{next(_numbers)}-shipped"
    asked = Asked(name, who.open_id or "", chosen.template_id, data, "pages/order/detail?id=184")
    (taken,) = hand_in(key, [asked], at=timezone.now())
    if changes:
        Delivery.objects.filter(id=taken.sent.delivery_id).update(**changes)
    return taken.sent
