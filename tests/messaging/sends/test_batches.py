"""From draft to launch: what is wrong is said, what was seen is what goes, and a click twice is one send."""

import uuid
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from membership.models import PeopleList
from merchants.models import Event
from messaging.engine.control import MoveRefused
from messaging.engine.schedule import advance
from messaging.models import BatchSend, FrequencyCount, SendState, SubscriptionTemplate
from messaging.sends.batches import (
    Content,
    DraftConflict,
    LaunchRefused,
    NotADraft,
    change_time,
    copy,
    has_passed,
    launch,
    new_draft,
    problems,
    reach,
    reschedule,
    save_draft,
    take_back,
)
from tests import build, build_messaging

BEIJING = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def shop(db: None) -> SimpleNamespace:
    owner = build.merchant()
    app = build.mini_program(owner)
    chosen = build_messaging.template(app)
    people = build_messaging.people(app, 10)
    build_messaging.consents(chosen, people[:7])
    return SimpleNamespace(
        merchant=owner,
        app=app,
        template=chosen,
        list=build_messaging.people_list(app, people),
        by=build.user(display_name="李想"),
    )


def content(shop: SimpleNamespace, **changes: object) -> Content:
    tomorrow = (timezone.now() + timedelta(days=1)).astimezone(BEIJING)
    fields = {
        "name": "首月立减",
        "template": shop.template,
        "people_list": shop.list,
        "values": ["首月立减 46 元", "本周内"],
        "page": "pages/renew/index",
        "scheduled_on": tomorrow.date(),
        "scheduled_time": time(9, 15),
    }
    return Content(**{**fields, **changes})  # type: ignore[arg-type]


def draft(shop: SimpleNamespace, **changes: object) -> BatchSend:
    return new_draft(
        merchant=shop.merchant,
        mini_program=shop.app,
        by=shop.by,
        form_token=uuid.uuid4(),
        content=content(shop, **changes),
    )


def fields_of(batch: BatchSend) -> list[str]:
    return [problem.field for problem in problems(batch, at=timezone.now())]


def test_the_same_form_sent_twice_is_one_draft(shop: SimpleNamespace) -> None:
    token = uuid.uuid4()
    made = [
        new_draft(
            merchant=shop.merchant, mini_program=shop.app, by=shop.by, form_token=token, content=content(shop)
        )
        for _click in range(2)
    ]
    assert made[0].pk == made[1].pk
    assert BatchSend.objects.count() == 1


def test_a_complete_draft_has_no_problem(shop: SimpleNamespace) -> None:
    assert fields_of(draft(shop)) == []


def test_each_missing_part_is_named_at_its_field(shop: SimpleNamespace) -> None:
    empty = draft(shop, name=" ", template=None, people_list=None, page="", values=[])
    assert fields_of(empty) == ["name", "template", "page", "people_list"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"values": ["", "本周内"]}, "values.0"),
        ({"values": ["首月立减", "长" * 51]}, "values.1"),
        ({"page": "pages/" + "x" * 120}, "page"),
        ({"scheduled_on": date(2020, 1, 1)}, "time"),
        ({"scheduled_on": date(2099, 1, 1)}, "time"),
    ],
)
def test_what_the_platform_would_refuse_is_said_before(
    shop: SimpleNamespace, changes: dict[str, object], field: str
) -> None:
    assert fields_of(draft(shop, **changes)) == [field]


def test_fifty_characters_fit_however_they_are_written(shop: SimpleNamespace) -> None:
    assert fields_of(draft(shop, values=["长" * 50, "x" * 50])) == []


def test_a_template_that_is_not_online_and_a_list_that_is_not_ready_are_refused(
    shop: SimpleNamespace,
) -> None:
    batch = draft(shop)
    SubscriptionTemplate.objects.filter(pk=shop.template.pk).update(state="offline")
    PeopleList.objects.filter(pk=shop.list.pk).update(state="importing")
    assert fields_of(BatchSend.objects.get(pk=batch.pk)) == ["template", "people_list"]


def test_a_time_in_the_gap_of_the_clocks_offers_the_next(shop: SimpleNamespace) -> None:
    batch = draft(shop, scheduled_on=date(2027, 3, 14), scheduled_time=time(2, 30))
    BatchSend.objects.filter(pk=batch.pk).update(zone="America/New_York")
    found = problems(BatchSend.objects.get(pk=batch.pk), at=datetime(2027, 3, 1, tzinfo=BEIJING))
    assert [problem.field for problem in found] == ["time"]
    assert "2027-03-14 03:00" in str(found[0].message)


