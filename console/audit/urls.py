from django.urls import path

from console.audit import views

audit_pages = [path("audit/", views.audit, name="audit")]
