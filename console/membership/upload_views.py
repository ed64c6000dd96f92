"""From a file to a list: the upload, its columns, the yes after the dry run."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from console import focus
from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.membership.forms import ADD, NAME_CHARACTERS, PURPOSE_CHARACTERS, ColumnsForm, UploadForm
from console.membership.views import list_or_404, to_list
from membership import lists, uploads
from membership.columns import look_at, stored_layout
from membership.models import PeopleList

State = PeopleList.State


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("lists.upload")
def list_new(request: MerchantRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and request.mini_program is None:
        form.add_error(None, _("This merchant has no mini program yet, so there is nobody to recognise."))
    if request.method == "POST" and form.is_valid():
        people_list = _receive(request, form)
        if people_list is not None:
            return redirect(request, "list_columns", merchant=request.merchant.slug, list_id=people_list.pk)
    if form.is_bound:
        form.keep_file()
        focus.on_first_problem(form)
    context = {"form": form, "name_limit": NAME_CHARACTERS, "purpose_limit": PURPOSE_CHARACTERS}
    respond = invalid if request.method == "POST" else answer
    return respond(request, "membership/upload.html", "membership/_upload_form.html", context)


def _receive(request: MerchantRequest, form: UploadForm) -> PeopleList | None:
    """None when the file was refused at the door; the form then says why."""
    given = form.cleaned_data
    if request.mini_program is None:
        return None
    try:
        return lists.receive(
            merchant=request.merchant,
            mini_program=request.mini_program,
            file=given["file"],
            file_name=given["file"].name,
            name=given["name"],
            purpose=given["purpose"],
            by=request.user,
            form_token=given["form_token"],
        )
    except uploads.UploadRefused as refusal:
        form.add_error("file", str(refusal))
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("lists.upload")
def list_columns(request: MerchantRequest, list_id: int) -> HttpResponse:
    """Which column is the open_id, which others are kept. A list that moved on shows its own page."""
    people_list = list_or_404(request, list_id)
    if people_list.state != State.UPLOADED:
        return to_list(request, people_list)
    head = look_at(uploads.path_of(people_list.stored_file))
    form = ColumnsForm(
        request.POST or None,
        head=head,
        layout=stored_layout(people_list.layout),
        add_unknown=people_list.add_unknown,
    )
    if request.method == "POST" and form.is_valid():
        adding = form.cleaned_data["unknown"] == ADD
        lists.start_check(people_list, layout=form.layout, add_unknown=adding, by=request.user)
        return to_list(request, people_list)
    context = {"people_list": people_list, "form": form}
    respond = invalid if request.method == "POST" else answer
    return respond(request, "membership/columns.html", "membership/_columns_form.html", context)


@require_POST
@merchant_page("lists.upload")
def list_reopen(request: MerchantRequest, list_id: int) -> HttpResponse:
    """Other columns after the dry run; a list that moved on shows its own page."""
    people_list = list_or_404(request, list_id)
    if not lists.reopen(people_list):
        return to_list(request, people_list)
    return redirect(request, "list_columns", merchant=request.merchant.slug, list_id=people_list.pk)


@require_POST
@merchant_page("lists.upload")
def list_import(request: MerchantRequest, list_id: int) -> HttpResponse:
    people_list = list_or_404(request, list_id)
    if people_list.count and not lists.start_import(people_list, by=request.user):
        toast(request, _("This list had moved on already."))
    return to_list(request, people_list)
