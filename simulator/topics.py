"""Which messages of the message service an app has subscribed to, about itself or about a merchant's app."""

from dataclasses import dataclass

from simulator.records import Records

_ACTIVITY = ("created", "modified", "appended", "stopped", "received", "used", "expired", "refund")
TOPICS = (
    *(f"alipay.marketing.activity.message.{event}" for event in _ACTIVITY),
    "alipay.marketing.activity.delivery.message",
)
COMM_TYPES = ("HTTP", "WEBSOCKET")
HTTP = COMM_TYPES[0]
APP_AUTH, USER_AUTH = AUTH_TYPES = ("app_auth", "user_auth")


@dataclass(slots=True)
class Subscription:
    app_id: str
    """Who is told."""
    topic: str
    comm_type: str
    auth_type: str
    whose: str
    """open_id of the person with user_auth, else empty."""
    merchant: str = ""
    """The merchant's app it is about, where the one that is told is a provider's; else empty."""

    @property
    def key(self) -> str:
        parts = (self.app_id, self.topic, self.auth_type, self.whose)
        return "|".join((*parts, self.merchant) if self.merchant else parts)


class Topics:
    def __init__(self, records: Records) -> None:
        self._records = records
        self._held = records.take("topic", Subscription)

    def get(self, key: str) -> Subscription | None:
        return self._held.get(key)

    def put(self, subscription: Subscription) -> None:
        self._held[subscription.key] = subscription
        self._records.put("topic", subscription.key, subscription)

    def drop(self, key: str) -> None:
        del self._held[key]
        self._records.drop("topic", key)

    def listeners(self, topic: str, merchant: str) -> list[str]:
        """Apps of others that subscribed to what happens to this merchant's app."""
        held = (one.app_id for one in self._held.values() if (one.topic, one.merchant) == (topic, merchant))
        return list(dict.fromkeys(held))

    def of(self, app_id: str, topic: str, merchant: str) -> list[Subscription]:
        """Its subscriptions to the topic: about the merchant's app, or with an empty one about itself."""
        wanted = (app_id, topic, merchant)
        return [one for one in self._held.values() if (one.app_id, one.topic, one.merchant) == wanted]
