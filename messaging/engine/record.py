"""Record: what became of the messages of a wave, one transaction, repeatable.

Only rows that are still `sending` with our token are ours, and rows the reaper gave up on (`unknown`,
cause process) as long as nobody has decided about them: a late truth is better than none.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connection, transaction

from messaging.engine import pulse, sql
from messaging.models import SendControl

log = logging.getLogger(__name__)
MAX_FAILED_TRIES = 8
GIVE_UP_SECONDS = 60
UNSUBSCRIBED = "MSG_UNSUBSCRIBED"

OURS = """
SELECT id, customer_id, state, reason, spent, counted_on, kept_unknown, failed_tries, attempt, sent_at
FROM messaging_delivery
WHERE books_month = %(month)s AND id = ANY(%(ids)s) AND token = %(token)s
    AND (state = 'sending' OR (state = 'unknown' AND cause = 'process' AND decision = ''))
ORDER BY customer_id
FOR UPDATE
"""
LOCK_FREQUENCY = """
SELECT 1 FROM messaging_frequencycount f
JOIN unnest(%(customers)s::bigint[], %(days)s::date[]) AS g (customer_id, day)
    ON f.customer_id = g.customer_id AND f.day = g.day
WHERE f.template_id = %(template)s
ORDER BY f.customer_id, f.day
FOR UPDATE OF f
"""
UNCOUNT = """
UPDATE messaging_frequencycount f SET n = f.n - 1
FROM unnest(%(customers)s::bigint[], %(days)s::date[]) AS g (customer_id, day)
WHERE f.template_id = %(template)s AND f.customer_id = g.customer_id AND f.day = g.day
"""
LOCK_CONSENT = """
SELECT customer_id, units, standing, revoked_at FROM messaging_consent
WHERE template_id = %(template)s AND customer_id = ANY(%(customers)s)
ORDER BY customer_id
FOR UPDATE
"""
GIVE_BACK = """
UPDATE messaging_consent SET units = units + 1
WHERE template_id = %(template)s AND customer_id = ANY(%(customers)s)
"""
END_CONSENT = """
UPDATE messaging_consent SET units = 0, standing = false, revoked_at = clock_timestamp()
WHERE template_id = %(template)s AND customer_id = ANY(%(customers)s)
"""
LEDGER = """
INSERT INTO messaging_consententry
    (merchant_id, customer_id, template_id, kind, units, source, source_key, at)
SELECT %(merchant)s, l.customer_id, %(template)s, l.kind, l.units, l.source, l.source_key, clock_timestamp()
FROM unnest(
    %(customers)s::bigint[], %(kinds)s::text[], %(units)s::int[], %(sources)s::text[], %(keys)s::text[]
) AS l (customer_id, kind, units, source, source_key)
ON CONFLICT DO NOTHING
"""
RECORD = """
UPDATE messaging_delivery d
SET state = o.state, reason = o.reason, cause = o.cause, duration_ms = o.duration_ms,
    failed_tries = d.failed_tries + o.failed, recorded_at = clock_timestamp(), answer_by = NULL,
    spent = d.spent AND o.state IN ('accepted', 'unknown') AND o.reason <> 'kept',
    counted_on = CASE WHEN o.state IN ('accepted', 'unknown') AND o.reason <> 'kept' THEN d.counted_on END,
    due_at = CASE o.state
        WHEN 'queued' THEN clock_timestamp() + o.wait * interval '1 second' ELSE d.due_at
    END,
    token = CASE WHEN o.state = 'queued' THEN NULL ELSE d.token END
