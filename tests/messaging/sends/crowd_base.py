"""Crowd sends of the cast: drafts that could go, and the platform they go to."""

import uuid
from datetime import timedelta

from django.utils import timezone

from gateway.methods.messages import OpenMiniMessageTemplateApply
from merchants import calls, credentials
from merchants.models import Event, GatewayCall
from messaging.models import CrowdQuota, CrowdSend, SubscriptionTemplate
from messaging.sends import crowd as crowds
from messaging.sends import crowd_submit
from tests import build_messaging
from tests.base import CastCase
from tests.messaging.consent.base import PlatformCase

BATCH = "alipay.open.app.mini.templatemessage.batchsend"
BATCH_QUERY = "alipay.open.app.mini.batchtemplatemsg.query"
NOW = timedelta(0)


class _CrowdSteps:
    template: SubscriptionTemplate

    def content(self, **changes) -> crowds.CrowdContent:
        given = {
            "name": "八月会员日",
            "template": self.template,
            "values": ["满 30 减 5", "8 月 31 日前"],
            "page": "pages/renew/index",
            "crowd_code": "",
            "scheduled_on": None,
            "scheduled_time": None,
        }
        return crowds.CrowdContent(**{**given, **changes})

    def draft(self, **changes) -> CrowdSend:
        return crowds.new_draft(
            merchant=self.yunduo,
            mini_program=self.mini_program,
            by=self.operator,
            form_token=uuid.uuid4(),
            content=self.content(**changes),
        )

    def launched(self, *, late: timedelta = NOW, **changes) -> CrowdSend:
        """Launched, its undo window over, and due since `late`."""
        crowd = self.draft(**changes)
        self.launch(crowd)
        due_at = timezone.now() - late - timedelta(seconds=1)
        CrowdSend.objects.filter(pk=crowd.pk).update(due_at=due_at)
        return self.again(crowd)

    def launch(self, crowd: CrowdSend) -> None:
        crowds.launch(
            crowd, by=self.operator, version=crowd.version, launches=crowd.launches, at=timezone.now()
        )

    def again(self, crowd: CrowdSend) -> CrowdSend:
        return CrowdSend.objects.select_related("merchant", "mini_program", "template").get(pk=crowd.pk)

    def advance(self) -> int:
        return crowd_submit.advance(at=timezone.now())

    def call_of(self, crowd: CrowdSend) -> GatewayCall:
        return GatewayCall.objects.get(target_kind="crowdsend", target_id=crowd.pk)

    def used(self) -> int:
        return sum(CrowdQuota.objects.values_list("used", flat=True))

    def kinds(self, crowd: CrowdSend) -> list[str]:
        found = Event.objects.filter(subject_kind="crowdsend", subject_id=crowd.pk)
        return list(found.order_by("id").values_list("kind", flat=True))


class CrowdCase(_CrowdSteps, CastCase):
    def setUp(self) -> None:
        super().setUp()
        self.template = build_messaging.template(self.mini_program)


class CrowdPlatformCase(_CrowdSteps, PlatformCase):
    """The template is adopted on the simulated platform; its log is the witness."""

    def setUp(self) -> None:
        super().setUp()
        self.template = build_messaging.template(self.mini_program, template_id=self.adopted())

    def adopted(self) -> str:
        request = OpenMiniMessageTemplateApply.model_validate(
            {
                "lib_code": "TM0000001",
                "scene_rule": "one_time_subscribe",
                "keyword_list": [{"name": "优惠内容"}, {"name": "使用方法"}],
            }
        )
        return credentials.client_for(self.mini_program).call(request).response.template_id

    def people(self, n: int) -> list[str]:
        """People of the platform who said yes once."""
        answer = self.sim.post("/sim/people", {"app_id": self.app_id, "count": n, "seed": 7})
        open_ids = answer["open_ids"]
        self.sim.post(
            "/sim/consents",
            {
                "app_id": self.app_id,
                "template_id": self.template.template_id,
                "open_ids": open_ids,
                "kind": "one_time",
                "report": False,
            },
        )
        return open_ids

    def send_call(self, crowd: CrowdSend) -> GatewayCall:
        call = self.call_of(crowd)
        calls.send_call(call.pk, merchant_id=self.yunduo.pk)
        call.refresh_from_db()
        return call

    def submit(self, crowd: CrowdSend) -> CrowdSend:
        """Everything that beat and the workers do about one that is due."""
        self.advance()
        call = self.send_call(crowd)
        if call.finished_at:
            crowd_submit.settle(call.pk, merchant_id=self.yunduo.pk)
        return self.again(crowd)
