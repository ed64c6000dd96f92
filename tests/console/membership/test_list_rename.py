from tests.build_messaging import people_list
from tests.console.membership.base import HTMX, ListCase


class ListRename(ListCase):
    def setUp(self) -> None:
        self.people_list = people_list(self.mini_program, [], name="Autumn")
        self.address = self.url("list_rename", list_id=self.people_list.pk)
        self.sign_in(self.operator)

    def test_gives_the_list_another_name(self) -> None:
        self.assertContains(self.client.get(self.address), 'value="Autumn"')
        answer = self.client.post(self.address, {"name": "Winter"}, follow=True)
        self.assertContains(answer, "Renamed.")
        self.assertContains(answer, "Winter")

    def test_an_empty_or_endless_name_is_refused(self) -> None:
        for name, sentence in (("", "Give the list a name"), ("x" * 81, "there is room for 80")):
            for headers in ({}, HTMX):
                answer = self.client.post(self.address, {"name": name}, headers=headers)
                self.assertContains(answer, sentence, status_code=422)

    def test_weaker_roles_get_403_and_strangers_404(self) -> None:
        for person, code in ((self.analyst, 403), (self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.post(self.address, {"name": "Mine"}).status_code, code)
