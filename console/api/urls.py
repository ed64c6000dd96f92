"""The public HTTP API: /api/v1/, described by /api/v1/openapi.json. Errors are {"error": sentence}."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from console.api.coupons import router as coupons_router
from console.api.errors import TooMany, problems_of
from console.api.messages import router as messages_router
from console.api.orders import router as orders_router
from console.api.signals import router as signals_router

# ninja's own documentation page loads scripts from elsewhere, so it stays off
api = NinjaAPI(title="Merchant operations console", version="1", docs_url=None, urls_namespace="api")
api.add_router("", messages_router)
api.add_router("", signals_router)
api.add_router("", orders_router)
api.add_router("", coupons_router)


@api.exception_handler(AuthenticationError)
def unauthorized(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    sentence = "Send a valid key: Authorization: Bearer <key>. This one is missing, unknown or revoked."
    answer = api.create_response(request, {"error": sentence}, status=401)
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    answer = api.create_response(request, {"error": str(error)}, status=error.status_code)
    if isinstance(error, TooMany):
        answer["Retry-After"] = str(error.retry_after_seconds)
    return answer


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Names each field by its path, signals.3.at; never repeats what was sent."""
    sentence, fields = problems_of(error.errors)
    return api.create_response(request, {"error": sentence, "fields": fields}, status=422)


urlpatterns = [path("api/v1/", api.urls)]
