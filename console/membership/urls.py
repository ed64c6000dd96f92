from django.urls import path

from console.membership import consent_views, upload_views, views

list_pages = [
    path("lists/", views.lists_page, name="lists"),
    path("lists/new/", upload_views.list_new, name="list_new"),
    path("lists/new/consent/", consent_views.list_from_consent, name="list_from_consent"),
    path("lists/<int:list_id>/", views.list_page, name="list"),
    path("lists/<int:list_id>/columns/", upload_views.list_columns, name="list_columns"),
    path("lists/<int:list_id>/reopen/", upload_views.list_reopen, name="list_reopen"),
    path("lists/<int:list_id>/import/", upload_views.list_import, name="list_import"),
    path("lists/<int:list_id>/rename/", views.list_rename, name="list_rename"),
    path("lists/<int:list_id>/cancel/", views.list_cancel, name="list_cancel"),
    path("lists/<int:list_id>/problems.csv", views.list_problems, name="list_problems"),
]
