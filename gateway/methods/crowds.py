"""One message to a crowd: all subscribers of a template, or those of them who are in a named crowd."""

from pydantic import Field

from gateway import wire
from gateway.methods import Answered, Request, Response
from gateway.methods.messages import TemplateId


class OpenAppMiniTemplatemessageBatchsendResponse(Response):
    batch_msg_id: str = Field(min_length=1)


class OpenAppMiniTemplatemessageBatchsend(Request[OpenAppMiniTemplatemessageBatchsendResponse]):
    """Send one message to everybody who subscribed, or to those of a crowd.

    The method has no idempotency key, and the platform has no call that takes a batch back: the same call
    made twice sends twice. Without `crowd_code` it goes to all subscribers, without `schedule_send_time` at
    once.
    """

    method = "alipay.open.app.mini.templatemessage.batchsend"
    response_type = OpenAppMiniTemplatemessageBatchsendResponse

    template_id: TemplateId
    data: str = Field(max_length=wire.DATA_MAX_CHARACTERS)
    page: str = Field(min_length=1, max_length=wire.PAGE_MAX_CHARACTERS)
    crowd_code: str | None = Field(None, min_length=1)
    schedule_send_time: str | None = Field(None, min_length=1)


class NamedValue(Answered):
    name: str | None = None
    value: str | None = None


class BatchContent(Answered):
    title: str | None = None
    jump_url: str | None = None
    keyword_list: tuple[NamedValue, ...] = ()


class BatchRecord(Answered):
    """`msg_send_status`: WAITING, SENDING, SUCCESS, PARTIAL, FAILED or CANCELED. Nothing says who got it."""

    batch_msg_id: str | None = None
    template_id: str | None = None
    crowd_code: str | None = None
    msg_content: BatchContent | None = None
    msg_send_count: int | None = None
    msg_send_status: str | None = None
    msg_send_time: str | None = None


class OpenAppMiniBatchtemplatemsgQueryResponse(Response):
    record: BatchRecord


class OpenAppMiniBatchtemplatemsgQuery(Request[OpenAppMiniBatchtemplatemsgQueryResponse]):
    """What the platform says of one batch: its state and a count."""

    method = "alipay.open.app.mini.batchtemplatemsg.query"
    response_type = OpenAppMiniBatchtemplatemsgQueryResponse

    batch_msg_id: str = Field(min_length=1)
