import pytest

from membership import columns, uploads
from membership.columns import ColumnsRefused, Layout, choose, look_at
from tests.membership.base import open_id

ONE, TWO = open_id(1), open_id(2)
REAL = "012Xk3PzQ7vT1bN5cR8wY2mL6dF9hJ"


@pytest.fixture
def look(tmp_path):
    def look(content: str | bytes) -> columns.Head:
        path = tmp_path / "file"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return look_at(path)

    return look


def found(head: columns.Head) -> tuple[int, bool]:
    return head.layout.open_id, head.layout.has_header


@pytest.mark.parametrize("name", ["open_id", " OpenID ", "OPEN-ID", "支付宝 open_id", "用户 OpenID"])
def test_the_column_is_found_by_its_name_wherever_it_stands(look, name):
    assert found(look(f"姓名,{name},城市\n张三,{ONE},杭州\n")) == (1, True)


@pytest.mark.parametrize("name", ["用户ID", "user_id", "会员 ID", "客户id"])
def test_a_name_that_may_mean_it_counts_when_ids_stand_below(look, name):
    assert found(look(f"序号,{name}\n1,{ONE}\n")) == (1, True)
    with pytest.raises(uploads.UploadRefused, match="Write open_id above the column"):
        look(f"序号,{name}\n1,张三\n")


def test_without_a_telling_name_the_column_is_found_by_what_stands_in_it(look):
    assert found(look(f"手机,下单时间,编码\n13800001111,2026-09-18 12:00,{REAL}\n")) == (2, True)


def test_without_a_header_the_ids_tell_and_the_first_row_is_a_person(look):
    assert found(look(f"{ONE},a\n{TWO},b")) == (0, False)
    assert found(look(f"张三,13800001111,{REAL}\n李四,13800001112,{REAL}")) == (2, False)


@pytest.mark.parametrize(
    "value", ["13800001111", "2088102146225135", "2026-09-18", "330106199001011234", "short1"]
)
def test_phone_numbers_dates_and_identity_numbers_are_no_open_ids(look, value):
    with pytest.raises(uploads.UploadRefused, match="No column holds open_ids"):
        look(f"name,{value}\nA,{value}\n")


@pytest.mark.parametrize("delimiter", ",;\t")
def test_commas_semicolons_and_tabs_separate_columns(look, delimiter):
    head = look(f"name{delimiter}open_id\nA{delimiter}{ONE}\n")
    assert (head.layout.delimiter, head.layout.open_id, head.layout.width) == (delimiter, 1, 2)


def test_utf_8_with_and_without_a_mark_and_gb18030_are_recognised(look):
    text = f"open_id,姓名\n{ONE},张三\n"
    for encoding, recognised in (("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gb18030", "gb18030")):
        head = look(text.encode(encoding))
        assert (head.layout.encoding, head.rows[0]) == (recognised, ["open_id", "姓名"])


def test_named_columns_with_something_in_them_are_proposed_but_no_phone_numbers(look):
    head = look(f"open_id,姓名,手机,空,\n{ONE},张三,13800001111,,x\n{TWO},李四,13800001112,,y\n")
    assert (head.layout.kept, head.layout.names) == ([1], ["姓名"])


def test_at_most_twenty_are_proposed_with_names_of_at_most_forty_characters(look):
    head = look(
        ",".join(["open_id", *(f"{n}{'名' * 50}" for n in range(30))]) + f"\n{ONE}" + ",x" * 30 + "\n"
    )
    assert len(head.layout.kept) == 20
    assert {len(name) for name in head.layout.names} == {40}


def test_a_head_names_its_columns_and_shows_examples(look):
    head = look(f"open_id,,城市\n{ONE},张三, 杭州 \n{TWO}\n")
    assert [head.name(column) for column in range(3)] == ["open_id", "Column 2", "城市"]
    assert head.examples(2) == ["杭州", ""]


LAYOUT = Layout("csv", "utf-8", ",", width=4, has_header=True, open_id=0)


def chosen(**changes) -> Layout:
    return choose(LAYOUT, **{"has_header": True, "open_id": 0, "kept": [1], "names": ["name"], **changes})


def test_a_choice_replaces_what_was_proposed():
    layout = chosen(has_header=False, open_id=2, kept=[3, 1], names=[" a ", "b"])
    assert (layout.has_header, layout.open_id, layout.kept, layout.names) == (False, 2, [3, 1], ["a", "b"])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"open_id": 4}, "exactly one column"),
        ({"open_id": 1}, "exactly one column"),
        ({"kept": [9]}, "other columns than the form"),
        ({"kept": [1, 2]}, "other columns than the form"),
        ({"names": ["x" * 41]}, "at most 40 characters"),
        ({"names": [" "]}, "at most 40 characters"),
        ({"kept": [1, 2], "names": ["a", "a"]}, "have the same name"),
    ],
)
def test_a_choice_that_does_not_hold_is_refused_in_words(changes, sentence):
    with pytest.raises(ColumnsRefused, match=sentence):
        chosen(**changes)


def test_more_than_twenty_columns_are_too_many_to_keep():
    wide = Layout("csv", "utf-8", ",", width=30, has_header=True, open_id=0)
    kept = list(range(1, 22))
    with pytest.raises(ColumnsRefused, match="21 columns are too many"):
        choose(wide, has_header=True, open_id=0, kept=kept, names=[str(one) for one in kept])
