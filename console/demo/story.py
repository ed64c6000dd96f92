"""What has happened in the demo before you sign in, told through the same operations a person uses.

Two merchants; at 云朵租机 a synced library, three adopted templates of which the platform rejected one, 6,000
customers, consents, one finished send of 200 people and some visits. Every part carries a key of its own, so
a start that was cut off goes on where it stopped and a second one finds nothing to do.
"""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from console.demo.apps import APPS, StoryError, connect, key_of, register
from console.demo.cast import OWNERS, introduce, is_introduced, write_logins
from console.demo.people_file import Rows, has_people_file, write_people_file
from console.demo.pretend import Pretend
from membership import importing, lists
from membership.models import PeopleList
from merchants import calls
from merchants.models import ApiKey, GatewayCall, MiniProgram, User
from messaging.consent import adopting, library
from messaging.engine import reconcile, schedule, slot
from messaging.models import (
    BatchSend,
    ConsentEntry,
    LibraryTemplate,
    SendControl,
    SendState,
    SubscriptionTemplate,
)
from messaging.recall.signals import Told, take_in
from messaging.sends import batches
from messaging.sends.content import Content

Say = Callable[[str], None]

SEED = 11
REPORT_AT_ONCE = 1_000
PATIENCE_SECONDS = 90.0
BENEFIT, STANDING_BENEFIT, REJECTED = "TM0010004", "TM0010005", "TM0010010"


@dataclass(frozen=True)
class Size:
    """People: known, with two one-time consents, with a standing one, sent to, come back."""

    customers: int = 6_000
    with_consent: int = 4_700
    standing: int = 1_500
    sent: int = 200
    came_back: int = 44
    rows: Rows = field(default_factory=Rows)


FULL = Size()


def tell(platform: Pretend, *, signals_url: str, var: Path, say: Say, size: Size = FULL) -> bool:
    """False when it was told before. Raises StoryError, pretend.PretendError."""
    told_before = is_told(var)
    if not told_before:
        _tell(platform, var=var, say=say, size=size)
    for slug in APPS:
        connect(platform, slug, signals_url)
    return not told_before


def is_told(var: Path) -> bool:
    finished = BatchSend.objects.filter(form_token=_token("past send"), control__state=SendState.FINISHED)
    return finished.exists() and is_introduced(var) and has_people_file(var)


def _tell(platform: Pretend, *, var: Path, say: Say, size: Size) -> None:
    logins = introduce(var)
    apps = {slug: register(platform, slug) for slug in APPS}
    for app in apps.values():
        library.sync_library(app, at=timezone.now())
    app, by = apps["yunduo"], User.objects.get(username="lixiang")
    say("Adopting templates")
    benefit = _adopt(app, BENEFIT, ["权益名称", "权益说明", "领取时间", "商户名称"], by=by)
    standing = _adopt(app, STANDING_BENEFIT, ["权益名称", "使用方法", "到期时间"], by=by)
    _adopt(app, REJECTED, ["商品名称", "首发时间", "商户名称"], by=by)
    _adopt(
        apps["qingcha"],
        "TM0020004",
        ["活动名称", "活动时间"],
        by=User.objects.get(username=OWNERS["qingcha"]),
    )
    for one in apps.values():
        adopting.watch(one, at=timezone.now())
    benefit.refresh_from_db()
    say(f"Making {size.customers:,} customers and their consents")
    wanted = {"app_id": app.app_id, "count": size.customers, "seed": SEED}
    people = platform.post("/sim/people", wanted)["open_ids"]
    _upload(app, "全部老客", "小程序后台导出，建立顾客档案", people, by=by)
    _subscribe(platform, benefit, people[: size.with_consent], units=2)
    _subscribe(platform, standing, people[: size.standing], units=1)
    write_people_file(var, people, count=size.rows)
    say(f"Sending to {size.sent} people")
    pilot = _upload(app, "首批试发", "新权益上线前先发给 200 位老客", people[: size.sent], by=by)
    control = _past_send(app, benefit, pilot, by=by)
    _come_back(platform, app, people[: size.came_back], control)
    _draft(app, standing, by=by)
    write_logins(var, logins)


