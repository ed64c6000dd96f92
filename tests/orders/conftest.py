import pytest

from orders.scenes import SCENES
from tests.rental_scene import RENTAL


@pytest.fixture(autouse=True)
def rental(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCENES, "online_rental", RENTAL)  # type: ignore[arg-type]
