"""Every table of membership: people and lists, cards, their ledgers, and the proof of these."""

from membership.models.card_check import CardCheck, CardDifference
from membership.models.card_ledger import BalanceEntry, LotUse, PointCorrection, PointEntry, PointLot
from membership.models.card_template import CardLevel, CardRevision, CardTemplate
from membership.models.member_card import CardNumberSeries, MemberCard
from membership.models.people import Customer, PeopleList, PeopleListEntry

__all__ = [
    "BalanceEntry",
    "CardCheck",
    "CardDifference",
    "CardLevel",
    "CardNumberSeries",
    "CardRevision",
    "CardTemplate",
    "Customer",
    "LotUse",
    "MemberCard",
    "PeopleList",
    "PeopleListEntry",
    "PointCorrection",
    "PointEntry",
    "PointLot",
]
