"""The phone as one part: whoever shows a message shows the same three surfaces."""

from django.template.loader import render_to_string

from console.messaging.phone import Message
from tests.console.messaging.sends.base import SendCase

FIELDS = [("权益名称", "首月立减 46 元"), ("领取时间", "本周内")]


def phone(**changes: object) -> str:
    known = {"sender": "云朵租机", "name": "权益领取提醒", "fields": FIELDS, "has_push": True, **changes}
    return render_to_string("messaging/_phone.html", {"message": Message(**known)})  # type: ignore[arg-type]


class Phone(SendCase):
    def test_three_surfaces_and_the_words_for_readers(self) -> None:
        said = phone()
        for name in ("phone-home", "phone-list", "phone-lock", "查看详情", "It also comes as a push."):
            self.assertIn(name, said)
        self.assertEqual(said.count("首月立减 46 元"), 4)

    def test_without_push_that_stands_in_its_place(self) -> None:
        said = phone(has_push=False)
        self.assertNotIn("phone-lock", said)
        self.assertEqual(said.count("This template has no push"), 2)

    def test_without_a_template_nobody_says_whether_there_is_a_push(self) -> None:
        said = phone(name="", fields=[], has_push=False)
        self.assertIn("The template decides whether there is a push.", said)
        self.assertNotIn("has no push", said)
        self.assertIn("--", said)

    def test_an_empty_first_text_leaves_the_name_of_the_template(self) -> None:
        self.assertEqual(Message("云朵租机", "权益领取提醒", [("权益名称", "")], True).first, "权益领取提醒")

    def test_markup_in_a_text_is_shown_and_never_obeyed(self) -> None:
        said = phone(fields=[("<i>", "<script>alert(1)</script>")], sender="<b>")
        self.assertNotIn("<script", said)
        self.assertNotIn("<i>", said)
        self.assertNotIn("<b>", said.replace('<b class="phone-sender">', ""))

    def test_composer_check_test_and_template_show_the_same_part(self) -> None:
        batch = self.draft()
        pages = [self.url(name, batch) for name in ("send_edit", "send_launch", "send_trial")]
        pages.append(self.url("template", template_id=self.template.pk))
        for address in pages:
            answer = self.client.get(address)
            self.assertTemplateUsed(answer, "messaging/_phone.html")
            self.assertContains(answer, "css/phone.css")
