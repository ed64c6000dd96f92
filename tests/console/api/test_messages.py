"""POST and GET /api/v1/messages: what each caller is answered, message by message."""

import json
import uuid
from datetime import timedelta
from typing import Any

from django.test import override_settings
from django.utils import timezone

from console.api.messages import MAX_BODY_BYTES
from console.api.urls import api
from merchants import rate
from merchants.models import ApiKey
from messaging.models import Consent, Delivery, SendControl, SingleSend
from tests import build
from tests import build_messaging as made
from tests.base import CastCase

URL = "/api/v1/messages"


class MessagesCase(CastCase):
    def setUp(self) -> None:
        rate.connection().flushdb()
        self.key = build.api_key(self.mini_program, scopes=["messages"])
        self.template = made.template(self.mini_program)
        self.people = made.people(self.mini_program, 3)
        made.consents(self.template, self.people, units=5)

    def message(self, key: str = "order-7-paid", **changes: Any) -> dict[str, Any]:
        return {
            "idempotency_key": key,
            "open_id": self.people[0].open_id,
            "template": self.template.template_id,
            "data": {"权益名称": "首月立减 46 元", "领取时间": "本周内"},
            "page": "pages/order?id=7",
            **changes,
        }

    def post(self, *messages: Any, key: str | None = None, app_id: str = "", **extra: Any) -> Any:
        body = json.dumps({"app_id": app_id or self.mini_program.app_id, "messages": messages})
        headers = {"Authorization": f"Bearer {key or self.key}", **extra.pop("headers", {})}
        return self.client.post(URL, body, content_type="application/json", headers=headers, **extra)

    def get(self, message_id: object, *, key: str | None = None, language: str = "en") -> Any:
        headers = {"Authorization": f"Bearer {key or self.key}", "Accept-Language": language}
        return self.client.get(f"{URL}/{message_id}", headers=headers)


class Handing(MessagesCase):
    def test_one_is_taken_and_again_it_is_the_same_one(self) -> None:
        first = self.post(self.message()).json()
        result = first["results"][0]
        self.assertEqual((first["taken"], first["repeated"], first["refused"]), (1, 0, 0))
        self.assertEqual((result["status"], result["state"]), (201, "queued"))
        again = self.post(self.message()).json()["results"][0]
        self.assertEqual((again["status"], again["id"]), (200, result["id"]))
        other = self.post(self.message(page="pages/other"))
        self.assertEqual(other.status_code, 200)
        self.assertEqual(other.json()["results"][0]["status"], 409)
        self.assertIn("key of its own", other.json()["results"][0]["sentence"])
        self.assertEqual(Delivery.objects.count(), 1)

    def test_whom_a_gate_stops_is_taken_and_told_why_in_the_callers_language(self) -> None:
        Consent.objects.all().delete()
        result = self.post(self.message(), headers={"Accept-Language": "en"}).json()["results"][0]
        self.assertEqual(
            (result["status"], result["state"], result["reason"]), (201, "skipped", "no_consent")
        )
        self.assertTrue(result["sentence"].startswith("No consent left."))
        self.assertIn("订阅", self.get(result["id"], language="zh-CN").json()["sentence"])

    def test_of_a_half_bad_batch_the_good_ones_are_taken_and_each_bad_one_is_named(self) -> None:
        answer = self.post(
            self.message("a"),
            self.message("b", open_id="nobody-is-called-this"),
            {"idempotency_key": "c"},
            "no message at all",
            self.message("d", colour="red"),
            self.message("e", not_after="2026-11-22T10:00:00"),
            self.message("f", data={"权益名称": "字" * 51, "领取时间": "周"}),
            self.message("g", template="tpl-nobody-has"),
            self.message("h", open_id=self.people[1].open_id),
        )
        self.assertEqual(answer.status_code, 200)
        results = answer.json()["results"]
        self.assertEqual([r["status"] for r in results], [201, 404, 422, 422, 422, 422, 422, 404, 201])
        self.assertEqual([r["idempotency_key"] for r in results], ["a", "b", "c", "", *"defgh"])
        for number, words in ((2, "open_id: "), (4, "colour: "), (5, "not_after: "), (6, "51 characters")):
            self.assertIn(words, results[number]["sentence"])
        self.assertNotIn("nobody-is-called", answer.content.decode())
        self.assertEqual(SingleSend.objects.count(), 2)

    def test_two_hundred_are_taken_and_one_more_is_refused_whole(self) -> None:
        people = made.people(self.mini_program, 201)
        made.consents(self.template, people)
        messages = [self.message(str(n), open_id=who.open_id) for n, who in enumerate(people)]
        refused = self.post(*messages)
        self.assertEqual(refused.status_code, 413)
        self.assertIn("At most 200", refused.json()["error"])
        self.assertFalse(SingleSend.objects.exists())
        self.assertEqual(self.post(*messages[:200]).json()["taken"], 200)
        self.assertEqual(self.post().status_code, 422)

    def test_a_message_with_the_longest_texts_fits_two_hundred_times(self) -> None:
        wide = made.template(self.mini_program, keywords=[f"字段{n}" for n in range(5)])
        people = made.people(self.mini_program, 200)
        data = {f"keyword{n}": "字" * 50 for n in range(1, 6)}
        messages = [
            self.message("k" * 70 + f"{n:010d}", open_id=who.open_id, template=wide.template_id, data=data)
            for n, who in enumerate(people)
        ]
        answer = self.post(*messages)
        self.assertEqual((answer.status_code, answer.json()["taken"]), (200, 200))


