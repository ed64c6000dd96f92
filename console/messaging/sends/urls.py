from django.urls import path

from console.messaging.sends import (
    brakes,
    compose,
    detail,
    launch,
    missed,
    people,
    sends,
    trial,
    unknown,
    versions,
)

send_pages = [
    path("sends/", sends.sends_page, name="sends"),
    path("sends/new/", compose.send_new, name="send_new"),
    path("sends/<int:send_id>/", detail.send_page, name="send"),
    path("sends/<int:send_id>/row/", sends.send_row, name="send_row"),
    path("sends/<int:send_id>/edit/", compose.send_edit, name="send_edit"),
    path("sends/<int:send_id>/test/", trial.send_trial, name="send_trial"),
    path("sends/<int:send_id>/versions/", versions.send_versions, name="send_versions"),
    path("sends/<int:send_id>/launch/", launch.send_launch, name="send_launch"),
    path("sends/<int:send_id>/launch/<slug:gate>/", launch.send_stopped, name="send_stopped"),
    path("sends/<int:send_id>/undo/", brakes.send_undo, name="send_undo"),
    path("sends/<int:send_id>/pause/", brakes.send_pause, name="send_pause"),
    path("sends/<int:send_id>/resume/", brakes.send_resume, name="send_resume"),
    path("sends/<int:send_id>/speed/", brakes.send_speed, name="send_speed"),
    path("sends/<int:send_id>/cancel/", brakes.send_cancel, name="send_cancel"),
    path("sends/<int:send_id>/copy/", brakes.send_copy, name="send_copy"),
    path("sends/<int:send_id>/missed/", missed.send_missed, name="send_missed"),
    path("sends/<int:send_id>/people/", people.send_deliveries, name="send_deliveries"),
    path("sends/<int:send_id>/people/reveal/", people.send_reveal, name="send_reveal"),
    path("sends/<int:send_id>/people/export.csv", people.send_export, name="send_export"),
    path("sends/<int:send_id>/unknown/", unknown.send_unknown, name="send_unknown"),
    path("sends/<int:send_id>/unknown/treat/", unknown.send_treat, name="send_treat"),
    path("sends/<int:send_id>/again/", unknown.send_again, name="send_again"),
]
