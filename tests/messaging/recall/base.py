"""What the tests of recall share: a send whose messages left at noon, and reports from its mini program."""

import itertools
from datetime import UTC, datetime, timedelta

from merchants import tokens
from merchants.models import ApiKey
from messaging.models import Delivery, RecallCount
from messaging.recall import signals
from tests import build, build_messaging
from tests.base import CastCase, CommittedCastCase

NOON = datetime(2026, 8, 3, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
_ids = itertools.count(1)


class _RecallSteps:
    def setUp(self) -> None:
        super().setUp()
        self.server = ApiKey.find(build.api_key(self.mini_program, scopes=["consent"]))
        self.phone = ApiKey.find(build.api_key(self.mini_program, kind="client"))
        self.template = build_messaging.template(self.mini_program)
        self.people = build_messaging.people(self.mini_program, 3)
        build_messaging.consents(self.template, self.people)
        self.send = self.make_send(self.people)

    def make_send(self, people, app=None, template=None):
        app, template = app or self.mini_program, template or self.template
        chosen = build_messaging.people_list(app, people)
        send = build_messaging.send(app, template, chosen, due_at=NOON)
        Delivery.objects.filter(send=send).update(state="accepted", sent_at=NOON)
        return send

    def token(self, person, send=None) -> str:
        row = Delivery.objects.get(send=send or self.send, customer=person)
        return tokens.make(row.id, row.books_month)

    def told(self, kind: str, **changes) -> signals.Told:
        return signals.Told(**{"id": f"signal{next(_ids)}", "kind": kind, "at": NOON + DAY, **changes})

    def visit(self, person=None, **changes) -> signals.Told:
        """A visit from the person's message."""
        return self.told("visited", **{"token": self.token(person or self.people[0]), **changes})

    def take_in(self, *told: signals.Told, key: ApiKey | None = None) -> signals.Result:
        return signals.take_in(key or self.phone, told, at=NOON + 2 * DAY)

    def figures(self, send=None) -> tuple[int, int]:
        row = RecallCount.objects.filter(send=send or self.send).first()
        return (row.visits, row.shared_visits) if row else (0, 0)


class RecallCase(_RecallSteps, CastCase):
    pass


class CommittedRecallCase(_RecallSteps, CommittedCastCase):
    pass
