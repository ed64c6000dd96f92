"""The lists of a shop, uploaded as an operator uploads them, and one upload that failed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from console.demo import dates
from console.demo.apps import StoryError
from console.demo.crowd import Mood
from console.demo.scene import Scene, token
from membership import customers, importing, lists
from membership.models import Customer, PeopleList
from merchants.models import User

SPARED = 12
TORN = 30


def upload(
    scene: Scene,
    name: str,
    purpose: str,
    people: Sequence[str],
    *,
    by: User,
    at: datetime | None = None,
    is_torn: bool = False,
) -> PeopleList:
    """Repeatable by its name. `at`: when it was, else now. A torn file ends in an open quote."""
    text = "\r\n".join(["open_id", *people]) + "\r\n" + ('"' if is_torn else "")
    app = scene.app
    people_list = lists.receive(
        merchant=app.merchant,
        mini_program=app,
        file=io.BytesIO(text.encode()),
        file_name=f"{name}.csv",
        name=name,
        purpose=purpose,
        add_unknown=True,
        by=by,
        form_token=token(f"list {name}" if scene.slug == "yunduo" else f"list {scene.slug} {name}"),
    )
    people_list = importing.take_over(people_list, by=by)
    if people_list.state != (PeopleList.State.FAILED if is_torn else PeopleList.State.READY):
        raise StoryError(f"The list {name} was not imported. Run `make demo-reset` and start again.")
    if at is not None:
        dates.upload(people_list, at=at, since=scene.past.began_at)
    return people_list


def upload_all(scene: Scene) -> None:
    """Each some hours before the first send that goes to it was written."""
    past = scene.past
    first = {send.plan.people: send for send in reversed(past.sends)}
    for key in past.lists:
        plan = past.shop.lists[key]
        people = [scene.open_id(place) for place in past.lists[key]]
        by = scene.users[first[key].author]
        at = first[key].written_at - timedelta(hours=1, minutes=7 * len(scene.lists))
        scene.lists[key] = upload(scene, plan.name, plan.purpose, people, by=by, at=at)
    by = scene.users[past.shop.authors[0]]
    at = past.began_at - timedelta(days=11, hours=3)
    upload(scene, "导出到一半的文件", "试导出", past.crowd.people[:TORN], by=by, at=at, is_torn=True)


def spare(scene: Scene) -> None:
    """A few people asked at the counter not to get messages."""
    listed: set[int] = set().union(*scene.past.lists.values())
    places = [place for place in scene.past.crowd.changing(Mood.SPARED) if place in listed]
    people = [scene.open_id(place) for place in places[:SPARED]]
    rows = Customer.objects.filter(mini_program=scene.app, open_id__in=people, do_not_send_at=None)
    for number, customer in enumerate(rows.order_by("open_id")):
        at = scene.past.began_at - timedelta(days=29, hours=-number, minutes=11 * number)
        with transaction.atomic():
            by = scene.users[scene.past.shop.authors[0]]
            if customers.set_do_not_send(customer, by=by, at=at):
                dates.events(customer, {"customer.do_not_send_set": at}, since=scene.past.began_at)
