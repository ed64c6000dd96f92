import pytest

from tests import small_scenes


@pytest.fixture(autouse=True)
def scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    small_scenes.put(monkeypatch)
