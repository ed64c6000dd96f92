from django.urls import path

from console.search import views

search_pages = [path("search/", views.search, name="search")]
