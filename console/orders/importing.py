"""From a file to orders: the upload, the dry run, the yes, what became of it."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page, show_mini_program
from console.htmx import answer, invalid, poll_seconds, redirect, toast
from console.orders import import_words as words
from console.orders.import_forms import ImportForm
from membership.uploads import UploadRefused
from orders.choosing import chosen_scenes
from orders.importing import files
from orders.importing.columns import SceneMissing, stored_layout, template_of
from orders.importing.tally import Tally, stored_tally
from orders.models import OrderImport
from orders.scenes import SCENES

PAGE, FORM = "orders/import_new.html", "orders/_import_form.html"
SHOWN_IMPORTS = 8
SHOWN_UNKNOWN = 12
State = OrderImport.State


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("orders.manage")
def order_import_new(request: MerchantRequest) -> HttpResponse:
    app = request.mini_program
    scenes = chosen_scenes(app) if app else []
    form = ImportForm(request.POST or None, request.FILES or None, scenes=scenes)
    context: dict[str, Any] = {
        "form": form if scenes else None,
        "scenes": scenes,
        "recent": files.newest(app, most=SHOWN_IMPORTS) if app else [],
    }
    if request.method != "POST" or not scenes:
        return answer(request, PAGE, FORM, context)
    made = _received(request, form) if form.is_valid() else None
    if made is not None:
        return _to_import(request, made)
    form.keep_file()
    focus.on_first_problem(form)
    return invalid(request, PAGE, FORM, context)


def _received(request: MerchantRequest, form: ImportForm) -> OrderImport | None:
    """None when the file was refused at the door; the form then says why."""
    if request.mini_program is None:
        return None
    given = form.cleaned_data
    try:
        return files.receive(
            mini_program=request.mini_program,
            scene=given["scene"],
            file=given["file"],
            file_name=given["file"].name,
            by=request.user,
            form_token=given["form_token"],
        )
    except SceneMissing as refusal:
        form.add_error("scene", str(refusal))
    except UploadRefused as refusal:
        form.add_error("file", str(refusal))
    return None


@require_safe
@merchant_page("orders.manage")
def order_import(request: MerchantRequest, import_id: int) -> HttpResponse:
    """Polled while its Job runs; the same address shows the result for as long as it is kept."""
    made = _import_or_404(request, import_id)
    show_mini_program(request, made.mini_program)
    context = _context(made)
    return answer(request, "orders/import.html", "orders/_import_answer.html", context)


def _context(made: OrderImport) -> dict[str, Any]:
    expected, outcome = _tally(made.expected), _tally(made.outcome)
    tally = outcome if outcome and made.state in (State.DONE, State.FAILED) else expected
    unknown = stored_layout(made.layout).unknown
    return {
        "made": made,
        "job": made.job,
        "is_open": made.state in files.WORKING,
        "poll_seconds": poll_seconds(made.job.created_at, at=timezone.now()) if made.job else 0,
        "scene": SCENES.get(made.scene),
        "tally": tally,
        "usable": tally.rows - tally.refused if tally else 0,
        "orders_equation": words.of_orders(tally) if tally else None,
        "statuses_equation": words.of_statuses(tally) if tally else None,
        "reasons": words.reasons_of(tally) if tally else [],
        "lacking": words.lacking_of(tally) if tally else [],
        "differs": made.state == State.DONE and made.expected != made.outcome,
        "expected": expected,
        "has_problems": files.problem_path(made) is not None,
        "unknown": unknown[:SHOWN_UNKNOWN],
        "more_unknown": max(0, len(unknown) - SHOWN_UNKNOWN),
    }


def _tally(stored: dict[str, Any]) -> Tally | None:
    return stored_tally(stored) if stored else None


@require_POST
@merchant_page("orders.manage")
def order_import_start(request: MerchantRequest, import_id: int) -> HttpResponse:
    made = _import_or_404(request, import_id)
    if not files.start_import(made, by=request.user):
        toast(request, _("This import had moved on already."))
    return _to_import(request, made)


@require_POST
@merchant_page("orders.manage")
def order_import_cancel(request: MerchantRequest, import_id: int) -> HttpResponse:
    made = _import_or_404(request, import_id)
    if not files.cancel(made, by=request.user):
        toast(request, _("This import had moved on already."))
    return _to_import(request, made)


@require_safe
@merchant_page("orders.manage")  # type: ignore[arg-type]  # the guard passes any response through
def order_import_problems(request: MerchantRequest, import_id: int) -> FileResponse:
    made = _import_or_404(request, import_id)
    path = files.take_problem_rows(made, by=request.user)
    if path is None:
        raise Http404("no problem rows")
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"order-problem-rows-{made.pk}.csv",
        content_type="text/csv; charset=utf-8",
    )


@require_safe
@merchant_page("orders.manage")
def order_import_template(request: MerchantRequest, code: str) -> HttpResponse:
    """The header of a file for orders of one scene, as a spreadsheet opens it."""
    scene = SCENES.get(code)
    if scene is None:
        raise Http404("no such scene")
    text = io.StringIO()
    csv.writer(text).writerow(template_of(scene))
    response = HttpResponse(text.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="orders-{scene.code}.csv"'
    return response


def _to_import(request: MerchantRequest, made: OrderImport) -> HttpResponse:
    return redirect(request, "order_import", merchant=request.merchant.slug, import_id=made.pk)


def _import_or_404(request: MerchantRequest, import_id: int) -> OrderImport:
    rows = OrderImport.objects.for_merchant(request.merchant)
    found: OrderImport = get_object_or_404(
        rows.select_related("job", "created_by", "mini_program", "merchant"), pk=import_id
    )
    return found
