"""What has happened in the demo before you sign in, told through the same operations a person uses.

Two shops, each with thirty days of past on both sides: templates and sends in every state, consents, visits,
books that balance. Everything follows from SEED and the moment of the first start. Every part carries a key
of its own, so a start that was cut off goes on where it stopped and a second one finds nothing to do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from console.demo import (
    coupon_story,
    dates,
    order_past,
    past,
    platform_past,
    shop_accounts,
    templates,
    uploads,
)
from console.demo.apps import APPS, StoryError, connect, key_of, register
from console.demo.cast import introduce, is_introduced, write_logins
from console.demo.crowd import Crowd
from console.demo.order_plan import OrderPast
from console.demo.people_file import Rows, has_people_file, write_people_file
from console.demo.plan import DAYS, Past
from console.demo.pretend import Pretend
from console.demo.scene import Scene, token
from console.demo.shops import BENEFIT, SHOPS, STANDING
from console.demo.together import at_once
from membership.models import PeopleList
from merchants.models import ApiKey, MiniProgram, User
from merchants.partitions import ensure_event_months, ensure_months
from messaging.consent import library
from messaging.engine import reconcile, schedule, slot
from messaging.models import BatchSend, SendControl, SendState, SubscriptionTemplate
from messaging.recall import hours, rollups
from messaging.recall.signals import Told, take_in
from messaging.sends import batches
from messaging.sends.content import Content

__all__ = ["FULL", "SEED", "SHORT", "Size", "StoryError", "tell"]

Say = Callable[[str], None]

SEED = 11
PATIENCE_SECONDS = 90.0
SET_UP = timedelta(days=DAYS + 3)  # so long before the first start the merchants were set up


@dataclass(frozen=True)
class Size:
    """People: known, with one-time consents, with a standing one, sent to just now, come back from that.

    `tea`: people of the second shop. Of the thirty days `past` is the scale of the lists that were sent to,
    `most` how many finished sends each shop has. `orders`: share of the orders; `order_seconds`: how often
    another order or status comes in while the demo runs, never when None.
    """

    customers: int = 6_000
    with_consent: int = 4_700
    standing: int = 1_500
    sent: int = 200
    came_back: int = 44
    rows: Rows = field(default_factory=Rows)
    tea: int = 2_400
    past: float = 0.4
    most: int = 1_000
    orders: float = 1.0
    order_seconds: float | None = 20.0


FULL = Size()
SHORT = Size(tea=300, past=0.06, most=4, orders=0.2, order_seconds=None)
SIZES = {"full": FULL, "short": SHORT}


def tell(platform: Pretend, *, api_url: str, var: Path, say: Say, size: Size = FULL) -> bool:
    """`api_url`: where this start's console answers, no slash at its end. False when it was told before.

    Raises StoryError, pretend.PretendError.
    """
    told_before = is_told(var)
    if not told_before:
        _tell(platform, var=var, say=say, size=size)
    for slug in APPS:
        connect(platform, slug, f"{api_url}/signals")
    shop_accounts.write(var, api_url=api_url, seconds=size.order_seconds)
    return not told_before


def is_told(var: Path) -> bool:
    finished = BatchSend.objects.filter(form_token=token("past send"), control__state=SendState.FINISHED)
    return finished.exists() and is_introduced(var) and has_people_file(var)


def beginning(var: Path, *, seed: int = SEED) -> tuple[datetime, int]:
    """When the story was begun, and its seed; written down at the first start, read at the next."""
    path = var / "demo" / "story.json"
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return datetime.fromisoformat(kept["began_at"]), int(kept["seed"])
    except FileNotFoundError:
        began_at = timezone.now()
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(".new")
        made.write_text(json.dumps({"seed": seed, "began_at": began_at.isoformat()}), encoding="utf-8")
        made.replace(path)
        return began_at, seed


def _tell(platform: Pretend, *, var: Path, say: Say, size: Size) -> None:
    began_at, seed = beginning(var)
    say(f"Telling the story of seed {seed}, begun at {began_at:%Y-%m-%d %H:%M:%S} UTC")
    logins = introduce(var)
    ensure_event_months(at=began_at - SET_UP)
    ensure_months("messaging_delivery", at=began_at - SET_UP)
    scenes = [_scene(platform, slug, began_at=began_at, seed=seed, size=size) for slug in SHOPS]
    dates.rest([scene.app for scene in scenes], since=began_at, back=SET_UP)
    say("Adopting templates")
    for scene in scenes:
        templates.adopt_all(scene)
    for scene in scenes:
        _meet(scene, say=say)
    first = scenes[0]
    write_people_file(var, first.past.crowd.people, count=size.rows)
    orders = [OrderPast(scene.past, size.orders) for scene in scenes]
    at_once([partial(_live_through, *pair, say=say) for pair in zip(scenes, orders, strict=True)])
    shop_accounts.open_orders(var, orders)
    _just_now(first, size=size, say=say)
    say("Handing out coupons")
    for scene in scenes:
        coupon_story.tell(scene)
    _draft(first)
    rollups.rebuild()
    reconcile.reconcile()
    schedule.close_books()
    dates.books(since=began_at)
    hours.roll_up()
    write_logins(var, logins)


def _scene(platform: Pretend, slug: str, *, began_at: datetime, seed: int, size: Size) -> Scene:
    """The shop on both sides, with its keys, its library and its people."""
    app = register(platform, slug)
    for kind in (ApiKey.Kind.SERVER, ApiKey.Kind.CLIENT):
        key_of(app, kind)
    library.sync_library(app, at=timezone.now())
    count = size.customers if slug == "yunduo" else size.tea
    wanted = {"app_id": app.app_id, "count": count, "seed": seed}
    people = platform.post("/sim/people", wanted)["open_ids"]
    return Scene(Past(SHOPS[slug], _crowd(slug, people, size), seed, began_at, size.most), app, platform)


def _crowd(slug: str, people: Sequence[str], size: Size) -> Crowd:
    if slug == "yunduo":
        changing_from = size.rows.first + size.rows.good
        return Crowd(people, size.with_consent, size.standing, changing_from, size.past)
    steady, standing, changing_from = (round(size.tea * share) for share in (0.7, 0.35, 0.8))
    return Crowd(people, steady, standing, changing_from, size.past)


def _meet(scene: Scene, *, say: Say) -> None:
    people, by = scene.past.crowd.people, scene.users[scene.past.shop.authors[0]]
    say(f"Making {len(people):,} customers of {scene.app.merchant.name}")
    name = "全部老客" if scene.slug == "yunduo" else "全部会员"
    at = scene.past.began_at - timedelta(days=DAYS + 2)
    uploads.upload(scene, name, "小程序后台导出，建立顾客档案", people, by=by, at=at)
    dates.rest([scene.app], since=scene.past.began_at, back=timedelta(days=DAYS + 2))


def _live_through(scene: Scene, orders: OrderPast, *, say: Say) -> None:
    say(f"Living through {DAYS} days of {scene.app.merchant.name}")
    platform_past.tell_consents(scene)
    uploads.upload_all(scene)
    uploads.spare(scene)
    for send in scene.past.sends:
        past.begin(scene, send)
    schedule.advance()
    for send in scene.past.sends:
        control = past.put_back(scene, send)
        if send.plan.ending in past.REACHED:
            platform_past.tell_messages(scene, send, control)
    platform_past.tell_moods(scene)
    templates.trouble(scene)
    dates.signals(scene.app, since=scene.past.began_at)
    order_past.tell(scene, orders)


# --- Just now -----------------------------------------------------------------------------------------------
def _just_now(scene: Scene, *, size: Size, say: Say) -> None:
    """A send carried out here and now by the engine itself, and some of its people come back."""
    people, by = scene.past.crowd.people, User.objects.get(username="lixiang")
    say(f"Sending to {size.sent} people")
    purpose = f"新权益上线前先发给 {size.sent} 位老客"
    pilot = uploads.upload(scene, "首批试发", purpose, people[: size.sent], by=by)
    control = _pilot(scene.app, scene.templates[BENEFIT], pilot, by=by)
    _come_back(scene.platform, scene.app, people[: size.came_back], control)


def _pilot(
    app: MiniProgram, template: SubscriptionTemplate, people_list: PeopleList, *, by: User
) -> SendControl:
    """Launched a moment ago, carried out here and now by the engine itself."""
    content = Content(
        name="iPhone 17 首月立减 · 首批试发",
        template=template,
        people_list=people_list,
        values=["iPhone 17 首月立减 100 元", "月租 299 元，首月仅 199 元", "本周日 24:00 前", "云朵租机"],
        page="pages/goods/detail?goods_id=17-256",
        scheduled_on=None,
        scheduled_time=None,
    )
    batch = batches.new_draft(
        merchant=app.merchant, mini_program=app, by=by, form_token=token("past send"), content=content
    )
    control = batch.control
    if control.state == SendState.DRAFT:
        launched_at = timezone.now() - timedelta(seconds=settings.ENGINE_UNDO_SECONDS + 1)
        control = batches.launch(batch, by=by, version=batch.version, at=launched_at)
    until = time.monotonic() + PATIENCE_SECONDS
    while control.state != SendState.FINISHED:
        schedule.advance()
        schedule.prepare(app.merchant_id, control.pk)
        if not slot.work(seconds=2):
            templates.wait(until, f"the send stands at {control.state}")
        schedule.advance()
        control.refresh_from_db()
    reconcile.reconcile()
    return control


def _come_back(platform: Pretend, app: MiniProgram, people: Sequence[str], control: SendControl) -> None:
    """They tap the message; the token of its link comes to us as the mini program would report it."""
    told = []
    for open_id in people:
        done = platform.post("/sim/act", {"app_id": app.app_id, "open_id": open_id, "action": "visit"})
        told.append(
            Told(
                id=f"demo-visit-{control.pk}-{open_id}",
                kind="visited",
                at=timezone.now(),
                open_id=open_id,
                token=done["token"] or "",
                scene="1014",
            )
        )
    take_in(key_of(app, ApiKey.Kind.CLIENT)[0], told, at=timezone.now())


def _draft(scene: Scene) -> None:
    content = Content(
        name="老客免押升级权益",
        template=scene.templates[STANDING],
        people_list=None,
        values=["免押升级", "打开小程序，在「我的权益」里领取", ""],
        page="pages/benefit/index",
        scheduled_on=None,
        scheduled_time=None,
    )
    batches.new_draft(
        merchant=scene.app.merchant,
        mini_program=scene.app,
        by=scene.users["lixiang"],
        form_token=token("draft"),
        content=content,
    )
