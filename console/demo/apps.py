"""The demo's mini programs exist on both sides: here as rows with keys, there as apps of the platform."""

from __future__ import annotations

import hmac
from urllib.parse import urljoin

from django.conf import settings

from console.demo.cast import OWNERS
from console.demo.pretend import Pretend
from merchants import credentials
from merchants.models import ApiKey, Merchant, MiniProgram, User
from messaging.recall.signals import CONSENT_SCOPE
from orders.intake import SCOPE as ORDER_SCOPE

REVIEW_SECONDS = 20.0  # of adoptions that visitors of the demo make themselves
APPS = {
    "yunduo": ("2021004158275827", "云朵租机", "rental"),
    "qingcha": ("2021004158273106", "青茶", "tea"),
}


class StoryError(Exception):
    """The story cannot be told; the message says what to do."""


def register(platform: Pretend, slug: str) -> MiniProgram:
    """The same app on both sides. The platform keeps its keys for a known id, so this is repeatable."""
    app_id, name, industry = APPS[slug]
    made = platform.post(
        "/sim/apps",
        {"app_id": app_id, "industry": industry, "name": name, "signals_url": "", "review_seconds": 0},
    )
    known = MiniProgram.objects.filter(app_id=app_id).first()
    if known is not None:
        _check_same_keys(known, made["alipay_public_key"])
        return known
    merchant = Merchant.objects.get(slug=slug)
    return credentials.add_mini_program(
        merchant=merchant,
        name=f"{name}小程序",
        app_id=app_id,
        industry=industry,
        gateway=MiniProgram.Gateway.SIMULATED,
        app_private_key=made["app_private_key"],
        alipay_public_key=made["alipay_public_key"],
        by=User.objects.get(username=OWNERS[slug]),
    )


def _check_same_keys(app: MiniProgram, alipay_public_key: str) -> None:
    if app.alipay_public_key != alipay_public_key:
        raise StoryError(
            f"The pretend platform has forgotten {app.name} and made new keys. "
            "Run `make demo-reset` and start again."
        )


def connect(platform: Pretend, slug: str, signals_url: str) -> None:
    """Tells the platform where this start's console takes reports, and with which keys."""
    app = MiniProgram.objects.get(app_id=APPS[slug][0])
    made = platform.post(
        "/sim/apps",
        {
            "app_id": app.app_id,
            "industry": app.industry,
            "signals_url": signals_url,
            "notify_url": urljoin(signals_url, "/inbox/"),
            "server_key": key_of(app, ApiKey.Kind.SERVER)[1],
            "client_key": key_of(app, ApiKey.Kind.CLIENT)[1],
            "review_seconds": REVIEW_SECONDS,
        },
    )
    _check_same_keys(app, made["alipay_public_key"])


def key_of(app: MiniProgram, kind: ApiKey.Kind) -> tuple[ApiKey, str]:
    """Follows from SECRET_KEY, so that it need not be kept anywhere to be told again at the next start."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"demo {kind} key {app.app_id}".encode(), "sha256")
    key = f"{'sk' if kind == ApiKey.Kind.SERVER else 'pk'}_{digest.hex()[:40]}"
    row = ApiKey.find(key)
    if row is None:
        scopes = [CONSENT_SCOPE, ORDER_SCOPE] if kind == ApiKey.Kind.SERVER else []
        row, _again = ApiKey.issue(mini_program=app, name="模拟手机", kind=kind, scopes=scopes, key=key)
    return row, key
