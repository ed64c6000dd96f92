"""A form posted after the session ended, or with a stale token: kept for its writer, never acted on."""

from __future__ import annotations

from django.core import signing
from django.http import HttpRequest, QueryDict

from merchants.models import User

KEY = "kept_form"
SALT = "console.kept_form"
MOST_CHARACTERS = 20_000
NOT_KEPT = ("csrfmiddlewaretoken", "action")


def writer_of(person: User) -> str:
    """Goes into the form, so that what was typed comes back to nobody else."""
    return signing.dumps(person.pk, salt=SALT)


def keep_form(request: HttpRequest) -> None:
    """Of somebody who is not signed in: into the session that signing in carries on."""
    if request.method != "POST" or not request.POST.get("writer"):
        return
    text = _typed(request).urlencode()
    if len(text) <= MOST_CHARACTERS:
        request.session[KEY] = text


def take_form(request: HttpRequest, *, person: User, form_token: str = "") -> QueryDict | None:
    """The kept form, once; with `form_token` only that one. Another person's is dropped unseen."""
    text = request.session.get(KEY)
    if text is None:
        return None
    data = QueryDict(text, mutable=True)
    is_own = _is_by(person, data)
    if is_own and form_token and data.get("form_token") != form_token:
        return None
    del request.session[KEY]
    return data if is_own else None


def own_form(request: HttpRequest, *, person: User) -> QueryDict | None:
    """What was posted, if this very person was given the form to write in; else None.

    Nobody else can make up the mark it carries, so a stranger's page cannot put words into a form of ours.
    """
    data = _typed(request)
    return data if _is_by(person, data) else None


def _typed(request: HttpRequest) -> QueryDict:
    data = request.POST.copy()
    for name in NOT_KEPT:
        data.pop(name, None)
    return data


def _is_by(person: User, data: QueryDict) -> bool:
    try:
        return bool(signing.loads(data.get("writer", ""), salt=SALT) == person.pk)
    except signing.BadSignature:
        return False


def waiting_token(request: HttpRequest) -> str:
    """The form token of what is kept, if anything is."""
    return QueryDict(request.session.get(KEY, "")).get("form_token", "")
