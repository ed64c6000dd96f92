"""One typed pair per API method: the request names its method, the response is read from the answer's node.

Field names are exactly the platform's. No policy and no retries live here.
"""

import json
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, model_validator


class Answered(BaseModel):
    """Anything read from an answer. Forgiving, because the platform mixes numbers, numbers as text and `""`,
    and adds fields without notice: unknown fields are ignored, null and empty text count as absent."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, coerce_numbers_to_str=True, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return {key: value for key, value in given.items() if value is not None and value != ""}
        return given


class Response(Answered):
    """The node of an accepted answer, without the public fields."""


R = TypeVar("R", bound=Response)


class Sent(BaseModel):
    """Anything written into a request. Validation errors never repeat the values: they may be personal."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Request(Sent, Generic[R]):
    """The `biz_content` of one call. `outside`: fields that stand beside it, excluded from it."""

    method: ClassVar[str]
    response_type: ClassVar[type[Response]]
    outside: ClassVar[tuple[str, ...]] = ()

    def beside(self) -> dict[str, str]:
        """Parameters of this call beside biz_content."""
        given = {name: getattr(self, name) for name in self.outside}
        return {name: value for name, value in given.items() if value}

    def biz_content(self) -> str:
        """Empty for a call that has parameters beside it only."""
        fields = self.model_dump(exclude_none=True)
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) if fields else ""

    def read_response(self, node: dict[str, Any]) -> R:
        """Raises pydantic.ValidationError if the node lacks what makes the answer usable."""
        return cast(R, self.response_type.model_validate(node))
