from django.urls import path

from console.inbox import views

urlpatterns = [path("inbox/", views.receive, name="inbox")]
