"""A person's card from being opened to its end; one of each template, for ever the same row and number.

Whoever makes the call makes these moves: `begin` in the transaction that intends it, the others in the one
that takes over what became of it. Each is a compare-and-set; that a card opened or ended is told as an Event.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from membership import card_numbers, levels
from membership.card_bodies import BEIJING
from membership.card_designing import live_terms_of
from membership.card_terms import ValidityKind
from membership.models import CardTemplate, Customer, MemberCard
from membership.models.member_card import CARD_TRANSITIONS, CardState
from merchants import events

State = CardState
CHANNEL = re.compile(r"[A-Za-z0-9_]{0,32}")
LAST_SECOND = time(23, 59, 59)
CARDS_AT_ONCE = 500


class CardRefused(Exception):
    """The sentence says why and what to do; nothing was changed."""


def begin(template: CardTemplate, customer: Customer, *, channel: str = "", number: str = "") -> MemberCard:
    """A card that is being opened, or the one there is: of a person who took it out, or was refused, anew.

    `number`: of a member who comes from elsewhere and keeps it. Raises CardRefused.
    """
    if CHANNEL.fullmatch(channel) is None:
        raise CardRefused(_("A channel has at most 32 letters, digits and _."))
    if template.live_terms is None:
        raise CardRefused(_("The platform does not have this card yet. Hand it over first."))
    with transaction.atomic():
        found = _held(template, customer)
        if found is None:
            return _new(template, customer, channel=channel, number=number)
        if found.state in (State.OPENING, State.OPEN):
            return found
        if State.OPENING not in CARD_TRANSITIONS[found.state]:
            raise CardRefused(_("This card is over and cannot be opened again. Another card can be opened."))
        _set(found, state=State.OPENING, channel=channel, refusal="", words="")
        return found


def opened(card: MemberCard, *, biz_card_no: str, at: datetime) -> bool:
    """The platform has it in the person's wallet. False: it is open already, or over."""
    with transaction.atomic():
        card = _lock(card)
        if State.OPEN not in CARD_TRANSITIONS[card.state]:
            return False
        known: dict[str, Any] = {"state": State.OPEN, "biz_card_no": biz_card_no, "ended_at": None}
        if card.opened_at is None:
            known |= {"opened_at": at, "valid_until": valid_until(card.template, at)}
        _set(card, **known)
        levels.rise(card, at=at)
        _tell("member.card_opened", card, channel=card.channel)
    return True


def refused(card: MemberCard, *, sub_code: str, words: str) -> bool:
    """False: it is not being opened any more."""
    rows = MemberCard.objects.filter(pk=card.pk, state=State.OPENING)
    return bool(rows.update(state=State.REFUSED, refusal=sub_code[:80], words=words[:400]))


def ended(card: MemberCard, *, state: CardState, at: datetime) -> bool:
    """Taken out, or cancelled. What stands on it stays in the ledgers. False: it was over before."""
    with transaction.atomic():
        card = _lock(card)
        if state not in CARD_TRANSITIONS[card.state]:
            return False
        _set(card, state=state, ended_at=at)
        _tell("member.card_ended", card, ending=state.value)
    return True


def expire_due(*, at: datetime, limit: int = CARDS_AT_ONCE) -> int:
    """Cards whose last second is over, one a transaction; reads what ended and no other."""
    gone = 0
    while True:
        due = MemberCard.objects.filter(state=State.OPEN, valid_until__lt=at).order_by("valid_until", "id")
        cards = list(due[:limit])
        gone += sum(ended(card, state=State.EXPIRED, at=at) for card in cards)
        if len(cards) < limit:
            return gone


def valid_until(template: CardTemplate, at: datetime) -> datetime | None:
    """The last second of a card opened then; None: it does not end."""
    validity = live_terms_of(template).validity
    if validity.kind == ValidityKind.UNTIL:
        return validity.until
    if validity.kind == ValidityKind.UNLIMITED or validity.days is None:
        return None
    last = at.astimezone(BEIJING).date() + timedelta(days=validity.days)
    return datetime.combine(last, LAST_SECOND, tzinfo=BEIJING)


def _new(template: CardTemplate, customer: Customer, *, channel: str, number: str) -> MemberCard:
    if number and MemberCard.objects.filter(merchant=template.merchant_id, number=number).exists():
        raise CardRefused(_("Another card has the number %(number)s.") % {"number": number})
    try:
        with transaction.atomic():
            made: MemberCard = MemberCard.objects.create(
                merchant=template.merchant,
                mini_program=template.mini_program,
                template=template,
                customer=customer,
                channel=channel,
                number=number or card_numbers.take(template),
            )
            return made
    except IntegrityError:
        # somebody opened it at the same time, and was faster
        found = _held(template, customer)
        if found is None:
            raise CardRefused(_("Another card has the number %(number)s.") % {"number": number}) from None
        return found


def _held(template: CardTemplate, customer: Customer) -> MemberCard | None:
    rows = MemberCard.objects.select_for_update(of=("self",), no_key=True)
    found: MemberCard | None = rows.filter(template=template, customer=customer).first()
    return found


def _lock(card: MemberCard) -> MemberCard:
    rows = MemberCard.objects.select_for_update(of=("self",), no_key=True)
    found: MemberCard = rows.select_related("template", "level").get(pk=card.pk)
    return found


def _set(card: MemberCard, **changes: Any) -> None:
    MemberCard.objects.filter(pk=card.pk).update(**changes)
    for name, value in changes.items():
        setattr(card, name, value)


def _tell(kind: str, card: MemberCard, **detail: Any) -> None:
    events.record(
        kind,
        merchant=card.merchant,
        mini_program=card.mini_program,
        subject=card,
        detail={"name": card.template.name, "customer": card.customer_id, **detail},
    )
