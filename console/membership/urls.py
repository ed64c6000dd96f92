from django.urls import path

from console.membership import views

list_pages = [
    path("lists/", views.lists_page, name="lists"),
    path("lists/new/", views.list_new, name="list_new"),
    path("lists/<int:list_id>/", views.list_page, name="list"),
    path("lists/<int:list_id>/cancel/", views.list_cancel, name="list_cancel"),
    path("lists/<int:list_id>/problems.csv", views.list_problems, name="list_problems"),
]
