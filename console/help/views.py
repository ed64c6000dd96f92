"""Help: an index with two ways in, and one page a topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.api import reference
from console.api.scopes import SCOPES
from console.help import limits, meanings
from console.help.glossary import GLOSSARY
from console.help.limits import PROMPT_MAX_TEMPLATES
from console.help.topics import BY_KEY, TOPICS
from console.navigation import SHORTCUTS
from messaging.consent import reports
from messaging.consent.adopting import MAX_KEYWORDS, MIN_KEYWORDS
from messaging.recall.signals import CONSENT_SCOPE, MESSAGE_SCENES

SAMPLE_TEMPLATE_ID = "TEMPLATE_ID"
SAMPLE_KEYWORDS = ["keyword1", "keyword2"]
SAMPLE_APP_ID = "2021000000000000"


@require_safe
@merchant_page("home.view")
def index(request: MerchantRequest) -> HttpResponse:
    return render(request, "help/index.html", {"topics": TOPICS, "shortcuts": SHORTCUTS})


@require_safe
@merchant_page("home.view")
def page(request: MerchantRequest, key: str) -> HttpResponse:
    topic = BY_KEY[key]
    more = CONTENT.get(key, _nothing)(request)
    context = {"topic": topic, "topics": TOPICS, "titles": topic.sections, **more}
    return render(request, "help/page.html", context)


def _nothing(request: MerchantRequest) -> dict[str, Any]:
    return {}


def _keywords(request: MerchantRequest) -> dict[str, Any]:
    return {"least": MIN_KEYWORDS, "most": MAX_KEYWORDS}


def _merchants(request: MerchantRequest) -> dict[str, Any]:
    return _keywords(request) | {"factor_minutes": max(1, round(settings.SECOND_FACTOR_SECONDS / 60))}


def _connect(request: MerchantRequest) -> dict[str, Any]:
    """Examples with this merchant's own app id and template, where there are any."""
    app = request.mini_program
    online = reports.templates_of(app, state="approved").first() if app else None
    return {
        "signals_url": request.build_absolute_uri("/api/v1/signals"),
        "app_id": app.app_id if app else SAMPLE_APP_ID,
        "template_id": online.template_id if online else SAMPLE_TEMPLATE_ID,
        "kind": online.kind if online else "one_time",
        "sample": online,
        "scope": CONSENT_SCOPE,
        "scenes": MESSAGE_SCENES,
        "prompt_most": PROMPT_MAX_TEMPLATES,
    }


def _api(request: MerchantRequest) -> dict[str, Any]:
    """Every route; examples with this merchant's own app id and template, where there are any."""
    app = request.mini_program
    online = reports.templates_of(app, state="approved").first() if app else None
    return {
        "routes": reference.routes(),
        "scopes": SCOPES,
        "limits": limits.of_the_api(),
        "base_url": request.build_absolute_uri("/").rstrip("/"),
        "app_id": app.app_id if app else SAMPLE_APP_ID,
        "template_id": online.template_id if online else SAMPLE_TEMPLATE_ID,
        "keywords": online.keywords if online else SAMPLE_KEYWORDS,
    }


def _limits(request: MerchantRequest) -> dict[str, Any]:
    return {
        "platform": limits.of_the_platform(),
        "sending": limits.of_sending(request.mini_program),
        "files": limits.of_files_and_reports(),
    }


def _states(request: MerchantRequest) -> dict[str, Any]:
    return {
        "tables": meanings.state_tables(),
        "skipped": meanings.skip_reasons(),
        "paused": meanings.pause_reasons(),
        "unknown": meanings.unknown_reasons(),
        "refusals": meanings.refusal_tables(),
    }


def _glossary(request: MerchantRequest) -> dict[str, Any]:
    return {"groups": GLOSSARY}


CONTENT: dict[str, Callable[[MerchantRequest], dict[str, Any]]] = {
    "merchants": _merchants,
    "messages": _keywords,
    "connect": _connect,
    "api": _api,
    "limits": _limits,
    "states": _states,
    "glossary": _glossary,
}
