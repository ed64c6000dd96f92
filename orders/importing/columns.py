"""Which column of a file is what: the API's names, Chinese names, and the fields of the scenes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from membership import csv_files, workbooks
from membership.file_kinds import UTF_8, XLSX, kind_of
from membership.uploads import UploadRefused
from orders.given import MAX_ITEMS, MAX_PARCELS
from orders.scene_fields import FIELD_NAMES
from orders.scenes import SCENES, Scene

SAMPLE_ROWS = 20
SHOWN_CHARACTERS = 40
FIELD_CHARACTERS = 64  # of a name
CHINESE, ENGLISH = "zh-hans", "en"
REQUIRED = ("out_biz_no", "open_id", "page", "order_created_at")
# What the API calls it -> what spreadsheets call it; the first stands in our templates.
NAMES: Mapping[str, tuple[str, ...]] = {
    "out_biz_no": ("订单号", "商户订单号", "订单编号"),
    "open_id": ("买家open_id", "用户open_id", "支付宝open_id"),
    "scene": ("场景", "订单场景"),
    "page": ("订单详情页", "详情页", "详情页路径"),
    "order_created_at": ("下单时间", "订单创建时间"),
    "status": ("订单状态", "状态"),
    "order_modified_time": ("状态变更时间", "状态时间"),
    "paid_at": ("支付时间", "付款时间"),
    "amount_yuan": ("订单金额（元）",),
    "amount_fen": ("订单金额（分）",),
    "pay_amount_yuan": ("实付金额（元）", "支付金额（元）"),
    "pay_amount_fen": ("实付金额（分）", "支付金额（分）"),
    "discount_yuan": ("优惠金额（元）",),
    "discount_fen": ("优惠金额（分）",),
    "trade_no": ("支付宝交易号", "交易号"),
    "items.0.name": ("商品名称",),
    "items.0.quantity": ("商品数量",),
    "items.0.unit_price_yuan": ("商品单价（元）",),
    "items.0.unit_price_fen": ("商品单价（分）",),
    "items.0.image_material_id": ("商品图片素材ID",),
    "shop.name": ("门店名称",),
    "shop.address": ("门店地址",),
    "shop.merchant_shop_id": ("门店编号",),
    "shop.phone_num": ("门店电话",),
    "shop.link_page": ("门店页面",),
    "logistics.0.tracking_no": ("物流单号", "运单号"),
    "logistics.0.logistics_code": ("快递公司编码",),
    "logistics.0.phone_no": ("收件人手机尾号",),
}
# A hundred yuan must never be read as a hundred fen.
WITHOUT_UNIT = {"订单金额", "实付金额", "支付金额", "优惠金额", "金额", "商品单价", "单价"} | {
    *("amount", "payamount", "discount", "discountamount", "unitprice", "itemsunitprice")
}
MANY = re.compile(r"(items|logistics)\.(?:(\d{1,3})\.)?([a-z_]+)")
MOST_OF = {"items": MAX_ITEMS, "logistics": MAX_PARCELS}
IN_TEMPLATES = (
    *("out_biz_no", "open_id", "page", "order_created_at", "status", "order_modified_time", "paid_at"),
    *("pay_amount_yuan", "discount_yuan", "amount_yuan", "trade_no", "items.0.name", "items.0.quantity"),
)


class SceneMissing(UploadRefused):
    """Neither the file nor the person names a scene."""


@dataclass(frozen=True)
class Layout:
    """How one file is read. `targets`: what each column is, "" where nobody knows; `headers` as written."""

    kind: str
    encoding: str
    delimiter: str
    headers: list[str]
    targets: list[str]

    @property
    def unknown(self) -> list[str]:
        pairs = zip(self.headers, self.targets, strict=True)
        return [header for header, target in pairs if header and not target]

    def header_of(self, target: str) -> str:
        """As the file calls it; the API's name where the file lacks it."""
        known = dict(zip(self.targets, self.headers, strict=True))
        return known.get(target, target.removeprefix("fields."))

    def stored(self) -> dict[str, Any]:
        return asdict(self)


def stored_layout(value: Mapping[str, Any]) -> Layout:
    return Layout(**value)


