"""The form by which somebody opens a card: which fields there are, and what a person puts into them."""

import json
from typing import Any

from simulator.codes import Refusal
from simulator.people import name_of, phone_of, user_id_of

START = "OPEN_FORM_FIELD_"
MOBILE, GENDER, NAME, BIRTHDAY, IDCARD, EMAIL, ADDRESS, CITY, IS_STUDENT, MEMBER_GRADE = FIELDS = tuple(
    START + name
    for name in (
        *("MOBILE", "GENDER", "NAME", "BIRTHDAY", "IDCARD", "EMAIL", "ADDRESS", "CITY", "IS_STUDENT"),
        "MEMBER_GRADE",
    )
)
# 用户信息申请 must have been granted for these.
SENSITIVE = frozenset({MOBILE, NAME, BIRTHDAY, EMAIL})
# What one tap of authorisation fills in.
BY_AUTHORISATION = (NAME, GENDER, MOBILE)
MAX_FIELDS = 20
TITLES = {
    MOBILE: "手机号",
    GENDER: "性别",
    NAME: "姓名",
    BIRTHDAY: "生日",
    IDCARD: "身份证号",
    EMAIL: "邮箱",
    ADDRESS: "地址",
    CITY: "城市",
    IS_STUDENT: "是否学生",
    MEMBER_GRADE: "支付宝会员等级",
}
_TWICE = {BIRTHDAY: "DUPLICATE_BIRTHDAY_FIELD", IDCARD: "DUPLICATE_CERT_NO"}
_CITIES = ("杭州市", "上海市", "北京市", "深圳市", "成都市", "武汉市")
_GRADES = ("primary", "golden", "platinum", "diamond")
Form = dict[str, list[str]]


def read_fields(given: Any) -> Form:
    """Of formtemplate.set: each part is the text of a JSON object with common_fields."""
    if not isinstance(given, dict):
        raise Refusal("INVALID_PARAMETER", "fields 需为对象")
    parts = {name: _listed(given.get(name), name) for name in ("required", "optional")}
    return checked(parts["required"], parts["optional"])


def checked(required: list[str], optional: list[str]) -> Form:
    """Raises Refusal."""
    chosen = [*required, *optional]
    if not required:
        raise Refusal("INVALID_PARAMETER", "必填字段 required 不能为空")
    if len(chosen) > MAX_FIELDS:
        raise Refusal("INVALID_PARAMETER", f"表单字段不能超过 {MAX_FIELDS} 个")
    for name in chosen:
        if name not in FIELDS:
            raise Refusal("FORM_FIELD_INVALID", f"表单字段 {name} 不合法")
        if chosen.count(name) > 1:
            raise Refusal(_TWICE.get(name, "DUPLICATE_FORM_FIELD"))
    return {"required": required, "optional": optional}


def _listed(given: Any, name: str) -> list[str]:
    if given in (None, ""):
        return []
    try:
        content = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        content = None
    fields = content.get("common_fields", []) if isinstance(content, dict) else None
    if not isinstance(fields, list) or not all(isinstance(one, str) for one in fields):
        raise Refusal("INVALID_PARAMETER", f"fields.{name} 需为 common_fields 的 JSON 字符串")
    return fields


def what_is_known_of(identity: str) -> dict[str, str]:
    """What the platform knows of a person, and would fill in: the same at every app."""
    drawn = sum(identity.encode())
    number = user_id_of(identity)
    born = f"{1970 + drawn % 36}-{drawn % 12 + 1:02d}-{drawn % 28 + 1:02d}"
    city = _CITIES[drawn % len(_CITIES)]
    return {
        MOBILE: phone_of(identity),
        GENDER: "FEMALE" if drawn % 2 else "MALE",
        NAME: name_of(identity),
        BIRTHDAY: born,
        IDCARD: f"330106{born.replace('-', '')}{drawn % 1_000:03d}0",
        EMAIL: f"p{number[-8:]}@example.com",
        ADDRESS: f"{city}和平路 {drawn % 200 + 1} 号",
        CITY: city,
        IS_STUDENT: "T" if drawn % 5 == 0 else "F",
        MEMBER_GRADE: _GRADES[drawn % len(_GRADES)],
    }


def answered(form: Form, given: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """(what was filled in, required fields that were not)."""
    answers = {
        name: given[name].strip()
        for name in (*form["required"], *form["optional"])
        if given.get(name, "").strip()
    }
    return answers, [name for name in form["required"] if name not in answers]


def told(answers: dict[str, str]) -> str:
    """As activateform.query tells them. SIM: a list of objects with one field each."""
    return json.dumps([{name: value} for name, value in answers.items()], ensure_ascii=False)
