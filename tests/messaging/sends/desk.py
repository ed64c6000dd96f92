"""A send of three people where more than two need an approval, and what two persons do with it."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from django.utils import timezone

from merchants.models import User
from messaging.models import BatchSend, Review, SendControl
from messaging.sends import batches, review
from messaging.sends.content import written_in
from messaging.sends.rules import rules_of, save
from tests import build_messaging


class Desk:
    def set_up(self, cast: Any) -> None:
        self.cast = cast
        self.template = build_messaging.template(cast.mini_program)
        people = build_messaging.people(cast.mini_program, 3)
        build_messaging.consents(self.template, people, units=5)
        self.list = build_messaging.people_list(cast.mini_program, people)
        self.limit(2)

    def limit(self, above: int | None) -> None:
        merchant = self.cast.yunduo
        rules, version = rules_of(merchant)
        save(merchant, replace(rules, approve_above=above), version=version, by=self.cast.owner)

    def draft(self, **more: Any) -> BatchSend:
        made = build_messaging.batch(
            self.cast.mini_program, self.cast.operator, chosen=self.template, to=self.list, **more
        )
        return self.fresh(made)

    def fresh(self, batch: BatchSend) -> BatchSend:
        related = ("control", "template", "people_list", "merchant", "mini_program")
        return BatchSend.objects.select_related(*related).get(pk=batch.pk)

    def ask(self, batch: BatchSend, by: User | None = None) -> Review:
        current = self.fresh(batch)
        by = by or self.cast.operator
        return review.ask(current, by=by, version=current.version, at=timezone.now())

    def approve(self, batch: BatchSend, by: User | None = None, seen: str | None = None, **at: Any) -> Review:
        shown = seen if seen is not None else batch.control.reviews.latest("pk").fingerprint
        given = {"by": by or self.cast.reviewer, "seen": shown, "comment": "", "at": timezone.now()} | at
        return review.approve(batch, **given)

    def launch(self, batch: BatchSend, by: User | None = None, **more: Any) -> SendControl:
        current = self.fresh(batch)
        at = more.get("at") or timezone.now()
        return batches.launch(current, by=by or self.cast.operator, version=current.version, at=at)

    def edit(self, batch: BatchSend, **what: Any) -> BatchSend:
        current = self.fresh(batch)
        content = replace(written_in(current), **what)
        return batches.save_draft(
            current, by=self.cast.operator, version=current.version, content=content, at=timezone.now()
        )

    def state(self, batch: BatchSend) -> str:
        return str(SendControl.objects.get(pk=batch.control_id).state)

    def tomorrow(self) -> dict[str, Any]:
        on = timezone.localdate() + timedelta(days=1)
        return {"scheduled_on": on, "scheduled_time": time(19, 30)}
