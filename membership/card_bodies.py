"""A member card in the platform's words: what template.create and template.modify take (domain E.2).

Every value leaves as text, amounts as yuan, times as Beijing wall time. What the platform keeps for ever
is said once, at creation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from membership.card_terms import (
    BALANCE,
    LEVEL,
    POINT,
    Action,
    Benefit,
    Column,
    Face,
    LevelTerms,
    Mode,
    Opens,
    Paid,
    Terms,
    ValidityKind,
)

BEIJING = ZoneInfo("Asia/Shanghai")
CARD_TYPE = "OUT_MEMBER_CARD"
CREATE, MODIFY = "alipay.marketing.card.template.create", "alipay.marketing.card.template.modify"
OPENS = {Opens.TEXT: "openNative", Opens.PAGE: "openWeb", Opens.NOTHING: "staticinfo"}
# A value of ours comes with card.open and card.update; the name in the rule is the key there.
RULED = {BALANCE: "Balance", POINT: "Point", LEVEL: "Level"}
Body = dict[str, Any]


def create_body(terms: Terms, *, app_id: str, is_provided: bool, request_id: str) -> Body:
    """`is_provided`: a service provider's app acts for the mini program."""
    return _common(terms, app_id=app_id, is_provided=is_provided, request_id=request_id) | {
        "card_type": CARD_TYPE,
        "field_rule_list": _rules(terms),
    }


def modify_body(terms: Terms, *, template_id: str, app_id: str, is_provided: bool, request_id: str) -> Body:
    """The whole of the new version; rules of fields and the kind of the card are never modified."""
    body = _common(terms, app_id=app_id, is_provided=is_provided, request_id=request_id)
    return body | {"template_id": template_id}


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def wall(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _common(terms: Terms, *, app_id: str, is_provided: bool, request_id: str) -> Body:
    body: Body = {
        "request_id": request_id,
        "biz_no_suffix_len": str(terms.numbers.length),
        "write_off_type": terms.write_off.value,
        "template_style_info": _style(terms.face),
        "template_form_config": {
            "open_card_mini_app_id": app_id,
            "fields": _said(
                {
                    "required": [one.value for one in terms.form.required],
                    "optional": [one.value for one in terms.form.optional],
                }
            ),
        },
    }
    parts: Body = {
        "biz_no_prefix": terms.numbers.prefix,
        "column_info_list": [_column(one) for one in terms.columns],
        "card_action_list": [_action(one, app_id) for one in terms.actions],
        "template_benefit_info": [_benefit(one) for one in terms.benefits],
        "card_level_conf": [_level(one) for one in terms.levels],
        "shop_ids": list(terms.shop_ids),
        "pub_channels": [{"pub_channel": "SHOP_DETAIL"}] if terms.in_shop_pages else [],
        "mdcode_notify_conf": {"url": terms.code_url} if terms.code_url else {},
        "open_card_conf": _opening(terms, app_id, is_provided),
        "paid_outer_card_conf": _paid(terms.paid) if terms.paid and terms.mode == Mode.PAID else {},
    }
    return body | _said(parts)


def _said(parts: Mapping[str, Any]) -> Body:
    """Without what is empty: the platform takes an empty text for a value."""
    return {name: value for name, value in parts.items() if value not in ("", [], {}, None)}


def _style(face: Face) -> Body:
    style: Body = {
        "card_show_name": face.name,
        "logo_id": face.logo_id,
        "background_id": face.background_id,
        "bg_color": _color(face.text_color),  # of the letters, whatever it is called
        "column_info_layout": face.layout.value,
        "front_text_list_enable": _truth(face.has_lines),
        "front_image_enable": _truth(face.has_picture),
    }
    return style | _said(
        {
            "brand_name": face.brand,
            "slogan": face.slogan,
            "slogan_img_id": face.slogan_image_id,
            "banner_img_id": face.banner_id,
            "banner_url": face.banner_url,
            "feature_descriptions": list(face.features),
        }
    )


def _column(column: Column) -> Body:
    more: Body = {}
    if column.opens == Opens.TEXT:
        more = {"title": column.title, "descs": list(column.lines)}
    elif column.opens == Opens.PAGE:
        more = {"title": column.title, "url": column.url}
    body: Body = {"code": column.code, "title": column.title, "operate_type": OPENS[column.opens]}
    return body | _said(
        {
            "value": column.value,
            "more_info": more,
            "icon_id": column.icon_id,
            "tag": column.tag,
            "group_title": column.group,
        }
    )


def _action(action: Action, app_id: str) -> Body:
    body: Body = {"code": action.code, "text": action.text}
    if action.url:
        return body | {"url_type": "url", "url": action.url}
    page: Body = {
        "mini_app_id": app_id,
        "mini_page_param": action.page,
        "display_on_list": _truth(action.is_quick),
    }
    if action.query:
        page["mini_query_param"] = action.query
    return body | {"url_type": "miniAppUrl", "mini_app_url": page}


def _benefit(benefit: Benefit) -> Body:
    return {
        "title": benefit.title,
        "benefit_desc": list(benefit.lines),
        "start_date": wall(benefit.begins_at),
        "end_date": wall(benefit.ends_at),
    }


def _level(level: LevelTerms) -> Body:
    named: Body = {"level": level.code, "level_show_name": level.name}
    return named | _said({"level_desc": level.description, "level_icon": level.icon_id})


def _rules(terms: Terms) -> list[Body]:
    """All values come from us, also of columns that a later version may add."""
    names = [*RULED.values(), "OpenDate"]
    if terms.validity.kind != ValidityKind.UNLIMITED:
        names.append("ValidDate")
    return [{"field_name": name, "rule_name": "ASSIGN_FROM_REQUEST", "rule_value": name} for name in names]


def _opening(terms: Terms, app_id: str, is_provided: bool) -> Body:
    if not terms.open_url:
        return {}
    return {
        "open_card_source_type": "ISV" if is_provided else "MER",
        "source_app_id": app_id,
        "open_card_url": terms.open_url,
    }


def _paid(paid: Paid) -> Body:
    price = {"price_type": "FIXED", "price": yuan(paid.price_fen)} | _said(
        {"worth": yuan(paid.worth_fen) if paid.worth_fen else "", "desc": paid.description}
    )
    manage = {
        "cycle_manage_url": paid.cycle_manage_url,
        "renew_url": paid.renew_url,
        "upgrade_url": paid.upgrade_url,
        "downgrade_url": paid.downgrade_url,
        "refund_url": paid.refund_url,
    }
    cycles: Body = {"support_cycle_sell": _truth(bool(paid.cycles))}
    if paid.cycles:
        cycles |= {
            "cycle_type": [one.value.upper() for one in paid.cycles],
            "cycle_selling_url": paid.cycle_url,
        }
    body: Body = {
        "open_selling_conf": {"selling_url": paid.selling_url, "price_detail": [price]},
        "cycle_selling_conf": cycles,
    }
    return body | _said({"manage_url_conf": _said(manage)})


def _color(text: str) -> str:
    red, green, blue = (int(text[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgb({red},{green},{blue})"


def _truth(value: bool) -> str:
    return "true" if value else "false"
