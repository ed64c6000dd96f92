"""The consent ledger: a line for every grant and revoke, and the balance, in one transaction.

The engine spends and gives back by conditional UPDATEs of the same balance; both sides lock consent rows
first, in the order of customer, then template. What arrives twice is known by its source_key.

Reports come late and shuffled, so a line counts by its own time: a revoke takes what was granted before it
and leaves what was granted after it, and a grant that arrives after a later revoke is taken back by a line of
its own. Without sends in between, every order of arrival gives the same balance. Times ahead of ours count as
now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from membership.models import Customer
from messaging.models import Consent, ConsentEntry, Kind, SubscriptionTemplate

LATE = "late"

MAKE = """
INSERT INTO messaging_consent (merchant_id, template_id, customer_id, units, standing, drift)
SELECT p.merchant_id, p.template_id, p.customer_id, 0, false, ''
FROM unnest(%(merchants)s::bigint[], %(templates)s::bigint[], %(customers)s::bigint[])
    AS p (merchant_id, template_id, customer_id)
ORDER BY p.customer_id, p.template_id
ON CONFLICT DO NOTHING
"""
LOCK = """
SELECT c.template_id, c.customer_id, c.units, c.standing FROM messaging_consent c
JOIN unnest(%(templates)s::bigint[], %(customers)s::bigint[]) AS p (template_id, customer_id)
    ON c.template_id = p.template_id AND c.customer_id = p.customer_id
ORDER BY c.customer_id, c.template_id
FOR UPDATE OF c
"""
REPEATED = """
SELECT e.template_id, e.customer_id, e.source_key FROM messaging_consententry e
JOIN unnest(%(templates)s::bigint[], %(customers)s::bigint[], %(keys)s::text[])
    AS p (template_id, customer_id, source_key)
    ON e.template_id = p.template_id AND e.customer_id = p.customer_id AND e.source_key = p.source_key
"""
# A unit given back after a revoke, or granted before one, is taken by a line that is no word of the person.
LAST_REVOKED = """
SELECT e.template_id, e.customer_id, max(e.at) FROM messaging_consententry e
JOIN unnest(%(templates)s::bigint[], %(customers)s::bigint[]) AS p (template_id, customer_id)
    ON e.template_id = p.template_id AND e.customer_id = p.customer_id
WHERE e.kind IN ('revoked', 'standing_revoked') AND e.source NOT IN ('give_back', 'late')
GROUP BY e.template_id, e.customer_id
"""
# The newest grant before `since`, and each from then on.
GRANTS = """
SELECT e.template_id, e.customer_id, e.at, e.units FROM messaging_consententry e
JOIN unnest(%(templates)s::bigint[], %(customers)s::bigint[], %(sinces)s::timestamptz[])
    AS p (template_id, customer_id, since)
    ON e.template_id = p.template_id AND e.customer_id = p.customer_id
WHERE e.kind IN ('granted', 'standing_granted')
    AND e.at >= coalesce(
        (SELECT max(o.at) FROM messaging_consententry o
         WHERE o.template_id = p.template_id AND o.customer_id = p.customer_id AND o.at < p.since
            AND o.kind IN ('granted', 'standing_granted')),
        p.since)
"""
ADD_LINES = """
INSERT INTO messaging_consententry
    (merchant_id, customer_id, template_id, kind, units, source, source_key, at)
SELECT * FROM unnest(
    %(merchants)s::bigint[], %(customers)s::bigint[], %(templates)s::bigint[], %(kinds)s::text[],
    %(units)s::int[], %(sources)s::text[], %(keys)s::text[], %(times)s::timestamptz[]
)
"""
# By the clock of the database: the engine compares it with the moment a unit was spent.
SET_BALANCES = """
UPDATE messaging_consent c SET units = p.units, standing = p.standing,
    revoked_at = CASE WHEN p.revoked THEN clock_timestamp() ELSE c.revoked_at END
FROM unnest(
    %(templates)s::bigint[], %(customers)s::bigint[], %(units)s::int[], %(standings)s::bool[],
    %(revoked)s::bool[]
) AS p (template_id, customer_id, units, standing, revoked)
WHERE c.template_id = p.template_id AND c.customer_id = p.customer_id
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One grant or revoke. `units` count only for grants of one-time templates."""

    template: SubscriptionTemplate
    customer_id: int
    granted: bool
    source_key: str
    at: datetime
    units: int = 1

    @property
    def pair(self) -> _Pair:
        return self.customer_id, self.template.pk


_Pair = tuple[int, int]  # customer, template: the order of the locks
_Line = tuple[str, int, str, str, datetime]  # kind, units, source, source_key, at


@dataclass(slots=True)
class _Account:
    """One person's consent to one template, its row locked."""

    template: SubscriptionTemplate
    source: str
    units: int
    standing: bool
    last_revoked: datetime | None = None
    grants: list[tuple[datetime, int]] = field(default_factory=list)
    lines: list[_Line] = field(default_factory=list)
    revoked_now: bool = False

    @property
    def one_time(self) -> bool:
        return self.template.kind == Kind.ONE_TIME

    def grant(self, units: int, key: str, at: datetime) -> None:
        units = units if self.one_time else 0
        kinds = ConsentEntry.Kind
        granted, revoked = (
            (kinds.GRANTED, kinds.REVOKED)
            if self.one_time
            else (kinds.STANDING_GRANTED, kinds.STANDING_REVOKED)
        )
        self.lines.append((granted, units, self.source, key, at))
        self.grants.append((at, units))
        if self.last_revoked is not None and at <= self.last_revoked:
            self.lines.append((revoked, units, LATE, f"{key}:{LATE}", at))
            return
        self.units += units
        self.standing = self.standing or not self.one_time

    def revoke(self, key: str, at: datetime) -> None:
        newer = [units for when, units in self.grants if when > at]
        self.revoked_now = self.revoked_now or not self._is_stale(at, bool(newer))
        if self.one_time:
            taken = max(0, self.units - sum(newer))
            self.lines.append((ConsentEntry.Kind.REVOKED, taken, self.source, key, at))
            self.units -= taken
        else:
            self.lines.append((ConsentEntry.Kind.STANDING_REVOKED, 0, self.source, key, at))
            self.standing = self.standing and bool(newer)
        self.last_revoked = max(at, self.last_revoked or at)

    def _is_stale(self, at: datetime, has_newer: bool) -> bool:
        """Nothing that is still held was granted before it, so a unit in flight is none of its business."""
        last = self.last_revoked
        if last is not None and at <= last:
            return True
        met = any(when <= at and (last is None or when > last) for when, _units in self.grants)
        return has_newer and not met


