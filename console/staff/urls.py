from django.urls import path

from console.staff import views

staff_pages = [path("settings/staff/", views.staff, name="staff")]
