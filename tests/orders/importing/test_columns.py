"""Which column of a file is what, and which files are turned away at the door."""

import pytest
from django.utils import translation

from membership.uploads import UploadRefused
from orders.importing.columns import NAMES, SceneMissing, look_at, template_of
from orders.scenes import SCENES
from tests.orders.importing.base import HEADER, as_csv, as_xlsx, row


def targets(path, header: list[str], cells: list[str] | None = None) -> dict[str, str]:
    file = path / "orders.csv"
    file.write_bytes(as_csv([cells or ["x"] * len(header)], header))
    layout = look_at(file, has_scene=True)
    return dict(zip(layout.headers, layout.targets, strict=True))


def refusal(path, content: bytes, *, has_scene: bool = True) -> str:
    file = path / "orders.csv"
    file.write_bytes(content)
    with pytest.raises(UploadRefused) as refused:
        look_at(file, has_scene=has_scene)
    return str(refused.value)


def test_each_name_of_the_api_and_each_chinese_one_is_known(tmp_path) -> None:
    required = list(HEADER[:4])
    for target, names in NAMES.items():
        for name in (target, *names):
            header = [name, *(one for one in required if one != target)]
            if target in {"status", "order_modified_time"}:
                header.append({"status": "order_modified_time", "order_modified_time": "status"}[target])
            assert targets(tmp_path, header)[name] == target


def test_names_differ_in_blanks_brackets_and_case_only(tmp_path) -> None:
    header = [
        "订单号 ",
        "OPEN_ID",
        "订单详情页",
        "下单时间",
        "订单金额(元)",
        "Total_Rent",
        "fields.rent item",
    ]
    found = targets(tmp_path, header)
    assert list(found.values()) == [
        *("out_biz_no", "open_id", "page", "order_created_at", "amount_yuan"),
        *("fields.total_rent", "fields.rent item"),
    ]


def test_several_items_have_their_place_in_the_name(tmp_path) -> None:
    names = ["items.name", "items.1.name", "items.1.quantity", "logistics.19.tracking_no"]
    found = targets(tmp_path, [*HEADER[:4], *names, "items.100.name", "items.1.colour"])
    assert [found[name] for name in names] == [
        *("items.0.name", "items.1.name", "items.1.quantity", "logistics.19.tracking_no")
    ]
    assert (found["items.100.name"], found["items.1.colour"]) == ("", "")


def test_an_amount_without_its_unit_is_never_guessed(tmp_path) -> None:
    for name in ("订单金额", "amount", "Pay_Amount", "单价"):
        content = as_csv([["x"] * 5], [*HEADER[:4], name])
        assert "does not say its unit" in refusal(tmp_path, content)


def test_two_columns_of_one_meaning_are_refused_also_in_two_units(tmp_path) -> None:
    for one, other in (("page", "详情页"), ("amount_fen", "amount_yuan"), ("备注", "备注")):
        header = [*(name for name in HEADER[:4] if name != one), one, other]
        assert "mean the same" in refusal(tmp_path, as_csv([["x"] * len(header)], header))


def test_what_every_row_needs_and_the_scene_are_asked_for(tmp_path) -> None:
    assert "page" in refusal(tmp_path, as_csv([["R1", "b"]], ("out_biz_no", "open_id")))
    file = tmp_path / "orders.csv"
    file.write_bytes(as_csv([row()]))
    with pytest.raises(SceneMissing):
        look_at(file, has_scene=False)
    assert "go together" in refusal(tmp_path, as_csv([["x"] * 5], [*HEADER[:4], "status"]))


def test_nothing_in_it_is_told_for_each_kind_of_nothing(tmp_path) -> None:
    assert "The file is empty" in refusal(tmp_path, b"")
    assert "only blank lines" in refusal(tmp_path, b"\n \n")
    assert "only blank lines" in refusal(tmp_path, b",,,\n,,\n")
    assert "a header and no rows" in refusal(tmp_path, as_csv([]))
    assert "a header and no rows" in refusal(tmp_path, as_xlsx([]))


@pytest.mark.real_scenes
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("code", list(SCENES))
def test_the_template_of_every_scene_is_read_back_whole(tmp_path, code: str, language: str) -> None:
    with translation.override(language):
        header = template_of(SCENES[code])
    found = targets(tmp_path, header)
    assert "" not in found.values()
    assert len(set(found.values())) == len(header)
    assert {f"fields.{name}" for name in SCENES[code].field_names} <= set(found.values())
