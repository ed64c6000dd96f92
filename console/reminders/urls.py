from django.urls import path

from console.reminders import views

reminder_pages = [
    path("reminders/", views.reminders, name="reminders"),
    path("reminders/new/", views.reminder_new, name="reminder_new"),
    path("reminders/<int:policy_id>/", views.reminder, name="reminder"),
    path("reminders/<int:policy_id>/edit/", views.reminder_edit, name="reminder_edit"),
    path("reminders/<int:policy_id>/stop/", views.reminder_stop, name="reminder_stop"),
]
