from django.urls import path

from console.failures import cause, deciding, views

failure_pages = [
    path("failures/", views.failures_page, name="failures"),
    path("failures/export.csv", views.failures_export, name="failures_export"),
    path("failures/cause/", cause.failure_page, name="failure"),
    path("failures/decide/", deciding.failure_decide, name="failure_decide"),
    path("failures/decisions/<int:decision_id>/", deciding.failure_decision, name="failure_decision"),
]
