"""A person's phone is led to the merchant's callback address once the form of a card was sent in: one GET."""

from urllib.parse import urlencode

import aiohttp

from simulator.card_templates import Application, Opening
from simulator.grants import CARD_SCOPE
from simulator.guard import may_call

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
MISMATCH = "ERR010"
NOT_ALLOWED = "this host is not allowed"


def callback_url(application: Application, opening: Opening) -> str:
    query = {
        "app_id": opening.app_id,
        "scope": CARD_SCOPE,
        "auth_code": opening.code,
        "request_id": opening.request_id,
        "template_id": opening.template_id,
        "out_string": application.out_string,
    }
    return f"{application.callback}?{urlencode(query)}"


async def called(url: str, allowed_hosts: frozenset[str]) -> str:
    """ "200", or another status, or what kept the phone from arriving there. No redirect is followed."""
    if not may_call(url, allowed_hosts):
        return NOT_ALLOWED
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            return str(answer.status)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return f"{type(error).__name__}"
