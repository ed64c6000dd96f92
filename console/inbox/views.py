"""The one address the platform calls: no session, no CSRF token, no rules of its own."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from merchants import inbox

MAX_BODY_BYTES = 64 * 1024


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        return _plain(inbox.FAILURE, 413)
    return _plain(inbox.receive(request.POST.dict()))


def _plain(answer: str, status: int = 200) -> HttpResponse:
    return HttpResponse(answer, content_type="text/plain; charset=utf-8", status=status)
