"""What a mini program reports: who subscribed, who revoked, who came back from a message.

Everything happens in one transaction: the signals, the consent ledger, the visits and their rollup. A signal
is known by mini program, kind and the caller's id, so late, repeated and shuffled reports give the same
figures. A rejected signal is not stored: reported again, it is judged again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from membership import customers
from merchants import tokens
from merchants.models import ApiKey, MiniProgram
from messaging.consent import ledger
from messaging.engine import sql
from messaging.models import Kind, Signal, SubscriptionTemplate
from messaging.recall import crowd_visits, order_visits, rollups, untied

CONSENT_SCOPE = "consent"
MESSAGE_SCENES = ("1014", "1305")  # entry from a message, entry from a push
MAX_UNITS = 1_000
CONSENT_KINDS = (Signal.Kind.SUBSCRIBED, Signal.Kind.REVOKED)

DELIVERIES = """
SELECT d.books_month, d.id, d.send_id, d.customer_id, d.sent_at
FROM unnest(%(months)s::date[], %(ids)s::bigint[]) AS t (books_month, id)
JOIN messaging_delivery d ON d.books_month = t.books_month AND d.id = t.id
JOIN messaging_sendcontrol s ON s.id = d.send_id AND s.mini_program_id = %(mini_program)s
"""
STORE = """
INSERT INTO messaging_signal
    (merchant_id, mini_program_id, caller_id, kind, customer_id, send_id, books_month, delivery_id, crowd_id,
    order_id, scene, at)
SELECT %(merchant)s, %(mini_program)s, n.caller_id, n.kind, n.customer_id, n.send_id, n.books_month,
    n.delivery_id, n.crowd_id, n.order_id, n.scene, n.at
FROM unnest(%(ids)s::text[], %(kinds)s::text[], %(customers)s::bigint[], %(sends)s::bigint[],
    %(months)s::date[], %(deliveries)s::bigint[], %(crowds)s::bigint[], %(orders)s::bigint[],
    %(scenes)s::text[], %(times)s::timestamptz[])
    AS n (caller_id, kind, customer_id, send_id, books_month, delivery_id, crowd_id, order_id, scene, at)
ORDER BY n.kind, n.caller_id
ON CONFLICT DO NOTHING
RETURNING kind, caller_id
"""


class NotAllowed(Exception):
    """The key may not report this; the message says which key may. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class Told:
    """One signal as reported. `subscription` None means: whatever the template is."""

    id: str
    kind: str
    at: datetime
    open_id: str = ""
    template_id: str = ""
    subscription: str | None = None
    units: int = 1
    token: str = ""
    scene: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.id


@dataclass(slots=True)
class Result:
    accepted: int = 0
    repeated: int = 0
    rejected: list[tuple[str, str]] = field(default_factory=list)  # (id, reason)


class _Opened(NamedTuple):
    """The delivery that a recall token names."""

    books_month: date
    id: int
    send_id: int
    customer_id: int
    sent_at: datetime | None


@dataclass(slots=True)
class _Known:
    """What the reports refer to, read in three queries; one more each for tokens of crowds and of orders."""

    stored: set[tuple[str, str]]
    templates: dict[str, SubscriptionTemplate]
    people: dict[str, int]
    opened: dict[str, _Opened]
    crowds: dict[str, crowd_visits.OpenedCrowd]
    orders: dict[str, order_visits.OpenedOrder]


def take_in(api_key: ApiKey, signals: Sequence[Told], *, at: datetime) -> Result:
    """Stores what is new and valid. `at` is now: consents cannot be dated after it. Raises NotAllowed."""
    _check_rights(api_key, signals)
    mini_program, result = api_key.mini_program, Result()
    with transaction.atomic():
        known = _look_up(mini_program, signals)
        new: dict[tuple[str, str], Told] = {}
        for told in signals:
            if told.key in known.stored or told.key in new:
                result.repeated += 1
            elif reason := _why_not(told, known):
                result.rejected.append((told.id, reason))
            else:
                new[told.key] = told
        reporters = [told.open_id for told in new.values() if told.kind in CONSENT_KINDS]
        known.people |= customers.remember(mini_program, reporters, source="signal")
        stored = _store(mini_program, list(new.values()), known)
        result.accepted = len(stored)
        result.repeated += len(new) - len(stored)  # somebody else reported them in this very moment
        _change_consents(stored, known, at=at)
        rollups.count(_visits(stored, known))
        crowd_visits.count(_crowd_visits(stored, known))
        order_visits.count(_order_visits(stored, known))
        untied.count(mini_program.pk, [one.at for one in stored if _is_untied(one)])
    return result


def _check_rights(api_key: ApiKey, signals: Sequence[Told]) -> None:
    if all(told.kind == Signal.Kind.VISITED for told in signals):
        return
    if api_key.kind == ApiKey.Kind.CLIENT:
        raise NotAllowed("A public client key reports visits only. Report subscriptions from your server.")
    if CONSENT_SCOPE not in api_key.scopes:
        raise NotAllowed(f"This key lacks the scope {CONSENT_SCOPE!r}, which changes subscriptions.")


def _look_up(mini_program: MiniProgram, signals: Sequence[Told]) -> _Known:
    kinds, ids = {told.kind for told in signals}, {told.id for told in signals}
    stored = Signal.objects.filter(mini_program=mini_program, kind__in=kinds, caller_id__in=ids)
    given = {told.token for told in signals if told.token}
    named = {told.template_id for told in signals if told.template_id}
    templates = SubscriptionTemplate.objects.filter(mini_program=mini_program, template_id__in=named)
    return _Known(
        stored=set(stored.values_list("kind", "caller_id")),
        templates={template.template_id: template for template in templates},
        people=customers.known(mini_program, {told.open_id for told in signals if told.open_id}),
        opened=_open(mini_program, given),
        crowds=crowd_visits.opened(mini_program, given),
        orders=order_visits.opened(mini_program, given),
    )


