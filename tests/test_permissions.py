"""Who may open what: the table, the walk that keeps it complete, and the wall between two merchants."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import translation

from merchants.models import MiniProgram, Staff, User
from merchants.roles import ALL_CAPABILITIES, CAPABILITIES, Role
from tests import build
from tests.base import CastCase
from tests.permission_table import OUTSIDE, OUTSIDE_PREFIXES, TABLE, Row, nothing, order_scene

Ask = Callable[..., HttpResponse]
HTMX = {"HX-Request": "true"}


def every_url(
    resolver: URLResolver, prefix: str = "", space: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    for entry in resolver.url_patterns:
        address = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from every_url(entry, address, inner)
        else:
            yield f"{space}{entry.name}", address, entry


class Walk(CastCase):
    def test_every_url_is_in_the_table_and_names_its_capability(self) -> None:
        rows = {row.name for row in TABLE}
        for name, address, entry in every_url(get_resolver()):
            with self.subTest(url=address):
                capability = getattr(entry.callback, "capability", "no decorator")
                if address.startswith("m/<slug:merchant>/"):
                    self.assertIn(name, rows, "add a row to tests/permission_table.py")
                    self.assertIn(capability, ALL_CAPABILITIES)
                else:
                    self.assertTrue(name in OUTSIDE or name.startswith(OUTSIDE_PREFIXES), name)

    def test_the_table_has_no_row_for_a_url_that_is_gone(self) -> None:
        names = {name for name, _address, _entry in every_url(get_resolver())}
        self.assertEqual({row.name for row in TABLE} | set(OUTSIDE) - names, {row.name for row in TABLE})
        self.assertEqual({row.name for row in TABLE} - names, set())

    def test_the_roles_of_a_row_are_those_that_have_its_capability(self) -> None:
        capabilities = {
            name: getattr(entry.callback, "capability", None) for name, _a, entry in every_url(get_resolver())
        }
        for row in TABLE:
            with self.subTest(url=row.name):
                having = {role for role in Role.values if capabilities[row.name] in CAPABILITIES[role]}
                self.assertEqual(row.roles, having)


class Table(CastCase):
    @contextmanager
    def built(self, row: Row, *, whose: MiniProgram, slug: str = "") -> Iterator[Ask]:
        """Builds the object once for all who ask. What a question changes is taken back before the next."""
        with transaction.atomic():
            kwargs = {"merchant": slug or whose.merchant.slug, **row.kwargs(whose, self.owner)}
            address, data = reverse(row.name, kwargs=kwargs), row.data(whose, self.owner)

            def ask(client: Client, headers: dict[str, str] | None = None) -> HttpResponse:
                with transaction.atomic():
                    call = client.post if row.post else client.get
                    answer = call(address, data, headers=headers or {})
                    transaction.set_rollback(True)
                return answer  # type: ignore[return-value]

            yield ask
            transaction.set_rollback(True)

    def ask(
        self, row: Row, *, whose: MiniProgram, headers: dict[str, str] | None = None, slug: str = ""
    ) -> HttpResponse:
        with self.built(row, whose=whose, slug=slug) as ask:
            return ask(self.client, headers)

    def signed_in(self, person: User) -> Client:
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    def people(self) -> dict[str, User]:
        return {
            Role.OWNER: self.owner,
            Role.OPERATOR: self.operator,
            Role.REVIEWER: self.reviewer,
            Role.ANALYST: self.analyst,
        }

    def test_each_role_gets_what_the_table_says(self) -> None:
        clients = {role: self.signed_in(person) for role, person in self.people().items()}
        for row in TABLE:
            with self.built(row, whose=self.mini_program) as ask:
                for role, client in clients.items():
                    with self.subTest(url=row.name, role=role):
                        self.check(row, role, ask(client))

    def check(self, row: Row, role: str, answer: HttpResponse) -> None:
        if role in row.roles:
            self.assertIn(answer.status_code, row.let_in)
            return
        self.assertEqual(answer.status_code, 403)
        with translation.override("en"):
            sentence = f"Your role here is {Role(role).label}"
        self.assertContains(answer, sentence, status_code=403)

    def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(self) -> None:
        for row in TABLE:
            with self.subTest(url=row.name):
                answer = self.ask(row, whose=self.mini_program)
                self.assertEqual(answer.status_code, 302)
                self.assertTrue(answer.headers["Location"].startswith(reverse("sign_in") + "?next="))

    def test_who_is_not_signed_in_gets_a_header_from_htmx_requests(self) -> None:
        back = {"HX-Current-URL": "http://testserver/m/yunduo/audit/?area=send"}
        wanted = f"{reverse('sign_in')}?next=/m/yunduo/audit/%3Farea%3Dsend"
        for row in TABLE:
            with self.subTest(url=row.name):
                answer = self.ask(row, whose=self.mini_program, headers=HTMX | back)
                self.assertEqual(answer.status_code, 200)
                self.assertEqual(answer.headers["HX-Redirect"], wanted)
                self.assertEqual(answer.content, b"")

    def test_strangers_find_nothing(self) -> None:
        outsider = build.user("outsider")
        clients = {person.username: self.signed_in(person) for person in (self.other_owner, outsider)}
        for row in TABLE:
            with self.built(row, whose=self.mini_program) as ask:
                for name, client in clients.items():
                    with self.subTest(url=row.name, person=name):
                        self.assertEqual(ask(client).status_code, 404)

    def test_the_objects_of_one_merchant_are_nothing_under_another(self) -> None:
        """The owner next door asks with their own slug and an id from here."""
        self.sign_in(self.other_owner)
        for row in TABLE:
            if row.kwargs in {nothing, order_scene} and row.data is nothing:
                continue  # names no object
            with self.subTest(url=row.name):
                answer = self.ask(row, whose=self.mini_program, slug=self.qingcha.slug)
                self.assertEqual(answer.status_code, 404)

    def test_acts_are_never_done_by_looking(self) -> None:
        self.sign_in(self.owner)
        for row in (row for row in TABLE if row.post):
            with self.subTest(url=row.name):
                kwargs = row.kwargs(self.mini_program, self.owner)
                answer = self.client.get(reverse(row.name, kwargs={"merchant": "yunduo", **kwargs}))
                self.assertEqual(answer.status_code, 405)

    def test_a_disabled_seat_is_no_seat(self) -> None:
        self.sign_in(self.operator)
        Staff.objects.filter(user=self.operator).update(disabled_at="2026-01-01T00:00Z")
        self.assertEqual(self.client.get(reverse("home", args=["yunduo"])).status_code, 404)

    def test_a_merchant_that_does_not_exist_looks_like_one_of_somebody_else(self) -> None:
        self.sign_in(self.operator)
        missing = self.client.get("/m/nowhere/")
        foreign = self.client.get("/m/qingcha/")
        self.assertEqual((missing.status_code, foreign.status_code), (404, 404))
        self.assertEqual(missing.content.count(b"nowhere"), foreign.content.count(b"qingcha"))


class Outside(CastCase):
    def test_addresses_outside_any_merchant_answer_as_listed(self) -> None:
        for name, (status, _why) in OUTSIDE.items():
            with self.subTest(url=name):
                self.assertEqual(self.client.get(reverse(name)).status_code, status)
