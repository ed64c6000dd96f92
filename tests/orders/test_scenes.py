"""The order centre's scenes: the tables hold together, and who is notified follows the platform's rules."""

import pytest
from django.utils import translation

from orders.scene_fields import FIELD_NAMES, field_name
from orders.scenes import SCENES, Scene, for_industry
from orders.week import skipped_nodes

pytestmark = pytest.mark.real_scenes

EVERY = pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)

# the platform's table of the online rental: status, message, push
RENTAL = """
APPLYING - -
APPROVAL m -
REJECT m p
WAIT_PAY m -
PENDING - -
DEPOSIT_WAIVER - -
TO_SEND_GOODS - -
IN_DELIVERY m p
ON_TRIAL - -
IN_THE_LEASE m p
RENT_DUE m p
OVERDUE m p
RETURN_OVERDUE m p
RELET m -
IN_THE_BACK - -
TO_BE_PAID m p
IN_THE_BUYOUT m p
BUYOUT m -
EXERCISED m p
END_OF_LEASE - -
FINISHED m p
CLOSED - -
"""


def test_every_scene_of_the_design_is_there():
    assert set(SCENES) == {
        "online_rental", "recycling", "reservation", "takeaway", "self_pickup", "home_delivery",
        "retail_mall", "hotel", "attraction_tickets", "shared_laundry", "qr_food_order",
    }  # fmt: skip
    assert len({scene.biz_type for scene in SCENES.values()}) == len(SCENES)


@EVERY
def test_the_table_of_a_scene_holds_together(scene: Scene):
    codes = [node.status for node in scene.nodes]
    assert len(set(codes)) == len(codes)
    assert scene.may_follow("", codes[0])
    assert all(len(code) <= 32 for code in codes)
    for node in scene.nodes:
        assert (node.moves or frozenset()) <= set(codes), node.status
        assert not node.pushes or node.notifies, node.status
        assert bool(node.sentence) == node.notifies, node.status
    assert set(scene.field_names) <= set(FIELD_NAMES)
    assert set(scene.fixed_fields) <= set(scene.field_names)


@EVERY
def test_without_published_moves_an_order_only_goes_forward(scene: Scene):
    codes = [node.status for node in scene.nodes]
    for place, node in enumerate(scene.nodes):
        if node.moves is None:
            assert [code for code in codes if scene.may_follow(node.status, code)] == codes[place:]
        assert not scene.may_follow(node.status, "NO_SUCH_STATUS")


@EVERY
def test_a_sentence_names_only_fields_its_message_needs(scene: Scene):
    for node in scene.notifying:
        filled = node.sentence_with({name: "1" for name in scene.needed(node.status)})
        assert "--" not in filled and "{" not in filled, node.status


def test_a_sentence_shows_a_missing_field_as_two_dashes():
    shipped = SCENES["online_rental"].node("IN_DELIVERY")
    with translation.override("en"):
        assert shipped.sentence_with({"courier_number": "SF1"}) == (
            "Your rental was shipped on --, tracking number SF1."
        )


def test_the_rental_notifies_and_pushes_as_the_platform_publishes():
    told = [
        f"{node.status} {'m' if node.notifies else '-'} {'p' if node.pushes else '-'}"
        for node in SCENES["online_rental"].nodes
    ]
    assert told == RENTAL.split("\n")[1:-1]


def test_a_rental_may_not_go_back_once_it_is_to_be_shipped():
    rental = SCENES["online_rental"]
    assert rental.may_follow("PENDING", "TO_SEND_GOODS")
    assert not rental.may_follow("TO_SEND_GOODS", "PENDING")
    assert not rental.may_follow("CLOSED", "FINISHED")


def test_an_overdue_rental_needs_the_amount_too():
    rental = SCENES["online_rental"]
    complete = {name: "1" for name in rental.needed("RENT_DUE")}
    assert len(complete) == 9
    assert rental.missing_fields("RENT_DUE", complete) == ()
    assert rental.missing_fields("OVERDUE", complete) == ("overdue_amount",)
    assert rental.missing_fields("IN_THE_BACK", {}) == ()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("takeaway", "MERCHANT_ACCEPTED"), ("hotel", "BOOKED"), ("retail_mall", "SHIPPED"),  # receipts
        ("self_pickup", "READY_TO_PICKUP"), ("home_delivery", "DELIVERED"),  # somebody has to act
        ("attraction_tickets", "ISSUE_FAILED"), ("online_rental", "OVERDUE"),  # exceptions
    ],
)  # fmt: skip
def test_receipts_things_to_do_and_exceptions_notify(code: str, status: str):
    assert SCENES[code].node(status).notifies


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("hotel", "PENDING"), ("online_rental", "PENDING"), ("reservation", "pending"),
        ("takeaway", "WAIT_ACCEPT"), ("takeaway", "REFUNDING"), ("self_pickup", "CALLING"),
        ("reservation", "delivered"), ("hotel", "CHECKED_IN"), ("attraction_tickets", "VERIFIED"),
        ("reservation", "paid"), ("qr_food_order", "MERCHANT_PAID"),  # the platform tells of payments
    ],
)  # fmt: skip
def test_what_has_no_result_or_is_seen_anyway_does_not_notify(code: str, status: str):
    assert not SCENES[code].node(status).notifies


def test_a_takeaway_pushes_when_taken_sent_out_and_brought():
    pushing = [node.status for node in SCENES["takeaway"].nodes if node.pushes]
    assert pushing == ["MERCHANT_ACCEPTED", "DELIVERING", "DELIVERED"]


def test_the_scenes_of_the_industry_stand_first():
    rental = for_industry("rental")
    assert [scene.code for scene, fits in rental if fits] == ["online_rental", "recycling", "shared_laundry"]
    assert [fits for _scene, fits in rental] == sorted((fits for _scene, fits in rental), reverse=True)
    assert len(rental) == len(SCENES)


def test_a_field_without_a_name_keeps_its_key():
    assert field_name("their_own_field") == "their_own_field"


def test_only_type_codes_that_the_domain_document_names_are_called_official() -> None:
    official = {scene.biz_type for scene in SCENES.values() if scene.biz_type_certainty == "official"}
    assert official == {"3C_RENT", "qr_food_order"}


@pytest.mark.parametrize(
    ("code", "way", "missed"),
    [
        ("online_rental", "APPROVAL WAIT_PAY TO_SEND_GOODS IN_DELIVERY IN_THE_LEASE RENT_DUE FINISHED", []),
        ("online_rental", "APPROVAL TO_SEND_GOODS IN_THE_LEASE", ["WAIT_PAY", "IN_DELIVERY"]),
        ("recycling", "create order_taken traveling signed reckon account finished", []),
        ("recycling", "create order_taken signed", ["traveling"]),
        ("takeaway", "ORDER_CREATED MERCHANT_ACCEPTED DELIVERING DELIVERED REFUNDING", []),
        ("takeaway", "ORDER_CREATED WAIT_ACCEPT CANCELED", []),
        ("online_rental", "APPROVAL WAIT_PAY CLOSED", []),
        ("online_rental", "WAIT_PAY IN_DELIVERY OVERDUE", ["IN_THE_LEASE"]),
        ("reservation", "book_successfully arrival_time delivered paid", []),
        ("attraction_tickets", "ISSUED VERIFIED", []),
    ],
)
def test_nobody_misses_a_status_that_an_order_may_end_well_without(code: str, way: str, missed: list[str]):
    assert skipped_nodes(SCENES[code], way.split()) == missed
