from merchants.models.call import GatewayCall
from merchants.models.event import Dispatch, Event
from merchants.models.job import Job
from merchants.models.notice import Notice
from merchants.models.people import ApiKey, Merchant, MiniProgram, Staff, Store, User
from merchants.models.provider import ProviderApp, ProviderAuthorisation
from merchants.models.saved_view import SavedView
from merchants.models.second_factor import RecoveryCode, SecondFactor

__all__ = [
    "ApiKey",
    "Dispatch",
    "Event",
    "GatewayCall",
    "Job",
    "Merchant",
    "MiniProgram",
    "Notice",
    "ProviderApp",
    "ProviderAuthorisation",
    "RecoveryCode",
    "SavedView",
    "SecondFactor",
    "Staff",
    "Store",
    "User",
]
