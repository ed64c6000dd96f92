"""Calls that bear a number of their own: asked again with the same words they answer the same."""

import hashlib
import json
from typing import Any

from simulator.codes import Refusal
from simulator.disk import Disk

DIFFERENT = "out_biz_no 已被使用，且请求参数与首次请求不一致"


class Repeats:
    """One line for each app, method and number, kept over a restart."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        rows = disk.read_at_start("SELECT app_id, method, number, words, fields FROM answered")
        self._answered: dict[tuple[str, str, str], tuple[str, str]] = {
            (app_id, method, number): (words, fields) for app_id, method, number, words, fields in rows
        }

    def answered(
        self, key: tuple[str, str, str], biz: dict[str, Any], sub_code: str
    ) -> dict[str, Any] | None:
        """What was answered to this call before, None for a new one. Raises Refusal of `sub_code` for a
        number that belongs to another call."""
        held = self._answered.get(key)
        if held is None:
            return None
        if held[0] != words_of(biz):
            raise Refusal(sub_code, DIFFERENT)
        fields: dict[str, Any] = json.loads(held[1])
        return fields

    def keep(self, key: tuple[str, str, str], biz: dict[str, Any], fields: dict[str, Any]) -> None:
        kept = (words_of(biz), json.dumps(fields, ensure_ascii=False))
        self._answered[key] = kept
        self._disk.put("answered", key, (*key, *kept))


def words_of(biz: dict[str, Any]) -> str:
    text = json.dumps(biz, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