def _open(mini_program: MiniProgram, given: set[str]) -> dict[str, _Opened]:
    """Deliveries by token; a token we did not make, or made for another mini program, is missing."""
    read = {token: named for token in given if (named := tokens.read(token)) is not None}
    if not read:
        return {}
    parameters = {
        "mini_program": mini_program.pk,
        "ids": [delivery_id for delivery_id, _month in read.values()],
        "months": [month for _delivery_id, month in read.values()],
    }
    found = {(row[1], row[0]): _Opened(*row) for row in sql.rows(DELIVERIES, parameters)}
    return {token: found[named] for token, named in read.items() if named in found}


def _why_not(told: Told, known: _Known) -> str:
    """The reason to reject it; "" when it is fine."""
    if told.open_id and not customers.is_open_id(told.open_id):
        return "open_id: 8 to 64 letters, digits, - or _"
    if told.kind in CONSENT_KINDS:
        return _why_no_consent(told, known)
    if told.token:
        return _why_no_visit(told, known)
    return "" if told.scene in MESSAGE_SCENES else "visited: give a token, or scene 1014 or 1305"


def _why_no_visit(told: Told, known: _Known) -> str:
    order = known.orders.get(told.token)
    if order is not None:
        return "" if order.has_link else "token: this order was never synced"
    opened, crowd = known.opened.get(told.token), known.crowds.get(told.token)
    if opened is None and crowd is None:
        return "token: not one of this mini program's messages"
    left_at = opened.sent_at if opened else crowd and crowd.since
    return "" if left_at else "token: this message was never sent"


def _why_no_consent(told: Told, known: _Known) -> str:
    template = known.templates.get(told.template_id)
    if not told.open_id:
        return "open_id: missing"
    if template is None:
        return "template_id: not adopted by this mini program"
    if told.subscription and told.subscription != template.kind:
        return f"subscription: this template is {template.kind}"
    if template.kind == Kind.ONE_TIME and not 1 <= told.units <= MAX_UNITS:
        return f"units: 1 to {MAX_UNITS}"
    return ""


def _store(mini_program: MiniProgram, new: list[Told], known: _Known) -> list[Told]:
    """Those that this call stored, in the order given."""
    if not new:
        return []
    opened = [known.opened.get(told.token) for told in new]
    crowds = [known.crowds.get(told.token) for told in new]
    orders = [known.orders.get(told.token) for told in new]
    written = sql.rows(
        STORE,
        {
            "merchant": mini_program.merchant_id,
            "mini_program": mini_program.pk,
            "ids": [told.id for told in new],
            "kinds": [told.kind for told in new],
            # the link of a crowd send is everybody's, so its visit is nobody's
            "customers": [
                None if crowd else known.people.get(told.open_id)
                for told, crowd in zip(new, crowds, strict=True)
            ],
            "sends": [one.send_id if one else None for one in opened],
            "months": [one.books_month if one else None for one in opened],
            "deliveries": [one.id if one else None for one in opened],
            "crowds": [one.id if one else None for one in crowds],
            "orders": [one.id if one else None for one in orders],
            "scenes": [told.scene for told in new],
            "times": [told.at for told in new],
        },
    )
    mine = {(kind, caller_id) for kind, caller_id in written}
    return [told for told in new if told.key in mine]


def _change_consents(stored: list[Told], known: _Known, *, at: datetime) -> None:
    changes = [
        ledger.Change(
            template=known.templates[told.template_id],
            customer_id=known.people[told.open_id],
            granted=told.kind == Signal.Kind.SUBSCRIBED,
            source_key=f"{told.kind}:{told.id}",
            at=told.at,
            units=told.units,
        )
        for told in stored
        if told.kind in CONSENT_KINDS
    ]
    ledger.change_many(changes, source="signal", now=at)


def _is_untied(told: Told) -> bool:
    return told.kind == Signal.Kind.VISITED and not told.token


def _crowd_visits(stored: list[Told], known: _Known) -> list[int]:
    told_of = ((known.crowds.get(told.token), told.at) for told in stored)
    return [crowd.id for crowd, at in told_of if crowd is not None and crowd.counts(at)]


def _order_visits(stored: list[Told], known: _Known) -> list[order_visits.Came]:
    """Within the window. `shared`: another open_id than the buyer's."""
    came = []
    for told in stored:
        order = known.orders.get(told.token)
        if order is not None and order.counts(told.at):
            shared = bool(told.open_id) and known.people.get(told.open_id) != order.customer_id
            came.append(order_visits.Came(order.id, shared, told.at))
    return came


def _visits(stored: list[Told], known: _Known) -> list[rollups.Came]:
    """Those that count for a send: by a token, within the window. `shared`: another open_id than expected."""
    window = timedelta(days=settings.RECALL_WINDOW_DAYS)
    came = []
    for told in stored:
        opened = known.opened.get(told.token)
        if opened is None or opened.sent_at is None or told.at > opened.sent_at + window:
            continue
        shared = bool(told.open_id) and known.people.get(told.open_id) != opened.customer_id
        came.append(rollups.Came(opened.books_month, opened.id, shared, opened.send_id, told.at))
    return came
