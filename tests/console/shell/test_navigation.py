import re

from django.urls import reverse

from console.navigation import SECTIONS
from merchants.roles import ALL_CAPABILITIES
from tests import build, build_messaging
from tests.base import CastCase

EVERY = [item for section in SECTIONS for item in section.items]
ITEMS = [item for item in EVERY if not item.for_providers]


def test_every_item_leads_to_a_page_and_names_a_capability_that_exists() -> None:
    for item in EVERY:
        assert reverse(item.url_name, args=["yunduo"])
        assert item.capability in ALL_CAPABILITIES


class Menu(CastCase):
    def test_who_lacks_the_capability_does_not_see_the_item(self) -> None:
        for person in (self.owner, self.operator, self.reviewer, self.analyst):
            self.sign_in(person)
            page = self.client.get("/m/yunduo/")
            staff = page.wsgi_request.staff
            for item in ITEMS:
                with self.subTest(person=person.username, item=item.url_name):
                    link = f'class="menu-item" href="{reverse(item.url_name, args=["yunduo"])}" title='
                    # once in the sidebar, once in the drawer of narrow screens
                    self.assertContains(page, link, count=2 if staff.can(item.capability) else 0)

    def test_a_service_provider_has_items_of_its_own(self) -> None:
        address = reverse("provider_merchants", args=["yunduo"])
        self.sign_in(self.owner)
        self.assertNotContains(self.client.get("/m/yunduo/"), f'href="{address}"')
        build.provider_app(self.yunduo)
        self.assertContains(self.client.get("/m/yunduo/"), f'class="menu-item" href="{address}"', count=2)

    def test_the_page_at_hand_is_marked(self) -> None:
        build.provider_app(self.yunduo)
        self.sign_in(self.owner)
        for item in EVERY:
            with self.subTest(item=item.url_name):
                url = reverse(item.url_name, args=["yunduo"])
                text = self.client.get(url).content.decode()
                self.assertRegex(text, rf'href="{url}"[^>]* aria-current="page"')
                marked = re.findall(r'class="menu-item" [^>]*aria-current="page"', text)
                self.assertEqual(len(marked), 2)

    def test_the_switcher_offers_own_merchants_only(self) -> None:
        self.sign_in(self.owner)
        page = self.client.get("/m/yunduo/")
        self.assertContains(page, "云朵租机")
        self.assertNotContains(page, "/m/qingcha/")

    def test_what_waits_for_a_person_is_counted_beside_its_item(self) -> None:
        self.sign_in(self.owner)
        self.assertNotContains(self.client.get("/m/yunduo/"), "menu-count")
        build_messaging.template(self.mini_program, state="rejected")
        page = self.client.get("/m/yunduo/lists/")
        # once in the sidebar, once in the drawer of narrow screens
        self.assertContains(page, '<span class="menu-count" title="1 waits for you">1', count=2)
