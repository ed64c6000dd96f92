"""One admitted call, and how a method describes itself for the docs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.batches import Batches
from simulator.codes import Done, Refusal
from simulator.reading import json_object
from simulator.store import App, Store
from simulator.uploads import Upload

MAX_PAGE_SIZE = 10


@dataclass(slots=True)
class Call:
    """`app` is whose data the call means: the merchant's, also when a provider's app (`caller`) makes it."""

    store: Store
    batches: Batches
    app: App
    caller: App
    params: dict[str, str]
    files: dict[str, Upload] = field(default_factory=dict)
    biz_content: str | None = None
    host: str = ""

    def biz(self, missing: str, unreadable: str) -> dict[str, Any]:
        if not self.biz_content:
            raise Refusal(missing)
        biz = json_object(self.biz_content)
        if biz is None:
            raise Refusal(unreadable)
        return biz

    def biz_or_nothing(self) -> dict[str, Any]:
        """For methods that may be called without any business parameter."""
        return self.biz("", "isv.illegal-json") if self.biz_content else {}


@dataclass(frozen=True, slots=True)
class Method:
    """`takes` stands in biz_content, or beside it when `outside`; `refuses` are the method's own refusals.
    Fields are paths to the last depth, as "record.msg_content.keyword_list[].name".

    `of_provider`: a provider calls it for itself, no authorisation of a merchant is taken.
    `token_inside`: a provider may name the merchant by a token in biz_content, which the method looks at.
    `of_mini_program`: only an app that is one may call it. `judges_state`: it has own words for that
    and for an app that is offline.
    """

    work: Callable[[Call], Done]
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    refuses: tuple[str, ...]
    outside: bool = False
    of_provider: bool = False
    token_inside: bool = False
    of_mini_program: bool = False
    judges_state: bool = False


def inside(of: str, *names: str) -> tuple[str, ...]:
    """Paths of the fields of a field."""
    return tuple(f"{of}.{name}" for name in names)


def page_of(rows: list[Any], biz: dict[str, Any]) -> tuple[list[Any], int, int]:
    """(rows of the page, its number from 1, its size); a size over the limit is refused, as published."""
    try:
        number, size = int(biz.get("page_num") or 1), int(biz.get("page_size") or MAX_PAGE_SIZE)
    except (TypeError, ValueError, OverflowError):
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "page_num 与 page_size 需为数字") from None
    if number < 1 or not 1 <= size <= MAX_PAGE_SIZE:
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", f"page_num 从 1 起，page_size 为 1 到 {MAX_PAGE_SIZE}")
    return rows[(number - 1) * size : number * size], number, size
