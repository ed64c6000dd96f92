"""Which refusals can pass a second time, written out by hand, and what can be known about the repair."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from gateway.outcomes import SUB_CODES
from messaging.engine.retriable import MOST_COUNTED, kind_of, look, may_work
from messaging.models import Consent, DeliveryCounter, SendControl
from tests import build_messaging as build
from tests.messaging.engine.refusing import refuse

CHOICE = ["MSG_REJECTED", "MSG_CONTENT_NOT_INTERESTED"]
IDENTITY = [
    "USER_ID_INVALID",
    "OPENID_INVALID",
    "FORM_ID_INVALID",
    "FORM_ID_NOT_MATCH_APPID",
    "FORM_ID_OVER_TIME",
    "FORM_ID_SEND_LIMIT",
    "TRADE_NO_NOT_MATCH_USERID",
]
OF_CARDS = {
    *("isv.code-invalid", "isv.refresh-token-invalid", "isv.refresh-token-time-out"),
    *("isv.refreshed-token-invalid", "OPEN_PROFILE_QUERY_FAIL", "REQUEST_ID_EXPIRE", "REQUEST_ID_INVALID"),
    *("OPEN_CARD_NEED_OPENFORM", "OPEN_CARD_CONCURRENTLY", "USER_AUTH_FAIL", "CARD_HAS_OPENED"),
    *("CARD_NOT_EXIT", "CARD_IS_DELETED_ALREADY"),
}
LATER = ["MSG_SINGLE_SD_OVER", "NO_RECENT_VISIT_RECORD", "NO_PLACE_ORDER_RECORD", "NEVER_HEARD_OF"]


@pytest.mark.parametrize(
    ("codes", "kind", "possible"),
    [
        (CHOICE, "choice", False),
        (IDENTITY, "identity", False),
        (["DATA_SENSITIVE", "PAGE_OVER_LIMIT", "USER_TEMPLATE_ILLEGAL"], "frozen", False),
        (["TEMPLATE_ILLEGAL", "USER_TEMPLATE_STATUS_ILLEGAL"], "template", True),
        (["MSG_UNSUBSCRIBED"], "consent", True),
        (["MSG_UNAUTHORIZED", "isv.invalid-signature", "isv.ip-forbidden"], "app", True),
        (LATER, "later", True),
    ],
)
def test_each_code_has_its_kind(codes: list[str], kind: str, possible: bool) -> None:
    assert {kind_of(code) for code in codes} == {kind}
    assert {may_work(code) for code in codes} == {possible}


def test_of_the_codes_about_one_person_each_is_placed_by_hand_and_no_scope_is_mixed_up() -> None:
    refused = {code: known.scope for code, known in SUB_CODES.items() if known.shape == "refused"}
    persons = {
        code
        for code, scope in refused.items()
        # of orders, of coupons and of cards: no message is refused so
        if scope == "recipient"
        and not code.startswith(("BUYER_", "VOUCHER_"))
        and code not in {*OF_CARDS, "COUNT_OVER_LIMIT"}
    }
    assert persons == {*CHOICE, *IDENTITY, *LATER, "MSG_UNSUBSCRIBED"} - {"NEVER_HEARD_OF"}
    for code, scope in refused.items():
        if scope == "app":
            assert kind_of(code) == "app", code
        if scope == "batch":
            assert kind_of(code) in {"frozen", "template"}, code


def test_a_template_is_known_to_be_repaired_when_it_was_seen_online_since(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    SendControl.objects.filter(pk=control.pk).update(touched_at=timezone.now())
    ask = {"sub_code": "TEMPLATE_ILLEGAL"}
    assert look(shop.merchant, [control.pk], **ask).able == frozenset()
    shop.template.checked_at = timezone.now() + timedelta(seconds=1)
    shop.template.save(update_fields=["checked_at"])
    assert look(shop.merchant, [control.pk], **ask).able == {control.pk}


def test_keys_are_known_to_work_when_a_later_send_of_the_mini_program_was_accepted(
    shop: SimpleNamespace,
) -> None:
    now = timezone.now()
    first, second = (build.send(shop.app, shop.template, shop.list) for _ in range(2))
    SendControl.objects.filter(pk=first.pk).update(touched_at=now)
    SendControl.objects.filter(pk=second.pk).update(started_at=now + timedelta(seconds=1))
    both = [first.pk, second.pk]
    assert look(shop.merchant, both, sub_code="isv.invalid-signature").able == frozenset()
    DeliveryCounter.objects.create(send=second, state="accepted", n=1)
    assert look(shop.merchant, both, sub_code="isv.invalid-signature").able == {first.pk}


def test_people_with_consent_now_are_counted_among_the_refused(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    refuse(control, 5, "MSG_UNSUBSCRIBED")
    looked = look(shop.merchant, [control.pk], sub_code="MSG_UNSUBSCRIBED")
    assert (looked.kind, looked.consenting) == ("consent", 0)  # each refusal ended the consent
    Consent.objects.filter(template=shop.template, customer__in=shop.people[:3]).update(units=1)
    looked = look(shop.merchant, [control.pk], sub_code="MSG_UNSUBSCRIBED")
    assert looked.consenting == 3
    assert looked.consenting <= MOST_COUNTED
