import json
import time
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from console.api.access import MAX_BODY_BYTES, ScopedKey
from console.api.urls import api
from membership.models import Customer
from merchants import rate
from merchants.models import ApiKey
from messaging.models import Consent, Signal
from tests import build, build_messaging
from tests.base import CastCase
from tests.messaging.recall.base import RecallCase

URL = "/api/v1/signals"
PERSON = "012person000001"


class SignalsCase(CastCase):
    def setUp(self):
        self.server = build.api_key(self.mini_program, scopes=["consent"])
        self.phone = build.api_key(self.mini_program, kind="client")
        self.template = build_messaging.template(self.mini_program)

    def subscribed(self, number: int = 1, **changes) -> dict:
        return {
            "id": f"s{number}",
            "kind": "subscribed",
            "open_id": PERSON,
            "at": timezone.now().isoformat(),
            "template_id": self.template.template_id,
            "subscription": "one_time",
            "units": 1,
            **changes,
        }

    def visited(self, number: int = 1, **changes) -> dict:
        return {
            "id": f"v{number}",
            "kind": "visited",
            "at": timezone.now().isoformat(),
            "scene": "1014",
            **changes,
        }

    def post(self, *signals: dict, key: str | None = None, app_id: str = "", **extra):
        body = {"app_id": app_id or self.mini_program.app_id, "signals": signals}
        return self.post_text(json.dumps(body), key=key, **extra)

    def post_text(self, text: str, *, key: str | None = None, **extra):
        headers = {"Authorization": f"Bearer {self.server if key is None else key}"}
        return self.client.post(URL, text, content_type="application/json", headers=headers, **extra)


class AnswerTests(SignalsCase):
    def test_it_says_what_was_accepted_repeated_and_rejected(self):
        first = self.post(self.subscribed(1, units=2), self.subscribed(2, template_id="unheard-of"))
        assert first.status_code == 200
        rejected = [{"id": "s2", "reason": "template_id: not adopted by this mini program"}]
        assert first.json() == {"accepted": 1, "repeated": 0, "rejected": rejected}
        assert self.post(self.subscribed(1)).json() == {"accepted": 0, "repeated": 1, "rejected": []}
        assert Consent.objects.get(customer__open_id=PERSON).units == 2

    def test_nulls_and_numbers_as_a_mini_program_sends_them_are_fine(self):
        answer = self.post(
            self.visited(1, scene=1305, token=None, open_id=None, units=None, template_id=None),
            key=self.phone,
        )
        assert answer.json()["accepted"] == 1
        assert Signal.objects.get().scene == "1305"

    def test_no_session_and_no_csrf_token_are_needed(self):
        self.client = self.client_class(enforce_csrf_checks=True)
        assert self.post(self.visited(), key=self.phone).status_code == 200

    def test_reading_it_is_refused(self):
        assert self.client.get(URL).status_code == 405