def test_saving_over_somebody_elses_version_shows_theirs(shop: SimpleNamespace) -> None:
    batch = draft(shop)
    save_draft(batch, by=shop.by, version=1, content=content(shop, name="她的"), at=timezone.now())
    with pytest.raises(DraftConflict) as conflict:
        save_draft(batch, by=shop.by, version=1, content=content(shop, name="他的"), at=timezone.now())
    assert conflict.value.current.name == "她的"
    assert conflict.value.current.version == 2


def test_launch_freezes_the_content_and_waits_for_its_time(shop: SimpleNamespace) -> None:
    batch = draft(shop)
    at = timezone.now()
    control = launch(batch, by=shop.by, version=1, at=at)
    assert control.state == SendState.SCHEDULED
    assert control.data == {"keyword1": {"value": "首月立减 46 元"}, "keyword2": {"value": "本周内"}}
    assert control.platform_template_id == shop.template.template_id
    assert control.undo_until == at + timedelta(seconds=10)
    assert control.prepare_at == control.due_at - timedelta(seconds=60)
    told = Event.objects.get(kind="send.scheduled")
    assert told.detail["people"] == 10
    assert told.by == shop.by


def test_send_now_starts_after_the_undo_window(shop: SimpleNamespace) -> None:
    at = timezone.now()
    control = launch(draft(shop, scheduled_on=None, scheduled_time=None), by=shop.by, version=1, at=at)
    assert control.due_at == control.prepare_at == control.undo_until == at + timedelta(seconds=10)


def test_a_due_time_within_the_undo_window_is_never_prepared_before_it_ends(shop: SimpleNamespace) -> None:
    at = timezone.now().replace(second=55, microsecond=0)
    soon = (at + timedelta(seconds=5)).astimezone(BEIJING)
    batch = draft(shop, scheduled_on=soon.date(), scheduled_time=soon.time())
    control = launch(batch, by=shop.by, version=1, at=at)
    assert control.prepare_at == control.undo_until == at + timedelta(seconds=10)


def test_launching_what_somebody_changed_since_is_refused(shop: SimpleNamespace) -> None:
    batch = draft(shop)
    save_draft(batch, by=shop.by, version=1, content=content(shop, name="改过"), at=timezone.now())
    with pytest.raises(DraftConflict):
        launch(batch, by=shop.by, version=1, at=timezone.now())
    batch.control.refresh_from_db()
    assert batch.control.state == SendState.DRAFT


def test_launching_twice_is_one_launch(shop: SimpleNamespace) -> None:
    batch = draft(shop)
    launch(batch, by=shop.by, version=1, at=timezone.now())
    with pytest.raises(MoveRefused):
        launch(batch, by=shop.by, version=1, at=timezone.now())
    assert Event.objects.filter(kind="send.scheduled").count() == 1


def test_a_draft_with_problems_is_not_launched(shop: SimpleNamespace) -> None:
    with pytest.raises(LaunchRefused) as refused:
        launch(draft(shop, page=""), by=shop.by, version=1, at=timezone.now())
    assert [problem.field for problem in refused.value.problems] == ["page"]


def test_a_launched_send_cannot_be_edited_until_it_is_taken_back(shop: SimpleNamespace) -> None:
    batch = draft(shop)
    launch(batch, by=shop.by, version=1, at=timezone.now())
    with pytest.raises(NotADraft):
        save_draft(batch, by=shop.by, version=1, content=content(shop), at=timezone.now())
    take_back(batch, by=shop.by)
    assert save_draft(batch, by=shop.by, version=1, content=content(shop), at=timezone.now()).version == 2


def test_undo_loses_the_race_once_preparing_has_begun(shop: SimpleNamespace) -> None:
    batch = draft(shop, scheduled_on=None, scheduled_time=None)
    launch(batch, by=shop.by, version=1, at=timezone.now() - timedelta(seconds=11))
    advance()
    with pytest.raises(MoveRefused) as refused:
        take_back(batch, by=shop.by)
    assert refused.value.state == SendState.PREPARING


