from django.urls import path

from console.messaging.crowds import acts, compose, launch, views

crowd_pages = [
    path("crowds/", views.crowds_page, name="crowds"),
    path("crowds/new/", compose.crowd_new, name="crowd_new"),
    path("crowds/<int:crowd_id>/", views.crowd_page, name="crowd"),
    path("crowds/<int:crowd_id>/edit/", compose.crowd_edit, name="crowd_edit"),
    path("crowds/<int:crowd_id>/launch/", launch.crowd_launch, name="crowd_launch"),
    path("crowds/<int:crowd_id>/undo/", acts.crowd_undo, name="crowd_undo"),
    path("crowds/<int:crowd_id>/cancel/", acts.crowd_cancel, name="crowd_cancel"),
    path("crowds/<int:crowd_id>/copy/", acts.crowd_copy, name="crowd_copy"),
    path("crowds/<int:crowd_id>/decide/", acts.crowd_decide, name="crowd_decide"),
]
