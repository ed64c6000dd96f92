from datetime import UTC, datetime
from typing import Any

import pytest
from alipay.aop.api.util.SignatureUtils import get_sign_content, sign_with_rsa2
from django.db import IntegrityError, transaction
from django.test import override_settings

from merchants import inbox, rate
from merchants.models import Notice
from tests import build
from tests.base import CastCase
from tests.build import KEYS

ROUTED = {"alipay.open.mini.message.template.changed": "messaging.apply_template_notice"}


def signed(**changes: str) -> dict[str, str]:
    """The fields of a push, signed by the official SDK as the platform would; an empty one is left out."""
    fields = {
        "notify_id": "2026112200000001",
        "utc_timestamp": "1795305600000",
        "msg_method": "alipay.open.mini.message.template.changed",
        "app_id": "2021000000000001",
        "version": "1.1",
        "biz_content": '{"template_id":"MDI4","status":"OFFLINE"}',
        "charset": "UTF-8",
        **changes,
    }
    fields = {name: value for name, value in fields.items() if value}
    sign = sign_with_rsa2(KEYS["alipay_private_key"], get_sign_content(fields), "utf-8")
    return {"sign_type": "RSA2", "sign": sign, **fields}


@override_settings(NOTIFICATION_ROUTES=ROUTED)
class InboxCase(CastCase):
    def setUp(self):
        rate.connection().flushdb()

    def refused(self) -> dict[str, int]:
        assert not Notice.objects.exists()
        return inbox.refused_counts(datetime.now(UTC).date())

    def hinted_by(self, work: Any) -> list[tuple[Any, ...]]:
        with self.captureOnCommitCallbacks() as callbacks:
            work()
        return [callback.args for callback in callbacks]


class Receiving(InboxCase):
    def test_it_is_stored_for_its_merchant_and_hinted_after_commit(self):
        hints = self.hinted_by(lambda: inbox.receive(signed()))
        notice = Notice.objects.get()
        assert (notice.merchant, notice.mini_program) == (self.yunduo, self.mini_program)
        assert notice.fields == {"template_id": "MDI4", "status": "OFFLINE"}
        assert hints == [("messaging.apply_template_notice", self.yunduo.pk, notice.pk)]

    def test_the_answer_is_the_word_the_platform_waits_for(self):
        assert inbox.receive(signed()) == "success"

    def test_a_repeated_notification_is_a_success_that_changes_nothing(self):
        inbox.receive(signed())
        assert self.hinted_by(lambda: self.assertEqual(inbox.receive(signed()), "success")) == []
        assert Notice.objects.count() == 1

    def test_the_same_number_from_another_app_is_another_notification(self):
        inbox.receive(signed())
        inbox.receive(signed(app_id="2021000000000002"))
        assert {notice.merchant for notice in Notice.objects.all()} == {self.yunduo, self.qingcha}

    def test_the_database_keeps_one_row_for_each_number(self):
        inbox.receive(signed())
        row = Notice.objects.get()
        row.pk = None
        with pytest.raises(IntegrityError, match="notice_once"), transaction.atomic():
            row.save(force_insert=True)

    def test_a_kind_nobody_listens_to_is_kept_and_done(self):
        assert self.hinted_by(lambda: inbox.receive(signed(msg_method="alipay.something.else"))) == []
        assert Notice.objects.get().handled_at

    def test_one_of_yesterday_is_taken_since_the_platform_repeats_for_a_day(self):
        assert inbox.receive(signed(utc_timestamp="1000000000000")) == "success"


class Refusing(InboxCase):
    def test_an_unknown_app(self):
        assert inbox.receive(signed(app_id="2021999999999999")) == "failure"
        assert self.refused() == {"unknown_app": 1}

    def test_no_app_at_all(self):
        assert inbox.receive({}) == "failure"
        assert self.refused() == {"unknown_app": 1}

    def test_a_forged_signature(self):
        forged = {**signed(), "biz_content": '{"template_id":"MDI4","status":"ONLINE"}'}
        assert (inbox.receive(forged), inbox.receive(forged)) == ("failure", "failure")
        assert self.refused() == {"bad_signature": 2}

    def test_no_signature(self):
        assert inbox.receive({**signed(), "sign": ""}) == "failure"
        assert self.refused() == {"unsigned": 1}

    def test_fields_that_are_missing(self):
        assert inbox.receive(signed(notify_id="")) == "failure"
        assert self.refused() == {"fields": 1}

    def test_a_mini_program_whose_alipay_key_cannot_be_used(self):
        self.mini_program.alipay_public_key = "c2VjcmV0"
        self.mini_program.save()
        with self.assertLogs("merchants.inbox", "ERROR"):
            assert inbox.receive(signed()) == "failure"
        assert self.refused() == {"no_key": 1}

    def test_without_redis_it_is_refused_uncounted(self):
        with override_settings(REDIS_URL="unix:///nowhere/redis.sock"):
            assert inbox.receive({}) == "failure"
            assert self.refused() == {}


class Providers(InboxCase):
    """A provider's app receives what concerns the mini programs that it runs."""

    def setUp(self):
        super().setUp()
        self.app = build.provider_app(self.qingcha, app_id="2021000000000003")
        self.mini_program.provider_app = self.app
        self.mini_program.save()

    def receive(self):
        return inbox.receive(signed(app_id="2021000000000003", auth_app_id="2021000000000001"))

    def test_the_notice_belongs_to_the_merchant_it_is_about(self):
        assert self.receive() == "success"
        notice = Notice.objects.get()
        assert (notice.merchant, notice.app_id) == (self.yunduo, "2021000000000003")

    def test_an_app_that_is_no_provider_speaks_for_itself_only(self):
        assert inbox.receive(signed(app_id="2021000000000002", auth_app_id="2021000000000001")) == "failure"
        assert self.refused() == {"unknown_app": 1}

    def test_a_mini_program_of_another_provider_is_not_spoken_for(self):
        self.mini_program.provider_app = build.provider_app(self.qingcha, app_id="2021000000000004")
        self.mini_program.save()
        assert self.receive() == "failure"
        assert self.refused() == {"unknown_app": 1}

    def test_of_the_app_itself_there_is_nobody_to_tell(self):
        assert inbox.receive(signed(app_id="2021000000000003", auth_app_id="")) == "failure"
