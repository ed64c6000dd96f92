from django.urls import path

from console.mini_programs import reserve, views

mini_program_pages = [
    path("settings/mini-programs/", views.mini_programs, name="mini_programs"),
    path(
        "settings/mini-programs/<int:pk>/reserve/", reserve.mini_program_reserve, name="mini_program_reserve"
    ),
    path("settings/mini-programs/<int:pk>/stop/", views.mini_program_stop, name="mini_program_stop"),
    path("settings/mini-programs/<int:pk>/release/", views.mini_program_release, name="mini_program_release"),
]
