"""What the two shops of the demo adopt, upload and send: words and sizes, in the order in which it happened.

Sizes are those of the full story; `past` of a Size scales them. Days count back from the first start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Fate = Literal["online", "rejected", "review", "offline", "differs"]
Ending = Literal[
    "finished", "tomorrow", "draft", "missed", "failed", "cancelled_early", "cancelled_half", "paused"
]


@dataclass(frozen=True)
class Adoption:
    """`platform_words`: what the platform's copy says since it was changed, when that differs."""

    code: str
    keywords: Sequence[str]
    fate: Fate = "online"
    platform_words: Sequence[str] = ()


@dataclass(frozen=True)
class ListPlan:
    """How many of whom: with consents that stay, with a standing one, without any, and changing ones."""

    name: str
    purpose: str
    steady: int = 0
    standing: int = 0
    without: int = 0
    changing: int = 0


@dataclass(frozen=True)
class SendPlan:
    """`rate`: share of the accepted who come back. `lost`: messages without a trustworthy answer."""

    name: str
    code: str
    people: str
    values: Sequence[str]
    page: str
    time: str
    rate: float = 0.2
    ending: Ending = "finished"
    lost: int = 0
    decided: bool = False
    same_day: bool = False  # as the send before it
    days_ago: int | None = None  # None: a day of the shop's rhythm
    per_second: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Shop:
    """`weekdays` on which it likes to send, Monday 0. The first template has the one-time consents of all
    steady people, `standing` the standing ones."""

    slug: str
    weekdays: Sequence[int]
    authors: Sequence[str]
    adoptions: Sequence[Adoption]
    standing: str
    lists: Mapping[str, ListPlan]
    sends: Sequence[SendPlan] = field(default_factory=tuple)


BENEFIT, STANDING, REJECTED = "TM0010004", "TM0010005", "TM0010010"
EVENT, CHECK_IN, PRIZE = "TM0010006", "TM0010007", "TM0010002"
GIFT, LOTTERY = "TM0010003", "TM0010008"
GOODS, RIGHTS, FAIR = "pages/goods/detail?goods_id=17-256", "pages/benefit/index", "pages/fair/index?from=msg"

