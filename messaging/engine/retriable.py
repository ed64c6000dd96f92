"""Whether refused people may be sent to again, by what refused them, and what can be known about the repair.

A send keeps its text, its template and its people as launched: a second attempt says the same to the same
person. So what the words, the template's id or the person's id brought about comes again, whoever tries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from gateway.outcomes import SUB_CODES
from merchants.models import Merchant
from merchants.refusals import BY_CHOICE
from messaging.engine import sql

# choice: the person wants no more. identity: the id is wrong for ever. frozen: words or template id of the
# send. These three can never work. template, app: the console may know that it is repaired. consent: whoever
# gave consent since. later: only the platform knows.
Kind: TypeAlias = Literal["choice", "identity", "frozen", "template", "app", "consent", "later"]
NEVER: frozenset[Kind] = frozenset({"choice", "identity", "frozen"})
TEMPLATE_CODES = frozenset({"TEMPLATE_ILLEGAL", "USER_TEMPLATE_STATUS_ILLEGAL"})
APP_CODES = frozenset(
    code for code, known in SUB_CODES.items() if known.shape == "refused" and known.scope == "app"
)
_OWN: Mapping[str, Kind] = MappingProxyType(
    {
        **dict.fromkeys(BY_CHOICE, "choice"),
        **dict.fromkeys(("USER_ID_INVALID", "OPENID_INVALID"), "identity"),
        **dict.fromkeys(
            (
                "FORM_ID_INVALID",
                "FORM_ID_NOT_MATCH_APPID",
                "FORM_ID_OVER_TIME",
                "FORM_ID_SEND_LIMIT",
                "TRADE_NO_NOT_MATCH_USERID",
            ),
            "identity",
        ),
        **dict.fromkeys(TEMPLATE_CODES, "template"),
        **dict.fromkeys(APP_CODES, "app"),
        "MSG_UNSUBSCRIBED": "consent",
    }
)
MOST_COUNTED = 10_000  # people with consent are counted so far
SEEN_ONLINE = """
SELECT s.id FROM messaging_sendcontrol s JOIN messaging_subscriptiontemplate t ON t.id = s.template_id
WHERE s.merchant_id = %(merchant)s AND s.id = ANY(%(sends)s)
    AND t.state = 'approved' AND t.checked_at > s.touched_at
"""
ACCEPTED_SINCE = """
SELECT s.id FROM messaging_sendcontrol s
WHERE s.merchant_id = %(merchant)s AND s.id = ANY(%(sends)s) AND EXISTS (
    SELECT 1 FROM messaging_sendcontrol later
    JOIN messaging_deliverycounter c ON c.send_id = later.id AND c.state = 'accepted' AND c.n > 0
    WHERE later.mini_program_id = s.mini_program_id AND later.started_at > s.touched_at
        AND later.id <> s.id
)
"""
CONSENTING = """
SELECT count(*) FROM (
    SELECT 1 FROM messaging_sendcontrol s
    JOIN messaging_delivery d ON d.send_id = s.id AND d.books_month = s.books_month
        AND d.state = 'refused' AND d.reason = %(reason)s
    JOIN messaging_consent k ON k.template_id = s.template_id AND k.customer_id = d.customer_id
        AND (k.units > 0 OR k.standing)
    WHERE s.merchant_id = %(merchant)s AND s.id = ANY(%(sends)s) LIMIT %(most)s
) found
"""


@dataclass(frozen=True)
class Looked:
    """What was looked up about sends with refusals of one cause.

    `kind` says what could be: for template and app `able` are the sends whose repair is known. For consent
    `consenting` people hold one now, at most MOST_COUNTED + 1; None where it was not asked.
    """

    kind: Kind
    able: frozenset[int] = field(default_factory=frozenset)
    consenting: int | None = None


def kind_of(sub_code: str) -> Kind:
    """A code this console does not know may be tried: only the platform can tell."""
    if sub_code in _OWN:
        return _OWN[sub_code]
    known = SUB_CODES.get(sub_code)
    return "frozen" if known and known.shape == "refused" and known.scope == "batch" else "later"


def may_work(sub_code: str) -> bool:
    return kind_of(sub_code) not in NEVER


def look(merchant: Merchant, send_ids: Sequence[int], *, sub_code: str) -> Looked:
    """At most one statement; of another merchant's sends nothing is found."""
    kind = kind_of(sub_code)
    given = {"merchant": merchant.pk, "sends": list(send_ids), "reason": sub_code, "most": MOST_COUNTED + 1}
    if kind == "consent":
        return Looked(kind, consenting=sql.rows(CONSENTING, given)[0][0])
    statement = {"template": SEEN_ONLINE, "app": ACCEPTED_SINCE}.get(kind)
    found = sql.rows(statement, given) if statement else []
    return Looked(kind, able=frozenset(send for (send,) in found))
