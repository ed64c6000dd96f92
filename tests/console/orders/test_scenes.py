"""The pages of order scenes: what is offered, chosen and left, and what each status does."""

import pytest
from django.urls import reverse

from orders.choosing import choose, chosen_scenes
from tests import build_orders
from tests.base import CastCase

pytestmark = pytest.mark.real_scenes
LIST = reverse("order_scenes", args=["yunduo"])
RENTAL, CHOOSE, LEAVE = (
    reverse(name, args=["yunduo", "online_rental"])
    for name in ("order_scene", "order_scene_choose", "order_scene_leave")
)


class ScenePages(CastCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in(self.owner)

    def test_a_scene_is_chosen_and_left(self) -> None:
        self.assertRedirects(self.client.post(CHOOSE), RENTAL, status_code=303)
        self.assertEqual([scene.code for scene in chosen_scenes(self.mini_program)], ["online_rental"])
        self.assertContains(self.client.get(RENTAL), LEAVE)
        self.assertRedirects(self.client.post(LEAVE), RENTAL, status_code=303)
        self.assertEqual(chosen_scenes(self.mini_program), [])
        self.assertContains(self.client.get(RENTAL), CHOOSE)

    def test_a_scene_with_orders_stays_and_the_page_says_why(self) -> None:
        choose(self.mini_program, "online_rental", by=self.owner)
        build_orders.order(self.mini_program)
        answer = self.client.post(LEAVE)
        self.assertContains(answer, 'role="alert"', status_code=422)
        self.assertEqual([scene.code for scene in chosen_scenes(self.mini_program)], ["online_rental"])

    def test_the_scenes_of_the_industry_stand_first(self) -> None:
        self.mini_program.industry = "tea"
        self.mini_program.save(update_fields=["industry"])
        rows = self.client.get(LIST).context["rows"]
        self.assertEqual(len(rows), 11)
        first = {row.scene.code for row in rows if row.is_recommended}
        self.assertEqual({row.scene.code for row in rows[: len(first)]}, first)
        self.assertIn("takeaway", first)

    def test_a_type_code_that_nobody_published_says_so_though_its_statuses_are_official(self) -> None:
        recycling = self.client.get(reverse("order_scene", args=["yunduo", "recycling"]))
        self.assertContains(recycling, "type code: simulated, check before use")
        self.assertContains(recycling, "The platform publishes this table")
        self.assertNotContains(self.client.get(RENTAL), "type code: simulated")

    def test_a_notifying_status_is_previewed_with_sample_values(self) -> None:
        page = self.client.get(RENTAL, {"node": "IN_DELIVERY"})
        self.assertEqual(page.context["shown"].status, "IN_DELIVERY")
        self.assertContains(page, "SF1234567890")

    def test_a_status_that_sends_nothing_has_no_preview_of_its_own(self) -> None:
        page = self.client.get(RENTAL, {"node": "APPLYING"})
        self.assertEqual(page.context["shown"].status, "APPROVAL")

    def test_a_scene_without_messages_shows_none(self) -> None:
        page = self.client.get(reverse("order_scene", args=["yunduo", "qr_food_order"]))
        self.assertNotIn("message", page.context)

    def test_a_scene_there_is_not_is_not_found(self) -> None:
        self.assertEqual(self.client.get(RENTAL.replace("online_rental", "space")).status_code, 404)
