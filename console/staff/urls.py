from django.urls import path

from console.staff import second_factor, views

staff_pages = [
    path("settings/staff/", views.staff, name="staff"),
    path("settings/staff/<int:seat_id>/second-factor/", second_factor.staff_factor, name="staff_factor"),
]
