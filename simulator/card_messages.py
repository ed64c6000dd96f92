"""How a card's messages are called on the phone, and which of them push."""

from simulator.cards import OPENED, POINTS, PREFIX, REMINDER

TITLES = {OPENED: "会员卡开通", POINTS: "会员资产变动", REMINDER: "积分到期提醒"}


def title_of(template_id: str) -> str | None:
    """None for a message that is not of a card."""
    return TITLES.get(template_id) if template_id.startswith(PREFIX) else None
