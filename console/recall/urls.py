from django.urls import path

from console.recall import views

recall_pages = [
    path("recall/", views.recall_page, name="recall"),
    path("sends/<int:send_id>/recall/", views.send_recall_page, name="send_recall"),
]
