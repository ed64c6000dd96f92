"""Codes of a coupon: uploaded or pasted, looked at, kept after a yes; how far they are, and which failed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core import signing
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page
from console.coupons.code_words import of_code, of_halt
from console.coupons.lookup import address, coupon_of, not_done
from console.htmx import answer, invalid, poll_seconds, redirect, toast
from console.lists import keyset_page
from console.messaging.sends.people import Echo
from coupons import code_files, codes, life
from coupons.models import Coupon, CouponCode
from membership import uploads

PAGE, PARTIAL = "coupons/codes.html", "coupons/_codes.html"
SALT = "coupon codes"
SHOWN_LINES = 20
PASTED_CHARACTERS = 1_000_000
HEAD = ("code", "number", "reason_code", "reason", "remedy", "platform_words")


class CodesForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("CSV or TXT, one code a line, at most 10 MB and 100,000 codes."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        error_messages={"empty": gettext_lazy("This file is empty. Choose one with a code on each line.")},
    )
    pasted = forms.CharField(
        label=gettext_lazy("Or paste them here"),
        required=False,
        max_length=PASTED_CHARACTERS,
        help_text=gettext_lazy("One code a line: letters, digits and - _ + = |, at most 64 characters each."),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        error_messages={"max_length": gettext_lazy("This is too much to paste. Upload it as a file.")},
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        file, pasted = found.get("file"), (found.get("pasted") or "").strip()
        if not self.errors and bool(file) == bool(pasted):
            self.add_error("file", _("Choose a file or paste codes, one of the two."))
        elif file and (file.size or 0) > code_files.MOST_BYTES:
            self.add_error(
                "file", _("The file is larger than 10 MB. Split it and upload each part by itself.")
            )
        return found


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.publish")
def coupon_codes(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    """A post keeps the text aside and shows what would become of it; nothing is uploaded yet."""
    coupon = coupon_of(request, coupon_id)
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, _context(request, coupon, CodesForm()))
    form = CodesForm(request.POST, request.FILES)
    if not codes.takes_codes(coupon):
        return not_done(request, coupon, _("This coupon takes no codes now. Look at how it stands."))
    if form.is_valid():
        try:
            text = _text(form)
            found = code_files.check(coupon, text)
        except uploads.UploadRefused as refusal:
            form.add_error("file", str(refusal))
        else:
            kept = uploads.store(io.BytesIO(text.encode())) if found.new else ""
            told = {"dry": _dry(found), "kept": signing.dumps([coupon.pk, kept], salt=SALT)}
            return answer(request, PAGE, PARTIAL, {**_context(request, coupon, CodesForm()), **told})
    focus.on_first_problem(form)
    return invalid(request, PAGE, PARTIAL, _context(request, coupon, form))


@require_POST
@merchant_page("coupons.publish")
def coupon_codes_keep(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    """The yes after the look. Twice is once."""
    coupon = coupon_of(request, coupon_id)
    try:
        of, name = signing.loads(request.POST.get("kept", ""), salt=SALT)
        path = uploads.path_of(name) if name and of == coupon.pk else None
        found = code_files.check(coupon, path.read_text("utf-8")) if path else None
    except (signing.BadSignature, FileNotFoundError):
        found = None
    if found is None:
        return not_done(
            request, coupon, _("These codes were kept already, or are here no more. Upload again.")
        )
    try:
        kept = codes.add(coupon, found.codes, by=request.user)
    except life.MoveRefused as error:
        return not_done(request, coupon, str(error))
    uploads.delete(name)
    words = ngettext("%(n)s code was uploaded.", "%(n)s codes were uploaded.", kept)
    toast(request, words % {"n": f"{kept:,}"})
    return redirect(request, address("coupon_codes", coupon))


@require_POST
@merchant_page("coupons.publish")
def coupon_codes_go_on(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    try:
        codes.go_on(coupon, by=request.user)
    except life.MoveRefused as error:
        return not_done(request, coupon, str(error))
    toast(request, _("It goes on."))
    return redirect(request, address("coupon_codes", coupon))


@require_safe
@merchant_page("coupons.publish")  # type: ignore[arg-type]  # the guard passes any response through
def coupon_codes_failed(request: MerchantRequest, coupon_id: int) -> StreamingHttpResponse:
    """Every code that was not taken, with its reason."""
    coupon = coupon_of(request, coupon_id)
    lines = _lines(coupon, translation.get_language() or "en")
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="coupon-{coupon.pk}-failed-codes.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _lines(coupon: Coupon, language: str) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(HEAD)
    for one in failed_of(coupon).order_by("-id").iterator(chunk_size=2_000):
        with translation.override(language):
            why = of_code(one.refusal)
            cells = [one.code, str(one.number), one.refusal, str(why.title), str(why.remedy), one.words]
        yield writer.writerow([uploads.safe_against_formulas(cell) for cell in cells])


def failed_of(coupon: Coupon) -> Any:
    rows = CouponCode.objects.filter(coupon=coupon, coupon__merchant=coupon.merchant_id)
    return rows.exclude(refusal="")


def _text(form: CodesForm) -> str:
    file = form.cleaned_data["file"]
    return code_files.decoded(file.chunks()) if file else str(form.cleaned_data["pasted"])


def _dry(found: code_files.Read) -> dict[str, Any]:
    """Counts, and the first lines of each kind that is left out."""
    kinds = (
        (_("Not a code"), found.malformed),
        (_("Twice in what you sent"), found.repeated),
        (_("Uploaded before"), found.known),
    )
    return {
        "new": len(found.new),
        "repeated": len(found.repeated) + len(found.known),
        "malformed": len(found.malformed),
        "left_out": [(words, len(lines), lines[:SHOWN_LINES]) for words, lines in kinds if lines],
    }


def _context(request: MerchantRequest, coupon: Coupon, form: CodesForm) -> dict[str, Any]:
    book = codes.book_of(coupon)
    keyset = keyset_page(request, failed_of(coupon))
    is_stuck = bool(book.halted) or (book.asked_total > coupon.stock and coupon.state == "published")
    return {
        "coupon": coupon,
        "form": form,
        "book": book,
        "takes_codes": codes.takes_codes(coupon),
        "halt": of_halt(book.halted) if book.halted else None,
        "is_stuck": is_stuck,
        "is_moving": bool(book.waiting) and not is_stuck and coupon.state == "published",
        "poll_seconds": poll_seconds(book.changed_at if book.pk else None, at=timezone.now()),
        "keyset": keyset,
        "rows": [(one, of_code(one.refusal)) for one in keyset.rows],
    }
