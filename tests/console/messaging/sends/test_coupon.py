"""The coupon of a send on its pages: chosen, written into the fields, restated, and done without."""

from typing import Any

from coupons.models import Placement
from merchants.models import Event
from messaging.models import BatchSend, SendControl
from tests import build_coupons, build_messaging
from tests.console.messaging.sends.base import SendCase


class CouponOfASend(SendCase):
    def setUp(self) -> None:
        super().setUp()
        self.coupon = build_coupons.coupon(self.mini_program)

    def posted(self, batch: BatchSend, **changes: Any) -> Any:
        page = self.client.get(self.url("send_edit", batch))
        form = page.context["form"]
        values = {name: form[name].value() or "" for name in form.fields}
        return self.client.post(self.url("send_edit", batch), {**values, **changes})

    def shown(self, control: SendControl, **columns: Any) -> Placement:
        made = build_coupons.placement(
            self.coupon, booth="SERVICE_MESSAGE", template_ref=self.template.template_id, **columns
        )
        SendControl.objects.filter(pk=control.pk).update(placement=made)
        return made

    def test_live_coupons_are_offered_and_the_choice_is_saved_and_kept_in_the_versions(self) -> None:
        build_coupons.coupon(self.mini_program, name="停掉的券", state="stopped")
        build_coupons.coupon(self.other_mini_program, name="别家的券")
        batch = self.draft()
        page = self.client.get(self.url("send_edit", batch))
        self.assertContains(page, self.coupon.name)
        for name in ("停掉的券", "别家的券"):
            self.assertNotContains(page, name)
        self.posted(batch, coupon=str(self.coupon.pk), action="save")
        batch.refresh_from_db()
        self.assertEqual(batch.coupon, self.coupon)
        self.posted(batch, coupon="", action="save")
        self.assertContains(self.client.get(self.url("send_versions", batch)), self.coupon.name)

    def test_another_merchants_coupon_cannot_be_chosen(self) -> None:
        theirs, batch = build_coupons.coupon(self.other_mini_program), self.draft()
        answer = self.posted(batch, coupon=str(theirs.pk), action="save")
        self.assertEqual(answer.status_code, 422)
        batch.refresh_from_db()
        self.assertIsNone(batch.coupon)

    def test_without_development_only_pay_coupons_are_offered(self) -> None:
        build_coupons.coupon(self.mini_program, name="商家的券", family="merchant")
        self.assertContains(self.client.get(self.url("send_edit", self.draft())), "商家的券")
        self.yunduo.has_developers = False
        self.yunduo.save()
        page = self.client.get(self.url("send_edit", self.draft()))
        self.assertNotContains(page, "商家的券")
        self.assertContains(page, self.coupon.name)

    def test_its_words_fill_the_empty_fields_in_the_customers_language_and_nothing_is_saved(self) -> None:
        template = build_messaging.template(
            self.mini_program, name="优惠到账", keywords=["优惠券名称", "优惠内容", "有效期", "备注"]
        )
        batch = self.draft(chosen=template, values=["", "", "", ""], coupon=self.coupon)
        answer = self.posted(batch, value_1="我自己写的", action="fill-coupon")
        form = answer.context["form"]
        self.assertEqual(form["value_0"].value(), self.coupon.name)
        self.assertEqual(form["value_1"].value(), "我自己写的")
        self.assertEqual(form["value_2"].value(), "领取后 7 天内可用")
        self.assertEqual(form["value_3"].value() or "", "")
        batch.refresh_from_db()
        self.assertEqual(batch.values, ["", "", "", ""])

    def test_filling_without_a_coupon_changes_nothing(self) -> None:
        batch = self.draft(values=["", ""])
        answer = self.posted(batch, action="fill-coupon")
        self.assertEqual(answer.context["form"]["value_0"].value() or "", "")

    def test_the_form_tells_what_messages_of_the_template_carry_anyhow(self) -> None:
        batch = self.draft()
        plan = build_coupons.placement(
            self.coupon, booth="SERVICE_MESSAGE", template_ref=self.template.template_id
        )
        page = self.client.get(self.url("send_edit", batch))
        self.assertContains(page, f"Every message of this template carries “{self.coupon.name}”")
        self.assertContains(page, self.url("placement", placement_id=plan.pk))
        launch = self.client.get(self.url("send_launch", batch))
        self.assertContains(launch, f"Named none, yet its messages carry “{self.coupon.name}”")

    def test_it_is_restated_and_launched_with_a_plan(self) -> None:
        batch = self.draft(coupon=self.coupon)
        page = self.client.get(self.url("send_launch", batch))
        self.assertContains(page, "Every message of this template carries it while it is shown")
        self.assertContains(page, f"{self.url('send_edit', batch)}#id_coupon")
        self.client.post(self.url("send_launch", batch), {"version": batch.version})
        self.assertEqual(self.state_of(batch), "scheduled")
        self.assertEqual(Placement.objects.get().coupon, self.coupon)
        self.assertContains(self.client.get(self.url("send", batch)), "Being asked for")

    def test_what_keeps_its_coupon_from_being_shown_stands_at_its_field(self) -> None:
        other = build_coupons.coupon(self.mini_program, name="满20减9")
        build_coupons.placement(other, booth="SERVICE_MESSAGE", template_ref=self.template.template_id)
        batch = self.draft(coupon=self.coupon)
        answer = self.client.post(self.url("send_launch", batch), {"version": batch.version})
        self.assertContains(answer, "满20减9", status_code=422)
        self.assertContains(answer, "#id_coupon", status_code=422)
        self.assertEqual((self.state_of(batch), Placement.objects.count()), ("draft", 1))

    def test_paused_for_its_coupon_it_says_what_to_do_and_goes_on_without_it_on_request(self) -> None:
        batch = self.launched()
        self.shown(batch.control, state="stopped")
        SendControl.objects.filter(pk=batch.control_id).update(state="paused", pause_reason="coupon")
        page = self.client.get(self.url("send", batch))
        self.assertContains(page, "Go on without the coupon")
        self.assertContains(page, "The text may speak of the coupon: read it again.")
        refused = self.client.post(self.url("send_resume", batch))
        self.assertContains(refused, "so nothing was resumed", status_code=422)
        self.client.post(self.url("send_without_coupon", batch))
        self.assertEqual(self.state_of(batch), "sending")
        self.assertEqual(Event.objects.filter(kind="send.without_coupon").count(), 1)
        again = self.client.post(self.url("send_without_coupon", batch))
        self.assertEqual((again.status_code, self.state_of(batch)), (303, "sending"))
        self.assertEqual(Event.objects.filter(kind="send.without_coupon").count(), 1)

    def test_another_merchants_send_is_not_there(self) -> None:
        batch = self.launched()
        self.sign_in(self.other_owner)
        address = self.url("send_without_coupon", batch, merchant="qingcha")
        self.assertEqual(self.client.post(address).status_code, 404)