FROM unnest(
    %(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(causes)s::text[], %(durations)s::float8[],
    %(fails)s::int[], %(waits)s::float8[]
) AS o (id, state, reason, cause, duration_ms, failed, wait)
WHERE d.books_month = %(month)s AND d.id = ANY(%(ids)s) AND d.id = o.id
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """`shape`: accepted, refused, busy, not_sent or unknown; `reason`: sub_code, or why it is not known.

    `scope` of a refusal: recipient, batch or app. `alarm`: the signature of the answer was wrong.
    """

    id: int
    shape: str
    reason: str
    duration_ms: float
    scope: str = "recipient"
    alarm: bool = False


class _Held(NamedTuple):
    """A row as OURS returns it, locked."""

    id: int
    customer: int
    state: str
    reason: str
    spent: bool
    counted_on: object
    kept_unknown: bool
    failed_tries: int
    attempt: int
    sent_at: object


class _Next(NamedTuple):
    """`failed`: tries it costs. `wait`: seconds until it may be claimed again."""

    state: str
    reason: str
    cause: str
    failed: int
    wait: float


def record(control: SendControl, token: uuid.UUID, answers: Sequence[Answer]) -> int:
    """Writes the outcomes down; how many rows were ours. Safe to repeat: a second time finds none."""
    with transaction.atomic():
        return _record(control, token, answers)


def record_together(told: Sequence[tuple[SendControl, uuid.UUID, Sequence[Answer]]]) -> bool:
    """Several sends, all of whose messages were accepted, in one transaction; False: Postgres was away.

    Accepted messages touch neither frequency nor consent, and the sends are locked in the order of their ids:
    so nobody who waits for us holds what we wait for.
    """
    try:
        with transaction.atomic():
            for control, token, answers in sorted(told, key=lambda one: one[0].pk):
                _record(control, token, answers)
    except (OperationalError, InterfaceError):
        connection.close()
        return False
    return True


def _record(control: SendControl, token: uuid.UUID, answers: Sequence[Answer]) -> int:
    given = {answer.id: answer for answer in answers}
    held = [
        _Held(*row)
        for row in sql.rows_again(OURS, {"month": control.books_month, "ids": list(given), "token": token})
    ]
    if not held:
        return 0
    after = {row.id: _next(row, given[row.id]) for row in held}
    returned = [row for row in held if not _keeps(after[row.id])]
    _uncount(control, returned)
    _settle_consent(control, returned, given)
    _write(control, held, after, given)
    ours = {row.id for row in held}
    pulse.keep(control.pk, [answer for answer in answers if answer.id in ours])
    sql.count(control.pk, _counts(held, after))
    return len(held)


def record_stubbornly(control: SendControl, token: uuid.UUID, answers: Sequence[Answer]) -> int:
    """record(), repeated for GIVE_UP_SECONDS while Postgres is away; then the reaper calls them unknown."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        try:
            return record(control, token, answers)
        except (OperationalError, InterfaceError) as error:
            connection.close()
            if time.monotonic() > deadline:
                log.error("send %s: %s outcomes could not be written: %s", control.pk, len(answers), error)
                return 0
            time.sleep(0.3)


def _next(row: _Held, answer: Answer) -> _Next:
    late = row.state == "unknown"
    if answer.shape == "accepted":
        return _Next("accepted", "", "", 0, 0.0)
    if answer.shape == "refused":
        return _Next("refused", answer.reason, "", 0, 0.0)
    if answer.shape == "unknown":
        return _Next("unknown", answer.reason, "answer", 0, 0.0)
    if late:
        return _stop(row, "not_sent")
    if answer.shape == "busy":
        return _Next("queued", "", "", 0, 1.0)
    if row.failed_tries + 1 >= MAX_FAILED_TRIES:
        return _stop(row, "gave_up")
    return _Next("queued", "", "", 1, min(0.25 * 2**row.failed_tries, 15.0))


def _stop(row: _Held, reason: str) -> _Next:
    """Skipped, unless an earlier attempt is unknown for ever: then that is what the row says again."""
    if row.kept_unknown:
        return _Next("unknown", "kept", "answer", 1, 0.0)
    return _Next("skipped", reason, "", 1, 0.0)


def _keeps(after: _Next) -> bool:
    """Whether this attempt keeps its unit and its place in the fatigue count."""
    return after.state in {"accepted", "unknown"} and after.reason != "kept"


def _uncount(control: SendControl, returned: list[_Held]) -> None:
    counted = [row for row in returned if row.counted_on is not None]
    if not counted:
        return
    parameters = {
        "template": control.template_id,
        "customers": [row.customer for row in counted],
        "days": [row.counted_on for row in counted],
    }
    sql.rows_again(LOCK_FREQUENCY, parameters)
    sql.run_again(UNCOUNT, parameters)


def _settle_consent(control: SendControl, returned: list[_Held], given: dict[int, Answer]) -> None:
    """Gives units back; what was revoked meanwhile, by the person or the platform, ends by ledger lines."""
    back = [row for row in returned if row.spent]
    ended = [
        row for row in returned if given[row.id].shape == "refused" and given[row.id].reason == UNSUBSCRIBED
    ]
    touched = sorted({row.customer for row in back} | {row.customer for row in ended})
    if not touched:
        return
    locked = {
        customer: (units, standing, revoked_at)
        for customer, units, standing, revoked_at in sql.rows_again(
            LOCK_CONSENT, {"template": control.template_id, "customers": touched}
        )
    }
    lines: list[tuple[int, str, int, str, str]] = []
    whole = _give_back(control, back, locked, lines)
    _end(control, ended, locked, whole, lines)
    _ledger(control, lines)


_Locked = dict[int, tuple[int, bool, object]]
_Lines = list[tuple[int, str, int, str, str]]


def _give_back(control: SendControl, back: list[_Held], locked: _Locked, lines: _Lines) -> set[int]:
    """Whose unit is theirs again. A unit spent before a revoke is revoked too, by a line of its own."""
    whole: set[int] = set()
    for row in back:
        revoked_at = locked[row.customer][2] if row.customer in locked else None
        if revoked_at is not None and revoked_at >= row.sent_at:  # type: ignore[operator]
            lines.append(
                (row.customer, "revoked", 1, "give_back", f"give_back:{control.pk}:{row.id}:{row.attempt}")
            )
        else:
            whole.add(row.customer)
    if whole:
        sql.run_again(GIVE_BACK, {"template": control.template_id, "customers": sorted(whole)})
    return whole


def _end(control: SendControl, ended: list[_Held], locked: _Locked, whole: set[int], lines: _Lines) -> None:
    """The platform's word wins: MSG_UNSUBSCRIBED ends a standing consent or takes the whole balance."""
    for row in ended:
        units, standing, _revoked_at = locked.get(row.customer, (0, False, None))
        units += row.customer in whole
        key = f"platform:{control.pk}:{row.id}:{row.attempt}"
        if standing:
            lines.append((row.customer, "standing_revoked", 0, "platform", key + ":standing"))
        if units:
            lines.append((row.customer, "revoked", units, "platform", key))
    if ended:
        customers = sorted({row.customer for row in ended})
        sql.run_again(END_CONSENT, {"template": control.template_id, "customers": customers})


def _ledger(control: SendControl, lines: _Lines) -> None:
    if not lines:
        return
    customers, kinds, units, sources, keys = (list(column) for column in zip(*sorted(lines), strict=True))
    sql.run_again(
        LEDGER,
        {
            "merchant": control.merchant_id,
            "template": control.template_id,
            "customers": customers,
            "kinds": kinds,
            "units": units,
            "sources": sources,
            "keys": keys,
        },
    )


def _write(
    control: SendControl, held: list[_Held], after: dict[int, _Next], given: dict[int, Answer]
) -> None:
    sql.run_again(
        RECORD,
        {
            "month": control.books_month,
            "ids": [row.id for row in held],
            "states": [after[row.id].state for row in held],
            "reasons": [after[row.id].reason for row in held],
            "causes": [after[row.id].cause for row in held],
            "durations": [given[row.id].duration_ms for row in held],
            "fails": [after[row.id].failed for row in held],
            "waits": [after[row.id].wait for row in held],
        },
    )


def _counts(held: list[_Held], after: dict[int, _Next]) -> sql.Counts:
    counts: sql.Counts = Counter()
    for row in held:
        counts[row.state, row.reason if row.state == "unknown" else ""] -= 1
        counts[after[row.id].state, after[row.id].reason] += 1
        if row.spent and not _keeps(after[row.id]):
            counts["units", ""] -= 1
    return counts
