"""A row as an order: what goes into a file comes out of it, and what cannot be read is named."""

import csv
import io
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import wire
from orders.given import OrderGiven, StatusGiven
from orders.importing.cells import Unreadable, moment_of
from orders.importing.columns import Layout, look_at, rows_of
from orders.importing.rows import Read, Reader
from orders.importing.tally import Tally
from orders.intake import Received
from tests.orders.importing.base import as_xlsx

SHANGHAI = ZoneInfo("Asia/Shanghai")
STATUSES = ("APPLYING", "WAIT_PAY", "IN_DELIVERY", "FINISHED")
number = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)
open_id = st.from_regex(r"[A-Za-z0-9_-]{8,64}", fullmatch=True)
# A cell is read without the blanks around it, and an empty one says nothing.
text = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
    .map(str.strip)
    .filter(bool)
)
fen = st.integers(0, 10**13)
moment = st.datetimes(datetime(2020, 1, 2), datetime(2099, 12, 30)).map(
    lambda wall: wall.replace(microsecond=wall.microsecond // 1000 * 1000, tzinfo=UTC)
)
item = st.fixed_dictionaries(
    {
        "name": text,
        "quantity": st.integers(1, 1_000_000),
        "unit_price_fen": st.none() | fen,
        "image_material_id": st.just("") | text,
    }
)
parcel = st.fixed_dictionaries(
    {"tracking_no": text, "logistics_code": st.just("") | text, "phone_no": st.just("") | text}
)
fields = st.dictionaries(
    st.sampled_from(["total_rent", "courier_number", "备注 1", "x" * 64]), text, max_size=4
)


@st.composite
def orders(draw: st.DrawFn) -> OrderGiven:
    said = draw(fields)
    status = draw(st.none() | st.builds(StatusGiven, st.sampled_from(STATUSES), moment, st.just(said)))
    return OrderGiven(
        out_biz_no=draw(number),
        open_id=draw(open_id),
        scene="online_rental",
        page=draw(text),
        order_created_at=draw(moment),
        paid_at=draw(st.none() | moment),
        amount_fen=draw(st.none() | fen),
        pay_amount_fen=draw(st.none() | fen),
        discount_fen=draw(st.none() | fen),
        trade_no=draw(st.just("") | number),
        items=draw(st.none() | st.lists(item, min_size=1, max_size=3)),
        shop=draw(
            st.none() | st.dictionaries(st.sampled_from(["name", "address", "phone_num"]), text, min_size=1)
        ),
        logistics=draw(st.none() | st.lists(parcel, min_size=1, max_size=2)),
        fields={} if status else said,
        status=status,
    )


def cells_of(order: OrderGiven, *, in_yuan: bool, zone: timezone | ZoneInfo | None) -> dict[str, str]:
    """As an operator writes the order. `zone` None: wall times of Shanghai without a zone."""

    def at(when: datetime) -> str:
        if zone is None:
            return when.astimezone(SHANGHAI).replace(tzinfo=None).isoformat(" ", "milliseconds")
        return when.astimezone(zone).isoformat(timespec="milliseconds")

    said: dict[str, Any] = {
        "out_biz_no": order.out_biz_no,
        "open_id": order.open_id,
        "page": order.page,
        "order_created_at": at(order.order_created_at),
        "paid_at": order.paid_at and at(order.paid_at),
        "trade_no": order.trade_no,
        "status": order.status and order.status.status,
        "order_modified_time": order.status and at(order.status.modified_at),
    }
    amounts = {name: getattr(order, f"{name}_fen") for name in ("amount", "pay_amount", "discount")}
    for place, one in enumerate(order.items or []):
        amounts[f"items.{place}.unit_price"] = one["unit_price_fen"]
        said |= {
            f"items.{place}.{part}": str(one[part]) for part in ("name", "quantity", "image_material_id")
        }
    for name, amount in amounts.items():
        if amount is not None:
            said |= {f"{name}_yuan": wire.yuan_from_fen(amount)} if in_yuan else {f"{name}_fen": str(amount)}
    for place, one in enumerate(order.logistics or []):
        said |= {f"logistics.{place}.{part}": value for part, value in one.items()}
    said |= {f"shop.{part}": value for part, value in (order.shop or {}).items()}
    said |= {f"fields.{name}": value for name, value in (order.status or order).fields.items()}
    return {name: value for name, value in said.items() if value}


def read_back(rows: Sequence[dict[str, str]], *, workbook: bool = False) -> list[Read]:
    header = list(dict.fromkeys(name for cells in rows for name in cells))
    lines = [[cells.get(name, "") for name in header] for cells in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders"
        content = io.StringIO()
        csv.writer(content).writerows([header, *lines])
        path.write_bytes(as_xlsx(lines, header) if workbook else content.getvalue().encode())
        layout = look_at(path, has_scene=True)
        reader = Reader(layout, scene="online_rental", chosen=["online_rental"], zone=SHANGHAI)
        return [reader.read(line, cells) for line, cells in rows_of(path, layout)]


ZONES = st.sampled_from([None, UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3, minutes=30))])


