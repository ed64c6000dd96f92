"""Does the platform agree about who consented? A sample is asked; drift is shown, nothing is repaired.

Each run takes the consents whose id falls on the hour: 1 in 200, and after 200 hours each had its turn.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db.models import F, Func, IntegerField

from gateway.methods import messages
from messaging.consent.asking import NotAnswered, ask
from messaging.models import Consent, SubscriptionTemplate

log = logging.getLogger(__name__)
ONE_IN = 200
MAX_CALLS = 50
SUBSCRIBED, NOT_SUBSCRIBED = "subscribed", "not_subscribed"
OF_THE_PERSON = {"OPENID_INVALID", "USER_ID_INVALID"}


def sample_consents(*, at: datetime, calls: int = MAX_CALLS, one_in: int = ONE_IN) -> int:
    """Asks for at most `calls` consents, longest unasked first. Returns how many have a verdict now."""
    hour = int(at.timestamp()) // 3600
    turn = Func(F("id"), one_in, function="MOD", output_field=IntegerField())
    rows = (
        Consent.objects.select_related("customer", "template__mini_program__merchant")
        .annotate(turn=turn)
        .filter(
            turn=hour % one_in,
            template__state=SubscriptionTemplate.State.APPROVED,
            customer__open_id__isnull=False,
        )
        .order_by(F("checked_at").asc(nulls_first=True), "id")[:calls]
    )
    judged, silent = 0, set()
    for consent in list(rows):
        mini_program = consent.template.mini_program
        if mini_program.pk in silent:
            continue
        try:
            judged += _judge(consent, at=at)
        except NotAnswered as error:
            log.warning("no more consents of %s are sampled in this run: %s", mini_program, error)
            silent.add(mini_program.pk)
    return judged


def _judge(consent: Consent, *, at: datetime) -> bool:
    """False when the balance moved while we asked: then the answer is about another moment."""
    word = _platforms_word(consent)
    held = SUBSCRIBED if consent.standing or consent.units else NOT_SUBSCRIBED
    unmoved = Consent.objects.filter(pk=consent.pk, units=consent.units, standing=consent.standing)
    return bool(unmoved.update(drift="" if word == held else word, checked_at=at))


def _platforms_word(consent: Consent) -> str:
    """`subscribed`, `not_subscribed`, or the sub_code when the platform does not know the person."""
    request = messages.OpenAppMessagetemplateSubscribeQuery(
        open_id=consent.customer.open_id, template_id_list=(consent.template.template_id,)
    )
    try:
        answer = ask(consent.template.mini_program, request)
    except NotAnswered as error:
        if error.sub_code in OF_THE_PERSON:
            return error.sub_code
        raise
    mine = (one for one in answer.subscribe_relations if one.template_id == consent.template.template_id)
    return SUBSCRIBED if any(one.subscribed for one in mine) else NOT_SUBSCRIBED
