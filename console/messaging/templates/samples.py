"""Values that stand in a preview before anything is written.

Customers read Chinese, and so do the platform's keywords: the samples are data, not words of our pages.
"""

from __future__ import annotations

from collections.abc import Mapping

SAMPLES: Mapping[str, str] = {
    "权益名称": "iPhone 17 首月立减 100 元",
    "权益说明": "月租 299 元，首月仅 199 元",
    "奖励名称": "免押升级券 1 张",
    "奖品名称": "无线耳机 1 副",
    "礼物名称": "老客专享手机壳",
    "活动名称": "周年租机节",
    "活动内容": "热门机型首月五折起",
    "优惠内容": "满 200 元减 100 元",
    "尝鲜优惠": "第二杯半价",
    "签到奖励": "再签 2 天得 10 元券",
    "已签天数": "5 天",
    "温馨提示": "本周日 24:00 前有效",
    "领取条件": "租满 30 天",
    "取餐号": "A 128",
    "地点": "西湖店二楼",
}
# What a keyword ends in says what stands there.
ENDINGS: Mapping[str, str] = {
    "时间": "11 月 28 日 10:00",
    "日期": "11 月 30 日",
    "期限": "领取后 7 天",
    "有效期": "领取后 7 天",
    "方式": "打开小程序领取",
    "方法": "下单时自动抵扣",
    "价格": "199 元",
    "秒杀价": "99 元",
    "积分": "320 分",
    "商品": "iPhone 17 256G",
    "商品名称": "iPhone 17 256G",
    "新品名称": "桂花乌龙",
    "门店名称": "西湖店",
    "结果": "已通过",
}


def sample(keyword: str, merchant_name: str) -> str:
    """A plausible value; a keyword nobody knows is its own sample, in corner brackets."""
    if keyword in {"商户名称", "商家名称"}:
        return merchant_name
    if keyword in SAMPLES:
        return SAMPLES[keyword]
    fitting = [ending for ending in ENDINGS if keyword.endswith(ending)]
    return ENDINGS[max(fitting, key=len)] if fitting else f"「{keyword}」"
