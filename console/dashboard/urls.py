from django.urls import path

from console.dashboard import views

dashboard_pages = [
    path("", views.home, name="home"),
    path("running/", views.home_running, name="home_running"),
]