class Asking(MessagesCase):
    def taken(self) -> int:
        return int(self.post(self.message()).json()["results"][0]["id"])

    def test_the_state_is_told_as_it_is(self) -> None:
        message_id = self.taken()
        row = Delivery.objects.get()
        self.assertEqual(self.get(message_id).json()["state"], "queued")
        for fields, state, words in (
            ({"state": "claimed", "token": uuid.uuid4(), "lease_until": timezone.now()}, "queued", "waits"),
            ({"state": "accepted", "sent_at": timezone.now()}, "accepted", "not whether the person saw"),
            ({"state": "refused", "reason": "MSG_REJECTED"}, "refused", "Leave them out"),
            ({"state": "unknown", "reason": "timeout", "cause": "answer"}, "unknown", "No answer in time."),
            ({"state": "skipped", "reason": "gave_up", "cause": ""}, "skipped", "after several tries"),
        ):
            with self.subTest(state):
                Delivery.objects.filter(id=row.id).update(**fields)
                told = self.get(message_id).json()
                self.assertEqual(told["state"], state)
                self.assertIn(words, told["sentence"])
        self.assertEqual(told["idempotency_key"], "order-7-paid")
        self.assertNotIn(self.people[0].open_id, json.dumps(told))

    def test_one_that_waits_behind_a_pause_or_came_too_late_says_so(self) -> None:
        message_id = self.taken()
        SendControl.objects.update(state="paused", pause_reason="gateway")
        self.assertIn("keys or its gateway", self.get(message_id).json()["sentence"])
        now = timezone.now()
        SendControl.objects.update(state="finished", not_after=now - timedelta(seconds=1))
        Delivery.objects.update(state="skipped", reason="gave_up", recorded_at=now)
        self.assertIn("not-after came", self.get(message_id).json()["sentence"])

    def test_nobody_elses_message_is_shown(self) -> None:
        message_id = self.taken()
        theirs = build.api_key(self.other_mini_program, scopes=["messages"])
        second = build.api_key(
            build.mini_program(self.yunduo, app_id="2021000000000003"), scopes=["messages"]
        )
        for key in (theirs, second):
            self.assertEqual(self.get(message_id, key=key).status_code, 404)
        for wrong in (message_id + 1, 10**30):
            self.assertEqual(self.get(wrong).status_code, 404)
        self.assertEqual(self.get("abc").status_code, 422)


class Guarding(MessagesCase):
    def test_only_a_server_key_with_the_scope_may(self) -> None:
        for key, status in (
            ("sk_nobody", 401),
            (build.api_key(self.mini_program, scopes=["consent"]), 403),
            (build.api_key(self.mini_program, kind="client"), 403),
            (build.api_key(self.other_mini_program, scopes=["messages"]), 403),  # of another app_id
        ):
            with self.subTest(status):
                answer = self.post(self.message(), key=key)
                self.assertEqual(answer.status_code, status)
                self.assertTrue(answer.json()["error"].endswith("."))
        ApiKey.objects.get(hash=ApiKey.digest(self.key)).revoke(at=timezone.now())
        self.assertEqual(self.post(self.message()).status_code, 401)
        self.assertFalse(SingleSend.objects.exists())

    def test_a_key_of_another_merchant_reaches_neither_person_nor_template(self) -> None:
        theirs = build.api_key(self.other_mini_program, scopes=["messages"])
        answer = self.post(self.message(), key=theirs, app_id=self.other_mini_program.app_id).json()
        self.assertEqual((answer["taken"], answer["results"][0]["status"]), (0, 404))

    def test_a_body_that_is_too_large_is_not_read(self) -> None:
        answer = self.client.post(
            URL,
            "x" * (MAX_BODY_BYTES + 1),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"},
        )
        self.assertEqual(answer.status_code, 413)

    @override_settings(API_REQUESTS_PER_SECOND=0)
    def test_a_key_used_too_often_is_told_when_to_come_back(self) -> None:
        answer = self.post(self.message())
        self.assertEqual((answer.status_code, answer["Retry-After"]), (429, "1"))
        self.assertIn("with one key", answer.json()["error"])
        self.assertFalse(SingleSend.objects.exists())

    @override_settings(API_REQUESTS_PER_SECOND=0, REDIS_URL="unix:///nonexistent/redis.sock")
    def test_without_redis_messages_are_taken_and_wait(self) -> None:
        self.assertEqual(self.post(self.message()).json()["taken"], 1)
        self.assertEqual(Delivery.objects.get().state, "queued")

    def test_the_use_of_a_key_is_noted_once_a_minute(self) -> None:
        key = ApiKey.objects.get(hash=ApiKey.digest(self.key))
        self.get(1)
        key.refresh_from_db()
        first = key.last_used_at
        self.assertIsNotNone(first)
        self.get(1)
        key.refresh_from_db()
        self.assertEqual(key.last_used_at, first)
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=first - timedelta(seconds=61))
        self.get(1)
        key.refresh_from_db()
        self.assertGreater(key.last_used_at, first)

    def test_the_description_names_every_field_of_a_message_and_its_limits(self) -> None:
        schema = api.get_openapi_schema()
        items = schema["components"]["schemas"]["MessagesIn"]["properties"]["messages"]
        self.assertEqual((items["minItems"], items["maxItems"]), (1, 200))
        self.assertEqual(
            set(items["items"]["required"]), {"idempotency_key", "open_id", "template", "data", "page"}
        )
        self.assertIn("/api/v1/messages/{message_id}", schema["paths"])
        self.assertEqual(self.client.get("/api/v1/openapi.json").status_code, 200)
