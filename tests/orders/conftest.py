import pytest

from orders.scenes import SCENES
from tests import small_scenes
from tests.rental_scene import RENTAL


@pytest.fixture(autouse=True)
def scenes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.node.get_closest_marker("real_scenes"):
        small_scenes.put(monkeypatch)


@pytest.fixture
def rental(scenes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCENES, "online_rental", RENTAL)  # type: ignore[arg-type]