def test_a_missed_send_gets_a_new_time(shop: SimpleNamespace) -> None:
    batch = draft(shop)
    control = launch(batch, by=shop.by, version=1, at=timezone.now())
    type(control).objects.filter(pk=control.pk).update(state=SendState.MISSED, failure="unfinished")
    at = timezone.now()
    again = reschedule(batch, by=shop.by, at=at, on=None, wall=None)
    assert again.state == SendState.SCHEDULED
    assert again.due_at == at + timedelta(seconds=10)
    assert again.failure == ""
    with pytest.raises(MoveRefused):
        reschedule(batch, by=shop.by, at=at, on=None, wall=None)


def missed(shop: SimpleNamespace) -> BatchSend:
    batch = draft(shop)
    control = launch(batch, by=shop.by, version=1, at=timezone.now())
    type(control).objects.filter(pk=control.pk).update(state=SendState.MISSED)
    return BatchSend.objects.select_related("template", "people_list").get(pk=batch.pk)


@pytest.mark.parametrize(
    ("model", "change", "field"),
    [
        (SubscriptionTemplate, {"state": "offline"}, "template"),
        (PeopleList, {"state": "failed"}, "people_list"),
        (PeopleList, {"count": 0}, "people_list"),
    ],
)
def test_a_missed_send_whose_template_or_list_is_gone_gets_no_new_time(
    shop: SimpleNamespace, model: Any, change: dict[str, object], field: str
) -> None:
    batch = missed(shop)
    model.objects.update(**change)
    batch = BatchSend.objects.select_related("template", "people_list").get(pk=batch.pk)
    with pytest.raises(LaunchRefused) as refused:
        reschedule(batch, by=shop.by, at=timezone.now(), on=None, wall=None)
    assert [problem.field for problem in refused.value.problems] == [field]
    batch.control.refresh_from_db()
    assert batch.control.state == SendState.MISSED


def test_the_funnel_is_judged_for_the_time_that_is_asked_for(shop: SimpleNamespace) -> None:
    fields = {"fatigue_total": 1, "fatigue_value": 1, "fatigue_unit": "day"}
    SubscriptionTemplate.objects.filter(pk=shop.template.pk).update(**fields)
    batch = BatchSend.objects.select_related("template", "people_list").get(pk=draft(shop).pk)
    person = batch.people_list.entries.order_by("customer_id").first()
    at = timezone.now()
    today = at.astimezone(BEIJING).date()
    FrequencyCount.objects.create(customer_id=person.customer_id, template=shop.template, day=today, n=1)
    assert reach(batch, at=at).will_send == 7, "of its own day, tomorrow"
    assert reach(batch, at=at, due_at=at).will_send == 6


def test_another_time_changes_nothing_else_and_only_the_version_that_was_seen(
    shop: SimpleNamespace,
) -> None:
    batch = draft(shop)
    on, wall = batch.scheduled_on, time(11, 30)
    changed = change_time(batch, by=shop.by, version=1, on=on, wall=wall, at=timezone.now())
    assert (changed.scheduled_time, changed.version) == (wall, 2)
    assert (changed.name, changed.values, changed.page) == (batch.name, batch.values, batch.page)
    with pytest.raises(DraftConflict):
        change_time(batch, by=shop.by, version=1, on=on, wall=time(12, 0), at=timezone.now())


def test_a_minute_late_is_in_time_and_more_is_not() -> None:
    at = datetime(2026, 11, 22, 9, 0, tzinfo=BEIJING)
    assert not has_passed(at - timedelta(seconds=60), at=at)
    assert has_passed(at - timedelta(seconds=61), at=at)


def test_the_funnel_of_a_draft_adds_up(shop: SimpleNamespace) -> None:
    funnel = reach(draft(shop), at=timezone.now())
    assert (funnel.total, funnel.will_send) == (10, 7)
    assert {drop.reason: drop.n for drop in funnel.drops if drop.n} == {"no_consent": 3}


def test_a_copy_is_a_new_draft_without_a_time(shop: SimpleNamespace) -> None:
    first = draft(shop)
    second = copy(first, by=shop.by, form_token=uuid.uuid4())
    assert second.pk != first.pk
    assert second.values == first.values
    assert second.scheduled_on is None
    assert second.control.state == SendState.DRAFT
