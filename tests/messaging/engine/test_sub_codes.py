"""Every sub_code of sending and of the gateway: what it is to the engine, to the books and to a person.

The table is written by hand from the platform's documentation; which codes there are is in
tests/simulator/documented.py. An answer signed by the platform goes the whole way: judged, recorded, kept.
"""

from functools import cache
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from django.utils import timezone
from django.utils.translation import override

from gateway import answers, signing
from gateway.outcomes import SUB_CODES, Busy, Outcome, Refused, Unknown
from merchants import refusals
from messaging.engine import pulse
from messaging.engine.claim import claim
from messaging.engine.mark import mark
from messaging.engine.pipeline import answer_of
from messaging.engine.reconcile import lines
from messaging.engine.record import Answer, record
from messaging.models import Consent, ConsentEntry, Delivery
from tests import build, build_messaging
from tests.gateway.platform import KEYS, MESSAGE, refusal, signed
from tests.simulator import documented

PUBLIC_KEY = signing.load_public_key(KEYS["alipay_public_key"])
UNIT = {"back": 1, "kept": 0, "ended": 0}  # units left to a person who had one


class Row(NamedTuple):
    """`letter`: "" counts nothing. `unit`: back, kept, or ended (back, and then the platform's word ends it).

    `title` is the key of the sentence an operator reads.
    """

    code: str
    sub_code: str
    shape: str
    scope: str
    group: str
    letter: str
    unit: str
    title: str


