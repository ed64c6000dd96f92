"""What the versions of a draft said, to be read for ever, and taking one up again while it is a draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, redirect, toast
from console.messaging.sends.lookup import address, moved_on, not_done, send_of
from coupons.models import Coupon
from membership.models import PeopleList
from messaging.models import BatchSend, DraftVersion, SendState, SubscriptionTemplate
from messaging.sends import batches
from messaging.sends.versions import content_of, versions_of

PAGE, PARTIAL = "messaging/sends/versions.html", "messaging/sends/_versions.html"
SHOWN = 50


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


@require_safe
@merchant_page("sends.view")
def send_versions(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    rows = list(versions_of(batch)[: SHOWN + 1])
    names = _names(batch, rows)
    lines = [
        (row, _changes(before.content, row.content, names) if before else None)
        for row, before in zip(rows[:SHOWN], [*rows[1:], None], strict=False)
    ]
    is_draft = batch.control.state == SendState.DRAFT
    may_restore = is_draft and request.staff.can("sends.compose")
    context = {"batch": batch, "lines": lines, "is_draft": is_draft, "may_restore": may_restore}
    return answer(request, PAGE, PARTIAL, context)


@require_POST
@merchant_page("sends.compose")
def send_restore(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if batch.control.state != SendState.DRAFT:
        return moved_on(request, batch)
    wanted, seen = (_number(request.POST.get(name, "")) for name in ("restore", "version"))
    row = versions_of(batch).filter(version=wanted).first()
    if row is None:
        raise Http404("no such version")
    try:
        saved = batches.save_draft(
            batch, by=request.user, version=seen, content=content_of(row), at=timezone.now()
        )
    except batches.NotADraft:
        return moved_on(request, batch)
    except batches.DraftConflict:
        words = _("Somebody saved this draft meanwhile, so nothing was restored. Look at the versions again.")
        return not_done(request, batch, words)
    words = _("Version %(n)s is restored as version %(new)s.")
    toast(request, words % {"n": row.version, "new": saved.version})
    return redirect(request, address("send_edit", batch))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _names(batch: BatchSend, rows: list[DraftVersion]) -> dict[str, dict[int, Any]]:
    """Templates by id, and names of lists by id, that any of the versions speaks of."""
    kinds = ("template", "people_list", "coupon")
    ids = {kind: {row.content.get(kind) for row in rows} - {None} for kind in kinds}
    templates = SubscriptionTemplate.objects.for_merchant(batch.merchant).in_bulk(list(ids["template"]))
    lists = PeopleList.objects.for_merchant(batch.merchant).in_bulk(list(ids["people_list"]))
    coupons = Coupon.objects.for_merchant(batch.merchant).in_bulk(list(ids["coupon"]))
    return {"template": templates, "people_list": lists, "coupon": coupons}


def _changes(before: dict[str, Any], after: dict[str, Any], names: dict[str, dict[int, Any]]) -> list[Change]:
    """Field by field, in the order of the form; only what differs."""

    def change(name: str, label: str) -> Change:
        return Change(label, _said(before, name, names), _said(after, name, names))

    found = [change("name", _("Name")), change("template", _("Template"))]
    template = names["template"].get(after["template"])
    keywords = template.keywords if template else []
    for n in range(max(len(before["values"]), len(after["values"]))):
        label = keywords[n] if n < len(keywords) else str(n + 1)
        old, new = ("".join(side["values"][n : n + 1]) for side in (before, after))
        found.append(Change(label, old, new))
    found.append(change("page", _("Mini program page")))
    found.append(change("coupon", _("Coupon")))
    found.append(change("people_list", _("Audience")))
    found.append(change("holdout_percent", _("Kept back, percent")))
    found.append(change("when", _("When")))
    found.append(change("not_after", _("Not after")))
    return [one for one in found if one.before != one.after]


def _said(content: dict[str, Any], name: str, names: dict[str, dict[int, Any]]) -> str:
    if name == "when":
        if not content["scheduled_on"]:
            return _("Right away")
        return f"{content['scheduled_on']} {content['scheduled_time'] or ''}".strip()
    if name == "not_after":
        return f"{content.get('not_after_on') or ''} {content.get('not_after_time') or ''}".strip()
    if name == "holdout_percent":
        return str(content.get(name, 0))
    value = content.get(name)  # versions of before there was such a field say nothing of it
    return str(names[name].get(value or 0, "")) if name in names else str(value)
