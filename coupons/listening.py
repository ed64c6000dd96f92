"""Which pushes of the platform a mini program that runs coupons listens to (domain A.9, D.8)."""

from __future__ import annotations

from gateway.methods.topics import OpenAppMessageTopicSubscribe
from merchants import calls
from merchants.models import MiniProgram

PREFIX = "alipay.marketing.activity.message."
TOPICS = (
    *(f"{PREFIX}{what}" for what in ("created", "modified", "appended", "stopped")),
    *(f"{PREFIX}{what}" for what in ("received", "used", "expired", "refund")),
    "alipay.marketing.activity.delivery.message",
)


def ensure(mini_program: MiniProgram) -> None:
    """Asks once for each topic, in the caller's transaction; repeated it does nothing."""
    for topic in TOPICS:
        calls.intend(
            mini_program=mini_program,
            method=OpenAppMessageTopicSubscribe.method,
            target=mini_program,
            body={"topic": topic},
            idempotency_key=f"listen:{topic}",
            repeatable=True,
        )
