from collections.abc import Iterator

import pytest

from orders.scenes import SCENES
from tests import small_scenes
from tests.rental_scene import RENTAL


@pytest.fixture(autouse=True)
def scenes(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("real_scenes"):
        yield
        return
    with small_scenes.instead():
        yield


@pytest.fixture
def rental(scenes: None) -> None:
    SCENES["online_rental"] = RENTAL  # type: ignore[index]  # `scenes` puts all of them back
