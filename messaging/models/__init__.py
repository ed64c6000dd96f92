from messaging.models.batch import BatchSend, DraftVersion
from messaging.models.consent import Consent, ConsentEntry
from messaging.models.control import TRANSITIONS, PauseReason, SendControl, SendState, Unprepared
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
from messaging.models.recall import RecallHour, Rollup, UntiedVisits, VisitHour
from messaging.models.rules import SendRules
from messaging.models.signal import RecallCount, Signal, Visit
from messaging.models.templates import Kind, LibraryTemplate, SubscriptionTemplate

__all__ = [
    "TRANSITIONS",
    "BatchSend",
    "Consent",
    "ConsentEntry",
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
    "PauseReason",
    "RecallCount",
    "RecallHour",
    "Rollup",
    "SendControl",
    "SendRules",
    "SendState",
    "Signal",
    "SkipReason",
    "SubscriptionTemplate",
    "UnknownCause",
    "Unprepared",
    "UntiedVisits",
    "Visit",
    "VisitHour",
    "cause_of",
]
