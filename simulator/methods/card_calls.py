"""What the methods of cards have in common: whose template, which card, and calls made twice."""

from collections.abc import Callable
from typing import Any

from simulator.card_reading import INVALID, wrong
from simulator.card_templates import CardTemplate
from simulator.codes import Done, Refusal
from simulator.methods.call import Call

NAMES = "alipay.marketing.card."
SYSTEM = "SYSTEM_ERROR"
GENERAL = (SYSTEM, INVALID)
NO_TEMPLATE, NULL = "TEMPLATE_NOT_EXIT", "ILLEGAL_NULL_ARGUMENT"
DONE, OLDER, REPEATED = "done", "older", "repeated"
MAX_NUMBER_CHARS = 64
Biz = dict[str, Any]


def begun(call: Call) -> Biz:
    return call.biz(INVALID, INVALID)


def text_of(biz: Biz, name: str, *, missing: str = INVALID, most: int = MAX_NUMBER_CHARS) -> str:
    """What stands there, which is needed; `missing`: the sub_code where nothing does."""
    value = biz.get(name)
    if value in (None, ""):
        raise Refusal(missing, f"{name} 不能为空")
    if not isinstance(value, str) or len(value) > most:
        raise wrong(f"{name} 需为不超过 {most} 个字符的字符串")
    return value


def template_of(call: Call, template_id: Any, *, unknown: str = NO_TEMPLATE) -> CardTemplate:
    """The merchant's own."""
    template = call.store.card_templates.get(call.app.app_id, template_id)
    if template is None:
        raise Refusal(unknown)
    return template


def once(call: Call, number: str, words: Biz, work: Callable[[], Done]) -> Done:
    """Do it, or answer what was answered to the same call before; a number of another call is refused. What
    is refused is not remembered."""
    key = (call.app.app_id, call.params["method"], number)
    before = call.store.repeats.answered(key, words, INVALID)
    if before is not None:
        return Done(before, card_effect=REPEATED)
    done = work()
    call.store.repeats.keep(key, words, done.fields)
    return done
