"""The scenes of the order centre: statuses, which of them notify, what their messages need. Data only.

Official are the online rental, the recycling and the reservation, of which extracts are published; the others
have codes, and where it says SIM also names, of this platform's own. A status whose successors are not
published may be followed by itself and by every later one of its scene.
"""

from dataclasses import dataclass

OFFICIAL, SIM = "official", "simulated"


@dataclass(frozen=True, slots=True)
class Status:
    """`needs`: what of business_info its message takes. `moves`: what may follow, where that is published."""

    code: str
    name: str
    notifies: bool = False
    pushes: bool = False
    needs: tuple[str, ...] = ()
    moves: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """`fixed`: business_info that never changes once it was sent."""

    biz_type: str
    name: str
    statuses: tuple[Status, ...]
    certainty: str = SIM
    fixed: tuple[str, ...] = ()

    def status(self, code: str) -> Status | None:
        return next((one for one in self.statuses if one.code == code), None)

    def follows(self, before: str, code: str) -> bool:
        listed = self.status(before)
        if listed is not None and listed.moves is not None:
            return code in listed.moves
        places = [one.code for one in self.statuses]
        return places.index(code) >= places.index(before)


_RENT = ("total_rent", "lease")
_DUE = ("thaw_deposit", "delivery_time", "receiving_time", "rent_due_date", "courier_number")
_LEASED = (*_RENT, *_DUE, "lease_period", "give_back_date")


def _moves(codes: str) -> frozenset[str]:
    return frozenset(codes.split())


def _quiet(code: str, name: str, moves: str | None = None) -> Status:
    return Status(code, name, moves=None if moves is None else _moves(moves))


def _told(code: str, name: str, moves: str | None = None) -> Status:
    """A message without a push."""
    return Status(code, name, True, moves=None if moves is None else _moves(moves))


def _pushed(code: str, name: str) -> Status:
    return Status(code, name, True, True)


