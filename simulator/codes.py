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
    "aop.auth-token-time-out": ("20001", "访问令牌已过期"),
    "aop.invalid-app-auth-token": ("20001", "无效的应用授权令牌"),
    "aop.invalid-app-auth-token-no-api": ("20001", "商户未授权当前接口"),
    "aop.app-auth-token-time-out": ("20001", "应用授权令牌已过期"),
    "aop.no-product-reg-by-partner": ("20001", "商户未签约产品"),
    "isv.missing-method": ("40001", "缺少方法名参数"),
    "isv.missing-signature": ("40001", "缺少签名参数"),
    "isv.missing-signature-type": ("40001", "缺少签名类型参数"),
    "isv.missing-signature-key": ("40001", "缺少签名配置"),
    "isv.missing-app-id": ("40001", "缺少appId参数"),
    "isv.missing-timestamp": ("40001", "缺少时间戳参数"),
    "isv.missing-version": ("40001", "缺少版本参数"),
    "isv.decryption-error-missing-encrypt-type": ("40001", "解密出错，未指定加密算法"),
    "isv.missing-encrypt-key": ("40001", "缺少加密配置"),
    "isv.missing-default-signature-type": ("40001", "缺少默认签名类型"),
    "isv.invalid-parameter": ("40002", "参数无效"),
    "isv.upload-fail": ("40002", "文件上传失败"),
    "isv.invalid-file-extension": ("40002", "文件扩展名无效"),
    "isv.invalid-file-size": ("40002", "文件大小无效"),
    "isv.invalid-method": ("40002", "不存在的方法名"),
    "isv.invalid-format": ("40002", "无效的数据格式"),
    "isv.invalid-signature-type": ("40002", "无效的签名类型"),
    "isv.invalid-signature": ("40002", "验签出错"),
    "isv.invalid-token": ("40002", "无效的令牌"),
    "isv.invalid-encrypt-type": ("40002", "无效的加密类型"),
    "isv.invalid-encrypt": ("40002", "加密内容异常"),
    "isv.invalid-app-id": ("40002", "无效的appId参数"),
    "isv.invalid-timestamp": ("40002", "无效的时间戳参数"),
    "isv.invalid-charset": ("40002", "无效的编码参数"),
    "isv.invalid-digest": ("40002", "摘要无效"),
    "isv.decryption-error-not-valid-encrypt-type": ("40002", "解密出错，不支持的加密算法"),
    "isv.decryption-error-not-valid-encrypt-key": ("40002", "解密出错，密钥不合法"),
    "isv.decryption-error-unknown": ("40002", "解密出错，未知异常"),
    "isv.not-support-app-auth": ("40002", "接口不支持应用授权"),
    "isv.illegal-json": ("40002", "biz_content 不是合法的 JSON"),
    "isv.suspected-attack": ("40002", "参数存在攻击嫌疑"),
    "isv.forbidden-api": ("40002", "不允许使用的接口"),
    "app-cert-expired": ("40002", "应用证书已过期"),
    "isv.grant-type-invalid": ("40002", "grant_type 无效"),
    "isv.code-invalid": ("40002", "授权码 code 无效"),
    "isv.refresh-token-invalid": ("40002", "刷新令牌无效"),
    "isv.refresh-token-time-out": ("40002", "刷新令牌已过期"),
    "isv.refreshed-token-invalid": ("40002", "刷新令牌已使用过"),
    "isv.unmatched-app-id": ("40002", "授权方 appId 不匹配"),
    "invalid-auth-relations": ("40003", "无效的授权关系"),
    "isv.missing-signature-config": ("40003", "缺少签名配置"),
    "isv.invalid-app-state": ("40003", "应用状态无效"),
    "isv.app-call-limited": ("40005", "应用调用次数超限"),
    "isv.method-call-limited": ("40005", "接口调用次数超限"),
    "isv.insufficient-isv-permissions": ("40006", "ISV权限不足"),
    "isv.insufficient-user-permissions": ("40006", "用户权限不足"),
    "isv.self-invoke-forbidden": ("40006", "第三方应用不能自调用"),
    "isv.ip-forbidden": ("40006", "IP地址不在白名单内"),
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
    "FORM_ID_INVALID": ("40004", "form_id 无效"),
    "FORM_ID_NOT_MATCH_APPID": ("40004", "formId和appId不匹配"),
    "FORM_ID_OVER_TIME": ("40004", "form_id 已过期"),
    "FORM_ID_SEND_LIMIT": ("40004", "form_id 发送次数超限"),
    "TRADE_NO_NOT_MATCH_USERID": ("40004", "交易号与用户不匹配或未支付"),
    "QUERY_CONSUMER_REQEUST_ERROR": ("40004", "查询用户请求失败，请重试"),
    "MSG_UNSUBSCRIBED": ("40004", "用户未订阅该消息"),
    "MSG_REJECTED": ("40004", "用户不接收该应用的消息"),
    "MSG_CONTENT_NOT_INTERESTED": ("40004", "用户对该内容不感兴趣"),
    "MSG_SINGLE_SD_OVER": ("40004", "单用户消息频次超限"),
    "NO_RECENT_VISIT_RECORD": ("40004", "用户近期未访问小程序"),
    "NO_PLACE_ORDER_RECORD": ("40004", "用户没有下单记录"),
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
    "BATCH_SEND_QUOTA_OVER_LIMIT": ("40004", "今日批量发送次数已用完"),
    "SCHEDULE_TIME_INVALID": ("40004", "定时发送时间无效"),
    "CROWD_CODE_INVALID": ("40004", "人群不存在"),
    "APP_NOT_ISV": ("40004", "当前应用不是第三方应用"),
    "GRANT_TYPE_INVALID": ("40004", "grant_type 无效"),
    "AUTH_CODE_NOT_EXIST": ("40004", "授权码不存在"),
    "AUTH_CODE_NOT_VALID": ("40004", "授权码已使用或已过期"),
    "APP_ID_NOT_CONSISTENT": ("40004", "授权码不属于当前应用"),
    "AUTH_TOKEN_NOT_FOUND": ("40004", "授权关系不存在"),
    "REFRESH_TOKEN_NOT_EXIST": ("40004", "刷新令牌不存在"),
    "REFRESH_TOKEN_NOT_VALID": ("40004", "刷新令牌已失效"),
    "REFRESH_TOKEN_TIME_OUT": ("40004", "刷新令牌已过期"),
    "ILLEGAL_PARAM": ("40004", "参数错误"),
    "AUTH_TOKEN_NOT_EXISTED": ("40004", "应用授权令牌不存在"),
    "AUTH_TOKEN_NOT_CONSISTENT": ("40004", "应用授权令牌不属于当前应用"),
    "SYSTEM_ERROR": ("40004", "系统异常，请重试"),
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
