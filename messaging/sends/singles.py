"""Single messages by API: each caller's key once for ever, through the same gates and into the same books.

One transaction for a request: keys, control rows and deliveries stand together or not at all. Two requests
with one key at the same instant meet at its unique constraint; the second reads what the first wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from merchants import events
from merchants.models import ApiKey
from merchants.partitions import ensure_months
from messaging.engine import single
from messaging.models import SingleSend
from messaging.sends.asked import Asked, CannotBeSent, Desk, Fitting

SCOPE = "messages"
MAX_MESSAGES = 200  # of one request


@dataclass(frozen=True)
class Taken:
    """What became of one message handed in: `sent` is its row, new or of an earlier request (`is_repeated`).

    None: it was not kept, `code` and `sentence` say why.
    """

    sent: SingleSend | None
    is_repeated: bool = False
    code: str = ""
    sentence: str = ""


DIFFERS = Taken(
    None,
    code="key_reused",
    sentence="This idempotency_key came before with another message. Give a new message a key of its own.",
)


def hand_in(key: ApiKey, asked: Sequence[Asked], *, at: datetime) -> list[Taken]:
    """One answer for each message, in order. What cannot be sent is named and keeps nothing else back.

    A key that came before with the same message answers with that message, whatever became of it since.
    Raises ValueError for more than MAX_MESSAGES.
    """
    if len(asked) > MAX_MESSAGES:
        raise ValueError(f"at most {MAX_MESSAGES} messages at once")
    before = _known(key, asked)
    new = {one.idempotency_key: one for one in reversed(asked) if one.idempotency_key not in before}
    fitting, refused = _judge(key, list(new.values()), at=at)
    ours = _keep(key, fitting) if fitting else set()
    before |= _known(key, list(new.values()))
    answers: list[Taken] = []
    for one in asked:
        sent = before.get(one.idempotency_key)
        if sent is None:
            same = new[one.idempotency_key].fingerprint == one.fingerprint
            answers.append(refused[one.idempotency_key] if same else DIFFERS)
        elif sent.fingerprint != one.fingerprint:
            answers.append(DIFFERS)
        else:
            answers.append(Taken(sent, is_repeated=one.idempotency_key not in ours))
            ours.discard(one.idempotency_key)  # a second time in this request it is a repetition
    return answers


def _known(key: ApiKey, asked: Sequence[Asked]) -> dict[str, SingleSend]:
    rows = SingleSend.objects.filter(
        mini_program=key.mini_program, idempotency_key__in={one.idempotency_key for one in asked}
    )
    return {row.idempotency_key: row for row in rows}


def _judge(
    key: ApiKey, asked: Sequence[Asked], *, at: datetime
) -> tuple[dict[str, Fitting], dict[str, Taken]]:
    fitting: dict[str, Fitting] = {}
    refused: dict[str, Taken] = {}
    desk = Desk(key.mini_program, asked)
    for one in asked:
        try:
            fitting[one.idempotency_key] = desk.judge(one, at=at)
        except CannotBeSent as error:
            refused[one.idempotency_key] = Taken(None, code=error.code, sentence=str(error))
    return fitting, refused


def _keep(key: ApiKey, fitting: dict[str, Fitting]) -> set[str]:
    """Writes those whose key nobody wrote meanwhile; which keys are ours."""
    due_at, month = single.now()
    ensure_months("messaging_delivery", at=due_at)
    with transaction.atomic():
        names = sorted(fitting)  # all callers in one order: two with the same keys cannot wait for each other
        rows = [
            SingleSend(
                merchant=key.merchant,
                mini_program=key.mini_program,
                idempotency_key=name,
                fingerprint=fitting[name].asked.fingerprint,
                template=fitting[name].template,
                books_month=month,
                delivery_id=number,
            )
            for name, number in zip(names, single.take_numbers(len(names)), strict=True)
        ]
        SingleSend.objects.bulk_create(rows, ignore_conflicts=True)
        numbers = {row.delivery_id for row in rows}
        ours = {
            row.idempotency_key: row.delivery_id
            for row in SingleSend.objects.filter(books_month=month, delivery_id__in=numbers)
        }
        for group in _groups([fitting[name] for name in names if name in ours]):
            single.hand_over(
                group[0].template,
                [
                    single.Handed(one.customer_id, ours[one.asked.idempotency_key], one.data, one.asked.page)
                    for one in group
                ],
                due_at=due_at,
                not_after=group[0].asked.not_after,
            )
        if ours:
            events.record(
                "single.handed_in",
                merchant=key.merchant,
                mini_program=key.mini_program,
                subject=key,
                detail={"messages": len(ours), "key": key.name},
            )
    return set(ours)


def _groups(fitting: Sequence[Fitting]) -> list[list[Fitting]]:
    """By template and not-after; a person who is named again starts another group."""
    groups: dict[tuple[int, datetime | None, int], list[Fitting]] = {}
    times: dict[tuple[int, int, datetime | None], int] = {}
    for one in fitting:
        person = (one.customer_id, one.template.pk, one.asked.not_after)
        times[person] = times.get(person, 0) + 1
        groups.setdefault((one.template.pk, one.asked.not_after, times[person]), []).append(one)
    return list(groups.values())
