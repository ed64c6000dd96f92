"""Scenes of the library that are recommended to an industry, best known first.

The names are the platform's, so they stand in its language and are never translated.
"""

from __future__ import annotations

from collections.abc import Mapping

RENTAL = (
    "订单完成奖励领取通知",
    "奖品上新通知",
    "礼物领取提醒",
    "权益领取提醒",
    "权益使用提醒",
    "活动即将开始通知",
    "每日签到提醒",
    "抽奖活动通知",
)
SCENES: Mapping[str, tuple[str, ...]] = {"rental": RENTAL}


def recommended_to(industry: str) -> tuple[str, ...]:
    """Names of library templates; empty for an industry nobody recommended anything to."""
    return SCENES.get(industry, ())
