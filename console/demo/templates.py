"""The templates of a shop: adopted through the gateway, and brought into every state a template can be in."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.utils import timezone

from console.demo import dates
from console.demo.apps import StoryError
from console.demo.scene import Scene, token
from console.demo.shops import Adoption
from merchants import calls
from merchants.models import GatewayCall
from messaging.consent import adopting
from messaging.models import LibraryTemplate, SubscriptionTemplate

PATIENCE_SECONDS = 60.0


def adopt_all(scene: Scene) -> None:
    """All but those that wait for review; then what the platform made of them."""
    began_at = scene.past.began_at
    for one in scene.past.shop.adoptions:
        if one.fate != "review":
            scene.templates[one.code] = _adopted(scene, one)
    adopting.watch(scene.app, at=timezone.now())
    for number, one in enumerate(scene.past.shop.adoptions):
        if one.fate != "review":
            dates.adoption(
                scene.templates[one.code],
                at=began_at - timedelta(days=32, hours=-2, minutes=-11 * number),
                since=began_at,
            )
    _refresh(scene)


def trouble(scene: Scene) -> None:
    """Later: one is in review, one was taken offline, of one the platform's copy was changed."""
    began_at, app = scene.past.began_at, scene.app
    times: dict[str, datetime] = {}
    for one in scene.past.shop.adoptions:
        if one.fate == "review":
            scene.templates[one.code] = _adopted(scene, one)
            _force(scene, one, status="AUDITING")
            times[one.code] = began_at - timedelta(hours=3)
        elif one.fate == "offline":
            _force(scene, one, status="OFFLINE")
            times[one.code] = began_at - timedelta(days=4, hours=5)
        elif one.fate == "differs":
            _force(scene, one, keywords=list(one.platform_words))
            times[one.code] = began_at - timedelta(days=2, hours=1)
    adopting.watch(app, at=timezone.now())
    for code, at in times.items():
        template = scene.templates[code]
        template.refresh_from_db()
        if template.state == SubscriptionTemplate.State.APPLIED:
            dates.adoption(template, at=at, since=began_at)
        dates.events(template, {"template.offline": at, "template.differs": at}, since=began_at)
    _refresh(scene)


def _force(scene: Scene, one: Adoption, **wish: object) -> None:
    template_id = scene.templates[one.code].template_id
    scene.platform.post("/sim/templates", {"app_id": scene.app.app_id, "template_id": template_id, **wish})


def _refresh(scene: Scene) -> None:
    for template in scene.templates.values():
        template.refresh_from_db()


def _adopted(scene: Scene, one: Adoption) -> SubscriptionTemplate:
    app = scene.app
    entry = LibraryTemplate.objects.get(mini_program=app, code=one.code)
    template = adopting.adopt(
        library_template=entry,
        keywords=one.keywords,
        by=scene.users[scene.past.shop.authors[0]],
        form_token=token(f"adopt {app.app_id} {one.code}"),
    )
    target = {"target_kind": "subscriptiontemplate", "target_id": template.pk}
    call = GatewayCall.objects.get(mini_program=app, **target)
    until = time.monotonic() + PATIENCE_SECONDS
    while template.state == SubscriptionTemplate.State.SUBMITTING:
        calls.send_call(call.pk, merchant_id=app.merchant_id)
        if not adopting.settle(call.pk, merchant_id=app.merchant_id):
            wait(until, f"{template.name} is not adopted")
        template.refresh_from_db()
    if not template.template_id:
        raise StoryError(f"{template.name} was not adopted: {template.refusal}. Run `make demo-reset`.")
    return template


def wait(until: float, complaint: str) -> None:
    if time.monotonic() > until:
        raise StoryError(
            f"After {PATIENCE_SECONDS:g} s {complaint}. See the logs, then run `make demo-reset`."
        )
    time.sleep(0.2)
