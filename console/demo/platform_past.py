"""The same past on the pretend platform, and what people did about it: visits, refusals, consents left.

Each call carries a key or says how things stand in the end, so all of it can be repeated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from console.demo.apps import key_of
from console.demo.crowd import Mood
from console.demo.plan import DatedSend
from console.demo.scene import Scene
from gateway import wire
from merchants import tokens
from merchants.models import ApiKey
from messaging.engine import sql
from messaging.models import Consent, Kind, SendControl
from messaging.recall.signals import Told, take_in

REPORT_AT_ONCE = 1_000
SENT = """
SELECT d.id, c.open_id, d.sent_at FROM messaging_delivery d
JOIN membership_customer c ON c.id = d.customer_id
WHERE d.send_id = %(send)s AND d.books_month = %(month)s AND d.sent_at IS NOT NULL
ORDER BY c.open_id
"""


def tell_messages(scene: Scene, send: DatedSend, control: SendControl) -> None:
    """Everything that was asked of the platform for this send, and who came back from it."""
    month = control.books_month
    if month is None:
        return
    fates, app = scene.past.fates(send), scene.app
    window = timedelta(days=settings.RECALL_WINDOW_DAYS)
    messages: list[dict[str, Any]] = []
    visits: list[Told] = []
    for delivery_id, open_id, sent_at in sql.rows(SENT, {"send": control.pk, "month": month}):
        place = scene.places[open_id]
        fate, link = fates[place], tokens.make(delivery_id, month)
        message = {
            "open_id": open_id,
            "at": sent_at.timestamp(),
            "outcome": fate.outcome,
            "page": wire.page_with_parameters(control.page, {"rt": link}),
        }
        came_at = sent_at + timedelta(seconds=fate.comes_after or 0)
        if fate.comes_after is not None and came_at < min(sent_at + window, scene.past.began_at):
            message["visited_at"] = came_at.timestamp()
            caller_id = f"past-{scene.slug}-{send.number}-{place}"
            visits.append(
                Told(id=caller_id, kind="visited", at=came_at, open_id=open_id, token=link, scene="1014")
            )
        if fate.outcome == "http_500_lost" and control.template_kind == Kind.ONE_TIME:
            scene.lost[send.plan.code, place] += 1
        messages.append(message)
    wanted = {"app_id": app.app_id, "template_id": scene.templates[send.plan.code].template_id}
    wanted |= {"key": f"send {send.number}", "data": control.data}
    scene.platform.post("/sim/history", {**wanted, "messages": messages})
    report(scene, visits, ApiKey.Kind.CLIENT)


def report(scene: Scene, told: Sequence[Told], kind: ApiKey.Kind) -> None:
    """As the mini program tells it."""
    key = key_of(scene.app, kind)[0]
    for start in range(0, len(told), REPORT_AT_ONCE):
        take_in(key, told[start : start + REPORT_AT_ONCE], at=timezone.now())


def tell_consents(scene: Scene) -> None:
    told = [
        Told(
            id=f"past-{scene.slug}-{grant.code}-{grant.place}-{number}",
            kind="subscribed",
            at=grant.at,
            open_id=scene.open_id(grant.place),
            template_id=scene.templates[grant.code].template_id,
            units=grant.units,
        )
        for number, grant in enumerate(scene.past.grants())
    ]
    report(scene, told, ApiKey.Kind.SERVER)


def tell_moods(scene: Scene) -> None:
    """Who changed their mind in the end, on both sides; then the platform's balances."""
    crowd, app = scene.past.crowd, scene.app
    _act(scene, crowd.changing(Mood.DEAF), "reject_messages")
    for template in scene.templates.values():
        if template.is_sendable:
            _act(scene, crowd.changing(Mood.BORED), "not_interested", template_id=template.template_id)
    report(scene, list(_revokes(scene)), ApiKey.Kind.SERVER)
    for code, template in scene.templates.items():
        if not template.is_sendable:
            continue
        by_units: dict[int, list[str]] = defaultdict(list)
        rows = Consent.objects.filter(template=template, customer__open_id__isnull=False)
        for open_id, units, standing in rows.values_list("customer__open_id", "units", "standing"):
            place = scene.places[open_id]
            by_units[units + standing + scene.lost[code, place]].append(open_id)
        for units, open_ids in sorted(by_units.items()):
            held = {"template_id": template.template_id, "kind": template.kind, "units": units, "set": True}
            scene.platform.post("/sim/consents", {"app_id": app.app_id, **held, "open_ids": open_ids})


def _revokes(scene: Scene) -> Iterator[Told]:
    places = set(scene.past.crowd.changing(Mood.REVOKED))
    held = Consent.objects.filter(template__in=scene.templates.values(), customer__open_id__isnull=False)
    rows = held.order_by("template_id", "customer__open_id")
    for template_id, code, open_id in rows.values_list(
        "template__template_id", "template__library_code", "customer__open_id"
    ):
        place = scene.places[open_id]
        if place in places:
            yield Told(
                id=f"past-{scene.slug}-revoke-{code}-{place}",
                kind="revoked",
                at=scene.past.began_at - timedelta(minutes=5 + place % 100),
                open_id=open_id,
                template_id=template_id,
            )


def _act(scene: Scene, places: Iterable[int], action: str, **more: str) -> None:
    people = [scene.open_id(place) for place in places]
    scene.platform.post(
        "/sim/act", {"app_id": scene.app.app_id, "open_ids": people, "action": action, **more}
    )
