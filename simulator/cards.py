"""Member cards in people's hands: opened, changed, reminded of, ended; and what people and merchants hear.

All is decided on the event loop without a pause in between: of two that open the same card one is refused.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from simulator import card_codes
from simulator.card_templates import CardTemplate
from simulator.card_terms import CANCEL, short_amount
from simulator.clock import beijing_day
from simulator.codes import Refusal
from simulator.coupon_terms import read_time, time_text
from simulator.notices import CARD_DELETED, CARD_OPENED
from simulator.store import App

if TYPE_CHECKING:
    from simulator.store import Store

Facts = dict[str, Any]
PREFIX = "card/"
OPENED, POINTS, REMINDER = (PREFIX + what for what in ("opened", "points", "reminder"))
OPEN, EXPIRED, ENDED = STATES = ("open", "expired", "ended")


@dataclass(slots=True)
class Card:
    """`info` as the merchant wrote it; `number` counts the cards of this platform, `series` is the run of
    numbers that its card number is of. `changed`: the merchant's time of the newest change, and `said` what
    was asked for at that very second, so that a repetition is known. `ended`: the reason, or nothing."""

    card_no: str
    app_id: str
    template_id: str
    open_id: str
    number: int
    series: str
    opened_at: float
    info: Facts
    out_serial_no: str = ""
    channel: str = ""
    channel_id: str = ""
    member: Facts = field(default_factory=dict)
    paid: Facts = field(default_factory=dict)
    changed: str = ""
    said: list[str] = field(default_factory=list)
    ended: str = ""
    ended_at: float = 0.0
    passed_on: Facts = field(default_factory=dict)

    @property
    def external_no(self) -> str:
        return str(self.info["external_card_no"])

    def state(self, now: float) -> str:
        if self.ended:
            return ENDED
        ends_at = read_time(self.info.get("valid_date"))
        return EXPIRED if ends_at is not None and now > ends_at else OPEN

    def note(self, moment: str, words: str) -> None:
        self.said = [*self.said, words] if moment == self.changed else [words]
        self.changed = moment

    @property
    def row(self) -> tuple[str, str, str]:
        return self.app_id, self.card_no, json.dumps(asdict(self), ensure_ascii=False)


class Cards:
    def __init__(self, store: "Store") -> None:
        self._store = store
        self._cards: dict[tuple[str, str], Card] = {}
        self._by_number: dict[int, Card] = {}
        self._of_person: dict[tuple[str, str], list[Card]] = {}
        self._of_external: dict[tuple[str, str], list[Card]] = {}
        self._issued: dict[tuple[str, str], int] = {}
        kept = [Card(**json.loads(one)) for (one,) in store.disk.read_at_start("SELECT record FROM cards")]
        for card in sorted(kept, key=lambda one: one.number):
            self._take_in(card)

    # --- finding -----------------------------------------------------------------------------------

    def get(self, app_id: str, card_no: str) -> Card | None:
        return self._cards.get((app_id, card_no))

    def all_of(self, app_id: str) -> list[Card]:
        """In the order in which they were opened."""
        return [card for (whose, _), card in self._cards.items() if whose == app_id]

    def held_by(self, app_id: str, open_id: str) -> list[Card]:
        """Also those that ended."""
        return self._of_person.get((app_id, open_id), [])

    def live(self, app_id: str, open_id: str, template_id: str) -> Card | None:
        """The one card of this template that a person may hold."""
        held = self.held_by(app_id, open_id)
        return next((one for one in held if one.template_id == template_id and not one.ended), None)

    def by_external(self, app_id: str, external_no: str) -> list[Card]:
        return self._of_external.get((app_id, external_no), [])

    def by_code(self, app_id: str, kind: str, code: str) -> Card | None:
        """The card whose dynamic code of this kind is shown now."""
        card = self._by_number.get(card_codes.number_in(code))
        if card is None or card.app_id != app_id or card.ended:
            return None
        return card if code in card_codes.valid(self._store, card, kind) else None

    # --- opening -----------------------------------------------------------------------------------

    def open(self, app: App, template: CardTemplate, open_id: str, card: Facts) -> Card:
        """Checked by the caller but for its number. `card`: info, out_serial_no, channel, member, paid …"""
        self.check_number(app.app_id, template, card["info"]["external_card_no"], open_id)
        series = "|".join(map(str, template.series))
        count = self._issued.get((app.app_id, series), 0) + 1
        made = Card(
            self._number(template, open_id, count), app.app_id, template.template_id, open_id,
            len(self._by_number) + 1, series, self._store.clock.now(), **card,
        )  # fmt: skip
        self._take_in(made)
        self.save(made)
        self._store.note(app, open_id, "card_open", template.name)
        self._tell(made, CARD_OPENED)
        self._message(made, OPENED, {"会员卡": template.name, "卡号": made.external_no})
        return made

    def check_number(self, app_id: str, template: CardTemplate, external_no: str, open_id: str) -> None:
        """SIM: one live card of a template for each number, and none of a number that was cancelled."""
        for other in self.by_external(app_id, external_no):
            if other.template_id != template.template_id:
                continue
            if other.ended == CANCEL:
                raise Refusal("INVALID_PARAMETER", "该 external_card_no 的卡已销户，不能再绑定")
            if not other.ended and other.open_id != open_id:
                raise Refusal("INVALID_PARAMETER", "该 external_card_no 已被其他用户使用")

    def _number(self, template: CardTemplate, open_id: str, count: int) -> str:
        """Prefix, two digits that follow from the person, and the place in the run."""
        prefix, length = template.series
        drawn = int(self._store.derived("card", open_id)[:4], 16) % 100
        place = f"{count:0{length - 2}d}"
        if len(place) > length - 2:
            raise Refusal("INVALID_PARAMETER", "该前缀与后缀长度的卡号已用完")
        return f"{prefix}{drawn:02d}{place}"

    # --- its life ----------------------------------------------------------------------------------

    def change(self, card: Card, info: Facts, *, paid: Facts | None = None, template_id: str = "") -> None:
        """Of facts that were checked; what is not named stays."""
        before = card.external_no
        card.info, card.paid = {**card.info, **info}, paid or card.paid
        card.template_id = template_id or card.template_id
        if card.external_no != before:
            self._of_external[card.app_id, before].remove(card)
            self._of_external.setdefault((card.app_id, card.external_no), []).append(card)
        self.save(card)

    def tell_points(self, card: Card, changed: str) -> None:
        """资产变动: only where the card shows points and has some."""
        template = self._template(card)
        if template.shows_points and "point" in card.info:
            sign = "" if changed.startswith(("+", "-")) else "+"
            self._message(
                card,
                POINTS,
                {
                    "变动积分": sign + short_amount(changed),
                    "现有积分": short_amount(card.info["point"]),
                    "会员卡": template.name,
                },
            )

    def remind(self, card: Card, points: str, until: str) -> None:
        pairs = {"即将过期": short_amount(points), "过期时间": until, "会员卡": self._template(card).name}
        self._message(card, REMINDER, pairs)

    def end(self, card: Card, reason: str, *, serial: str = "", passed_on: Facts | None = None) -> None:
        card.ended, card.ended_at, card.passed_on = reason, self._store.clock.now(), passed_on or {}
        self.save(card)
        app = self._store.apps[card.app_id]
        self._store.note(app, card.open_id, "card_end", self._template(card).name)
        self._tell(card, CARD_DELETED, reason_code=reason, out_serial_no=serial)

    # --- inside ------------------------------------------------------------------------------------

    def _template(self, card: Card) -> CardTemplate:
        return self._store.card_templates.templates[card.template_id]

    def _take_in(self, card: Card) -> None:
        self._cards[card.app_id, card.card_no] = card
        self._by_number[card.number] = card
        self._of_person.setdefault((card.app_id, card.open_id), []).append(card)
        self._of_external.setdefault((card.app_id, card.external_no), []).append(card)
        self._issued[card.app_id, card.series] = self._issued.get((card.app_id, card.series), 0) + 1

    def save(self, card: Card) -> None:
        self._store.disk.put("cards", card.row[:2], card.row)

    def _tell(self, card: Card, kind: str, **more: str) -> None:
        """The app that made the template, at the address it gave for it. SIM: the names of the fields."""
        template, app = self._template(card), self._store.apps[card.app_id]
        content = {
            "template_id": card.template_id,
            "biz_card_no": card.card_no,
            "external_card_no": card.external_no,
            "open_id": card.open_id,
            "user_id": app.user_id_of(card.open_id) or "",
            "out_serial_no": card.out_serial_no,
            "open_card_channel": card.channel,
            "event_time": time_text(self._store.clock.now()),
            **more,
        }
        told = {name: value for name, value in content.items() if value}
        self._store.notices.post(
            self._store.apps[template.maker_id], kind, told,
            url=template.notify_url, auth_app_id=card.app_id, only_there=True,
        )  # fmt: skip

    def _message(self, card: Card, kind: str, pairs: dict[str, str]) -> None:
        """Into the inbox, beside the others; it spends nothing and counts for no fatigue."""
        app = self._store.apps[card.app_id]
        if app.people[card.open_id].rejects:
            return
        message_id, now = self._store.next_id("messages"), self._store.clock.now()
        data = json.dumps({name: {"value": value} for name, value in pairs.items()}, ensure_ascii=False)
        row = (message_id, card.app_id, card.open_id, kind, data, "", now, beijing_day(now), 0)
        self._store.disk.put("messages", message_id, row)
