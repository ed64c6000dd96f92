from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from merchants.models import Event
from orders import fixing
from orders.models import StatusChange
from tests import build_orders
from tests.base import CastCase
from tests.orders.sync_base import START

WORDS = "订单状态乱序"
CAUSE = {"code": "INVALID_PARAMETER", "words": WORDS}


class FixingCase(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def dead(self, *, app: Any = None, **fields: Any) -> StatusChange:
        """`order`: fields of its order."""
        of = build_orders.order(app or self.mini_program, **fields.pop("order", {}))
        given = {"state": "dead", "sub_code": "INVALID_PARAMETER", "words": WORDS, **fields}
        return build_orders.change(of, "OVERDUE", modified_at=START, **given)

    def overtaken(self) -> StatusChange:
        return self.dead(order={"synced_status": "OVERDUE", "synced_at": START + timedelta(hours=1)})

    def at(self, name: str, **query: Any) -> str:
        address = reverse(name, args=["yunduo"])
        return f"{address}?{urlencode(query)}" if query else address

    def queries(self, address: str) -> int:
        self.client.get(address)
        with CaptureQueriesContext(connection) as captured:
            self.client.get(address)
        return len(captured)


class Causes(FixingCase):
    def test_each_stands_with_the_platforms_words_ours_and_the_fix(self) -> None:
        self.dead()
        self.dead()
        page = self.client.get(self.at("order_fixing"))
        for words in (
            "The status does not follow the one the platform has",
            "it names the statuses that may come next",
            WORDS,
            "INVALID_PARAMETER",
        ):
            self.assertContains(page, words)
        self.assertEqual([line.cause.count for line in page.context["lines"]], [2])

    def test_where_the_words_say_no_more_than_the_code_the_sentence_is_that_of_the_code(self) -> None:
        self.dead(words="参数无效")
        page = self.client.get(self.at("order_fixing"))
        self.assertContains(page, "The platform does not take a value of the order")
        self.assertNotContains(page, "does not follow the one the platform has")

    def test_a_cause_of_our_own_has_words_and_no_code(self) -> None:
        self.dead(sub_code="not_reached", words="connect")
        page = self.client.get(self.at("order_fixing"))
        self.assertContains(page, "The platform was not reached")
        self.assertNotContains(page, "<code")
        self.assertNotContains(page, "The platform: ")

    def test_the_backlog_is_told_with_its_age(self) -> None:
        build_orders.change(build_orders.order(self.mini_program), "APPROVAL", received_at=START)
        page = self.client.get(self.at("order_fixing"))
        self.assertEqual(page.context["backlog"].waiting, 1)
        self.assertContains(page, "Nothing needs fixing.")
        self.assertContains(page, " ago</dd>")

    def test_how_many_were_overtaken_is_told_and_of_how_many_where_not_of_all(self) -> None:
        self.dead()
        page = self.client.get(self.at("order_fixing"))
        self.assertContains(page, "the platform certainly did nothing with them")
        self.overtaken()
        page = self.client.get(self.at("order_fixing"))
        self.assertContains(page, "1 of them overtaken: it can only be closed")
        for most, told in ((1, "Of the 1 waiting longest 0 is overtaken"), (2, "1 of them overtaken")):
            with mock.patch.object(fixing, "MOST_LOOKED_AT", most):
                self.assertContains(self.client.get(self.at("order_fixing")), told)

    def test_causes_beyond_those_shown_are_counted_too(self) -> None:
        for words in ("一", "二", "三"):
            self.dead(words=words)
        with mock.patch.object(fixing, "MOST_CAUSES", 2):
            page = self.client.get(self.at("order_fixing"))
        self.assertEqual((len(page.context["lines"]), page.context["backlog"].dead), (2, 3))
        self.assertContains(page, "The 2 most frequent causes are shown.")

    def test_where_nothing_waits_no_age_is_invented(self) -> None:
        page = self.client.get(self.at("order_fixing"))
        self.assertContains(page, '<dd class="fixing-age">--</dd>')

    def test_the_number_of_queries_does_not_grow(self) -> None:
        self.dead()
        few = self.queries(self.at("order_fixing"))
        for number in range(4):
            self.dead(words=f"{WORDS} {number}")
        self.assertEqual(self.queries(self.at("order_fixing")), few)

    def test_an_analyst_looks_and_is_offered_no_retry(self) -> None:
        self.dead()
        self.sign_in(self.analyst)
        for address in (self.at("order_fixing"), self.at("order_fixing_cause", **CAUSE)):
            page = self.client.get(address)
            self.assertContains(page, WORDS)
            self.assertNotContains(page, self.at("order_fixing_retry"))
        self.assertEqual(self.client.get(self.at("order_fixing_retry", **CAUSE)).status_code, 403)


class OneCause(FixingCase):
    def test_its_orders_stand_with_a_retry_for_each_and_one_for_all(self) -> None:
        change, stale = self.dead(), self.overtaken()
        StatusChange.objects.filter(pk=change.pk).update(status="IN_DELIVERY")
        self.dead(words="订单状态不合法")
        page = self.client.get(self.at("order_fixing_cause", **CAUSE))
        shown = [(row.pk, name) for row, name, _stale, _url in page.context["rows"]]
        self.assertEqual(shown, [(change.pk, "已发货"), (stale.pk, "OVERDUE")])
        self.assertContains(page, change.order.out_biz_no)
        self.assertContains(page, "a later one was taken", 1)
        self.assertContains(page, "Sync all 2 again…")
        self.assertContains(page, self.at("order_fixing_retry", change=change.pk))

    def test_another_merchants_are_not_among_them(self) -> None:
        self.dead(app=self.other_mini_program)
        page = self.client.get(self.at("order_fixing_cause", **CAUSE))
        self.assertContains(page, "Nothing is left of this cause.")

    def test_the_number_of_queries_does_not_grow(self) -> None:
        self.dead()
        few = self.queries(self.at("order_fixing_cause", **CAUSE))
        for _number in range(4):
            self.dead()
        self.assertEqual(self.queries(self.at("order_fixing_cause", **CAUSE)), few)


class Retrying(FixingCase):
    def post(self, **form: Any) -> Any:
        return self.client.post(self.at("order_fixing_retry"), form)

    def test_all_of_a_cause_is_restated_and_then_waits_to_sync(self) -> None:
        first, stale = self.dead(), self.overtaken()
        page = self.client.get(self.at("order_fixing_retry", **CAUSE))
        self.assertContains(page, "1 is closed as superseded")
        self.assertContains(page, 'name="confirmed" value="2"')
        answer = self.post(**CAUSE, confirmed="2")
        self.assertEqual((answer.status_code, answer["Location"]), (303, self.at("order_fixing")))
        states = dict(StatusChange.objects.values_list("pk", "state"))
        self.assertEqual(states, {first.pk: "pending", stale.pk: "superseded"})
        self.assertEqual(Event.objects.get(kind="order.sync_retried").by, self.operator)
        told = self.client.get(self.at("order_fixing"))
        self.assertContains(told, "1 status is synced again. 1 was closed as superseded.")

    def test_one_change_leaves_the_others_of_its_cause(self) -> None:
        change, other = self.dead(), self.dead()
        page = self.client.get(self.at("order_fixing_retry", change=change.pk))
        self.assertContains(page, f"Order {change.order.out_biz_no}, status OVERDUE")
        self.assertEqual(self.post(change=change.pk, confirmed="1").status_code, 303)
        states = dict(StatusChange.objects.values_list("pk", "state"))
        self.assertEqual(states, {change.pk: "pending", other.pk: "dead"})

    def test_a_number_that_changed_meanwhile_is_asked_again(self) -> None:
        change = self.dead()
        for confirmed in ("2", "", "0", "x"):
            answer = self.post(**CAUSE, confirmed=confirmed)
            self.assertContains(answer, "The number changed meanwhile.", status_code=422)
        change.refresh_from_db()
        self.assertEqual(change.state, "dead")

    def test_the_second_click_is_told_that_nothing_is_left(self) -> None:
        self.dead()
        self.post(**CAUSE, confirmed="1")
        answer = self.post(**CAUSE, confirmed="1")
        self.assertContains(answer, "Nothing is left to sync again.", status_code=422)
        self.assertEqual(Event.objects.filter(kind="order.sync_retried").count(), 1)

    def test_another_merchants_change_cannot_be_named(self) -> None:
        theirs = self.dead(app=self.other_mini_program)
        for number in (theirs.pk, "x", "9" * 40):
            answer = self.post(change=number, confirmed="1")
            self.assertEqual(answer.status_code, 422)
        theirs.refresh_from_db()
        self.assertEqual(theirs.state, "dead")


class Unknown(FixingCase):
    def unknown(self, **fields: Any) -> StatusChange:
        return self.dead(**{"state": "unknown", "sub_code": "", "words": "", **fields})

    def test_what_nobody_knows_stands_apart_with_its_number_and_one_choice(self) -> None:
        self.unknown()
        page = self.client.get(self.at("order_fixing"))
        self.assertContains(page, "the platform knows a repetition")
        self.assertContains(page, self.at("order_fixing_retry", unknown=1))
        self.assertNotContains(page, "Nothing needs fixing.")
        self.assertEqual((page.context["backlog"].unknown, page.context["backlog"].dead), (1, 0))

    def test_all_of_it_is_synced_again_once_the_number_is_confirmed(self) -> None:
        first, second, dead = self.unknown(), self.unknown(), self.dead()
        asked = self.client.get(self.at("order_fixing_retry", unknown=1))
        self.assertEqual(asked.context["count"], 2)
        sent = self.client.post(self.at("order_fixing_retry"), {"unknown": "1", "confirmed": "2"})
        self.assertEqual(sent.status_code, 303)
        for change, state in ((first, "pending"), (second, "pending"), (dead, "dead")):
            change.refresh_from_db()
            self.assertEqual(change.state, state)
        self.assertEqual(first.again_by, self.operator)

    def test_another_number_than_confirmed_changes_nothing(self) -> None:
        change = self.unknown()
        sent = self.client.post(self.at("order_fixing_retry"), {"unknown": "1", "confirmed": "2"})
        self.assertEqual(sent.status_code, 422)
        change.refresh_from_db()
        self.assertEqual(change.state, "unknown")

    def test_the_page_of_its_order_offers_it_and_tells_who_did_it(self) -> None:
        change, beside = self.unknown(), self.unknown()
        address = reverse("order", args=["yunduo", change.order_id])
        self.assertContains(self.client.get(address), self.at("order_fixing_retry", change=change.pk))
        merchant = self.mini_program.merchant
        fixing.retry(merchant, fixing.unknown(merchant), by=self.operator, confirmed=2)
        for one in (change, beside):
            page = self.client.get(reverse("order", args=["yunduo", one.order_id]))
            again = [line for line in page.context["history"] if line.is_act]
            self.assertEqual([line.who for line in again], [str(self.operator)])

    def test_who_tried_one_alone_is_told_once(self) -> None:
        change = self.unknown()
        merchant = self.mini_program.merchant
        fixing.retry(merchant, fixing.unknown(merchant), by=self.operator, confirmed=1)
        page = self.client.get(reverse("order", args=["yunduo", change.order_id]))
        self.assertEqual(len([line for line in page.context["history"] if line.is_act]), 1)
