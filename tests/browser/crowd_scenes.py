"""Crowd sends for the pages: a draft that could go, and one of which nobody knows whether it went out."""

from collections.abc import Callable

from messaging.models import CrowdSend
from tests import build_crowds
from tests.browser.scenes import Scenes

VALUES = ["免押升级", "打开小程序，在「我的权益」里领取", "本周日 24:00"]


def of_crowd(state: str, page: str = "") -> Callable[[Scenes], str]:
    """The address of a page of the one in this state; made once."""

    def find(scenes: Scenes) -> str:
        template = scenes.template
        rows = CrowdSend.objects.for_merchant(template.merchant)
        crowd = rows.filter(state=state).first() or build_crowds.crowd(
            template.mini_program, scenes.by, chosen=template, state=state, values=VALUES
        )
        return f"crowds/{crowd.pk}/{page}"

    return find