RENTAL = Scene(
    "3C_RENT",
    "线上租赁",
    (
        _quiet("APPLYING", "申请中"),
        Status("APPROVAL", "审批中", True, needs=_RENT),
        Status("REJECT", "审核拒绝", True, True, _RENT),
        Status("WAIT_PAY", "待支付", True, needs=_RENT),
        _quiet("PENDING", "待商家确认", "APPROVAL TO_SEND_GOODS WAIT_PAY REJECT CLOSED APPLYING PENDING"),
        _quiet("DEPOSIT_WAIVER", "待免押", "CLOSED APPROVAL TO_SEND_GOODS PENDING REJECT DEPOSIT_WAIVER"),
        _quiet(
            "TO_SEND_GOODS",
            "待发货",
            "IN_DELIVERY CLOSED IN_THE_LEASE OVERDUE IN_THE_BACK EXERCISED RENT_DUE RELET IN_THE_BUYOUT"
            " TO_BE_PAID RETURN_OVERDUE FINISHED BUYOUT",
        ),
        Status(
            "IN_DELIVERY", "已发货", True, True, (*_RENT, "thaw_deposit", "delivery_time", "courier_number")
        ),
        _quiet("ON_TRIAL", "试用中"),
        Status("IN_THE_LEASE", "租赁中", True, True, _LEASED),
        Status(
            "RENT_DUE",
            "租赁到期",
            True,
            True,
            _LEASED,
            _moves("IN_THE_BACK RELET RETURN_OVERDUE FINISHED TO_BE_PAID IN_THE_BUYOUT BUYOUT"),
        ),
        Status("OVERDUE", "已逾期", True, True, (*_LEASED, "overdue_amount")),
        Status("RETURN_OVERDUE", "归还逾期", True, True, _LEASED),
        Status("RELET", "续租中", True, False, (*_LEASED, "real_date")),
        Status("IN_THE_BACK", "归还中", moves=_moves("FINISHED BUYOUT TO_BE_PAID")),
        Status("TO_BE_PAID", "待赔付", True, True, (*_LEASED, "payment_amount")),
        Status("IN_THE_BUYOUT", "买断中", True, True, (*_LEASED, "buy_amount")),
        Status("BUYOUT", "已买断", True, False, (*_LEASED, "buy_amount")),
        Status("EXERCISED", "履约完成", True, True, _LEASED),
        _quiet("END_OF_LEASE", "租赁结束"),
        Status("FINISHED", "已归还", True, True, _LEASED, _moves("FINISHED")),
        _quiet("CLOSED", "已关闭", "CLOSED"),
    ),
    OFFICIAL,
    fixed=("thaw_deposit",),
)
RECYCLING = Scene(
    "RECYCLE",
    "上门回收",
    (
        _told("create", "下单成功"),
        _quiet("to_send", "派单中"),
        _told("order_taken", "已接单"),
        _quiet("come_to_door", "回收员上门中"),
        _told("traveling", "回收商品已送出"),
        _told("signed", "仓库已签收"),
        _quiet("valuation", "估价中"),
        _told("reckon", "估价完成"),
        _told("end_recycle", "回收终止"),
        _told("send_back", "确认寄回"),
        _told("account", "回收已结算"),
        _quiet("taked_goods", "已收货"),
        _told("finished", "订单完成"),
        _told("canceled", "已取消"),
    ),
    OFFICIAL,
)
RESERVATION = Scene(
    "RESERVATION",
    "预约",
    (
        _quiet(
            "pending",
            "待商家确认",
            "delivered paid pending arrival_time closed order_change overdue wait_pay",
        ),
        _told(
            "book_successfully",
            "预约成功",
            "delivered paid pending arrival_time closed book_successfully order_change wait_pay",
        ),
        _told("order_change", "预约变更"),
        _told("arrival_time", "预约临期"),
        _quiet("delivered", "已到店", "delivered paid wait_pay"),
        _told("wait_pay", "待支付"),
        _quiet("paid", "支付成功"),
        _told("overdue", "预约过期"),
        _told("closed", "取消预约", "closed"),
    ),
    OFFICIAL,
)
QR_FOOD = Scene(
    "qr_food_order",
    "扫码点餐",
    (
        _quiet("MERCHANT_PAID", "已付款"),
        _quiet("MERCHANT_CONFIRMED", "商家已确认"),
        _quiet("MERCHANT_DELIVERD", "商家发货中"),
        _quiet("MERCHANT_LOANING", "租赁中"),
        _quiet("MERCHANT_FINISHED", "订单已完成"),
    ),
)
TAKEAWAY = Scene(
    "TAKE_OUT",
    "餐饮外卖",
    (
        _quiet("ORDER_CREATED", "下单成功"),
        _quiet("WAIT_ACCEPT", "待接单"),
        _pushed("MERCHANT_ACCEPTED", "商家接单"),
        _pushed("DELIVERING", "开始配送"),
        _pushed("DELIVERED", "送达"),
        _quiet("REFUNDING", "退款中"),
        _told("CANCELED", "已取消"),
        _told("REFUNDED", "已退款"),
    ),
)
PICK_UP = Scene(
    "SELF_PICKUP",
    "堂食/自提",
    (
        _told("MERCHANT_ACCEPTED", "商家接单"),
        _told("READY_TO_PICKUP", "待取餐"),
        _quiet("CALLING", "叫号中"),
    ),
)
HOME = Scene("FMCG_HOME", "快消到家", (_quiet("DELIVERING", "配送中"), _told("DELIVERED", "送达")))
MALL = Scene(
    "KX_SHOPPING",
    "全渠道商城",
    (_quiet("WAIT_SHIP", "待发货"), _told("SHIPPED", "已发货"), _quiet("SIGNED", "已签收")),
)
HOTEL = Scene(
    "HOTEL_BOOKING",
    "酒店预订",
    (_quiet("PENDING", "待确认"), _told("BOOKED", "预约成功"), _quiet("CHECKED_IN", "已入住")),
)
TICKETS = Scene(
    "SCENIC_TICKET",
    "景区购票",
    (_told("ISSUED", "出票成功"), _told("ISSUE_FAILED", "出票失败"), _quiet("VERIFIED", "已检票")),
)
LAUNDRY = Scene("SHARED_LAUNDRY", "共享洗衣", (_quiet("WASHING", "洗涤中"), _told("WASHED", "洗涤完成")))
TRIP = Scene("TRIP", "出行", (_quiet("ON_TRIP", "行程中"),))
MEDICAL = Scene("MEDICAL", "医疗", (_quiet("WAIT_REPORT", "待医院出报告"), _told("REPORT_OUT", "报告已出")))

SCENES = {
    scene.biz_type: scene
    for scene in (
        RENTAL, RECYCLING, RESERVATION, QR_FOOD, TAKEAWAY, PICK_UP, HOME, MALL, HOTEL, TICKETS, LAUNDRY,
        TRIP, MEDICAL,
    )
}  # fmt: skip
