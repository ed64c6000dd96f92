"""Every door to `scheduled` asks for a code where the merchant wants one, and changes nothing without it."""

import ast
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse
from django.utils import timezone

from console import second_factor as checks
from merchants import second_factor
from merchants.models import SecondFactor
from messaging.models import BatchSend, SendState
from tests import build, source_tree
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_missed import MissedCase
from tests.test_permissions import every_url

TO_ONE_PERSON = {"console.messaging.sends.trial"}  # a test, to somebody who is named
ELSEWHERE = {"provider_send"}  # a door for many merchants: tests/console/providers/test_send.py
Door = tuple[str, Callable[[], BatchSend], Callable[[BatchSend], dict[str, Any]]]


class Doors(MissedCase):
    def setUp(self) -> None:
        super().setUp()
        self.yunduo.asks_second_factor = True
        self.yunduo.save(update_fields=["asks_second_factor"])
        self.factor, self.recovery = build.second_factor(
            self.operator, at=timezone.now() - timedelta(hours=1)
        )

    @property
    def doors(self) -> list[Door]:
        """(page, a send in front of it, what is posted)."""
        tomorrow = timezone.localdate() + timedelta(days=1)
        return [
            ("send_launch", self.draft, lambda batch: {"version": batch.version}),
            ("send_missed", self.missed, lambda _batch: {"when": "now"}),
            ("send_missed", self.missed, lambda _batch: self.timed(tomorrow)),
        ]

    def code(self) -> str:
        return build.code_of(second_factor.manual_key(self.factor), timezone.now())

    def again(self) -> None:
        """As if no code had been used for hours, in this session and in all."""
        self.sign_in(self.operator)
        session = self.client.session
        session.pop("second_factor", None)
        session.save()
        SecondFactor.objects.update(last_step=0, wrong_at=[])

    def test_without_a_code_nothing_changes_and_what_was_typed_stays(self) -> None:
        for name, build_send, typed in self.doors:
            for headers in ({}, HTMX):
                batch = build_send()
                before = self.state_of(batch)
                address = self.url(name, batch)
                self.assertContains(self.client.get(address), "Code from your app")
                for code, sentence in (("", "Type the code that your app shows."), ("0", "does not fit")):
                    self.again()
                    answer = self.client.post(address, typed(batch) | {"code": code}, headers=headers)
                    self.assertContains(answer, sentence, status_code=422)
                    for value in typed(batch).values():
                        self.assertContains(answer, f'value="{value}"', status_code=422)
                    self.assertEqual("<html" in answer.content.decode(), not headers)
                    self.assertEqual(self.state_of(batch), before)

    def test_with_a_code_it_goes_through_each_door(self) -> None:
        for name, build_send, typed in self.doors:
            self.again()
            batch = build_send()
            answer = self.client.post(self.url(name, batch), typed(batch) | {"code": self.code()})
            self.assertEqual(answer.status_code, 303)
            self.assertEqual(self.state_of(batch), SendState.SCHEDULED)

    def test_a_recovery_code_opens_it_once(self) -> None:
        for status in (303, 422):
            self.again()
            batch = self.draft()
            form = {"version": batch.version, "code": self.recovery[0]}
            self.assertEqual(self.client.post(self.url("send_launch", batch), form).status_code, status)

    def test_who_has_none_is_led_to_setting_it_up_and_back_and_cannot_launch(self) -> None:
        SecondFactor.objects.all().delete()
        for name, build_send, typed in self.doors:
            batch = build_send()
            before, address = self.state_of(batch), self.url(name, batch)
            for answer in (self.client.get(address), self.client.post(address, typed(batch))):
                words = "Your merchant asks for a second factor here"
                self.assertContains(answer, words, status_code=answer.status_code)
                self.assertIn(answer.status_code, (200, 422))
                back = f"{reverse('second_factor')}?next={address.replace('/', '%2F')}"
                self.assertIn(f'href="{back}"', answer.content.decode())
            self.assertEqual(self.state_of(batch), before)

    def test_where_the_merchant_does_not_want_it_nothing_is_asked(self) -> None:
        self.yunduo.asks_second_factor = False
        self.yunduo.save(update_fields=["asks_second_factor"])
        for name, build_send, typed in self.doors:
            batch = build_send()
            self.assertNotContains(self.client.get(self.url(name, batch)), "Code from your app")
            self.assertEqual(self.client.post(self.url(name, batch), typed(batch)).status_code, 303)

    def test_a_code_counts_for_five_minutes_in_this_session(self) -> None:
        self.launch(self.client, code=self.code(), status=303)
        self.launch(self.client, status=303)
        self.let_pass(301)
        self.launch(self.client, status=422)

    def test_another_browser_of_the_same_person_is_asked(self) -> None:
        self.launch(self.client, code=self.code(), status=303)
        other = Client()
        other.force_login(self.operator, backend="django.contrib.auth.backends.ModelBackend")
        self.launch(other, status=422)

    def test_a_second_factor_set_up_anew_does_not_live_on_the_code_of_the_old_one(self) -> None:
        self.launch(self.client, code=self.code(), status=303)
        SecondFactor.objects.all().delete()
        build.second_factor(self.operator, at=timezone.now() - timedelta(hours=1))
        self.launch(self.client, status=422)

    def test_a_code_that_was_right_is_not_lost_when_the_launch_is_refused_otherwise(self) -> None:
        batch = self.draft()
        stale = {"version": batch.version + 1, "code": self.code()}
        answer = self.client.post(self.url("send_launch", batch), stale)
        self.assertContains(answer, "The draft was changed", status_code=422)
        self.assertContains(answer, f'value="{stale["code"]}"', status_code=422)
        self.launch(self.client, code=str(stale["code"]), status=303)

    def test_another_time_is_counted_anew_without_judging_the_code(self) -> None:
        batch = self.missed()
        form = {"when": "now", "code": "123", "action": "refresh"}
        answer = self.client.post(self.url("send_missed", batch), form)
        self.assertContains(answer, 'value="123"')
        self.assertNotContains(answer, "does not fit")
        self.factor.refresh_from_db()
        self.assertEqual(self.factor.wrong_at, [])

    def test_one_merchant_of_several_that_asks_is_enough(self) -> None:
        request = RequestFactory().post("/", {"code": self.code()})
        request.user, request.merchant, request.session = self.operator, self.qingcha, {}
        self.assertTrue(checks.passes(request))
        del request._second_factor_check
        self.assertTrue(checks.check_of(request, merchants=[self.yunduo]).is_asked)
        self.assertTrue(checks.passes(request))
        self.assertFalse(checks.check_of(request).is_asked)

    def test_brakes_ask_for_nothing(self) -> None:
        batch = self.launched("sending")
        self.assertEqual(self.client.post(self.url("send_pause", batch)).status_code, 303)
        self.assertEqual(self.client.post(self.url("send_resume", batch)).status_code, 303)
        self.assertEqual(self.client.post(self.url("send_cancel", batch), {"why": ""}).status_code, 303)

    def launch(self, client: Client, *, status: int, code: str = "") -> None:
        batch = self.draft()
        form = {"version": batch.version} | ({"code": code} if code else {})
        self.assertEqual(client.post(self.url("send_launch", batch), form).status_code, status)

    def let_pass(self, seconds: float) -> None:
        session = self.client.session
        whose, then = session["second_factor"]
        session["second_factor"] = [whose, then - seconds]
        session.save()

    def test_each_view_that_schedules_is_one_of_these_doors(self) -> None:
        views = [
            (getattr(entry.callback, "__module__", ""), name)
            for name, _address, entry in every_url(get_resolver())
        ]
        tried = {name for name, _build, _typed in self.doors} | ELSEWHERE
        for module in scheduling():
            urls = {name for where, name in views if where == module.name}
            self.assertTrue(urls & tried, f"{module.name} schedules; add its page to doors()")
            self.assertIn("second_factor.passes(request)", module.text)


