"""Asking the message service to push one kind of message to the app's gateway address (domain A.9)."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.methods import Request, Response


class OpenAppMessageTopicSubscribeResponse(Response):
    pass


class OpenAppMessageTopicSubscribe(Request[OpenAppMessageTopicSubscribeResponse]):
    """`topic` is the msg_method. Subscribing twice is the same as once."""

    method = "alipay.open.app.message.topic.subscribe"
    response_type = OpenAppMessageTopicSubscribeResponse

    topic: Annotated[str, Field(min_length=1)]
    comm_type: Literal["HTTP"] = "HTTP"
    auth_type: Literal["app_auth"] = "app_auth"
    tag: str | None = None
    auth_token: str | None = None