_RENTAL_SENDS = (
    SendPlan(
        "还机老客续租立减", BENEFIT, "returned",
        ["续租立减 80 元", "月租 219 元起，老客再减 80 元", "下周日 24:00 前", "云朵租机"],
        GOODS, "19:30", rate=0.24,
    ),
    SendPlan(
        "租机节预告 · 高校", EVENT, "campus",
        ["云朵租机节", "本周六 10:00", "学生认证免押，限时三天", "点击消息预约"],
        FAIR, "12:05", rate=0.21,
    ),
    SendPlan(
        "免押升级权益到账", STANDING, "trusted",
        ["免押升级", "打开小程序，在「我的权益」里领取", "月底前"],
        RIGHTS, "10:30", rate=0.31,
    ),
    SendPlan(
        "签到第七天送延保", CHECK_IN, "regulars",
        ["七天延保", "再签一天就能领，今天 24:00 前有效"],
        "pages/checkin/index", "09:10", rate=0.28,
    ),
    SendPlan(
        "签到晚间提醒", CHECK_IN, "trusted",
        ["七天延保", "今天还没有签到，别断在第六天"],
        "pages/checkin/index", "20:10", rate=0.19, same_day=True,
    ),
    SendPlan(
        "到期换新补贴", BENEFIT, "ending",
        ["换新补贴 120 元", "旧机不用寄，到店直接换", "租期结束前", "云朵租机"],
        "pages/renew/index", "20:00", rate=0.27,
    ),
    SendPlan(
        "游戏本周末体验", BENEFIT, "gamers",
        ["游戏本体验 2 天", "周末两天 59 元，原价 118 元", "本周五 24:00 前", "云朵租机"],
        "pages/goods/detail?goods_id=nb-4070", "18:30", rate=0.18, lost=14, decided=True, per_second=40,
    ),
    SendPlan(
        "本月奖品上新", PRIZE, "trusted",
        ["无线耳机", "本周五 20:00", "满 300 积分可兑", "云朵租机"],
        "pages/points/index", "12:20", rate=0.22,
    ),
    SendPlan(
        "滨江店以旧换新日", EVENT, "hangzhou",
        ["以旧换新日", "本周六 11:00", "旧机现场估价，最高抵 600 元", "到店参与"],
        "pages/store/detail?store=binjiang", "11:40", rate=0.33,
    ),
    SendPlan(
        "学生认证免押", BENEFIT, "campus",
        ["学生免押", "认证后押金 0 元，月租 169 元起", "本月底前", "云朵租机"],
        "pages/student/index", "21:00", rate=0.16,
    ),
    SendPlan(
        "权益还有三天到期", STANDING, "trusted",
        ["免押升级", "打开小程序，在「我的权益」里使用", "还有三天"],
        RIGHTS, "10:00", rate=0.29,
    ),
    SendPlan(
        "老客回归礼：首周免租", BENEFIT, "returned",
        ["首周免租", "任选一台，首周 0 元", "本周日 24:00 前", "云朵租机"],
        GOODS, "19:00", rate=0.25, lost=9,
    ),
    SendPlan(
        "游戏本上新直播预告", EVENT, "gamers",
        ["新品直播", "今晚 20:00", "直播间下单减 200 元", "点击消息预约"],
        "pages/live/index", "17:45", rate=0.2,
    ),
    SendPlan(
        "门店自提礼", BENEFIT, "hangzhou",
        ["自提送贴膜", "到店自提送钢化膜一张", "七天内", "云朵租机"],
        "pages/store/detail?store=wenhua", "12:30", rate=0.3,
    ),
    SendPlan(
        "续租满三月减一月", BENEFIT, "ending",
        ["续租减一月", "续租满三个月，减免一个月租金", "本周日 24:00 前", "云朵租机"],
        "pages/renew/index", "20:15", rate=0.26, lost=3, decided=True,
    ),
    SendPlan(
        "连续签到抽手机壳", CHECK_IN, "regulars",
        ["手机壳", "连续签到满十天自动参与"],
        "pages/checkin/index", "09:00", rate=0.24,
    ),
    SendPlan(
        "租机节返场", EVENT, "campus",
        ["云朵租机节返场", "今晚 19:00", "错过的价格再开一晚", "点击消息进入"],
        FAIR, "18:00", rate=0.22,
    ),
    SendPlan(
        "配件满减，价格写错", BENEFIT, "campus",
        ["配件满 99 减 30", "贴膜、充电头、手机壳都能用", "本周日 24:00 前", "云朵租机"],
        "pages/parts/index", "15:00", ending="cancelled_half", days_ago=16, per_second=20,
        rate=0.12, why="满减门槛写错了，改好再发",
    ),
    SendPlan(
        "租机节预告，重复的一批", EVENT, "campus",
        ["云朵租机节", "本周六 10:00", "学生认证免押，限时三天", "点击消息预约"],
        FAIR, "14:00", ending="cancelled_early", days_ago=24, why="和上一批内容重复",
    ),
    SendPlan(
        "停电当晚的会员提醒", STANDING, "trusted",
        ["免押升级", "打开小程序，在「我的权益」里领取", "本周日"],
        RIGHTS, "21:30", ending="missed", days_ago=9,
    ),
    SendPlan(
        "旧名单的召回", BENEFIT, "hangzhou",
        ["首周免租", "任选一台，首周 0 元", "本周日 24:00 前", "云朵租机"],
        GOODS, "16:00", ending="failed", days_ago=3, why="名单读不出来。复制这一批，换一份名单再发。",
    ),
    SendPlan(
        "周末免押体验日", BENEFIT, "hangzhou",
        ["免押体验日", "到店体验 30 分钟，押金全免", "本周日 20:00 前", "云朵租机"],
        "pages/store/detail?store=wenhua", "10:00", ending="tomorrow",
    ),
    SendPlan(
        "月末清租促销（待定稿）", EVENT, "gamers",
        ["月末清租", "本月最后一天 10:00", "", ""],
        "pages/fair/clearance", "10:00", ending="draft",
    ),
)  # fmt: skip

