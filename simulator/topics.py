"""Which messages of the message service an app has subscribed to. Sending them is another module's work."""

from dataclasses import dataclass

from simulator.records import Records

_ACTIVITY = ("created", "modified", "appended", "stopped", "received", "used", "expired", "refund")
TOPICS = (
    *(f"alipay.marketing.activity.message.{event}" for event in _ACTIVITY),
    "alipay.marketing.activity.delivery.message",
)
COMM_TYPES = ("HTTP", "WEBSOCKET")
AUTH_TYPES = ("app_auth", "user_auth")


@dataclass(slots=True)
class Subscription:
    app_id: str
    topic: str
    comm_type: str
    auth_type: str
    whose: str
    """open_id of the person with user_auth, else empty."""

    @property
    def key(self) -> str:
        return key_of(self.app_id, self.topic, self.auth_type, self.whose)


def key_of(app_id: str, topic: str, auth_type: str, whose: str) -> str:
    return "|".join((app_id, topic, auth_type, whose))


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

    def listeners(self, topic: str) -> list[Subscription]:
        """Everybody who wants to hear of this topic."""
        return [one for one in self._held.values() if one.topic == topic]
