"""A merchant who runs member cards, and the people who open them, in the fewest words."""

from dataclasses import dataclass
from typing import Any

from tests.simulator import card_asks as asks
from tests.simulator.merchant import Merchant
from tests.simulator.test_uploads import in_parts, part
from tests.simulator_process import SimulatorProcess


@dataclass(frozen=True)
class Asked:
    """Somebody sent in the form; the merchant has a token for what follows."""

    open_id: str
    template_id: str
    request_id: str
    token: str


class Desk:
    def __init__(self, merchant: Merchant) -> None:
        self.merchant, self.simulator = merchant, merchant.simulator
        self._seed = 6_000_000

    @property
    def now(self) -> str:
        return self.simulator.get("/sim/clock")["now"]

    def person(self) -> str:
        self._seed += 1
        return self.merchant.people(1, seed=self._seed)[0]

    def say(self, method: str, biz: dict[str, Any], **params: str) -> dict[str, Any]:
        """The answer to a call that is right."""
        node = self.merchant.call(method, biz, **params).node
        assert node["code"] == "10000", node
        return node

    def refused(self, method: str, biz: dict[str, Any], **params: str) -> tuple[str, str]:
        node = self.merchant.call(method, biz, **params).node
        assert node["code"] != "10000", node
        return node["sub_code"], node["sub_msg"]

    # --- the card before anybody holds it ------------------------------------------------------------

    def template(self, *required: str, notify_url: str = "", **wish: Any) -> str:
        """One that can be opened."""
        params = {"notify_url": notify_url} if notify_url else {}
        template_id = self.say(asks.CREATE, asks.template(**wish), **params)["template_id"]
        if "template_form_config" not in wish:
            self.say(asks.FORM, asks.form(template_id, *required))
        return str(template_id)

    def told(self, template_id: str) -> dict[str, Any]:
        return self.say(asks.QUERY_TEMPLATE, {"template_id": template_id})

    def upload(self, width: int, height: int, *, padding: int = 0) -> str:
        content = asks.picture(width, height, padding=padding)
        params = self.merchant.params(asks.UPLOAD, image_type="png", image_name="标志")
        return str(
            in_parts(self.merchant, params, part("image_content", content, filename="a.png")).node["image_id"]
        )

    def address(self, template_id: str, callback: str = asks.CALLBACK, **more: Any) -> str:
        biz = {"template_id": template_id, "callback": callback, **more}
        return str(self.say(asks.APPLY, biz)["apply_card_url"])

    # --- opening --------------------------------------------------------------------------------------

    def ask(self, template_id: str, open_id: str = "") -> Asked:
        """A person sends in the form with what the platform knows of them."""
        open_id = open_id or self.person()
        body = {"app_id": self.merchant.app_id, "template_id": template_id, "open_ids": [open_id]}
        [opening] = self.simulator.post("/sim/card-openings", body)["openings"]
        token = self.token(opening["auth_code"])
        return Asked(open_id, template_id, opening["request_id"], token)

    def token(self, code: str) -> str:
        node = self.merchant.call(asks.USER_TOKEN, grant_type="authorization_code", code=code).node
        return str(node["access_token"])

    def wish(self, asked: Asked, *, info: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A card.open for whoever asked."""
        user = {"user_uni_id": asked.open_id, "user_uni_id_type": "open_id"}
        facts = {"external_card_no": asks.number(), "point": "100", "balance": "0.00", "level": "1"}
        return {
            "out_serial_no": asks.number(),
            "card_template_id": asked.template_id,
            "card_user_info": user,
            "card_ext_info": {**facts, **(info or {})},
            **more,
        }

    def opened(self, template_id: str = "", open_id: str = "", **more: Any) -> dict[str, Any]:
        """card_info of a new card, for a new person and template where none is named."""
        asked = self.ask(template_id or self.template(), open_id)
        return dict(self.say(asks.OPEN, self.wish(asked, **more), auth_token=asked.token)["card_info"])

    def card(self, template_id: str = "", open_id: str = "", **more: Any) -> str:
        return str(self.opened(template_id, open_id, **more)["biz_card_no"])

    # --- its life -------------------------------------------------------------------------------------

    def update(self, card_no: str, at: str, *, points: str = "", **info: Any) -> dict[str, Any]:
        """What card.update says; `points`: by how many they changed."""
        message = {"merchant_card_msg_info": {"changed_point": points}} if points else {}
        return asks.about(card_no, occur_time=at, card_info=info, **message)

    def info(self, card_no: str) -> dict[str, Any]:
        return dict(self.say(asks.QUERY, asks.about(card_no))["card_info"])

    def end(self, card_no: str, reason: str = "USER_UNBUND", **more: Any) -> dict[str, Any]:
        biz = asks.about(card_no, out_serial_no=asks.number(), reason_code=reason, **more)
        return self.say(asks.DELETE, biz)

    # --- the simulator's own view ---------------------------------------------------------------------

    def act(self, open_id: str, action: str, **more: Any) -> dict[str, Any]:
        body = {"app_id": self.merchant.app_id, "open_id": open_id, "action": action, **more}
        return self.simulator.post("/sim/cards", body)

    def cards(self, **query: str) -> list[dict[str, Any]]:
        words = "&".join(f"{name}={value}" for name, value in query.items())
        return self.simulator.get(f"/sim/cards?app_id={self.merchant.app_id}&{words}")["cards"]

    def effects(self, card_no: str) -> list[str | None]:
        """Of each call about this card, as the log has it."""
        path = f"/sim/log?app_id={self.merchant.app_id}&card_no={card_no}"
        return [entry["card_effect"] for entry in self.simulator.get(path)["entries"]]

    def settle(self) -> list[dict[str, Any]]:
        """Everything that is due was pushed; the notices of this app."""
        path = f"/sim/notices?app_id={self.merchant.app_id}&settled=1"
        return self.simulator.get(path)["notices"]

    def later(self, days: float) -> None:
        self.simulator.post("/sim/clock", {"advance_seconds": days * 86_400})


def opened(simulator: SimulatorProcess, **settings: Any) -> Desk:
    return Desk(Merchant.create(simulator, industry="tea", review_seconds=0, **settings))
