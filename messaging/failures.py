"""Failures of all sends of a merchant by cause. Every sum comes from counters; no delivery is counted.

A failure is a refused message, an outcome nobody is certain of or has decided about, or a message that never
left although it should have. Whom a gate left out (consent, caps, wishes) is no failure: that is a send doing
what it was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from merchants.models import Merchant
from merchants.refusals import Group, group_of
from messaging.engine import sql
from messaging.engine.decisions import MAY_GO_ON
from messaging.engine.retriable import APP_CODES, TEMPLATE_CODES
from messaging.models import SendControl, SkipReason, UnknownCause
from messaging.models.delivery import NO_RECORD

State = Literal["refused", "unknown", "skipped"]
STATES: tuple[State, ...] = ("refused", "unknown", "skipped")
NEVER_LEFT = (SkipReason.DOES_NOT_FIT, SkipReason.GAVE_UP, SkipReason.NOT_SENT)
MOST_SENDS = 500  # of one cause: what one decision may take in
NEWEST = 3  # sends that a cause is shown with
FIXED_SHOWN = timedelta(days=7)  # how long a cause that can be tried again stands on the home page

SENDS = """
WITH sends AS MATERIALIZED (
    SELECT s.id, s.state, s.started_at
    FROM merchants_miniprogram m
    JOIN messaging_sendcontrol s ON s.mini_program_id = m.id
    WHERE m.merchant_id = %(merchant)s AND s.merchant_id = %(merchant)s
        AND s.started_at >= %(start)s AND s.started_at < %(end)s
        AND (%(mini_program)s::bigint IS NULL OR s.mini_program_id = %(mini_program)s)
        AND (%(template)s::bigint IS NULL OR s.template_id = %(template)s)
)
"""
# Unknown outcomes stand under their cause, and only as far as nobody has decided about them.
FAILED = """
, failed AS (
    SELECT c.send_id, CASE c.state WHEN 'decided' THEN 'unknown' ELSE c.state END AS state,
        CASE
            WHEN c.state NOT IN ('unknown', 'decided') THEN c.reason
            WHEN c.reason = %(no_record)s THEN 'process' ELSE 'answer'
        END AS reason,
        sum(CASE c.state WHEN 'decided' THEN -c.n ELSE c.n END) AS n
    FROM sends s JOIN messaging_deliverycounter c ON c.send_id = s.id
    WHERE c.state IN ('refused', 'unknown', 'decided')
        OR c.state = 'skipped' AND c.reason = ANY(%(never_left)s)
    GROUP BY 1, 2, 3
)
"""
BY_CAUSE = """
SELECT f.state, f.reason, sum(f.n), count(*), max(s.started_at),
    coalesce(sum(f.n) FILTER (WHERE s.state = ANY(%(going_on)s)), 0),
    (array_agg(s.id ORDER BY s.started_at DESC, s.id DESC))[1:%(newest)s]
FROM failed f JOIN sends s ON s.id = f.send_id
WHERE f.n > 0 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
BY_SEND = """
SELECT f.send_id, f.n, s.state = ANY(%(going_on)s)
FROM failed f JOIN sends s ON s.id = f.send_id
WHERE f.n > 0 AND f.state = %(state)s AND f.reason = %(reason)s
ORDER BY s.started_at DESC, s.id DESC LIMIT %(most)s
"""
NAMED = """
WITH sends AS (
    SELECT id FROM messaging_sendcontrol WHERE merchant_id = %(merchant)s AND id = ANY(%(sends)s)
)
"""
PEOPLE = "SELECT send_id, n FROM failed WHERE n > 0 AND state = %(state)s AND reason = %(reason)s"
# Known to be repaired since: the template was seen online, or a later send was accepted, after the last
# outcome of the send that failed.
GOING_ON = """
, kept AS (
    SELECT s.id, s.mini_program_id, s.template_id, s.started_at, s.touched_at FROM messaging_sendcontrol s
    JOIN sends USING (id) WHERE s.state = ANY(%(going_on)s)
), good AS (
    SELECT k.mini_program_id, max(k.started_at) AS at
    FROM kept k JOIN messaging_deliverycounter c ON c.send_id = k.id AND c.state = 'accepted' AND c.n > 0
    GROUP BY 1
)
"""
REPAIRED = """
SELECT c.reason, sum(c.n), count(*), max(k.touched_at), min(k.started_at)
FROM kept k
JOIN messaging_deliverycounter c ON c.send_id = k.id AND c.state = 'refused' AND c.n > 0
JOIN messaging_subscriptiontemplate t ON t.id = k.template_id
LEFT JOIN good g ON g.mini_program_id = k.mini_program_id
WHERE c.reason = ANY(%(template_codes)s) AND t.state = 'approved' AND t.checked_at > k.touched_at
    OR c.reason = ANY(%(app_codes)s) AND g.at > k.touched_at
GROUP BY 1 ORDER BY 2 DESC, 1
"""
CAUSES = SENDS + FAILED + BY_CAUSE
SENDS_OF_ONE = SENDS + FAILED + BY_SEND
OF_SENDS = NAMED + FAILED + PEOPLE
FIXED = SENDS + GOING_ON + REPAIRED


