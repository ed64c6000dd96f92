"""POST /api/v1/messages: single messages; GET /api/v1/messages/<id>: what became of one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import AwareDatetime, ConfigDict, Field, ValidationError, WithJsonSchema

from console.api.access import ScopedKey
from console.api.errors import ErrorOut, problems_of
from console.singles.words import sentence_of, state_of
from gateway import wire
from merchants.models import ApiKey
from messaging import singles as reports
from messaging.models import Delivery, SingleSend
from messaging.sends import singles
from messaging.sends.asked import Asked

EARLIEST, LATEST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
KEY_PATTERN = r"^[\x21-\x7e]+$"
MAX_KEYWORDS_HANDED_IN = 10
MAX_BODY_BYTES = 1024 * 1024  # MAX_MESSAGES with the longest texts of five keywords, each character escaped
MONTH_IS_GONE = "The books of this month are closed and put away; the message was handed in then."

router = Router(tags=["messages"])


class MessageIn(Schema):
    model_config = ConfigDict(coerce_numbers_to_str=True, extra="forbid")

    idempotency_key: Annotated[
        str,
        Field(
            pattern=KEY_PATTERN,
            max_length=80,
            description=_("Yours, one for each message: the same again is the same message for ever."),
        ),
    ]
    open_id: Annotated[
        str,
        Field(
            pattern=KEY_PATTERN, max_length=64, description=_("Who gets it; known under this mini program.")
        ),
    ]
    template: Annotated[
        str,
        Field(
            pattern=KEY_PATTERN,
            max_length=wire.TEMPLATE_ID_MAX_CHARACTERS,
            description=_("Id of an online template, the platform's or the number in its address here."),
        ),
    ]
    data: Annotated[
        dict[str, str],
        Field(
            max_length=MAX_KEYWORDS_HANDED_IN,
            description=_(
                "The text of each keyword, named as on the template or keyword1, keyword2 and so on."
            ),
        ),
    ]
    page: Annotated[
        str,
        Field(
            max_length=wire.PAGE_MAX_CHARACTERS,
            description=_("Which page of the mini program it opens, with its parameters."),
        ),
    ]
    not_after: Annotated[
        AwareDatetime | None,
        Field(
            ge=EARLIEST,
            le=LATEST,
            description=_("With its zone. What has not left by then is given up. Left out: it may wait."),
        ),
    ] = None


_ITEMS = {"type": "array", "minItems": 1, "maxItems": singles.MAX_MESSAGES, "items": MessageIn.json_schema()}


class MessagesIn(Schema):
    app_id: Annotated[
        str, Field(pattern=KEY_PATTERN, max_length=64, description=_("Of the key's mini program."))
    ]
    # judged one by one in the view, so that one that cannot be read keeps none of the others back
    messages: Annotated[
        list[Any],
        Field(description=_("Each of them is taken or refused by itself.")),
        WithJsonSchema(_ITEMS),
    ]


class ResultOut(Schema):
    """What became of one message handed in, in the order of the request."""

    idempotency_key: Annotated[
        str, Field(description=_("As it was handed in; empty where it cannot be read."))
    ]
    status: Annotated[
        Literal[200, 201, 404, 409, 422],
        Field(
            description=_(
                "201 taken; 200 taken before; 404 person or template not known; 409 the key came before with"
                " another message; 422 it cannot be sent like this. Only 200 and 201 are kept."
            )
        ),
    ]
    id: Annotated[int | None, Field(description=_("Of the message, to ask for it later."))] = None
    state: Annotated[str, Field(description=_("As of a message; empty where it was not kept."))] = ""
    reason: Annotated[str, Field(description=_("A word for programs."))] = ""
    sentence: Annotated[str, Field(description=_("The same for people: what happened and what to do."))] = ""


class MessagesOut(Schema):
    taken: int
    repeated: int
    refused: int
    results: list[ResultOut]


class MessageOut(Schema):
    """`unknown` is an outcome of its own: nobody knows whether it arrived, and it is never sent again by
    itself."""

    id: int
    idempotency_key: str
    state: Annotated[
        Literal["queued", "sending", "accepted", "refused", "skipped", "unknown"],
        Field(description=_("accepted: the platform took it; whether it was seen nobody is told.")),
    ]
    reason: Annotated[str, Field(description=_("Why it was skipped or refused, or why nobody knows."))]
    sentence: Annotated[str, Field(description=_("The same for people: what happened and what to do."))]
    decision: Annotated[
        str, Field(description=_("treated_as_sent where a person decided so about an unknown outcome."))
    ]
    attempt: Annotated[int, Field(description=_("How often it was given to the platform."))]
    created_at: datetime
    not_after: datetime | None
    sent_at: Annotated[datetime | None, Field(description=_("When it left; null where it never did."))]
    recorded_at: Annotated[datetime | None, Field(description=_("When its outcome was written down."))]


STATUS = {"key_reused": 409, "person_unknown": 404, "template_unknown": 404}


@router.post(
    "/messages",
    auth=ScopedKey(singles.SCOPE, max_body_bytes=MAX_BODY_BYTES),
    response={200: MessagesOut, frozenset({400, 401, 403, 413, 422, 429}): ErrorOut},
    summary=_("Send single messages"),
    operation_id="post_messages",
)
def post_messages(request: HttpRequest, payload: MessagesIn) -> dict[str, Any]:
    """1 to 200 messages, each to one person. It answers 200 also where some are refused: read each status."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if payload.app_id != key.mini_program.app_id:
        raise HttpError(403, "This key belongs to another mini program than app_id.")
    n, most = len(payload.messages), singles.MAX_MESSAGES
    if not n:
        raise HttpError(422, f"messages: there is none. Hand in 1 to {most}.")
    if n > most:
        raise HttpError(413, f"At most {most} messages in one request; this one has {n}.")
    read = [_read(one) for one in payload.messages]
    asked = [one for one in read if isinstance(one, Asked)]
    taken = iter(singles.hand_in(key, asked, at=timezone.now()) if asked else [])
    answers = [(one, next(taken)) if isinstance(one, Asked) else (one, None) for one in read]
    rows = reports.rows_of([was.sent for _one, was in answers if was and was.sent])
    results = [_result(one, was, rows) for one, was in answers]
    statuses = [result["status"] for result in results]
    return {
        "taken": statuses.count(201),
        "repeated": statuses.count(200),
        "refused": sum(status >= 400 for status in statuses),
        "results": results,
    }


