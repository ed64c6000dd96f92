"""One row of a file as an order with at most one status, or what is wrong with it, column by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _

from membership.customers import is_open_id
from orders.given import OrderGiven, StatusGiven
from orders.importing.cells import Unreadable, fen_of, fen_of_yuan, moment_of, number_of, quantity_of, text_of
from orders.importing.columns import CHINESE, ENGLISH, REQUIRED, Layout
from orders.scenes import SCENES, Scene

AMOUNTS = ("amount", "pay_amount", "discount")
SHOP = ("name", "address", "merchant_shop_id", "phone_num", "link_page")
PAGE_CHARACTERS, ITEM_CHARACTERS, IMAGE_CHARACTERS = 256, 256, 128


@dataclass(frozen=True)
class Read:
    """`given` is None where `wrong` says why: target → sentence. `open_id`: whoever the row names, or ""."""

    line: int
    number: str
    open_id: str
    given: OrderGiven | None
    wrong: Mapping[str, str] = field(default_factory=dict)
    code: str = ""  # a word for why it is wrong


class Reader:
    """Reads rows of one file. `chosen`: the scenes that the mini program returns orders in."""

    def __init__(self, layout: Layout, *, scene: str, chosen: Sequence[str], zone: ZoneInfo) -> None:
        self.layout, self.scene, self.chosen, self.zone = layout, scene, set(chosen), zone
        self.scene_codes = _codes({one.code: one.name for one in SCENES.values()})
        self.status_codes = {
            one.code: _codes({n.status: n.name for n in one.nodes}) for one in SCENES.values()
        }

    def read(self, line: int, cells: Sequence[str]) -> Read:
        row = _Row({})
        for target, cell in zip(self.layout.targets, cells, strict=False):
            if target and cell.strip():
                row.cells[target] = cell.strip()
        if any(cell.strip() for cell in cells[len(self.layout.targets) :]):
            row.wrong[""] = _(
                "The row has more cells than the header."
                " Put text that holds a separator into quotation marks."
            )
        for target in REQUIRED:
            if target not in row.cells:
                row.wrong[target] = _("It is empty; every row needs it.")
        scene = self._scene(row)
        given = self._order(row, scene) if scene else None
        open_id = row.cells.get("open_id", "")
        return Read(
            line,
            row.cells.get("out_biz_no", "")[:64],
            open_id if is_open_id(open_id) else "",
            None if row.wrong else given,
            row.wrong,
            row.code if row.wrong else "",
        )

    def _scene(self, row: _Row) -> Scene | None:
        written = row.cells.get("scene", self.scene)
        code = self.scene_codes.get(_folded(written), "")
        if not code:
            row.refuse("scene_unknown", "scene", _("There is no such scene. Give its code or its name."))
            return None
        if code not in self.chosen:
            row.refuse(
                "scene_not_chosen",
                "scene",
                _("This mini program returns no orders in this scene. Choose it under order scenes first."),
            )
            return None
        return SCENES[code]

    def _order(self, row: _Row, scene: Scene) -> OrderGiven | None:
        fields = {
            target.removeprefix("fields."): row.take(target, text_of) or ""
            for target in row.cells
            if target.startswith("fields.")
        }
        status = self._status(row, scene, fields)
        said: dict[str, Any] = {
            "out_biz_no": row.take("out_biz_no", number_of),
            "open_id": row.take("open_id", number_of),
            "page": row.take("page", lambda value: text_of(value, most=PAGE_CHARACTERS)),
            "order_created_at": row.take("order_created_at", self._moment),
            "paid_at": row.take("paid_at", self._moment),
            "trade_no": row.take("trade_no", number_of) or "",
            **{f"{name}_fen": row.fen(name) for name in AMOUNTS},
            "items": _items(row),
            "shop": _shop(row),
            "logistics": _parcels(row),
        }
        if row.wrong:
            return None
        return OrderGiven(scene=scene.code, fields={} if status else fields, status=status, **said)

    def _status(self, row: _Row, scene: Scene, fields: Mapping[str, str]) -> StatusGiven | None:
        """The fields of a row with a status are those of its status."""
        written = row.cells.get("status", "")
        at = row.take("order_modified_time", self._moment)
        if not written:
            if "order_modified_time" in row.cells:
                row.wrong["status"] = _("There is a time and no status. Give both or none.")
            return None
        if "order_modified_time" not in row.cells:
            row.wrong["order_modified_time"] = _("Give the time at which the order took this status.")
        if at is None:
            return None
        # one that the scene lacks is refused by the intake, which names those it has
        status = self.status_codes[scene.code].get(_folded(written), written)
        return StatusGiven(status[:64], at, fields)

    def _moment(self, value: str) -> datetime:
        return moment_of(value, self.zone)


@dataclass
class _Row:
    """Filled cells by what they are, and what is wrong with them."""

    cells: dict[str, str]
    wrong: dict[str, str] = field(default_factory=dict)
    code: str = "unreadable"

    def take(self, target: str, read: Callable[[str], Any]) -> Any:
        """None where the cell is empty, or wrong, which is then noted."""
        if target not in self.cells:
            return None
        try:
            return read(self.cells[target])
        except Unreadable as error:
            self.wrong[target] = str(error)
            return None

    def fen(self, name: str) -> int | None:
        """From the column in fen or the one in yuan; a file has one of them."""
        if f"{name}_yuan" in self.cells:
            found: int | None = self.take(f"{name}_yuan", fen_of_yuan)
        else:
            found = self.take(f"{name}_fen", fen_of)
        return found

    def refuse(self, code: str, target: str, sentence: str) -> None:
        self.code, self.wrong[target] = code, sentence

    def places(self, kind: str) -> list[str]:
        """`items.0`, `items.1` and so on, as far as the row fills them."""
        found = {target.rpartition(".")[0] for target in self.cells if target.startswith(f"{kind}.")}
        return sorted(found, key=lambda place: int(place.rpartition(".")[2]))


def _shop(row: _Row) -> dict[str, str] | None:
    given = {name: row.take(f"shop.{name}", text_of) or "" for name in SHOP if f"shop.{name}" in row.cells}
    return given or None


def _items(row: _Row) -> list[dict[str, Any]] | None:
    items = []
    for place in row.places("items"):
        name = row.take(f"{place}.name", lambda value: text_of(value, most=ITEM_CHARACTERS))
        if f"{place}.name" not in row.cells:
            row.wrong[f"{place}.name"] = _("An item needs its name.")
        quantity = row.take(f"{place}.quantity", quantity_of)
        image = row.take(f"{place}.image_material_id", lambda value: text_of(value, most=IMAGE_CHARACTERS))
        items.append(
            {
                "name": name,
                "quantity": 1 if quantity is None else quantity,
                "unit_price_fen": row.fen(f"{place}.unit_price"),
                "image_material_id": image or "",
            }
        )
    return items or None


def _parcels(row: _Row) -> list[dict[str, str]] | None:
    parcels = []
    for place in row.places("logistics"):
        if f"{place}.tracking_no" not in row.cells:
            row.wrong[f"{place}.tracking_no"] = _("A parcel needs its tracking number.")
        parts = ("tracking_no", "logistics_code", "phone_no")
        parcels.append({part: row.take(f"{place}.{part}", text_of) or "" for part in parts})
    return parcels or None


def _folded(text: str) -> str:
    return text.strip().casefold()


def _codes(names: Mapping[str, Any]) -> dict[str, str]:
    """Code or name in either language → code. A name that two share stands for neither."""
    named: dict[str, set[str]] = {}
    for language in (CHINESE, ENGLISH):
        with translation.override(language):
            for code, name in names.items():
                named.setdefault(_folded(str(name)), set()).add(code)
    found = {name: next(iter(codes)) for name, codes in named.items() if len(codes) == 1}
    return found | {_folded(code): code for code in names}
