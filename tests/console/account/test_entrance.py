from tests import build
from tests.base import CastCase


class Entrance(CastCase):
    def test_it_leads_to_the_first_merchant_of_the_person(self) -> None:
        self.sign_in(self.other_owner)
        self.assertRedirects(self.client.get("/"), "/m/qingcha/")

    def test_a_person_without_a_seat_is_told_whom_to_ask(self) -> None:
        self.sign_in(build.user("lonely", language="en"))
        self.assertContains(self.client.get("/"), "Ask the owner of the merchant account")
