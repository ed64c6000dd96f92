from messaging.models.batch import BatchSend, DraftVersion
from messaging.models.books import MonthBooks
from messaging.models.carried import CarriedClaim, CarriedCount, ClaimsJoined, PlanCount
from messaging.models.consent import Consent, ConsentEntry
from messaging.models.control import TRANSITIONS, PauseReason, SendControl, SendKind, SendState, Unprepared
from messaging.models.crowd import (
    CROWD_TRANSITIONS,
    CrowdDecision,
    CrowdQuota,
    CrowdSend,
    CrowdState,
    MissedReason,
)
from messaging.models.delivery import (
    Decision,
    Delivery,
    DeliveryAttempt,
    DeliveryCounter,
    DeliveryState,
    FrequencyCount,
    SkipReason,
    UnknownCause,
    cause_of,
)
from messaging.models.failure import FailureDecision
from messaging.models.joint import JointPart, JointSend
from messaging.models.pulse import SendPulse
from messaging.models.recall import OrderVisitDay, RecallHour, Rollup, UntiedVisits, VisitHour
from messaging.models.reminder import Reminder, ReminderPolicy, ReminderRound
from messaging.models.review import Review
from messaging.models.rules import SendRules
from messaging.models.signal import OrderVisit, RecallCount, Signal, Visit
from messaging.models.single import SingleSend
from messaging.models.templates import Kind, LibraryTemplate, SubscriptionTemplate

__all__ = [
    "CROWD_TRANSITIONS",
    "TRANSITIONS",
    "BatchSend",
    "CarriedClaim",
    "CarriedCount",
    "ClaimsJoined",
    "Consent",
    "ConsentEntry",
    "CrowdDecision",
    "CrowdQuota",
    "CrowdSend",
    "CrowdState",
    "Decision",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryCounter",
    "DeliveryState",
    "DraftVersion",
    "FailureDecision",
    "FrequencyCount",
    "JointPart",
    "JointSend",
    "Kind",
    "LibraryTemplate",
    "MissedReason",
    "MonthBooks",
    "OrderVisit",
    "OrderVisitDay",
    "PauseReason",
    "PlanCount",
    "RecallCount",
    "RecallHour",
    "Reminder",
    "ReminderPolicy",
    "ReminderRound",
    "Review",
    "Rollup",
    "SendControl",
    "SendKind",
    "SendPulse",
    "SendRules",
    "SendState",
    "Signal",
    "SingleSend",
    "SkipReason",
    "SubscriptionTemplate",
    "UnknownCause",
    "Unprepared",
    "UntiedVisits",
    "Visit",
    "VisitHour",
    "cause_of",
]
