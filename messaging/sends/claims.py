"""Absolute claims that advertising law forbids and the platform may refuse a whole batch for (R-03).

Each with the words offered in its place; empty: leave it out. They are customers' words, so they stand here
in the language they are written in. Informative: the platform's own list is not published.
"""

from __future__ import annotations

from collections.abc import Mapping

ABSOLUTE_CLAIMS: Mapping[str, str] = {
    "全网最低价": "限时三天",
    "全网最低": "限时三天",
    "史上最低": "限时优惠",
    "历史最低": "限时优惠",
    "最低价": "优惠价",
    "最便宜": "实惠",
    "最优惠": "优惠",
    "最划算": "划算",
    "最佳": "优选",
    "最好": "好用",
    "最先进": "先进",
    "最新款": "新款",
    "全国第一": "",
    "全网第一": "",
    "行业第一": "",
    "销量第一": "热销",
    "第一品牌": "品牌",
    "国家级": "",
    "世界级": "",
    "最高级": "高级",
    "顶级": "优质",
    "极品": "精品",
    "独一无二": "特别",
    "绝无仅有": "难得",
    "史无前例": "",
    "前所未有": "",
    "全球首发": "新品上市",
    "永久": "长期",
    "万能": "多用",
    "百分百": "",
    "100%": "",
    "零风险": "",
    "绝对": "",
}
