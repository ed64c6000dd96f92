"""What a finger does with cards on the phone: send in the form, throw a card away."""

from urllib.parse import quote

from aiohttp import web

from simulator.callbacks import MISMATCH
from simulator.card_control import CardControl
from simulator.control import BadRequest
from simulator.markup import SECURITY_HEADERS
from simulator.phone_cards import answers_in
from simulator.phone_lookup import Lookup, url_of

# What the page says of the callback, by what became of it.
TAKEN, ELSEWHERE, NOT_REACHED = "taken", "elsewhere", "not_reached"
CALLED = {
    TAKEN: "已提交，商家收到了领卡请求",
    ELSEWHERE: f"{MISMATCH}：回调地址与授权回调地址不一致",
    NOT_REACHED: "已提交，但商家的回调地址没有答复",
}


class CardTaps:
    def __init__(self, cards: CardControl, lookup: Lookup) -> None:
        self._cards, self._lookup = cards, lookup

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sim/phone/{open_id}/card", self.remove),
            web.post("/sim/phone/{open_id}/apply/{apply_id}", self.send_in),
        ]

    async def remove(self, http: web.Request) -> web.StreamResponse:
        app, open_id = self._lookup.whose(http)
        try:
            self._cards.remove(app, open_id, (await http.post()).get("card_no"))
        except BadRequest as error:
            raise _bad(error) from None
        raise web.HTTPSeeOther(url_of(app, open_id, tail="coupons"))

    async def send_in(self, http: web.Request) -> web.StreamResponse:
        app, open_id = self._lookup.whose(http)
        application = self._lookup.application(http, app)
        form = {key: value for key, value in (await http.post()).items() if isinstance(value, str)}
        try:
            told = await self._cards.send_in(app, open_id, application, answers_in(form))
        except BadRequest as error:
            raise _bad(error) from None
        became = TAKEN if told["called"] == "200" else NOT_REACHED
        became = ELSEWHERE if told["called"] == MISMATCH else became
        tail = f"apply/{application.apply_id}"
        raise web.HTTPSeeOther(f"{url_of(app, open_id, tail=tail)}&called={quote(became)}")


def _bad(error: Exception) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=str(error), headers=SECURITY_HEADERS)