def grant(
    *,
    template: SubscriptionTemplate,
    customer: Customer,
    units: int = 1,
    source: str,
    source_key: str,
    at: datetime,
    now: datetime | None = None,
) -> bool:
    """One-time: `units` more; long-term: standing from now on. False when this source_key was seen before.

    The template's own kind decides. `now` bounds `at`, see the module.
    """
    change = Change(template, customer.pk, True, source_key, at, units)
    return not change_many([change], source=source, now=now or at)[0]


def revoke(
    *,
    template: SubscriptionTemplate,
    customer: Customer,
    source: str,
    source_key: str,
    at: datetime,
    now: datetime | None = None,
) -> bool:
    """Takes the whole balance, or ends the standing consent. False when this source_key was seen before."""
    change = Change(template, customer.pk, False, source_key, at)
    return not change_many([change], source=source, now=now or at)[0]


def change_many(changes: Sequence[Change], *, source: str, now: datetime) -> list[bool]:
    """Writes them in the given order; for each whether it was a repeat. One set of statements for all."""
    if not changes:
        return []
    with transaction.atomic():
        accounts = _open(changes, source=source, now=now)
        seen = _already_written(changes)
        repeats = []
        for change in changes:
            key = (change.pair, change.source_key)
            repeats.append(key in seen)
            if key not in seen:
                seen.add(key)
                _apply(accounts[change.pair], change, now)
        _write(accounts)
    return repeats


def end_all_of(customer: Customer, *, source: str, source_key: str, at: datetime) -> int:
    """Revokes every consent of one person. Returns how many had something to end."""
    held = Consent.objects.filter(customer=customer).select_related("template")
    changes = [Change(row.template, customer.pk, False, source_key, at) for row in held]
    return len(changes) - sum(change_many(changes, source=source, now=at))


def _apply(account: _Account, change: Change, now: datetime) -> None:
    at = min(change.at, now)
    if change.granted:
        account.grant(change.units, change.source_key, at)
    else:
        account.revoke(change.source_key, at)


def _open(changes: Sequence[Change], *, source: str, now: datetime) -> dict[_Pair, _Account]:
    """Makes the rows that are missing, locks all, reads of the past what the changes can touch."""
    templates: dict[_Pair, SubscriptionTemplate] = {}
    since: dict[_Pair, datetime] = {}
    for change in changes:
        pair = change.pair
        templates[pair] = change.template
        since[pair] = min(since.get(pair, now), change.at)
    pairs = sorted(templates)
    columns = {
        "customers": [customer for customer, _template in pairs],
        "templates": [template for _customer, template in pairs],
        "merchants": [templates[pair].merchant_id for pair in pairs],
        "sinces": [since[pair] for pair in pairs],
    }
    _run(MAKE, columns)
    accounts = {
        (customer, template): _Account(templates[customer, template], source, units, standing)
        for template, customer, units, standing in _rows(LOCK, columns)
    }
    for template, customer, last in _rows(LAST_REVOKED, columns):
        accounts[customer, template].last_revoked = last
    for template, customer, at, units in _rows(GRANTS, columns):
        accounts[customer, template].grants.append((at, units))
    return accounts


def _already_written(changes: Sequence[Change]) -> set[tuple[_Pair, str]]:
    columns = {
        "customers": [change.customer_id for change in changes],
        "templates": [change.template.pk for change in changes],
        "keys": [change.source_key for change in changes],
    }
    return {((customer, template), key) for template, customer, key in _rows(REPEATED, columns)}


def _write(accounts: Mapping[_Pair, _Account]) -> None:
    changed = {pair: account for pair, account in sorted(accounts.items()) if account.lines}
    if not changed:
        return
    lines = [
        (account.template.merchant_id, *pair, *line)
        for pair, account in changed.items()
        for line in account.lines
    ]
    names = ("merchants", "customers", "templates", "kinds", "units", "sources", "keys", "times")
    _run(ADD_LINES, dict(zip(names, map(list, zip(*lines, strict=True)), strict=True)))
    _run(
        SET_BALANCES,
        {
            "customers": [customer for customer, _template in changed],
            "templates": [template for _customer, template in changed],
            "units": [account.units for account in changed.values()],
            "standings": [account.standing for account in changed.values()],
            "revoked": [account.revoked_now for account in changed.values()],
        },
    )


def _rows(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _run(statement: str, parameters: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