class VisitTests(RecallCase):
    def test_a_tap_on_a_message_reported_by_the_phone_raises_the_visits(self):
        key = build.api_key(self.mini_program, kind="client")
        tap = {
            "id": "tap",
            "kind": "visited",
            "at": (timezone.now() - timedelta(days=400)).isoformat(),
            "token": self.token(self.people[0]),
            "open_id": self.people[0].open_id,
        }
        body = json.dumps({"app_id": self.mini_program.app_id, "signals": [tap]})
        headers = {"Authorization": f"Bearer {key}"}
        answer = self.client.post(URL, body, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
        assert self.figures() == (1, 0)


class KeyTests(SignalsCase):
    def assert_refused(self, answer, status: int, words: str) -> None:
        assert answer.status_code == status
        assert words in answer.json()["error"]
        assert not Signal.objects.exists()

    def test_without_a_key(self):
        answer = self.client.post(URL, "{}", content_type="application/json")
        self.assert_refused(answer, 401, "Authorization: Bearer")
        assert answer["WWW-Authenticate"] == "Bearer"

    def test_with_an_unknown_key(self):
        self.assert_refused(self.post(self.subscribed(), key="sk_nobody"), 401, "unknown or revoked")

    def test_with_a_revoked_key(self):
        ApiKey.find(self.server).revoke(at=timezone.now())
        self.assert_refused(self.post(self.subscribed()), 401, "unknown or revoked")

    def test_a_server_key_without_the_scope(self):
        weak = build.api_key(self.mini_program, scopes=["orders"])
        self.assert_refused(self.post(self.subscribed(), key=weak), 403, "lacks the scope 'consent'")

    def test_a_client_key_that_reports_a_subscription(self):
        answer = self.post(self.visited(), self.subscribed(), key=self.phone)
        self.assert_refused(answer, 403, "Report subscriptions from your server")
        assert not Customer.objects.exists()

    def test_a_key_of_another_mini_program(self):
        answer = self.post(self.subscribed(), app_id=self.other_mini_program.app_id)
        self.assert_refused(answer, 403, "another mini program")

    def test_every_route_checks_a_key_with_a_scope(self):
        operations = [
            operation
            for _prefix, router in api._routers
            for view in router.path_operations.values()
            for operation in view.operations
        ]
        assert operations
        for operation in operations:
            keys = [callback for callback in operation.auth_callbacks if isinstance(callback, ScopedKey)]
            assert [key.scope for key in keys if key.scope], operation.path


class BodyTests(SignalsCase):
    def assert_invalid(self, answer, field: str) -> None:
        assert answer.status_code == 422
        assert field in answer.json()["fields"], answer.json()
        assert not Signal.objects.exists()

    def test_what_is_no_json(self):
        answer = self.post_text("{")
        assert answer.status_code == 400
        assert "error" in answer.json()

    def test_more_than_two_hundred_signals(self):
        answer = self.post(*(self.visited(number) for number in range(201)))
        assert answer.status_code == 413
        assert answer.json()["error"] == "At most 200 signals in one request; this one has 201."

    def test_two_hundred_signals(self):
        answer = self.post(*(self.visited(number) for number in range(200)))
        assert answer.json() == {"accepted": 200, "repeated": 0, "rejected": []}

    def test_a_body_too_large_to_be_read(self):
        answer = self.post_text(" " * (MAX_BODY_BYTES + 1))
        assert answer.status_code == 413
        assert "Send less at once" in answer.json()["error"]

    def test_a_time_without_its_zone(self):
        self.assert_invalid(
            self.post(self.visited(), self.visited(2, at="2026-08-03T12:00:00")), "signals.1.at"
        )

    def test_a_time_nobody_lives_in(self):
        self.assert_invalid(self.post(self.visited(at="0001-01-01T00:00:00+08:00")), "signals.0.at")

    def test_an_unknown_kind(self):
        self.assert_invalid(self.post(self.visited(kind="bought")), "signals.0.kind")

    def test_a_missing_id_and_one_that_is_too_long(self):
        self.assert_invalid(self.post(self.visited(id="")), "signals.0.id")
        self.assert_invalid(self.post(self.visited(id="x" * 81)), "signals.0.id")

    def test_a_zero_byte_anywhere(self):
        for field in ("id", "open_id", "template_id", "token", "scene"):
            self.assert_invalid(self.post(self.visited(**{field: "a\0b"})), f"signals.0.{field}")

    def test_the_answer_does_not_repeat_what_was_sent(self):
        answer = self.post(self.visited(open_id="secret\0person"))
        assert "secret" not in answer.content.decode()


@pytest.mark.usefixtures("clean_redis")
@override_settings(SIGNALS_PER_SECOND=1)
class RateTests(SignalsCase):
    """The address has used up its second, and the next sixty."""

    ADDRESS = "203.0.113.7"

    def setUp(self):
        super().setUp()
        now = int(time.time())
        with rate.connection().pipeline() as pipeline:
            for second in range(now, now + 60):
                pipeline.set(f"signals:{self.ADDRESS}:{second}", 1, ex=120)
                pipeline.set(f"signals:127.0.0.1:{second}", 1, ex=120)
            pipeline.execute()

    def status(self, key: str, address: str, **extra) -> int:
        return self.post(key=key, REMOTE_ADDR=address, **extra).status_code

    def test_a_client_key_is_limited_by_address(self):
        answer = self.post(self.visited(), key=self.phone, REMOTE_ADDR=self.ADDRESS)
        assert answer.status_code == 429
        assert answer.json()["error"] == "At most 1 requests a second from one address."
        assert not Signal.objects.exists()

    def test_another_address_is_not(self):
        assert self.status(self.phone, "203.0.113.8") == 200

    def test_the_machine_itself_is_exempt(self):
        assert self.status(self.phone, "127.0.0.1") == 200

    def test_a_server_key_is_not_limited(self):
        assert self.status(self.server, self.ADDRESS) == 200

    def test_behind_a_proxy_the_address_it_wrote_counts(self):
        told = {"HTTP_X_FORWARDED_FOR": f"127.0.0.1, {self.ADDRESS}"}
        assert self.status(self.phone, "127.0.0.1", **told) == 200
        with override_settings(AXES_IPWARE_PROXY_COUNT=1):
            assert self.status(self.phone, "127.0.0.1", **told) == 429

    def test_with_redis_away_signals_are_taken(self):
        with override_settings(REDIS_URL="unix:///nowhere/redis.sock"):
            assert self.status(self.phone, self.ADDRESS) == 200


class DescriptionTests(SignalsCase):
    def test_the_description_is_open_and_names_the_limit(self):
        described = self.client.get("/api/v1/openapi.json").json()
        assert "post" in described["paths"]["/api/v1/signals"]
        assert described["components"]["schemas"]["SignalsIn"]["properties"]["signals"]["maxItems"] == 200

    def test_there_is_no_page_that_loads_scripts_from_elsewhere(self):
        assert self.client.get("/api/v1/docs").status_code == 404
