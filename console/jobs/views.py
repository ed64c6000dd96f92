"""The page of one job: whatever a person waits for."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, poll_seconds, redirect, toast
from console.jobs.results import left_of, result_of
from merchants import jobs
from merchants.models import Job


@require_safe
@merchant_page("jobs.view")
def job(request: MerchantRequest, job_id: int) -> HttpResponse:
    """Polled while the job runs: one indexed query for the row, and only until it is over."""
    found = get_object_or_404(Job.objects.for_merchant(request.merchant).select_related("by"), pk=job_id)
    context = {
        "job": found,
        "result": result_of(found, request.merchant),
        "came_of_it": left_of(found),
        "poll_seconds": poll_seconds(found.created_at, at=timezone.now()),
        "may_cancel": request.staff.can("lists.upload") and not found.is_over,
    }
    return answer(request, "jobs/detail.html", "console/_job.html", context)


@require_POST
@merchant_page("lists.upload")
def job_cancel(request: MerchantRequest, job_id: int) -> HttpResponse:
    found = get_object_or_404(Job.objects.for_merchant(request.merchant), pk=job_id)
    if jobs.cancel(found):
        toast(request, _("Cancelled. What was already done stays as it is."))
    return redirect(request, "job", merchant=request.merchant.slug, job_id=found.pk)
