"""Choosing and leaving the scenes of a mini program's orders."""

import pytest

from merchants.models import Event
from orders import choosing
from orders.models import ChosenScene
from tests import build, build_orders

pytestmark = [pytest.mark.django_db, pytest.mark.real_scenes]


@pytest.fixture
def app():
    return build.mini_program(build.merchant())


def events_of(app) -> list[tuple[str, dict]]:
    kinds = ("scene.chosen", "scene.left")
    rows = Event.objects.filter(merchant=app.merchant, kind__in=kinds).order_by("id")
    return [(row.kind, row.detail) for row in rows]


def test_a_scene_is_chosen_once_however_often_it_is_pressed(app):
    person = build.user()
    assert choosing.choose(app, "online_rental", by=person)
    assert not choosing.choose(app, "online_rental", by=person)
    assert [scene.code for scene in choosing.chosen_scenes(app)] == ["online_rental"]
    assert events_of(app) == [("scene.chosen", {"scene": "online_rental"})]


def test_a_scene_there_is_not_cannot_be_chosen(app):
    with pytest.raises(KeyError):
        choosing.choose(app, "space_travel", by=build.user())
    assert not ChosenScene.objects.exists()


def test_a_scene_without_orders_is_left_once(app):
    person = build.user()
    choosing.choose(app, "hotel", by=person)
    assert choosing.leave(app, "hotel", by=person)
    assert not choosing.leave(app, "hotel", by=person)
    assert choosing.chosen_scenes(app) == []
    assert [kind for kind, _detail in events_of(app)] == ["scene.chosen", "scene.left"]


def test_a_scene_with_orders_stays(app):
    person = build.user()
    choosing.choose(app, "online_rental", by=person)
    build_orders.order(app)
    with pytest.raises(choosing.SceneHasOrders):
        choosing.leave(app, "online_rental", by=person)
    assert [scene.code for scene in choosing.chosen_scenes(app)] == ["online_rental"]
    assert [kind for kind, _detail in events_of(app)] == ["scene.chosen"]