# code, sub_code | shape, scope | group on the desk | letter of the breaker | unit | sentence
TABLE = """
40004 USER_TEMPLATE_ILLEGAL            | refused batch | message | b | back | The template is not one of this mini program's
40004 TEMPLATE_ILLEGAL                 | refused batch | message | b | back | The template is not in use on the platform
40004 USER_TEMPLATE_STATUS_ILLEGAL     | refused batch | message | b | back | The template is not in use on the platform
40004 MSG_TEMPLATE_ID_VALID            | refused batch | message | b | back | The template is not one of this mini program's
40004 USER_TEMPLATE_LACK_KEYWORD       | refused batch | message | b | back | The keywords do not fit the template
40004 MESSAGE_TEMPLATE_KEYWORD_ILLEGAL | refused batch | message | b | back | A keyword is not allowed in this template
40004 USER_KEYWORD_LENGTH_ERROR        | refused batch | message | b | back | A keyword's text is too long
40004 DATA_IS_EMPTY                    | refused batch | message | b | back | The message is empty
40004 DATA_CONTENT_FORMAT_ERROR        | refused batch | message | b | back | The platform could not read the message
40004 BIZ_CONTENT_FORMAT_ERROR         | refused batch | message | b | back | The platform could not read the message
40004 DATA_SENSITIVE                   | refused batch | message | b | back | The content check stopped the message
40004 PAGE_OVER_LIMIT                  | refused batch | message | b | back | The page path is too long
40004 ILLEGAL_ARGUMENT_PARAMS          | refused batch | message | b | back | The platform could not read the message
40004 USER_ID_INVALID                  | refused recipient | person | p | back | Person unknown to the platform
40004 FORM_ID_INVALID                  | refused recipient | person | p | back | The form or payment number does not fit
40004 FORM_ID_NOT_MATCH_APPID          | refused recipient | person | p | back | The form or payment number does not fit
40004 FORM_ID_OVER_TIME                | refused recipient | person | p | back | The form or payment number is too old
40004 FORM_ID_SEND_LIMIT               | refused recipient | person | p | back | The form or payment number is used up
40004 TRADE_NO_NOT_MATCH_USERID        | refused recipient | person | p | back | The payment belongs to somebody else
40004 QUERY_CONSUMER_REQEUST_ERROR     | busy recipient | platform | - | back | The platform could not look the person up
40004 MSG_UNSUBSCRIBED                 | refused recipient | person | p | ended | No consent left
40004 MSG_REJECTED                     | refused recipient | person | p | back | Turned off messages of this mini program
40004 MSG_CONTENT_NOT_INTERESTED       | refused recipient | person | p | back | Marked the content as not interesting
40004 MSG_SINGLE_SD_OVER               | refused recipient | person | p | back | Had enough messages for now
40004 NO_RECENT_VISIT_RECORD           | refused recipient | person | p | back | No recent visit
40004 NO_PLACE_ORDER_RECORD            | refused recipient | person | p | back | No order with this merchant
40004 MSG_UNAUTHORIZED                 | refused app | app | b | back | The mini program may not send messages
40004 MESSAGE_SEND_AUTH_ERROR          | refused app | app | b | back | The mini program may not send messages
40004 NO_BIND_PUBLIC_APP               | refused app | app | b | back | No service account is bound
40004 APP_TYPE_ERROR                   | refused app | app | b | back | The app is not online or not of the needed kind
40004 APP_NO_AVAIABLE                  | refused app | app | b | back | The app is not online or not of the needed kind
40004 MSG_SEND_ERROR                   | unknown recipient | platform | u | kept | The platform cannot say what happened
20000 isp.unknow-error                 | unknown app | platform | u | kept | The platform cannot say what happened
20000 aop.unknow-error                 | unknown app | platform | u | kept | The platform cannot say what happened
20001 aop.invalid-auth-token           | refused app | app | b | back | The person's authorisation is not valid any more
20001 aop.auth-token-time-out          | refused app | app | b | back | The person's authorisation is not valid any more
20001 aop.invalid-app-auth-token       | refused app | app | b | back | The merchant's authorisation is not valid any more
20001 aop.invalid-app-auth-token-no-api | refused app | app | b | back | The merchant's authorisation does not cover this
20001 aop.app-auth-token-time-out      | refused app | app | b | back | The merchant's authorisation is not valid any more
20001 aop.no-product-reg-by-partner    | refused app | app | b | back | The merchant's authorisation does not cover this
40001 isv.missing-method               | refused app | app | b | back | The platform does not know this call
40001 isv.missing-signature            | refused app | app | b | back | The platform does not accept our signature
40001 isv.missing-signature-type       | refused app | app | b | back | The app is not set up for RSA2
40001 isv.missing-signature-key        | refused app | app | b | back | The platform does not accept our signature
40001 isv.missing-app-id               | refused app | app | b | back | The platform does not know this app ID
40001 isv.missing-timestamp            | refused app | app | b | back | The clock of this server is wrong
40001 isv.missing-version              | refused app | app | b | back | The platform does not know this call
40001 isv.decryption-error-missing-encrypt-type | refused app | app | b | back | The platform expects encrypted content
40001 isv.missing-encrypt-key          | refused app | app | b | back | The platform expects encrypted content
40001 isv.missing-default-signature-type | refused app | app | b | back | The app is not set up for RSA2
40002 isv.invalid-parameter            | refused batch | message | b | back | The platform could not read the message
40002 isv.upload-fail                  | refused batch | message | b | back | The platform did not take the file
40002 isv.invalid-file-extension       | refused batch | message | b | back | The platform did not take the file
40002 isv.invalid-file-size            | refused batch | message | b | back | The platform did not take the file
40002 isv.invalid-method               | refused app | app | b | back | The platform does not know this call
40002 isv.invalid-format               | refused app | app | b | back | The platform does not know this call
40002 isv.invalid-signature-type       | refused app | app | b | back | The app is not set up for RSA2
40002 isv.invalid-signature            | refused app | app | b | back | The platform does not accept our signature
40002 isv.invalid-token                | refused app | app | b | back | The person's authorisation is not valid any more
40002 isv.invalid-encrypt-type         | refused app | app | b | back | The platform expects encrypted content
40002 isv.invalid-encrypt              | refused app | app | b | back | The platform expects encrypted content
40002 isv.invalid-app-id               | refused app | app | b | back | The platform does not know this app ID
40002 isv.invalid-timestamp            | refused app | app | b | back | The clock of this server is wrong
40002 isv.invalid-charset              | refused app | app | b | back | The platform does not know this call
40002 isv.invalid-digest               | refused app | app | b | back | The platform does not accept our signature
40002 isv.decryption-error-not-valid-encrypt-type | refused app | app | b | back | The platform expects encrypted content
40002 isv.decryption-error-not-valid-encrypt-key | refused app | app | b | back | The platform expects encrypted content
40002 isv.decryption-error-unknown     | refused app | app | b | back | The platform expects encrypted content
40003 isv.missing-signature-config     | refused app | app | b | back | The platform does not accept our signature
40002 isv.not-support-app-auth         | refused app | app | b | back | The merchant's authorisation does not cover this
40002 isv.illegal-json                 | refused batch | message | b | back | The platform could not read the message
40002 isv.suspected-attack             | refused batch | message | b | back | The platform took the message for an attack
40002 isv.forbidden-api                | refused app | app | b | back | The product is not signed for this app
40002 app-cert-expired                 | refused app | app | b | back | The app's certificate has expired
40003 invalid-auth-relations           | refused app | app | b | back | The merchant's authorisation is not valid any more
40003 isv.invalid-app-state            | refused app | app | b | back | The app is not online or not of the needed kind
40005 isv.app-call-limited             | busy app | platform | - | back | The platform is limiting calls
40005 isv.method-call-limited          | busy app | platform | - | back | The platform is limiting calls
40006 isv.insufficient-isv-permissions | refused app | app | b | back | The product is not signed for this app
40006 isv.insufficient-user-permissions | refused app | app | b | back | This app may not make the call
40006 isv.self-invoke-forbidden        | refused app | app | b | back | This app may not make the call
40006 isv.ip-forbidden                 | refused app | app | b | back | Calls from this address are not allowed
"""  # noqa: E501 - a table


