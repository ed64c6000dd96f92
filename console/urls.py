"""Every address we serve. Merchant pages stand below /m/<merchant>/ and are guarded by console.access."""

from django.urls import include, path

from console.account.urls import account_pages, merchant_choice
from console.api.urls import urlpatterns as api_routes
from console.api_keys.urls import api_key_pages
from console.audit.urls import audit_pages
from console.coupons.book_urls import book_pages
from console.coupons.giving_urls import giving_pages
from console.coupons.guard_urls import guard_pages
from console.coupons.urls import coupon_pages
from console.coupons.use_urls import use_pages
from console.dashboard.urls import dashboard_pages
from console.failures.urls import failure_pages
from console.help.urls import help_pages
from console.inbox.urls import urlpatterns as inbox_routes
from console.jobs.urls import job_pages
from console.membership.urls import list_pages
from console.messaging.crowds.urls import crowd_pages
from console.messaging.sends.urls import send_pages
from console.messaging.templates.urls import template_pages
from console.mini_programs.urls import mini_program_pages
from console.orders.urls import order_pages
from console.people.urls import people_pages
from console.providers.urls import provider_pages
from console.recall.urls import recall_pages
from console.reconciliation.urls import reconciliation_pages
from console.reminders.urls import reminder_pages
from console.rules.urls import rule_pages
from console.saved_views.urls import saved_view_pages
from console.search.urls import search_pages
from console.singles.urls import single_pages
from console.staff.urls import staff_pages

merchant_pages = [
    *dashboard_pages,
    *merchant_choice,
    *api_key_pages,
    *audit_pages,
    *coupon_pages,
    *failure_pages,
    *giving_pages,
    *book_pages,
    *guard_pages,
    *use_pages,
    *crowd_pages,
    *help_pages,
    *job_pages,
    *list_pages,
    *mini_program_pages,
    *order_pages,
    *people_pages,
    *provider_pages,
    *recall_pages,
    *reconciliation_pages,
    *reminder_pages,
    *rule_pages,
    *saved_view_pages,
    *search_pages,
    *send_pages,
    *single_pages,
    *staff_pages,
    *template_pages,
]

urlpatterns = [
    *account_pages,
    *api_routes,
    *inbox_routes,
    path("m/<slug:merchant>/", include(merchant_pages)),
]

handler400 = "console.account.views.bad_request"
handler403 = "console.account.views.forbidden"
handler404 = "console.account.views.not_found"
handler500 = "console.account.views.server_error"
