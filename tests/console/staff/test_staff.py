from django.urls import reverse

from console.staff.rights import WORDS, rights_table
from merchants.models import Staff
from merchants.roles import ALL_CAPABILITIES, CAPABILITIES, Role
from tests.base import CastCase

PAGE = reverse("staff", args=["yunduo"])


class StaffPage(CastCase):
    def test_it_lists_own_people_with_role_and_seat(self) -> None:
        Staff.objects.filter(user=self.analyst).update(disabled_at="2026-01-01T00:00Z")
        self.sign_in(self.owner)
        page = self.client.get(PAGE)
        self.assertContains(page, "4 people")
        self.assertContains(page, "Disabled", count=1)
        self.assertNotContains(page, "other-owner")


def test_every_capability_has_words_and_the_table_is_the_roles_own() -> None:
    assert set(WORDS) == ALL_CAPABILITIES
    for right in rights_table():
        assert right.roles == [right.capability in CAPABILITIES[role] for role in Role.values]
