"""The template library: what an app of each industry may adopt. Data only."""

from dataclasses import dataclass, field

INDUSTRIES = {"general": "XS1000", "rental": "XS1012", "tea": "XS1003", "retail": "XS1001"}
INDUSTRY_NAMES = {"general": "通用", "rental": "租赁", "tea": "茶饮", "retail": "零售"}

ONE_TIME = "one_time_subscribe"
LONG_TERM = "long_term_subscribe"
# What pays for a message: a subscription, a submitted form or a paid trade.
SUBSCRIBED, FORM, TRADE = "subscribe", "form", "trade"
# No app has this industry: such templates are not in the library, the old back office hands them out.
OLD = "old"


@dataclass(frozen=True, slots=True)
class Fatigue:
    """At most `total` messages per person within `value` days or weeks."""

    value: int
    unit: str
    total: int

    def as_answer(self) -> dict[str, object]:
        return {"value": self.value, "unit": self.unit, "total": self.total}


@dataclass(frozen=True, slots=True)
class Entry:
    code: str
    name: str
    industry: str
    scenario: str
    keywords: tuple[str, ...]
    scene_rule: str = ONE_TIME
    has_push: bool = False
    fatigue: Fatigue = field(default_factory=lambda: Fatigue(2, "day", 10))
    delivery_settings: str = "all"
    not_selectable: str = ""
    action_url: str = ""
    review_rejects: bool = False
    recent_visit_days: int = 0
    needs_order: bool = False
    trigger: str = SUBSCRIBED


_TIGHT = Fatigue(1, "day", 1)
_DAILY = Fatigue(1, "day", 2)
_WEEKLY = Fatigue(1, "week", 3)
_BIND_URL = "https://b.alipay.com/page/message/access"