# --- Templates and consents ------------------------------------------------------------------------------
def _adopt(app: MiniProgram, code: str, keywords: Sequence[str], *, by: User) -> SubscriptionTemplate:
    entry = LibraryTemplate.objects.get(mini_program=app, code=code)
    template = adopting.adopt(
        library_template=entry, keywords=keywords, by=by, form_token=_token(f"adopt {app.app_id} {code}")
    )
    target = {"target_kind": "subscriptiontemplate", "target_id": template.pk}
    call = GatewayCall.objects.get(mini_program=app, **target)
    until = time.monotonic() + PATIENCE_SECONDS
    while template.state == SubscriptionTemplate.State.SUBMITTING:
        calls.send_call(call.pk, merchant_id=app.merchant_id)
        if not adopting.settle(call.pk, merchant_id=app.merchant_id):
            _wait(until, f"{template.name} is not adopted")
        template.refresh_from_db()
    if not template.template_id:
        raise StoryError(f"{template.name} was not adopted: {template.refusal}. Run `make demo-reset`.")
    return template


def _subscribe(
    platform: Pretend, template: SubscriptionTemplate, people: Sequence[str], *, units: int
) -> None:
    """On the platform, and told to us as a mini program tells it."""
    if ConsentEntry.objects.filter(template=template).count() >= len(people):
        return
    app = template.mini_program
    wanted = {"app_id": app.app_id, "template_id": template.template_id, "open_ids": list(people)}
    if not ConsentEntry.objects.filter(template=template).exists():
        platform.post("/sim/consents", {**wanted, "kind": template.kind, "units": units, "report": False})
    server_key, at = key_of(app, ApiKey.Kind.SERVER)[0], timezone.now()
    for start in range(0, len(people), REPORT_AT_ONCE):
        told = [
            Told(
                id=f"demo-{template.library_code}-{start + number}",
                kind="subscribed",
                at=at,
                open_id=open_id,
                template_id=template.template_id,
                subscription=template.kind,
                units=units,
            )
            for number, open_id in enumerate(people[start : start + REPORT_AT_ONCE])
        ]
        take_in(server_key, told, at=at)


# --- Lists and sends -------------------------------------------------------------------------------------
def _upload(app: MiniProgram, name: str, purpose: str, people: Sequence[str], *, by: User) -> PeopleList:
    text = "\r\n".join(["open_id", *people]) + "\r\n"
    people_list = lists.receive(
        merchant=app.merchant,
        mini_program=app,
        file=io.BytesIO(text.encode()),
        file_name=f"{name}.csv",
        name=name,
        purpose=purpose,
        add_unknown=True,
        by=by,
        form_token=_token(f"list {name}"),
    )
    if people_list.job_id is not None:
        importing.import_list(app.merchant_id, people_list.job_id)
    people_list.refresh_from_db()
    if people_list.state != PeopleList.State.READY:
        raise StoryError(f"The list {name} was not imported. Run `make demo-reset` and start again.")
    return people_list


def _past_send(
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
        merchant=app.merchant, mini_program=app, by=by, form_token=_token("past send"), content=content
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
            _wait(until, f"the send stands at {control.state}")
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


def _draft(app: MiniProgram, template: SubscriptionTemplate, *, by: User) -> None:
    content = Content(
        name="老客免押升级权益",
        template=template,
        people_list=None,
        values=["免押升级", "打开小程序，在「我的权益」里领取", ""],
        page="pages/benefit/index",
        scheduled_on=None,
        scheduled_time=None,
    )
    batches.new_draft(
        merchant=app.merchant, mini_program=app, by=by, form_token=_token("draft"), content=content
    )


def _token(what: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"demo story: {what}")


def _wait(until: float, complaint: str) -> None:
    if time.monotonic() > until:
        raise StoryError(
            f"After {PATIENCE_SECONDS:g} s {complaint}. See the logs, then run `make demo-reset`."
        )
    time.sleep(0.2)
