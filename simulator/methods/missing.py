"""Methods of the contract that the platform does not offer yet: the gateway answers isv.invalid-method."""

MISSING = (
    "alipay.marketing.activity.deliverychannel.query",
    "alipay.marketing.activity.message.query",
    "alipay.marketing.activity.ordervoucher.batchsend",
    "alipay.merchant.order.consumer.query",
    "alipay.merchant.order.message.sync",
    "alipay.open.mini.bizdata.templatemessage.upload",
    "alipay.open.mini.miniapp.favoritegift.query",
    "alipay.open.mini.order.create",
    "alipay.open.mini.order.delivery.modify",
    "alipay.open.mini.order.delivery.receive",
    "alipay.open.mini.order.delivery.send",
    "alipay.open.mini.order.query",
    "alipay.open.mini.templatemsg.maketing.batchquery",
)