@router.get(
    "/messages/{message_id}",
    auth=ScopedKey(singles.SCOPE),
    response={200: MessageOut, frozenset({401, 403, 404, 422, 429}): ErrorOut},
    summary=_("Ask what became of a message"),
    operation_id="get_message",
)
def get_message(request: HttpRequest, message_id: int) -> dict[str, Any]:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    sent = _own(key).filter(pk=message_id).first()
    if sent is None:
        raise HttpError(404, "This mini program has no message with this id.")
    row = reports.rows_of([sent]).get(sent.pk)
    if row is None:
        raise HttpError(404, MONTH_IS_GONE)
    return {
        "id": sent.pk,
        "idempotency_key": sent.idempotency_key,
        "state": state_of(row),
        "reason": row.reason,
        "sentence": sentence_of(row),
        "decision": row.decision,
        "attempt": row.attempt,
        "created_at": sent.created_at,
        "not_after": row.send.not_after,
        "sent_at": row.sent_at,
        "recorded_at": row.recorded_at,
    }


def _own(key: ApiKey) -> QuerySet[SingleSend]:
    found: QuerySet[SingleSend] = SingleSend.objects.for_merchant(key.merchant)
    return found.filter(mini_program=key.mini_program)


class _Unreadable(NamedTuple):
    key: str
    sentence: str


def _read(given: Any) -> Asked | _Unreadable:
    try:
        one = MessageIn.model_validate(given)
    except ValidationError as error:
        key = given.get("idempotency_key") if isinstance(given, dict) else None
        return _Unreadable(key[:80] if isinstance(key, str) else "", problems_of(error.errors()).sentence)
    return Asked(**one.dict())


def _result(one: Asked | _Unreadable, was: singles.Taken | None, rows: dict[int, Delivery]) -> dict[str, Any]:
    if isinstance(one, _Unreadable) or was is None:
        key, sentence = one if isinstance(one, _Unreadable) else ("", "")
        return {"idempotency_key": key, "status": 422, "reason": "unreadable", "sentence": sentence}
    answer: dict[str, Any] = {"idempotency_key": one.idempotency_key}
    if was.sent is None:
        return answer | {"status": STATUS.get(was.code, 422), "reason": was.code, "sentence": was.sentence}
    answer |= {"status": 200 if was.is_repeated else 201, "id": was.sent.pk}
    row = rows.get(was.sent.pk)
    if row is None:
        return answer | {"sentence": MONTH_IS_GONE}
    return answer | {"state": state_of(row), "reason": row.reason, "sentence": sentence_of(row)}
