from django.urls import path

from console.rules import second_factor, views

rule_pages = [
    path("settings/rules/", views.rules, name="rules"),
    path("settings/rules/save/", views.rules_save, name="rules_save"),
    path("settings/rules/second-factor/", second_factor.rules_second_factor, name="rules_second_factor"),
]
