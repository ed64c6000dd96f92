from django.urls import path

from console.help import views
from console.help.topics import TOPICS

help_pages = [
    path("help/", views.index, name="help"),
    *(path(f"help/{topic.key}/", views.page, {"key": topic.key}, name=topic.url_name) for topic in TOPICS),
]