YUNDUO = Shop(
    slug="yunduo",
    weekdays=(1, 3, 4, 5),
    authors=("lixiang", "lixiang", "zhoulan", "wangmin"),
    adoptions=(
        Adoption(BENEFIT, ["权益名称", "权益说明", "领取时间", "商户名称"]),
        Adoption(STANDING, ["权益名称", "使用方法", "到期时间"]),
        Adoption(REJECTED, ["商品名称", "首发时间", "商户名称"], "rejected"),
        Adoption(EVENT, ["活动名称", "开始时间", "活动内容", "参与方式"]),
        Adoption(CHECK_IN, ["签到奖励", "温馨提示"]),
        Adoption(
            PRIZE,
            ["奖品名称", "上新时间", "参与方式", "商户名称"],
            "differs",
            ["奖品名称", "上新时间", "兑换方式", "商户名称"],
        ),
        Adoption(GIFT, ["礼物名称", "领取条件", "截止时间"], "offline"),
        Adoption(LOTTERY, ["活动名称", "奖品名称", "抽奖时间"], "review"),
    ),
    standing=STANDING,
    lists={
        "returned": ListPlan(
            "还机 90 天未复租", "把还了手机的老客请回来", steady=900, without=60, changing=150
        ),
        "campus": ListPlan("高校地址用户", "租机节和学生免押", steady=1_300, without=110, changing=190),
        "trusted": ListPlan("高信用分老客", "免押权益的到账和到期", standing=800, without=60, changing=90),
        "regulars": ListPlan("签到活跃用户", "签到奖励提醒", standing=520, changing=60),
        "ending": ListPlan("租期还剩 30 天", "续租和换新", steady=620, without=25, changing=80),
        "gamers": ListPlan("看过游戏本租赁", "游戏本上新和体验", steady=460, without=80, changing=70),
        "hangzhou": ListPlan("杭州门店自提用户", "门店活动", steady=340, without=20, changing=40),
    },
    sends=_RENTAL_SENDS,
)

MEMBER_DAY, NEW_TEA, POINTS, COUPON = "TM0020004", "TM0020001", "TM0020003", "TM0000001"
TEA_PARTY, CUPS, PICK_UP = "TM0020006", "TM0020005", "TM0020002"