def rows() -> list[Row]:
    found = []
    for line in TABLE.strip().splitlines():
        (code, sub_code), (shape, scope), (group,), (letter,), (unit,), title = (
            *(part.split() for part in line.split("|")[:5]),
            line.split("|")[5].strip(),
        )
        found.append(Row(code, sub_code, shape, scope, group, letter.replace("-", ""), unit, title))
    return found


ROWS = rows()


@cache
def outcome_of(code: str, sub_code: str) -> Outcome:
    """Of a complete, signed answer to one message."""
    return answers.judge(MESSAGE, signed(refusal(code, sub_code)).encode(), PUBLIC_KEY, 1.0)


def test_the_table_has_every_code_that_is_documented_and_no_other() -> None:
    written = [row.sub_code for row in ROWS]
    assert sorted(written) == sorted(documented.PUBLIC | documented.BY_METHOD[documented.SEND])


# Domain D.6 has these of binding a coupon to a trade, methods that the contract lacks.
OF_ASSOCIATING = {
    "ACTIVITY_NOT_EXIST",
    "VOUCHER_ASSOCIATE_OTHER_TRADE_NO",
    "VOUCHER_ASSOCIATE_TRADE_NO_ERROR",
}


def test_the_product_knows_every_code_of_the_table_and_besides_only_those_of_other_methods() -> None:
    written = {row.sub_code for row in ROWS}
    assert written <= set(SUB_CODES)
    assert set(SUB_CODES) - written <= set(documented.ALL) | OF_ASSOCIATING


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.sub_code)
def test_shape_scope_group_sentence_and_letter_are_those_of_the_table(row: Row) -> None:
    known = SUB_CODES[row.sub_code]
    outcome = outcome_of(row.code, row.sub_code)
    assert (known.shape, known.scope) == (row.shape, row.scope)
    assert type(outcome) is {"refused": Refused, "busy": Busy, "unknown": Unknown}[row.shape]
    assert pulse.letter(answer_of(1, outcome)) == row.letter
    assert refusals.group_of(row.sub_code) == row.group
    title, remedy = refusals.sentence(row.sub_code)
    with override("en"):
        assert str(title) == row.title
        assert str(remedy)


@pytest.mark.parametrize(
    ("code", "sub_code"),
    [("40004", "AE0515022537"), ("40004", "unknown-sub-code"), ("40004", ""), ("40002", "isv.of-tomorrow")],
)
def test_a_code_nobody_knows_is_refused_counted_by_the_breaker_and_said_to_be_unknown(
    code: str, sub_code: str
) -> None:
    outcome = outcome_of(code, sub_code)
    assert isinstance(outcome, Refused)
    assert not outcome.listed
    answer = answer_of(1, outcome)
    assert (answer.shape, answer.reason, pulse.letter(answer)) == ("refused", sub_code or code, "b")
    assert refusals.sentence(answer.reason) is refusals.UNLISTED
    assert refusals.group_of(answer.reason) == "platform"


@pytest.mark.django_db
def test_each_code_gives_the_unit_back_or_keeps_it_as_the_table_says() -> None:
    """One send with a person for each code, recorded in one transaction."""
    told = [outcome_of(row.code, row.sub_code) for row in ROWS]
    shop = _shop(len(told))
    control = build_messaging.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=len(told))
    marked = mark(control, ours, ids=ours.ids, at=timezone.now())
    given = [answer_of(one.id, outcome) for one, outcome in zip(marked, told, strict=True)]
    assert record(control, ours.token, given) == len(ROWS)
    after = _after(given)
    assert after == {row.sub_code: (UNIT[row.unit], row.unit == "kept", row.unit == "ended") for row in ROWS}
    letters = "".join(row.letter for row in ROWS)
    assert pulse.read(control.pk)[0] == letters[-pulse.KEPT :]
    assert not any(line.difference for line in lines(control))


def _after(given: list[Answer]) -> dict[str, tuple[int, bool, bool]]:
    """sub_code → (units the person has, whether the row holds one, whether a ledger line ended it)."""
    found = {}
    ended = set(ConsentEntry.objects.filter(source="platform").values_list("customer_id", flat=True))
    for answer, row in zip(given, ROWS, strict=True):
        delivery = Delivery.objects.get(id=answer.id)
        units = Consent.objects.get(customer_id=delivery.customer_id).units
        found[row.sub_code] = (units, delivery.spent, delivery.customer_id in ended)
    return found


def _shop(count: int) -> SimpleNamespace:
    app = build.mini_program(build.merchant())
    template = build_messaging.template(app)
    people = build_messaging.people(app, count)
    build_messaging.consents(template, people)
    return SimpleNamespace(app=app, template=template, list=build_messaging.people_list(app, people))
