"""The words of the console in both languages, grouped; the word in code is what the API and exports use."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Term:
    chinese: str
    english: str
    meaning: str | Promise


GLOSSARY: tuple[tuple[str | Promise, tuple[Term, ...]], ...] = (
    (
        _("Who and where"),
        (
            Term("商家", "Merchant", _("Who sends. All data of one merchant is invisible to every other.")),
            Term("服务商", "Service provider", _("Works for many merchants, each in its own space.")),
            Term("小程序", "Mini program", _("One app id with its keys, its industry and its gateway.")),
            Term("门店", "Store", _("A place that belongs to a merchant.")),
            Term("消费者", "Customer", _("A person, known by the open_id under one mini program.")),
        ),
    ),
    (
        _("To whom"),
        (
            Term("名单", "List", _("Frozen people, with their number and a fingerprint.")),
            Term("人群", "Audience", _("Whom you mean: a file today, a saved rule that writes lists later.")),
            Term("不再发送名单", "Do-not-send list", _("People who get nothing from this merchant.")),
        ),
    ),
    (
        _("Templates and consent"),
        (
            Term(
                "订阅消息模板库",
                "Template library",
                _("What the platform offers to a mini program, by its industry."),
            ),
            Term("领用", "Adopt", _("Taking a template from the library, with two to five keywords.")),
            Term("关键词", "Keyword", _("One line of a message, such as 权益名称; you write its text.")),
            Term(
                "一次性订阅",
                "One-time consent",
                _("Each yes is one unit; a message spends one."),
            ),
            Term("长期订阅", "Long-term consent", _("One yes stands for many messages until it is revoked.")),
            Term("订阅额度", "Consent balance", _("What a person has left for one template.")),
            Term(
                "订阅动线",
                "Touchpoint",
                _("Where in the mini program people are asked to subscribe."),
            ),
            Term("模板疲劳度", "Template fatigue", _("How many messages of one template a person may get.")),
        ),
    ),
    (
        pgettext_lazy("help", "Sending"),
        (
            Term("批量发送", "Batch send", _("One message to a list, one call for each person.")),
            Term("平台批量", "Crowd send", _("One call for all subscribers: a count, no list of people.")),
            Term("发送明细", "Delivery", _("One row for each person of a send.")),
            Term("冻结", "Freeze", _("Fixing who is meant; from then on the parts add up to that total.")),
            Term("结果未知", "Outcome unknown", _("It left, and nobody can say whether it arrived.")),
            Term("紧急停止", "Emergency stop", _("Nothing of a mini program leaves until it is released.")),
            Term(
                "账目已平",
                "Books balance",
                _("Rows, counters and consents were compared; nothing is off."),
            ),
            Term("结账", "Closed books", _("Every outcome is certain or decided, and all adds up.")),
            Term("归档", "Archive", _("People of old months, outside of the console; figures stay.")),
        ),
    ),
    (
        _("Coming back"),
        (
            Term("已受理", "Accepted", _("The platform took the message. It tells nobody who was reached.")),
            Term("召回", "Recall", _("The person comes back to the mini program because of the message.")),
            Term("召回标记", "Recall mark", _("The parameter rt of the page. It names one message.")),
            Term("事件", "Event", _("What our house did, in the audit log.")),
            Term("上报", "Signal", _("What a person did, as the mini program reported it.")),
        ),
    ),
)
