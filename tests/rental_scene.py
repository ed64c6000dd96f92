"""A scene of the tests' own: four statuses, of which two notify."""

from orders.scenes import Node, Scene

RENTAL = Scene(
    code="online_rental",
    name="Online rental",
    biz_type="3C_RENT",
    common_fields=("rent_item",),
    nodes=(
        Node("CREATE", "Placed"),
        Node("APPROVAL", "Approved", notifies=True, sentence="Your order was approved."),
        Node("DELIVERY", "Sent off", notifies=True, pushes=True, fields=("tracking_no",)),
        Node("FINISHED", "Finished"),
    ),
)
