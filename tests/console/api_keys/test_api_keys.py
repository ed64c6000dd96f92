"""API keys: shown once, kept as a hash, revoked by typing the name."""

import uuid
from typing import Any

from django.urls import reverse

from merchants.models import ApiKey, Event, User
from tests import build
from tests.base import CastCase

LIST, NEW = (reverse(name, args=["yunduo"]) for name in ("api_keys", "api_key_new"))


class ApiKeyPages(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.owner)

    def issue(self, **fields: Any) -> Any:
        told = {
            "form_token": str(uuid.uuid4()),
            "name": "Order server",
            "mini_program": self.mini_program.pk,
            "kind": "server",
            "scopes": ["messages"],
        }
        return self.client.post(NEW, {**told, **fields})

    def revoke(self, key: ApiKey, **fields: str) -> Any:
        return self.client.post(reverse("api_key_revoke", args=["yunduo", key.pk]), fields)

    def test_a_key_is_shown_once_and_works_from_then_on(self) -> None:
        answer = self.issue()
        self.assertEqual((answer.status_code, answer["Cache-Control"]), (200, "no-store"))
        key = answer.context["key"]
        row = ApiKey.find(key)
        assert row is not None
        self.assertEqual(
            (row.name, row.scopes, row.mini_program), ("Order server", ["messages"], self.mini_program)
        )
        self.assertContains(answer, f"Authorization: Bearer {key}")
        page = self.client.get(LIST)
        self.assertContains(page, row.prefix)
        self.assertNotContains(page, key)
        audit = self.client.get(reverse("audit", args=["yunduo"]))
        self.assertContains(audit, "Issued an API key")
        self.assertContains(audit, "Server key")
        self.assertNotIn(key, str(Event.objects.get(kind="api_key.issued").detail))

    def test_the_same_form_twice_issues_one_key_and_says_so(self) -> None:
        token = str(uuid.uuid4())
        self.issue(form_token=token)
        self.assertContains(self.issue(form_token=token), "This key was issued before")
        self.assertEqual(ApiKey.objects.count(), 1)

    def test_what_cannot_be_a_key_is_refused_at_its_field_and_stays_typed(self) -> None:
        for fields, said in (
            ({"name": ""}, "Give the key a name."),
            ({"scopes": []}, "Tick at least one"),
            ({"kind": "client"}, "may do none of these"),
            ({"scopes": ["everything"]}, "Tick what stands here."),
            ({"mini_program": self.other_mini_program.pk}, "Choose a mini program."),
        ):
            with self.subTest(fields):
                self.assertContains(self.issue(**fields), said, status_code=422)
        self.assertFalse(ApiKey.objects.exists())
        self.assertContains(self.issue(scopes=[]), 'value="Order server"', status_code=422)
        self.assertEqual(self.issue(kind="client", scopes=[]).status_code, 200)

    def test_a_key_is_revoked_once_its_name_was_typed(self) -> None:
        row = ApiKey.find(build.api_key(self.mini_program, scopes=["messages"]))
        assert row is not None
        self.assertContains(self.revoke(row, name="another"), "Nothing was revoked", status_code=422)
        self.assertContains(self.revoke(row), "to confirm", status_code=422)
        row.refresh_from_db()
        self.assertIsNone(row.revoked_at)
        self.assertRedirects(self.revoke(row, name=row.name), LIST, status_code=303)
        row.refresh_from_db()
        first = row.revoked_at
        self.assertIsNotNone(first)
        self.revoke(row, name=row.name)
        row.refresh_from_db()
        self.assertEqual(row.revoked_at, first)
        self.assertEqual(Event.objects.filter(kind="api_key.revoked").count(), 1)
        self.assertContains(self.client.get(LIST), "Revoked")

    def test_only_the_owner_and_only_of_their_own_merchant(self) -> None:
        theirs = ApiKey.find(build.api_key(self.other_mini_program))
        assert theirs is not None
        self.assertEqual(self.revoke(theirs, name=theirs.name).status_code, 404)
        self.assertNotContains(self.client.get(LIST), theirs.prefix)
        self.sign_in(self.operator)
        self.assertEqual(self.issue().status_code, 403)

    def test_the_page_reads_chinese_for_who_reads_chinese(self) -> None:
        User.objects.filter(pk=self.owner.pk).update(language="zh-hans")
        for address in (LIST, NEW):
            self.assertContains(self.client.get(address), "发放密钥")
