"""Who stands behind one drop of the funnel, and what each of those would get whom the text does not fit."""

from console.messaging.sends import stopped
from gateway import wire
from messaging.models import BatchSend
from tests import build_messaging as build
from tests.console.messaging.sends.base import SendCase

LONG = "欧阳" * 30


class SendStopped(SendCase):
    def test_a_gate_that_does_not_exist_is_404(self) -> None:
        self.assertEqual(
            self.client.get(self.url("send_stopped", self.draft(), gate="weather")).status_code, 404
        )

    def test_a_launched_send_leads_to_its_page(self) -> None:
        batch = self.launched()
        answer = self.client.get(self.url("send_stopped", batch, gate="no_consent"))
        self.assertRedirects(answer, self.url("send", batch))

    def test_a_post_is_rejected(self) -> None:
        address = self.url("send_stopped", self.draft(), gate="no_consent")
        self.assertEqual(self.client.post(address).status_code, 405)


class WhoseTextDoesNotFit(SendCase):
    def stopped_by_text(self, texts: list[list[str]], values: list[str]) -> BatchSend:
        persons = sorted(self.people, key=lambda who: who.pk)[: len(texts)]
        own = build.people_list(self.mini_program, persons, columns=["name", "thing"], texts=texts)
        return self.draft(to=own, values=values)

    def address(self, batch: BatchSend) -> str:
        return self.url("send_stopped", batch, gate="does_not_fit")

    def test_each_stands_there_with_the_field_its_length_and_the_text(self) -> None:
        batch = self.stopped_by_text([[LONG, "相机"], ["张明", "相机"]], ["{name}，首月立减", "{thing}"])
        answer = self.client.get(self.address(batch))
        self.assertContains(answer, '<span>权益名称</span><span class="misfit-length">65 / 50</span>')
        kept, over = f"{LONG}，首月立减"[:50], f"{LONG}，首月立减"[50:]
        self.assertContains(answer, f"{kept}<mark>{over}</mark>")
        self.assertNotContains(answer, "张明")
        self.assertNotContains(answer, "<span>领取时间</span>")
        open_id = str(min(self.people, key=lambda who: who.pk).open_id)
        self.assertContains(answer, f"****{open_id[-4:]}")
        self.assertNotContains(answer, open_id)

    def test_a_text_that_is_empty_is_called_so(self) -> None:
        batch = self.stopped_by_text([["", LONG]], ["{name}", "{thing}"])
        answer = self.client.get(self.address(batch))
        self.assertContains(answer, '<span>权益名称</span><span class="misfit-length">empty</span>')
        self.assertContains(answer, '<span>领取时间</span><span class="misfit-length">60 / 50</span>')

    def test_a_whole_letter_in_a_cell_is_shortened(self) -> None:
        batch = self.stopped_by_text([["甲" * 50 + "乙" * 900, "相机"]], ["{name}", "{thing}"])
        answer = self.client.get(self.address(batch))
        self.assertContains(answer, "950 / 50")
        self.assertContains(answer, f"<mark>{'乙' * 60}…</mark>")

    def test_a_message_that_is_too_long_as_a_whole_says_so(self) -> None:
        limit, wire.DATA_MAX_CHARACTERS = wire.DATA_MAX_CHARACTERS, 70
        self.addCleanup(setattr, wire, "DATA_MAX_CHARACTERS", limit)
        batch = self.stopped_by_text([["甲" * 30, "相机"]], ["{name}", "{thing}"])
        self.assertContains(self.client.get(self.address(batch)), "The whole message")

    def test_only_the_page_that_is_shown_is_read(self) -> None:
        batch = self.stopped_by_text([[LONG, "a"], [LONG, "b"], [LONG, "c"]], ["{name}", "{thing}"])
        many = self.queries(self.address(batch))
        per_page, stopped.PEOPLE_PER_PAGE = stopped.PEOPLE_PER_PAGE, 1
        self.addCleanup(setattr, stopped, "PEOPLE_PER_PAGE", per_page)
        self.assertEqual(self.queries(self.address(batch)), many)
        answer = self.client.get(self.address(batch))
        self.assertContains(answer, '<div class="misfit">', count=1)
        self.assertContains(answer, "Next page")

    def test_for_another_reason_no_text_is_shown(self) -> None:
        batch = self.stopped_by_text([["张明", "相机"]] * 8, ["{name}", "{thing}"])
        answer = self.client.get(self.url("send_stopped", batch, gate="no_consent"))
        self.assertContains(answer, "****")
        self.assertNotContains(answer, "misfit-length")
        self.assertNotContains(answer, "张明")
