"""POST /api/v1/signals: what a mini program and its server report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import AwareDatetime, ConfigDict, Field

from console.api.access import ScopedKey
from console.api.errors import ErrorOut
from merchants.models import ApiKey
from messaging.recall import signals

MAX_SIGNALS = 200
EARLIEST, LATEST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

# Printable characters only: a NUL has no place in a text column.
Printable = Annotated[str, Field(pattern=r"^[\x21-\x7e]*$", max_length=64)]
router = Router(tags=["signals"])


class SignalIn(Schema):
    """`subscribed`, `revoked` need open_id and template_id; `visited` a token, or scene 1014 or 1305."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: Annotated[
        str,
        Field(
            pattern=r"^[\x21-\x7e]+$", max_length=80, description=_("Yours; the same id again counts once.")
        ),
    ]
    kind: Literal["subscribed", "revoked", "visited"]
    at: Annotated[
        AwareDatetime, Field(ge=EARLIEST, le=LATEST, description=_("When it happened, with its zone."))
    ]
    open_id: Printable | None = None
    template_id: Printable | None = None
    subscription: Literal["one_time", "long_term"] | None = None
    units: Annotated[int | None, Field(description=_("One-time consents granted, 1 if left out."))] = None
    token: Annotated[Printable | None, Field(description=_("`rt` of the page the message opened."))] = None
    scene: Annotated[str | None, Field(pattern=r"^[\x21-\x7e]*$", max_length=10)] = None


class SignalsIn(Schema):
    app_id: Printable
    signals: Annotated[list[SignalIn], Field(json_schema_extra={"maxItems": MAX_SIGNALS})]


class RejectedOut(Schema):
    id: Annotated[str, Field(description=_("Of the signal, as it was reported."))]
    reason: Annotated[str, Field(description=_("A word for programs."))]


class SignalsOut(Schema):
    """A repeated signal was taken before; a rejected one was not stored."""

    accepted: int
    repeated: int
    rejected: list[RejectedOut]


@router.post(
    "/signals",
    auth=ScopedKey(signals.CONSENT_SCOPE, client_keys=True),
    response={200: SignalsOut, frozenset({400, 401, 403, 413, 422, 429}): ErrorOut},
    summary=_("Report what people did"),
    operation_id="post_signals",
)
def post_signals(request: HttpRequest, payload: SignalsIn) -> dict[str, Any]:
    """At most 200 signals; late and repeated ones are fine. A public client key reports `visited` only."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if payload.app_id != key.mini_program.app_id:
        raise HttpError(403, "This key belongs to another mini program than app_id.")
    if len(payload.signals) > MAX_SIGNALS:
        raise HttpError(
            413, f"At most {MAX_SIGNALS} signals in one request; this one has {len(payload.signals)}."
        )
    try:
        result = signals.take_in(key, [_told(one) for one in payload.signals], at=timezone.now())
    except signals.NotAllowed as error:
        raise HttpError(403, str(error)) from error
    rejected = [{"id": signal_id, "reason": reason} for signal_id, reason in result.rejected]
    return {"accepted": result.accepted, "repeated": result.repeated, "rejected": rejected}


def _told(signal: SignalIn) -> signals.Told:
    return signals.Told(
        id=signal.id,
        kind=signal.kind,
        at=signal.at,
        open_id=signal.open_id or "",
        template_id=signal.template_id or "",
        subscription=signal.subscription,
        units=1 if signal.units is None else signal.units,
        token=signal.token or "",
        scene=signal.scene or "",
    )
