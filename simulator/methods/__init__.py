"""The methods the platform offers, by name, and those of its contract that it does not offer yet."""

from simulator.methods import batches, images, messages, orders, templates, tokens, topics
from simulator.methods.call import Method

METHODS: dict[str, Method] = {
    **messages.METHODS,
    **batches.METHODS,
    **templates.METHODS,
    **topics.METHODS,
    **tokens.METHODS,
    **images.METHODS,
    **orders.METHODS,
}
