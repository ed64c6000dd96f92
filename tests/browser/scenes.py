"""Sends in every state, made through the operations a person uses; the house carries them out."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from gateway.methods.messages import OpenAppMiniTemplatemessageSend
from membership import lists
from membership.columns import stored_layout
from membership.models import Customer, PeopleList
from merchants.models import User
from messaging.engine import control as engine
from messaging.models import BatchSend, Consent, SendControl, SendState, SubscriptionTemplate
from messaging.reports import send_figures
from messaging.sends import batches, review
from messaging.sends.content import Content
from tests import build_messaging
from tests.browser.house import House, wait_for

STANDING_LIBRARY_CODE = "TM0010005"
OPERATOR = "lixiang"
LATE = timedelta(minutes=20)
SEND_METHOD = OpenAppMiniTemplatemessageSend.method


@dataclass
class Scenes:
    """Each send goes to people of its own, of those with a standing consent: nobody meets the fatigue gate.

    `start`: which of them come first here; `kept`: what was made, by how it was made and for which rows.
    """

    house: House
    start: int = 0
    kept: dict[tuple[str, str], Any] = field(default_factory=dict)
    _next: count = field(default_factory=count)

    @property
    def template(self) -> SubscriptionTemplate:
        return SubscriptionTemplate.objects.get(
            merchant=self.house.merchant, library_code=STANDING_LIBRARY_CODE
        )

    @property
    def by(self) -> User:
        return User.objects.get(username=OPERATOR)

    def people(self, n: int) -> list[Customer]:
        consents = Consent.objects.filter(template=self.template, standing=True)
        rows = consents.order_by("customer_id").select_related("customer")
        found = [row.customer for row in rows[self.start : self.start + n]]
        self.start += n
        if len(found) < n:
            raise AssertionError(
                f"the story has {rows.count()} people with a standing consent; more are needed"
            )
        return found

    def without_consent(self, n: int) -> list[Customer]:
        standing = Consent.objects.filter(template=self.template, standing=True)
        rows = Customer.objects.filter(mini_program=self.house.app).exclude(
            pk__in=standing.values("customer")
        )
        return list(rows.order_by("pk")[:n])

    def people_list(self, persons: list[Customer], name: str = "") -> PeopleList:
        return build_messaging.people_list(
            self.house.app,
            persons,
            name=name or f"老客第 {next(self._next) + 1} 组",
            purpose="还机三个月未复租",
        )

    def uploaded(self) -> PeopleList:
        """The demo's own file, which waits for its columns."""
        with (
            override_settings(MEDIA_ROOT=self.house.var / "uploads"),
            self.house.people_file.open("rb") as file,
        ):
            return lists.receive(
                merchant=self.house.merchant,
                mini_program=self.house.app,
                file=file,
                file_name=self.house.people_file.name,
                name=f"门店导出第 {next(self._next) + 1} 份",
                purpose="还机三个月未复租",
                by=self.by,
                form_token=uuid.uuid4(),
            )

    def checked(self) -> PeopleList:
        """Its dry run is done: counted, and nobody imported."""
        made = self.uploaded()
        assert lists.start_check(made, layout=stored_layout(made.layout), add_unknown=False, by=self.by)

        def is_done() -> bool:
            made.refresh_from_db()
            return made.state != PeopleList.State.CHECKING

        wait_for(is_done, 60, "the dry run")
        assert made.state == PeopleList.State.CHECKED, made.state
        return made

    def content(self, to: PeopleList | None, *, name: str, **fields: Any) -> Content:
        """What is sent, right away unless `fields` says otherwise."""
        usual = {
            "template": self.template,
            "values": ["免押升级", "打开小程序，在「我的权益」里领取", "本周日 24:00"],
            "page": "pages/benefit/index",
            "scheduled_on": None,
            "scheduled_time": None,
        }
        return Content(name=name, people_list=to, **(usual | fields))

    def draft(self, content: Content) -> BatchSend:
        return batches.new_draft(
            merchant=self.house.merchant,
            mini_program=self.house.app,
            by=self.by,
            form_token=uuid.uuid4(),
            content=content,
        )

    def launched(self, content: Content, *, rate: int | None = None, at: datetime | None = None) -> BatchSend:
        """Launched so long ago that nobody can undo it: it starts with the next beat."""
        batch = self.draft(content)
        # while it is a draft: the workers are quicker than a second call
        SendControl.objects.filter(pk=batch.control_id).update(rate_per_second=rate)
        long_ago = timezone.now() - timedelta(seconds=settings.ENGINE_UNDO_SECONDS + 1)
        batches.launch(batch, by=self.by, version=batch.version, at=at or long_ago)
        return batch

    def to(self, n: int, *, name: str) -> Content:
        return self.content(self.people_list(self.people(n)), name=name)

    def running(self, *, people: int = 300, name: str = "秋季回访") -> BatchSend:
        """Slow enough to be met under way by whoever comes within two minutes."""
        batch = self.launched(self.to(people, name=name), rate=max(1, people // 150))
        self.house.await_state(batch.control, SendState.SENDING)
        return batch

    def paused(self) -> BatchSend:
        batch = self.running(people=40, name="续租提醒，先停一下")
        engine.pause(batch.control, by=self.by)
        return batch

    def past_latest(self) -> BatchSend:
        """It began, and its latest time came before everybody was sent to."""
        batch = self.running(people=40, name="过了最晚时间的一批")
        SendControl.objects.filter(pk=batch.control_id).update(not_after=timezone.now())
        self.house.await_state(batch.control, SendState.PAUSED)
        return batch

    def cancelled(self) -> BatchSend:
        batch = self.running(people=40, name="价格写错了的一批")
        engine.cancel(batch.control, by=self.by, why="价格写错了")
        self.house.await_state(batch.control, SendState.CANCELLED)
        return batch

    def missed(self) -> BatchSend:
        batch = self.launched(self.to(20, name="停机时错过的一批"), at=timezone.now() - LATE)
        self.house.await_state(batch.control, SendState.MISSED)
        return batch

    def tomorrow(self, to: PeopleList, *, name: str) -> Content:
        on = timezone.localtime() + timedelta(days=1)
        when = {"scheduled_on": on.date(), "scheduled_time": time(on.hour, on.minute)}
        return self.content(to, name=name, **when)

    def scheduled(self) -> BatchSend:
        return self.launched(self.tomorrow(self.people_list(self.people(20)), name="明天的一批"))

    def finished(self) -> BatchSend:
        """With refused and unknown people among them, and some who had no consent."""
        for kind, value, n in (("http_500", "after", 3), ("sub_code", "MSG_REJECTED", 2)):
            wanted = {"method": SEND_METHOD, "kind": kind, "rate": 1, "count": n, "value": value}
            self.house.tell("/sim/faults", wanted)
        persons = [*self.people(60), *self.without_consent(7)]
        batch = self.launched(self.content(self.people_list(persons), name="十月老客免押升级"))
        self.house.await_state(batch.control, SendState.FINISHED)
        figures = send_figures(batch.control, at=timezone.now())
        assert (figures.unknown, figures.refused, figures.skipped) == (3, 2, 7), figures
        return batch

    def complete_draft(self) -> BatchSend:
        persons = [*self.people(30), *self.without_consent(5)]
        return self.draft(self.content(self.people_list(persons), name="写好了的一批"))

    def in_review(self) -> BatchSend:
        persons = [*self.people(30), *self.without_consent(5)]
        batch = self.draft(self.tomorrow(self.people_list(persons), name="等人复核的一批"))
        review.ask(batch, by=self.by, version=batch.version, at=timezone.now())
        return batch

    def empty_draft(self) -> BatchSend:
        return self.draft(self.content(None, name="", values=["", "", ""], page=""))

    def failed(self) -> BatchSend:
        batch = self.scheduled()
        SendControl.objects.filter(pk=batch.control_id).update(
            state=SendState.FAILED, failure="名单已不在，无法准备。复制后另选名单。"
        )
        return batch


def once(scenes: Scenes, made: str, *, of: str = "") -> Any:
    """One send or list of each kind, for all rows that show it; `of`: one that only those rows use."""
    if (made, of) not in scenes.kept:
        scenes.kept[made, of] = getattr(scenes, made)()
    return scenes.kept[made, of]