@dataclass(frozen=True)
class Which:
    """Sends that started from `start` to before `end`; None: of all mini programs, of all templates."""

    start: datetime
    end: datetime
    mini_program_id: int | None = None
    template_id: int | None = None


@dataclass(frozen=True)
class Cause:
    """`people` of `sends` sends, the `newest` of which are named; `going_on`: people of sends that are not
    cancelled. `reason` is a sub_code, a skip reason, or the cause of unknown outcomes."""

    state: State
    reason: str
    people: int
    sends: int
    started_at: datetime
    going_on: int
    newest: list[int]

    @property
    def group(self) -> Group:
        return group(self.state, self.reason)


@dataclass(frozen=True)
class SendOfCause:
    send_id: int
    people: int
    goes_on: bool


@dataclass(frozen=True)
class Fixed:
    """Refusals of one sub_code whose cause is known to be repaired since."""

    reason: str
    people: int
    sends: int
    since: datetime
    first_started_at: datetime


def group(state: State, reason: str) -> Group:
    """Whose matter it is; what never left is a matter of the message, or of the way to the platform."""
    if state == "skipped":
        return "message" if reason == SkipReason.DOES_NOT_FIT else "platform"
    return "platform" if state == "unknown" else group_of(reason)


def is_cause(state: str, reason: str) -> bool:
    """Whether the desk can have such a cause at all."""
    if state == "refused":
        return len(reason) <= 80
    known = {"unknown": UnknownCause.values, "skipped": [str(one) for one in NEVER_LEFT]}
    return reason in known.get(state, [])


def causes(merchant: Merchant, which: Which) -> list[Cause]:
    """The most people first. One statement."""
    return [
        Cause(row[0], row[1], int(row[2]), row[3], row[4], int(row[5]), row[6])
        for row in sql.rows(CAUSES, _given(merchant, which))
    ]


def sends_of(merchant: Merchant, which: Which, *, state: str, reason: str) -> list[SendOfCause]:
    """Newest first; one more than MOST_SENDS where there are more."""
    given = _given(merchant, which) | {"state": state, "reason": reason}
    return [SendOfCause(row[0], int(row[1]), row[2]) for row in sql.rows(SENDS_OF_ONE, given)]


def people_of(merchant: Merchant, send_ids: Sequence[int], *, state: str, reason: str) -> dict[int, int]:
    """How many each of these sends has now; a send without any is left out, another merchant's too."""
    given = {
        "merchant": merchant.pk,
        "sends": list(send_ids),
        "state": state,
        "reason": reason,
        **_PARTS,
    }
    return {send: int(n) for send, n in sql.rows(OF_SENDS, given)}


def fixed(merchant: Merchant, *, at: datetime) -> list[Fixed]:
    """Of sends that started in the last FIXED_SHOWN; sending again takes them away. One statement."""
    given = _given(merchant, Which(at - FIXED_SHOWN, at))
    codes = {"template_codes": sorted(TEMPLATE_CODES), "app_codes": sorted(APP_CODES)}
    return [Fixed(row[0], int(row[1]), *row[2:]) for row in sql.rows(FIXED, given | codes)]


_PARTS = {"no_record": NO_RECORD, "never_left": [str(one) for one in NEVER_LEFT]}


def _given(merchant: Merchant, which: Which) -> dict[str, object]:
    return {
        "merchant": merchant.pk,
        "start": which.start,
        "end": which.end,
        "mini_program": which.mini_program_id,
        "template": which.template_id,
        "newest": NEWEST,
        "most": MOST_SENDS + 1,
        "going_on": [str(state) for state in MAY_GO_ON],
        **_PARTS,
    }


def controls(merchant: Merchant, send_ids: Sequence[int]) -> dict[int, SendControl]:
    """With what a line about a send shows. One statement."""
    rows = SendControl.objects.for_merchant(merchant).select_related("template", "mini_program", "batch")
    found: dict[int, SendControl] = rows.in_bulk(list(send_ids))
    return found
