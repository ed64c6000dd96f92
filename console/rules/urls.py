from django.urls import path

from console.rules import views

rule_pages = [
    path("settings/rules/", views.rules, name="rules"),
    path("settings/rules/save/", views.rules_save, name="rules_save"),
]
