from django.urls import path

from console.reconciliation import months, views

reconciliation_pages = [
    path("reconciliation/", views.reconciliation, name="reconciliation"),
    path("reconciliation/months/", months.reconciliation_months, name="reconciliation_months"),
    path(
        "reconciliation/months/<int:mini_program_id>/<int:year>-<int:number>/",
        months.reconciliation_month,
        name="reconciliation_month",
    ),
]
