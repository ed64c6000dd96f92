from django.urls import path

from console.providers import adopting, authorised, merchants, sends

provider_pages = [
    path("merchants/", merchants.merchants, name="provider_merchants"),
    path("merchants/adopt/", adopting.adopt, name="provider_adopt"),
    path("merchants/adopted/<uuid:form_token>/", adopting.adopted, name="provider_adopted"),
    path("merchants/sends/", sends.sends, name="provider_sends"),
    path("merchants/sends/new/", sends.new, name="provider_send_new"),
    path("merchants/sends/<int:joint_id>/", sends.joint_send, name="provider_send"),
    path("settings/provider/", authorised.providers, name="authorised_providers"),
    path("settings/provider/<int:pk>/end/", authorised.end, name="authorised_provider_end"),
]
