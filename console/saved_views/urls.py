from django.urls import path

from console.saved_views import views

saved_view_pages = [
    path("sends/views/new/", views.view_new, {"page": "sends"}, name="view_new"),
    path("views/<int:view_id>/", views.view_edit, name="view"),
    path("views/<int:view_id>/delete/", views.view_delete, name="view_delete"),
]
