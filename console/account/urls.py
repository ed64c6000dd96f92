from django.urls import path

from console.account import health, second_factor, views

account_pages = [
    path("", views.entrance, name="entrance"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("password/", views.change_password, name="change_password"),
    path("second-factor/", second_factor.second_factor, name="second_factor"),
    path("language/", views.set_language, name="set_language"),
    path("healthz", health.healthz, name="healthz"),
]
merchant_choice = [path("mini-program/", views.set_mini_program, name="set_mini_program")]
