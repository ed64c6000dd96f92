"""Coupon alerts as a list, one of them with what was counted, and the decisions about it."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from coupons.models import CouponAlert
from coupons.terms import beijing_day
from tests import build_alerts, build_coupons, build_messaging, build_uses
from tests.base import CastCase

HTMX = {"HX-Request": "true"}


class Alerts(CastCase):
    def setUp(self) -> None:
        [self.person] = build_messaging.people(self.mini_program, 1)
        self.alert = build_alerts.alert(self.mini_program, self.person)
        self.today = beijing_day(timezone.now())
        self.sign_in(self.operator)

    def address(self, name: str, *args: Any) -> str:
        return reverse(name, args=["yunduo", *args])

    def shown(self, **query: Any) -> list[CouponAlert]:
        page = self.client.get(self.address("coupon_alerts"), query)
        return [row[0] for row in page.context["rows"]]

    def page(self, alert: CouponAlert | None = None) -> Any:
        return self.client.get(self.address("coupon_alert", (alert or self.alert).pk))

    def settle(self, choice: str, alert: CouponAlert | None = None, **more: Any) -> Any:
        headers = more.pop("headers", {})
        data = {"choice": choice, **{f"{choice}-{name}": value for name, value in more.items()}}
        address = self.address("coupon_alert_settle", (alert or self.alert).pk)
        response = self.client.post(address, data, headers=headers)
        self.alert.refresh_from_db()
        return response

    def keep(self, days: int = 10, **more: Any) -> Any:
        until = (self.today + timedelta(days=days)).isoformat()
        return self.settle("keep", **{"until": until, "reason": "a script", **more})


class Listing(Alerts):
    def test_open_ones_are_shown_unless_others_are_asked_for(self) -> None:
        [other] = build_messaging.people(self.mini_program, 1)
        kept = build_alerts.kept(self.mini_program, other)
        self.assertEqual(self.shown(), [self.alert])
        self.assertEqual(self.shown(state="kept"), [kept])
        self.assertEqual(len(self.shown(state="every")), 2)

    def test_kinds_are_filtered(self) -> None:
        burst = build_alerts.of_coupon(build_coupons.coupon(self.mini_program))
        self.assertEqual(self.shown(kind="burst"), [burst])
        page = self.client.get(self.address("coupon_alerts"), {"kind": "uses"})
        self.assertContains(page, "Nothing matches.")

    def test_a_line_says_what_was_counted_and_leads_to_the_person(self) -> None:
        page = self.client.get(self.address("coupon_alerts"))
        self.assertContains(page, "14 claims within 24 hours over all coupons; your limit was 10.")
        self.assertContains(page, self.address("person", self.person.pk))
        self.assertNotContains(page, self.person.open_id)

    def test_of_a_coupon_it_leads_to_the_coupon(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        build_alerts.of_coupon(coupon)
        page = self.client.get(self.address("coupon_alerts"))
        self.assertContains(page, "420 claims within an hour; your limit was 300 for this stock.")
        self.assertContains(page, self.address("coupon", coupon.pk))

    def test_who_was_kept_until_a_day_that_came_is_so_no_longer(self) -> None:
        [other] = build_messaging.people(self.mini_program, 1)
        build_alerts.kept(self.mini_program, other, until=self.today)
        page = self.client.get(self.address("coupon_alerts"), {"state": "kept"})
        self.assertContains(page, "No longer kept")

    def test_with_nothing_open_the_page_says_so(self) -> None:
        CouponAlert.objects.all().delete()
        self.assertContains(self.client.get(self.address("coupon_alerts")), "No open alert")

    def test_another_merchants_are_not_there(self) -> None:
        build_alerts.alert(self.other_mini_program)
        self.assertEqual(self.shown(state="every"), [self.alert])

    def test_home_names_them_and_leads_here(self) -> None:
        build_alerts.alert(self.mini_program, kind="uses")
        home = self.client.get(self.address("home"))
        self.assertContains(home, "2 open coupon alerts")
        self.assertContains(home, "One person claimed often 1, One person used many 1")
        counts = {link.label: link.waiting for group in home.context["shell"].groups for link in group.links}
        self.assertEqual(counts["Coupon alerts"], 2)
        CouponAlert.objects.update(state="dismissed", settled_at=timezone.now())
        self.assertNotContains(self.client.get(self.address("home")), "open coupon alert")


class Deciding(Alerts):
    def test_it_shows_the_claims_that_were_counted(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        mine = build_coupons.grant(coupon, self.person)
        other = build_coupons.grant(coupon)
        early = build_coupons.grant(coupon, self.person, at=timezone.now() - timedelta(days=3))
        page = self.page()
        self.assertContains(page, self.address("coupon_grant", mine.pk))
        for grant in (other, early):
            self.assertNotContains(page, self.address("coupon_grant", grant.pk))

    def test_it_shows_the_uses_that_were_counted(self) -> None:
        held = build_uses.held(self.mini_program, max_uses=3)
        build_uses.redeemed(held, times=2)
        alert = build_alerts.alert(self.mini_program, held.customer, kind="uses", n=21, most=20)
        page = self.page(alert)
        self.assertContains(page, self.address("coupon_grant", held.pk))
        self.assertContains(page, '<td class="num">2</td>', html=True)

    def test_it_is_dismissed_only_with_a_reason(self) -> None:
        self.assertContains(self.settle("dismiss"), "Write why.", status_code=422)
        self.assertEqual(self.alert.state, "open")
        self.assertEqual(self.settle("dismiss", reason="a family").status_code, 303)
        self.assertEqual((self.alert.state, self.alert.settled_by), ("dismissed", self.operator))
        page = self.page()
        self.assertContains(page, "a family")
        self.assertNotContains(page, 'value="dismiss"')

    def test_the_person_is_kept_until_a_day(self) -> None:
        self.assertEqual(self.keep(days=10).status_code, 303)
        until = self.today + timedelta(days=10)
        self.assertEqual((self.alert.state, self.alert.kept_until), ("kept", until))
        self.assertContains(self.page(), "Let the person have coupons again")
        self.settle("dismiss", reason="it was a family")
        self.assertEqual((self.alert.state, self.alert.kept_until), ("dismissed", None))

    def test_a_day_that_cannot_be_is_refused_at_its_field(self) -> None:
        for days in (0, -1, 366):
            self.assertContains(self.keep(days=days), "Choose a day from tomorrow on", status_code=422)
        self.assertContains(self.keep(until="soon"), "Write a day like", status_code=422)
        self.assertContains(self.keep(reason=""), "Write why.", status_code=422)
        self.assertEqual(self.alert.state, "open")

    def test_who_comes_second_reads_what_the_first_decided(self) -> None:
        self.settle("dismiss", reason="a family")
        page = self.keep()
        self.assertContains(page, "Somebody else decided meanwhile", status_code=422)
        self.assertContains(page, "a family", status_code=422)
        self.assertEqual(self.alert.state, "dismissed")

    def test_an_unknown_choice_is_refused(self) -> None:
        self.assertEqual(self.settle("burn").status_code, 400)

    def test_a_viewer_reads_and_decides_nothing(self) -> None:
        self.sign_in(self.analyst)
        self.assertContains(self.page(), "A person with the right to decide")
        self.assertNotContains(self.page(), self.address("coupon_alert_settle", self.alert.pk))
        self.assertEqual(self.settle("dismiss", reason="x").status_code, 403)

    def test_another_merchants_alert_is_not_found(self) -> None:
        theirs = build_alerts.alert(self.other_mini_program)
        self.assertEqual(self.page(theirs).status_code, 404)
        self.assertEqual(self.settle("dismiss", theirs, reason="x").status_code, 404)
        theirs.refresh_from_db()
        self.assertEqual(theirs.state, "open")

    def test_a_coupon_that_went_fast_offers_its_own_pages_and_keeps_nobody(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        alert = build_alerts.of_coupon(coupon)
        page = self.page(alert)
        self.assertContains(page, self.address("coupon_grants", coupon.pk))
        self.assertNotContains(page, 'value="keep"')
        answer = self.settle("keep", alert, until=self.today + timedelta(days=3), reason="x")
        self.assertEqual(answer.status_code, 422)

    def test_with_script_only_the_part_comes_back(self) -> None:
        answer = self.settle("dismiss", headers=HTMX)
        self.assertContains(answer, 'id="coupon-alert"', status_code=422)
        self.assertNotContains(answer, "<html", status_code=422)


class Standing(Alerts):
    def test_the_persons_pages_lead_to_what_holds(self) -> None:
        grant = build_coupons.grant(build_coupons.coupon(self.mini_program), self.person)
        pages = [self.address("coupon_grant", grant.pk), self.address("person", self.person.pk)]
        for address in pages:
            page = self.client.get(address)
            self.assertContains(page, "There is an open alert about this person.")
            self.assertContains(page, self.address("coupon_alert", self.alert.pk))
        self.keep()
        for address in pages:
            self.assertContains(self.client.get(address), f"Kept from coupons until {self.alert.kept_until}")
        self.settle("dismiss", reason="a family")
        for address in pages:
            self.assertNotContains(self.client.get(address), "alert about this person")

    def test_the_page_of_a_coupon_that_went_fast_leads_to_its_alert(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        alert = build_alerts.of_coupon(coupon)
        page = self.client.get(self.address("coupon", coupon.pk))
        self.assertContains(page, self.address("coupon_alert", alert.pk))
        self.settle("dismiss", alert, reason="a good offer")
        page = self.client.get(self.address("coupon", coupon.pk))
        self.assertNotContains(page, "A coupon went fast")

    def test_giving_says_who_is_kept_and_where_to_read_why(self) -> None:
        self.keep()
        coupon = build_coupons.coupon(self.mini_program)
        data = {"coupon": coupon.pk, "form_token": "8a7de5a4-1111-4c3b-9d8e-000000000001"}
        answer = self.client.post(self.address("person_give", self.person.pk), data)
        self.assertContains(answer, "Kept from coupons. Somebody decided so after an alert", status_code=422)
