from django.urls import path

from console.reconciliation import views

reconciliation_pages = [path("reconciliation/", views.reconciliation, name="reconciliation")]
