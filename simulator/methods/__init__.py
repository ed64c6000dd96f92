"""The methods the platform offers, by name, and those of its contract that it does not offer yet."""

from simulator.methods import (
    batches,
    card_templates,
    cards,
    code_uses,
    delivery_plans,
    held_coupons,
    images,
    merchant_coupons,
    messages,
    orders,
    pay_coupons,
    templates,
    tokens,
    topics,
)
from simulator.methods.call import Method

METHODS: dict[str, Method] = {
    **messages.METHODS,
    **batches.METHODS,
    **templates.METHODS,
    **topics.METHODS,
    **tokens.METHODS,
    **images.METHODS,
    **orders.METHODS,
    **pay_coupons.METHODS,
    **merchant_coupons.METHODS,
    **code_uses.METHODS,
    **held_coupons.METHODS,
    **delivery_plans.METHODS,
    **card_templates.METHODS,
    **cards.METHODS,
}
