"""What is kept beside people and templates: few, small things, each a dataclass written as JSON."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from simulator.disk import Disk

T = TypeVar("T")


class Records:
    """Rows of (kind, key, record). Read once, at the start; then memory leads and disk follows."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._at_start: dict[str, dict[str, Any]] = {}
        for kind, key, record in disk.read_at_start(
            "SELECT kind, key, record FROM records WHERE record IS NOT NULL"
        ):
            self._at_start.setdefault(kind, {})[key] = json.loads(record)

    def take(self, kind: str, make: Callable[..., T]) -> dict[str, T]:
        """What an earlier process left of this kind."""
        return {key: make(**record) for key, record in self._at_start.pop(kind, {}).items()}

    def put(self, kind: str, key: str, record: Any) -> None:
        text = json.dumps(asdict(record), ensure_ascii=False)
        self._disk.put("records", (kind, key), (kind, key, text))

    def drop(self, kind: str, key: str) -> None:
        self._disk.put("records", (kind, key), (kind, key, None))
