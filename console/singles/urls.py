from django.urls import path

from console.singles import views

single_pages = [
    path("singles/", views.singles, name="singles"),
    path("singles/resume/", views.singles_resume, name="singles_resume"),
    path("singles/<int:single_id>/", views.single, name="single"),
    path("singles/<int:single_id>/decide/", views.single_decide, name="single_decide"),
]
