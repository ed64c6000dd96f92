from django.urls import path

from console.people import views

people_pages = [
    path("people/", views.people, name="people"),
    path("people/find/", views.people_find, name="people_find"),
    path("people/<int:customer_id>/", views.person, name="person"),
    path("people/<int:customer_id>/reveal/", views.person_reveal, name="person_reveal"),
    path("people/<int:customer_id>/mark/", views.person_mark, name="person_mark"),
    path("people/<int:customer_id>/export/", views.person_export, name="person_export"),
    path("people/<int:customer_id>/forget/", views.person_forget, name="person_forget"),
]