_TEA_SENDS = (
    SendPlan(
        "老客第二杯半价", COUPON, "away",
        ["第二杯半价", "进入小程序点单自动抵扣", "青茶", "今天起七天内"],
        "pages/menu/index", "10:40", rate=0.23,
    ),
    SendPlan(
        "会员日", MEMBER_DAY, "members",
        ["会员日", "今天 10:00 至 21:00"],
        "pages/member/day", "09:30", rate=0.34,
    ),
    SendPlan(
        "桂花乌龙上新", NEW_TEA, "members",
        ["桂花乌龙", "明天 9:30", "首杯 12 元，原价 19 元", "青茶"],
        "pages/goods/detail?goods_id=osmanthus", "16:20", rate=0.27,
    ),
    SendPlan(
        "积分本月底清零", POINTS, "points",
        ["320 分起", "本月底", "满 100 分抵 5 元", "青茶"],
        "pages/points/index", "11:30", rate=0.31,
    ),
    SendPlan(
        "南山路店下午茶", COUPON, "nanshan",
        ["下午茶套餐减 8 元", "到店出示会员码", "青茶", "周一至周五 14:00 后"],
        "pages/store/detail?store=nanshan", "13:10", rate=0.29,
    ),
    SendPlan(
        "会员日晚场", MEMBER_DAY, "members",
        ["会员日晚场", "今天 18:00 至 21:00"],
        "pages/member/day", "17:00", rate=0.25, lost=11, decided=True,
    ),
    SendPlan(
        "好久不见，送你一杯", COUPON, "away",
        ["免费升大杯", "进入小程序点单自动抵扣", "青茶", "三天内"],
        "pages/menu/index", "14:30", rate=0.2,
    ),
    SendPlan(
        "青提茉莉上新", NEW_TEA, "members",
        ["青提茉莉", "本周五 9:30", "买一送一，限首日", "青茶"],
        "pages/goods/detail?goods_id=grape", "15:40", rate=0.26,
    ),
    SendPlan(
        "积分兑周边", POINTS, "points",
        ["300 分起", "本周日", "可兑帆布袋和杯套", "青茶"],
        "pages/points/shop", "12:00", rate=0.22,
    ),
    SendPlan(
        "南山路店早餐搭配", COUPON, "nanshan",
        ["早餐搭配减 5 元", "到店出示会员码", "青茶", "每天 10:30 前"],
        "pages/store/detail?store=nanshan", "08:20", rate=0.33, lost=5,
    ),
    SendPlan(
        "会员日，双倍积分", MEMBER_DAY, "members",
        ["双倍积分日", "今天全天"],
        "pages/member/day", "09:30", rate=0.32,
    ),
    SendPlan(
        "雨天热饮券", COUPON, "away",
        ["热饮减 6 元", "进入小程序点单自动抵扣", "青茶", "今天 21:00 前"],
        "pages/menu/index?tag=hot", "12:50", rate=0.24,
    ),
    SendPlan(
        "秋冬新品试饮", NEW_TEA, "members",
        ["烤奶系列", "本周六 10:00", "试饮免费，限前 50 位", "青茶"],
        "pages/goods/detail?goods_id=roast", "16:00", rate=0.28,
    ),
    SendPlan(
        "会员日，错过的一批", MEMBER_DAY, "members",
        ["会员日", "今天 10:00 至 21:00"],
        "pages/member/day", "09:30", ending="missed", days_ago=13,
    ),
    SendPlan(
        "闭店调整，不发了", COUPON, "nanshan",
        ["下午茶套餐减 8 元", "到店出示会员码", "青茶", "本周五 14:00 后"],
        "pages/store/detail?store=nanshan", "11:00", ending="cancelled_early", days_ago=6,
        why="门店临时闭店",
    ),
    SendPlan(
        "晚间茶券，人手不足先停", COUPON, "away",
        ["晚间茶券减 7 元", "进入小程序点单自动抵扣", "青茶", "本周内 18:00 后"],
        "pages/menu/index", "17:30", ending="paused", days_ago=1, per_second=10, rate=0.18,
    ),
    SendPlan(
        "明天会员日", MEMBER_DAY, "nanshan",
        ["会员日", "明天 10:00 至 21:00"],
        "pages/member/day", "09:30", ending="tomorrow",
    ),
    SendPlan(
        "月末集杯加倍（待定稿）", COUPON, "points",
        ["集杯加倍", "", "青茶", ""],
        "pages/cups/index", "10:00", ending="draft",
    ),
)  # fmt: skip

QINGCHA = Shop(
    slug="qingcha",
    weekdays=(0, 2, 4, 5),
    authors=("zhoulan", "linxia", "zhoulan"),
    adoptions=(
        Adoption(COUPON, ["优惠内容", "使用方法", "商户名称", "领券时间"]),
        Adoption(MEMBER_DAY, ["活动名称", "活动时间"]),
        Adoption(NEW_TEA, ["新品名称", "上市时间", "尝鲜优惠", "商户名称"]),
        Adoption(POINTS, ["到期积分", "到期日期", "使用方法", "商户名称"]),
        Adoption(TEA_PARTY, ["茶会名称", "开始时间", "地点"], "rejected"),
        Adoption(CUPS, ["奖励名称", "到账时间", "使用方法"], "review"),
        Adoption(PICK_UP, ["取餐号", "门店名称", "商品名称"], "offline"),
    ),
    standing=MEMBER_DAY,
    lists={
        "away": ListPlan("30 天没有到店", "把很久没来的老客请回来", steady=620, without=40, changing=90),
        "members": ListPlan("会员日报名用户", "会员日和新品", standing=560, without=30, changing=60),
        "points": ListPlan("本月有积分到期", "积分到期提醒", steady=430, without=30, changing=50),
        "nanshan": ListPlan("南山路店常客", "门店活动", steady=260, standing=80, without=15, changing=30),
    },
    sends=_TEA_SENDS,
)

SHOPS = {shop.slug: shop for shop in (YUNDUO, QINGCHA)}