def references(tree: ast.AST, imports: dict[str, str], own: str) -> set[str]:
    """`batches.launch`, `joint.launch`: functions of messaging.sends that are named here, called or not."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Name):
            found.add(imports.get(node.id, f"{own}.{node.id}"))
    return found


def imports_of(module: Any) -> dict[str, str]:
    """Names imported from a module of messaging.sends, as `module.name`."""
    return {
        alias.asname or alias.name: f"{node.module.rpartition('.')[2]}.{alias.name}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("messaging.sends.")
        for alias in node.names
    }


def moving_to_scheduled() -> set[str]:
    """Functions of messaging.sends that make a send `scheduled`, themselves or by another of them."""
    rooms = [one for one in source_tree.modules() if one.name.startswith("messaging.sends.")]
    moving: set[str] = set()
    named = {}
    for room in rooms:
        short = room.name.rpartition(".")[2]
        for function in source_tree.functions(room):
            named[f"{short}.{function.name}"] = references(function, imports_of(room), short)
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            if any(ast.unparse(one) == "SendState.SCHEDULED" for call in calls for one in call.args):
                moving.add(f"{short}.{function.name}")
    while more := {name for name, used in named.items() if used & moving} - moving:
        moving |= more
    return moving


def scheduling() -> list[Any]:
    """Modules of pages that use one of them."""
    moving = moving_to_scheduled()
    pages = [
        module
        for module in source_tree.modules()
        if module.package == "console"
        and not module.name.startswith(("console.demo", "console.management"))
        and references(module.tree, imports_of(module), "") & moving
    ]
    return [module for module in pages if module.name not in TO_ONE_PERSON]


def test_the_walk_finds_the_two_pages_and_the_test_to_one_person() -> None:
    assert {"batches.launch", "batches.reschedule", "trial.send_test"} <= moving_to_scheduled()
    found = {module.name for module in scheduling()}
    assert {"console.messaging.sends.launch", "console.messaging.sends.missed"} <= found