RENTAL = (
    Entry(
        "TM0010001",
        "订单完成奖励领取通知",
        "rental",
        "订单服务",
        ("奖励名称", "订单商品", "领取方式", "有效期", "温馨提示"),
        has_push=True,
    ),
    Entry(
        "TM0010002",
        "奖品上新通知",
        "rental",
        "营销活动",
        ("奖品名称", "上新时间", "参与方式", "商户名称"),
        LONG_TERM,
        fatigue=_WEEKLY,
    ),
    Entry(
        "TM0010003", "礼物领取提醒", "rental", "营销活动", ("礼物名称", "领取条件", "截止时间", "商户名称")
    ),
    Entry(
        "TM0010004",
        "权益领取提醒",
        "rental",
        "会员权益",
        ("权益名称", "权益说明", "领取时间", "商户名称"),
        has_push=True,
    ),
    Entry(
        "TM0010005",
        "权益使用提醒",
        "rental",
        "会员权益",
        ("权益名称", "使用方法", "到期时间", "温馨提示"),
        LONG_TERM,
        fatigue=_DAILY,
    ),
    Entry(
        "TM0010006",
        "活动即将开始通知",
        "rental",
        "营销活动",
        ("活动名称", "开始时间", "活动内容", "参与方式", "商户名称"),
        has_push=True,
    ),
    Entry(
        "TM0010007",
        "每日签到提醒",
        "rental",
        "用户活跃",
        ("签到奖励", "已签天数", "温馨提示"),
        LONG_TERM,
        fatigue=_TIGHT,
    ),
    Entry(
        "TM0010008", "抽奖活动通知", "rental", "营销活动", ("活动名称", "奖品名称", "抽奖时间", "参与方式")
    ),
    Entry(
        "TM0010009",
        "租期到期提醒",
        "rental",
        "订单服务",
        ("商品名称", "到期日期", "归还方式", "温馨提示"),
        has_push=True,
        not_selectable="该模板需先开通「租赁订单」能力",
        action_url=_BIND_URL,
    ),
    Entry(
        "TM0010010",
        "新机首发预约通知",
        "rental",
        "营销活动",
        ("商品名称", "首发时间", "预约方式", "商户名称"),
        review_rejects=True,
    ),
)
TEA = (
    Entry(
        "TM0020001",
        "新品上市通知",
        "tea",
        "营销活动",
        ("新品名称", "上市时间", "尝鲜优惠", "商户名称"),
        LONG_TERM,
        fatigue=_WEEKLY,
    ),
    Entry(
        "TM0020002",
        "取餐提醒",
        "tea",
        "订单服务",
        ("取餐号", "门店名称", "商品名称", "温馨提示"),
        has_push=True,
    ),
    Entry("TM0020003", "积分到期提醒", "tea", "会员权益", ("到期积分", "到期日期", "使用方法", "商户名称")),
    Entry(
        "TM0020004",
        "会员日活动提醒",
        "tea",
        "会员权益",
        ("活动名称", "活动时间", "活动内容", "参与方式"),
        LONG_TERM,
        fatigue=_DAILY,
    ),
    Entry(
        "TM0020005",
        "集杯奖励到账通知",
        "tea",
        "会员权益",
        ("奖励名称", "到账时间", "使用方法"),
        delivery_settings="follower",
    ),
    Entry(
        "TM0020006",
        "茶会邀请通知",
        "tea",
        "营销活动",
        ("茶会名称", "开始时间", "地点", "商户名称"),
        review_rejects=True,
    ),
)
RETAIL = (
    Entry(
        "TM0030001", "到店活动提醒", "retail", "营销活动", ("活动名称", "活动时间", "门店名称", "活动内容")
    ),
    Entry(
        "TM0030002",
        "商品到货通知",
        "retail",
        "商品服务",
        ("商品名称", "到货时间", "门店名称", "价格"),
        has_push=True,
    ),
    Entry(
        "TM0030003",
        "券到期提醒",
        "retail",
        "优惠券",
        ("优惠内容", "到期日期", "使用方法", "商户名称"),
        fatigue=_DAILY,
    ),
    Entry(
        "TM0030004", "会员积分变动通知", "retail", "会员权益", ("变动积分", "当前积分", "变动原因"), LONG_TERM
    ),
    Entry(
        "TM0030005",
        "好久不见提醒",
        "retail",
        "用户活跃",
        ("优惠内容", "使用方法", "商户名称"),
        fatigue=_TIGHT,
        recent_visit_days=30,
    ),
    Entry(
        "TM0030006",
        "爆款秒杀通知",
        "retail",
        "营销活动",
        ("商品名称", "秒杀价", "开始时间"),
        review_rejects=True,
    ),
    Entry(
        "TM0030007",
        "购后服务提醒",
        "retail",
        "订单服务",
        ("商品名称", "服务内容", "预约方式"),
        needs_order=True,
    ),
)
OLD_TEMPLATES = (
    Entry("TM0090001", "预约登记成功通知", OLD, "表单提交", ("预约项目", "预约时间"), trigger=FORM),
    Entry("TM0090002", "付款成功通知", OLD, "交易消息", ("商品名称", "付款金额"), trigger=TRADE),
)
GENERAL = (
    Entry(
        "TM0000001",
        "优惠券领取提醒",
        "general",
        "优惠券",
        ("优惠内容", "使用方法", "商户名称", "领券时间", "温馨提示"),
        has_push=True,
    ),
    Entry(
        "TM0000002", "预约结果通知", "general", "预约服务", ("预约项目", "预约时间", "预约结果", "门店名称")
    ),
    Entry(
        "TM0000003",
        "生活号活动通知",
        "general",
        "营销活动",
        ("活动名称", "活动时间", "活动内容"),
        LONG_TERM,
        delivery_settings="follower",
        not_selectable="小程序未关联生活号",
        action_url=_BIND_URL,
    ),
)
LIBRARY = {entry.code: entry for entry in (*RENTAL, *TEA, *RETAIL, *GENERAL, *OLD_TEMPLATES)}


def visible_to(industry: str) -> list[Entry]:
    """The entries of the app's main industry, then those for everybody, in a fixed order."""
    own = [entry for entry in LIBRARY.values() if entry.industry == industry]
    shared = [entry for entry in LIBRARY.values() if entry.industry == "general"]
    return own if industry == "general" else own + shared
