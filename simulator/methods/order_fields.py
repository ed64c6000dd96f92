"""Every field of an order as the platform's contract has them, also those this platform does not look at."""

from simulator.methods.call import inside

FACTS = inside("ext_info[]", "ext_key", "ext_value")


_PERSON = ("cert_no", "cert_type", *FACTS, "mobile", "name", "open_id", "user_id")
_PLACE = (
    *("aoi_id", "city", *FACTS, "location_id", "location_id_type", "merchant_division_id", "merchant_id"),
    *("merchant_poi", "name", "poi_id"),
)
_SERVICE = ("content", *FACTS, "function_code", "function_name", "function_type", "function_url", "memo")
_SHOP = (
    *("address", "alipay_shop_id", *FACTS, "merchant_shop_id", "merchant_shop_link_page", "name"),
    *("phone_num", "type"),
)
_ITEM = (*FACTS, "item_id", "item_name", "quantity", "sku_id", "status", "status_desc", "unit", "unit_price")
_DISCOUNT = (
    *("discount_amount", "discount_name", "discount_page_link", "discount_quantity"),
    "external_discount_id",
)
_ELEMENT = (
    *inside("arrival", *_PLACE),
    *inside("departure", *_PLACE),
    *("duration", "end_time", "end_time_desc", *FACTS),
    *inside("functional_services[]", *_SERVICE),
    *inside("passagers[]", *_PERSON),
    *inside("service_change_info", "change_status", "detail_url", *FACTS, "remind_content"),
    *inside("service_provider", *FACTS, "logo", "name", "short_name"),
    *("start_time", "start_time_desc"),
)
_JOURNEY = (
    *("action", *FACTS, "journey_create_time", "journey_desc"),
    *inside("journey_elements[]", *_ELEMENT),
    *("journey_index", "journey_modify_time", "merchant_journey_no", "status", "status_desc", "sub_type"),
    *("title", "type"),
)
_TICKET = (
    *inside("arrival", *_PLACE),
    "content",
    *inside("departure", *_PLACE),
    *("effective_num", "end_time", *FACTS, "face_value"),
    *inside("functional_services[]", *_SERVICE),
    "invalid_reason",
    *inside("locations[]", *_PLACE),
    "merchant_ticket_no",
    *inside("seat_infos[]", "seat_class", "seat_no"),
    *inside("service_provider", *FACTS, "logo_material_id", "name", "short_name", "type", "uid"),
    *inside("shops[]", *_SHOP),
    *("start_time", "status", "ticket_create_time", "ticket_modify_time", "ticket_num"),
    *inside("ticket_users[]", *_PERSON),
    "title",
    *inside("vehicle_info", "license_plate_no", "memo", "shift_no"),
)
FIELDS = (
    *("out_biz_no", "buyer_id", "buyer_open_id", "order_type", "order_create_time", "order_modified_time"),
    *("order_pay_time", "amount", "pay_amount", "discount_amount", "trade_no", "trade_type"),
    *("category_id", "service_code", "source_app", "pay_timeout_express", "sync_content", "send_msg"),
    *FACTS,
    *inside("item_order_list[]", *_ITEM),
    *inside("shop_info", *_SHOP),
    *inside("logistics_info_list[]", "logistics_code", "phone_no", "tracking_no"),
    *inside("discount_info_list[]", *_DISCOUNT),
    *inside("ticket_order_list[]", *_TICKET),
    *inside("journey_order_list[]", *_JOURNEY),
    *inside("buyer_info", *_PERSON),
    *("record_id", "partner_id", "seller_id", "order_auth_code"),
    *inside("ticket_info", "address", "end_time", "resv_type", "shop", "ticket_no", "time", "type"),
)