@settings(max_examples=60, deadline=None)
@given(st.lists(orders(), min_size=1, max_size=4), st.booleans(), ZONES)
def test_rows_of_a_file_give_the_same_orders(
    wanted: list[OrderGiven], in_yuan: bool, zone: timezone | None
) -> None:
    read = read_back([cells_of(one, in_yuan=in_yuan, zone=zone) for one in wanted])
    assert [one.wrong for one in read] == [{}] * len(wanted)
    assert [one.given for one in read] == wanted


PLAIN = {
    "out_biz_no": "R1",
    "open_id": "buyer-0000001",
    "page": "pages/a",
    "order_created_at": "2026/3/1 9:05",
}


def wrong(**cells: str) -> dict[str, str]:
    (read,) = read_back([PLAIN | cells])
    assert (read.given is None) == bool(read.wrong)
    return dict(read.wrong)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("out_biz_no", "R 1"),
        ("out_biz_no", "订单1"),
        ("open_id", "x" * 65),
        ("page", "x" * 257),
        ("page", "pages/a\nb"),
        ("order_created_at", "2026-02-30 09:00:00"),
        ("order_created_at", "2026-05-01"),
        ("order_created_at", "1999-03-01 09:00:00"),
        ("order_created_at", "46082.5"),
        ("paid_at", "2026-03-01 09:00:00+99:00"),
        ("amount_fen", "12.30"),
        ("amount_fen", "-1"),
        ("amount_fen", "10000000000001"),
        ("amount_yuan", "1,230.00"),
        ("amount_yuan", "12.345"),
        ("items.0.quantity", "0"),
        ("shop.name", "x" * 501),
    ],
)
def test_what_cannot_be_read_is_told_at_its_column_without_the_value(column: str, value: str) -> None:
    told = wrong(**{"items.0.name": "Phone", column: value})
    assert list(told) == [column]
    assert value not in told[column]
    assert told[column].endswith(".")


def test_parts_that_need_each_other_are_asked_for() -> None:
    assert list(wrong(**{"items.0.quantity": "2"})) == ["items.0.name"]
    assert list(wrong(**{"logistics.0.phone_no": "1234"})) == ["logistics.0.tracking_no"]
    assert list(wrong(status="", order_modified_time="2026-03-01 09:00:00")) == ["status"]


def test_a_row_longer_than_the_header_is_refused_and_a_shorter_one_is_not() -> None:
    layout = Layout("csv", "utf-8", ",", list(PLAIN), list(PLAIN))
    reader = Reader(layout, scene="online_rental", chosen=["online_rental"], zone=SHANGHAI)
    assert list(reader.read(2, [*PLAIN.values(), "rest"]).wrong) == [""]
    assert reader.read(2, [*PLAIN.values(), " "]).given is not None
    assert list(reader.read(2, ["R1", "buyer-0000001"]).wrong) == ["page", "order_created_at"]


def test_scenes_and_statuses_have_codes_and_names() -> None:
    status = {"status": "已发货", "order_modified_time": "2026-03-01 09:00:00"}
    first, second = read_back([PLAIN | status, PLAIN | status | {"status": "in_delivery"}])
    assert first.given and first.given.status and first.given.status.status == "IN_DELIVERY"
    assert first.given == second.given
    (read,) = read_back([PLAIN | {"scene": "线上租赁"}])
    assert read.given and read.given.scene == "online_rental"
    (other,) = read_back([PLAIN | {"scene": "recycling"}])
    assert (other.code, list(other.wrong)) == ("scene_not_chosen", ["scene"])
    (none,) = read_back([PLAIN | {"scene": "moon"}])
    assert none.code == "scene_unknown"


def test_wall_times_are_those_of_the_merchant_and_one_the_clocks_skip_is_refused() -> None:
    assert moment_of("2026-03-01 09:00:00.5", SHANGHAI) == datetime(2026, 3, 1, 1, 0, 0, 500_000, UTC)
    assert moment_of("2026-03-01T09:00:00Z", SHANGHAI) == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert moment_of("2026-03-01 09:00+0530", SHANGHAI) == datetime(2026, 3, 1, 3, 30, tzinfo=UTC)
    with pytest.raises(Unreadable):
        moment_of("2026-03-29 02:30:00", ZoneInfo("Europe/Berlin"))


outcomes = st.sampled_from(["created", "updated", "unchanged"])
taken = st.builds(
    Received, outcomes, st.sampled_from(["", "taken", "repeated"]), late=st.just(False)
) | st.builds(Received, outcomes, st.just("taken"), late=st.booleans(), lacking=st.sampled_from([(), ("a",)]))
refused = st.builds(Received, st.just("refused"), code=st.sampled_from(["unreadable", "status_clash"]))


@given(st.lists(st.lists(taken | refused, max_size=6), max_size=5))
def test_whatever_becomes_of_the_rows_both_equations_hold(chunks: list[list[Received]]) -> None:
    order = OrderGiven("R1", "buyer-0000001", "online_rental", "p", datetime(2026, 3, 1, tzinfo=UTC))
    read = Read(2, "R1", "buyer-0000001", order)
    tally = Tally()
    for chunk in chunks:
        tally = tally.plus((read, answer) for answer in chunk)
        assert tally.balanced
    assert tally.rows == sum(map(len, chunks))
    assert Tally(**tally.stored()) == tally
