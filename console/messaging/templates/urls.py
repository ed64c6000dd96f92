from django.urls import path

from console.messaging.templates import views

template_pages = [
    path("templates/", views.templates, name="templates"),
    path("templates/<int:template_id>/", views.template, name="template"),
    path("templates/<int:template_id>/take-over/", views.take_over, name="template_take_over"),
    path("templates/library/", views.library, name="template_library"),
    path("templates/library/sync/", views.sync, name="templates_sync"),
    path("templates/library/<int:library_id>/adopt/", views.adopt, name="template_adopt"),
]