def look_at(path: Path, *, has_scene: bool) -> Layout:
    """Reads the beginning. Raises UploadRefused for what holds no orders, each time with its own sentence.

    `has_scene`: somebody chose the scene of rows that name none.
    """
    kind = kind_of(path)
    if kind == XLSX:
        encoding, delimiter, rows = UTF_8, ",", workbooks.head_of(path, rows=SAMPLE_ROWS)
    else:
        encoding, delimiter, rows = csv_files.head_of(path, rows=SAMPLE_ROWS)
    filled = [row for row in rows if any(map(str.strip, row))]
    if max(map(len, rows)) > workbooks.MAX_COLUMNS:
        raise workbooks.too_many_columns(max(map(len, rows)))
    if not filled:
        raise UploadRefused(_("The file has only blank lines. Choose one with rows in it."))
    headers = [header.strip()[:200] for header in filled[0]]
    known = _known()
    targets = [_target(header, known) for header in headers]
    _refuse_twins(headers, targets)
    _refuse_missing(targets, has_scene=has_scene)
    if len(filled) == 1:
        raise UploadRefused(_("The file has a header and no rows. Add a row for each order."))
    return Layout(kind, encoding, delimiter, headers, targets)


def plain(name: str) -> str:
    """Without blanks, signs and brackets, so that 订单金额(元) and “订单金额（元）” are one."""
    return re.sub(r"[\s_\-()（）\[\]【】\ufeff]", "", name).lower()


def _known() -> dict[str, str]:
    """Every name a column may have → what it is. Names of the order win over names of the scenes' fields."""
    found: dict[str, str] = {}
    for key, name in FIELD_NAMES.items():
        for language in (CHINESE, ENGLISH):
            with translation.override(language):
                found.setdefault(plain(str(name)), f"fields.{key}")
    for scene in SCENES.values():
        found.update({plain(key): f"fields.{key}" for key in scene.field_names})
    for target, names in NAMES.items():
        found.update({plain(name): target for name in (target, *names)})
    return found


def _target(header: str, known: Mapping[str, str]) -> str:
    """Raises UploadRefused for an amount that does not say its unit."""
    name = plain(header)
    if name in known:
        return known[name]
    if name.replace(".", "") in WITHOUT_UNIT:
        raise UploadRefused(
            _("The column “%(name)s” does not say its unit. Call it so: %(yuan)s or %(fen)s.")
            % {"name": _shown(header), "yuan": f"{header}（元）", "fen": f"{header}（分）"}
        )
    if header.startswith("fields.") and 0 < len(header) - len("fields.") <= FIELD_CHARACTERS:
        return header
    several = MANY.fullmatch(header)
    if several:
        kind, place, part = several[1], int(several[2] or 0), several[3]
        if f"{kind}.0.{part}" in NAMES and place < MOST_OF[kind]:
            return f"{kind}.{place}.{part}"
    return ""


def _refuse_twins(headers: Sequence[str], targets: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for header, target in zip(headers, targets, strict=True):
        what = target.replace("_yuan", "_fen") or header.lower()
        if what and what in seen:
            raise UploadRefused(
                _("The columns “%(one)s” and “%(other)s” mean the same. Delete one, then upload again.")
                % {"one": _shown(seen[what]), "other": _shown(header)}
            )
        seen[what] = header


def _refuse_missing(targets: Sequence[str], *, has_scene: bool) -> None:
    missing = [target for target in REQUIRED if target not in targets]
    if missing:
        names = ", ".join(f"{NAMES[target][0]} ({target})" for target in missing)
        raise UploadRefused(
            _("The first row must name the columns, and these are missing: %(names)s.") % {"names": names}
        )
    if not has_scene and "scene" not in targets:
        raise SceneMissing(
            _("The file has no column for the scene. Choose the scene of its orders, then upload it again.")
        )
    if ("status" in targets) != ("order_modified_time" in targets):
        raise UploadRefused(
            _("A status needs the time it changed: the columns status and order_modified_time go together.")
        )


def _shown(header: str) -> str:
    return header[:SHOWN_CHARACTERS]


def rows_of(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Each row below the header with its line; rows without any value are none. Raises UploadRefused."""
    if layout.kind == XLSX:
        rows = workbooks.read(path, exact=True)
    else:
        rows = csv_files.read(path, encoding=layout.encoding, delimiter=layout.delimiter)
    filled = ((line, cells) for line, cells in rows if any(map(str.strip, cells)))
    next(filled, None)
    return filled


def template_of(scene: Scene) -> list[str]:
    """The header of a file for orders of this scene, in the language of now; each name is read back."""
    chinese = (translation.get_language() or "").lower().startswith("zh")
    known = _known()
    header = [NAMES[target][0] if chinese else target for target in IN_TEMPLATES]
    for key in scene.field_names:
        name = str(FIELD_NAMES.get(key, key)) if chinese else key
        header.append(name if known.get(plain(name)) == f"fields.{key}" else key)
    return header
