"""Public codes of the gateway and the refusals of the methods, spelt as the platform spells them."""

from dataclasses import dataclass

MESSAGES = {
    "10000": "Success",
    "20000": "Service Currently Unavailable",
    "20001": "Insufficient Token Permissions",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40003": "Insufficient Conditions",
    "40004": "Business Failed",
    "40005": "Call Limited",
    "40006": "Insufficient Permissions",
}

# sub_code → (code, sub_msg). A sub_code that stands in no line belongs to 40004.
SUB_CODES = {
    "isp.unknow-error": ("20000", "系统繁忙"),
    "aop.unknow-error": ("20000", "系统繁忙"),
    "aop.invalid-auth-token": ("20001", "无效的访问令牌"),
    "aop.invalid-app-auth-token": ("20001", "无效的应用授权令牌"),
    "isv.missing-method": ("40001", "缺少方法名参数"),
    "isv.missing-signature": ("40001", "缺少签名参数"),
    "isv.missing-signature-type": ("40001", "缺少签名类型参数"),
    "isv.missing-app-id": ("40001", "缺少appId参数"),
    "isv.missing-timestamp": ("40001", "缺少时间戳参数"),
    "isv.missing-version": ("40001", "缺少版本参数"),
    "isv.missing-encrypt-key": ("40001", "缺少加密配置"),
    "isv.invalid-parameter": ("40002", "参数无效"),
    "isv.invalid-method": ("40002", "不存在的方法名"),
    "isv.invalid-format": ("40002", "无效的数据格式"),
    "isv.invalid-signature-type": ("40002", "无效的签名类型"),
    "isv.invalid-signature": ("40002", "验签出错"),
    "isv.invalid-encrypt-type": ("40002", "无效的加密类型"),
    "isv.invalid-app-id": ("40002", "无效的appId参数"),
    "isv.invalid-timestamp": ("40002", "无效的时间戳参数"),
    "isv.invalid-charset": ("40002", "无效的编码参数"),
    "isv.illegal-json": ("40002", "biz_content 不是合法的 JSON"),
    "isv.app-call-limited": ("40005", "应用调用次数超限"),
    "isv.method-call-limited": ("40005", "接口调用次数超限"),
    "isv.insufficient-isv-permissions": ("40006", "ISV权限不足"),
    "USER_TEMPLATE_ILLEGAL": ("40004", "模板非法"),
    "TEMPLATE_ILLEGAL": ("40004", "模板库中的模板不可用"),
    "USER_TEMPLATE_STATUS_ILLEGAL": ("40004", "模板状态不可发送"),
    "MSG_TEMPLATE_ID_VALID": ("40004", "模板 id 校验不通过"),
    "USER_TEMPLATE_LACK_KEYWORD": ("40004", "缺少关键词"),
    "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL": ("40004", "关键词非法"),
    "USER_KEYWORD_LENGTH_ERROR": ("40004", "关键词超长"),
    "DATA_IS_EMPTY": ("40004", "消息内容为空"),
    "DATA_CONTENT_FORMAT_ERROR": ("40004", "消息内容格式错误"),
    "BIZ_CONTENT_FORMAT_ERROR": ("40004", "biz_content 格式错误"),
    "DATA_SENSITIVE": ("40004", "消息内容包含敏感信息"),
    "PAGE_OVER_LIMIT": ("40004", "page 参数超长"),
    "ILLEGAL_ARGUMENT_PARAMS": ("40004", "参数错误"),
    "USER_ID_INVALID": ("40004", "用户 id 无效"),
    "QUERY_CONSUMER_REQEUST_ERROR": ("40004", "查询用户请求失败，请重试"),
    "MSG_UNSUBSCRIBED": ("40004", "用户未订阅该消息"),
    "MSG_REJECTED": ("40004", "用户不接收该应用的消息"),
    "MSG_CONTENT_NOT_INTERESTED": ("40004", "用户对该内容不感兴趣"),
    "MSG_SINGLE_SD_OVER": ("40004", "单用户消息频次超限"),
    "NO_RECENT_VISIT_RECORD": ("40004", "用户近期未访问小程序"),
    "MSG_UNAUTHORIZED": ("40004", "应用未开通消息能力"),
    "MESSAGE_SEND_AUTH_ERROR": ("40004", "无权发送该消息"),
    "NO_BIND_PUBLIC_APP": ("40004", "小程序未绑定生活号"),
    "APP_TYPE_ERROR": ("40004", "应用类型错误"),
    "APP_NO_AVAIABLE": ("40004", "应用不可用"),
    "MSG_SEND_ERROR": ("40004", "消息发送失败"),
    "MSG_TEMPLATE_INVALID": ("40004", "消息模板无效"),
    "OPENID_INVALID": ("40004", "open_id 无效"),
    "SUBSCRIBE_TEMPLATE_OVER_LIMIT": ("40004", "模板数量超过上限"),
    "MSG_TEMPLATE_NOT_EXIST": ("40004", "消息模板不存在"),
    "BIZ_CONTENT_IS_NULL": ("40004", "biz_content 为空"),
    "MESSAGE_LIBRARY_ILLEGAL": ("40004", "模板库模板非法"),
    "KEYWORDS_NUMBER_INVALID": ("40004", "关键词数量不符合要求"),
    "USER_TEMPLATE_OVER_LIMIT": ("40004", "领用模板数量超过上限"),
}


class Refusal(Exception):
    """Raised by a check: the request is answered with this and nothing is done."""

    def __init__(self, sub_code: str, sub_msg: str = "") -> None:
        super().__init__(sub_code)
        self.sub_code = sub_code
        self.code, usual = SUB_CODES.get(sub_code, ("40004", sub_code))
        self.sub_msg = sub_msg or usual

    def node(self) -> dict[str, str]:
        return {
            "code": self.code,
            "msg": MESSAGES[self.code],
            "sub_code": self.sub_code,
            "sub_msg": self.sub_msg,
        }


@dataclass(frozen=True, slots=True)
class Done:
    """A method's effect: business fields of the answer, and for a send which message it made."""

    fields: dict[str, object]
    message_id: int | None = None
