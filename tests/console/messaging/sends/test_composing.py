"""While it is written: a real person's preview, claims and their repair, links, a draft that saves itself."""

import uuid

from messaging.models import BatchSend
from tests import build_messaging as build
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_compose import ComposeCase

NAMES = ["张明", "欧阳" * 30, "", "李想"]


class PersonalCase(ComposeCase):
    def setUp(self) -> None:
        super().setUp()
        persons = self.people[:4]
        texts = [[name, "相机"] for name in NAMES]
        self.own = build.people_list(self.mini_program, persons, columns=["name", "thing"], texts=texts)
        self.persons = sorted(persons, key=lambda who: who.pk)

    def personal(self, **changes: object) -> dict[str, object]:
        fields = {"people_list": str(self.own.pk), "value_0": "{name|老朋友}，首月立减 46 元", **changes}
        return self.form(**fields)


class Preview(PersonalCase):
    def look(self, action: str, person: int | str = "", **changes: object) -> str:
        form = self.personal(action=action, person=person, **changes)
        answer = self.client.post(self.url("send_new"), form, headers=HTMX)
        self.assertEqual(answer.status_code, 200)
        return answer.content.decode()

    def test_a_real_person_stands_on_the_surfaces(self) -> None:
        said = self.look("preview")
        self.assertEqual(said.count("张明，首月立减 46 元"), 3)  # home card, list, text for readers
        self.assertNotIn("<html", said)
        self.assertIn('id="text-advice" hx-swap-oob="true"', said)
        self.assertIn("indicative", said)

    def test_the_arrows_lead_to_the_next_and_back(self) -> None:
        said = self.look("look-next", self.persons[2].pk)
        self.assertIn("李想，首月", said)
        self.assertIn("老朋友，首月", self.look("look-previous", self.persons[3].pk))
        self.assertIn("李想，首月", self.look("look-next", self.persons[3].pk), "the last stays")

    def test_it_jumps_to_the_longest_and_to_who_it_does_not_fit(self) -> None:
        for action in ("look-longest", "look-failing"):
            said = self.look(action)
            self.assertIn("欧阳" * 30, said)
            self.assertIn("Content does not fit", said)
            self.assertIn(f'value="{self.persons[1].pk}"', said)

    def test_a_column_the_list_does_not_have_is_told_while_writing(self) -> None:
        self.assertIn("The list has no column “nmae”", self.look("preview", value_0="{nmae}"))

    def test_without_push_that_is_said(self) -> None:
        self.assertIn("This template has no push", self.look("preview"))
        pushing = build.template(self.mini_program, has_push=True)
        fields = {"template": str(pushing.pk), "shown_template": str(pushing.pk)}
        said = self.look("preview", **fields)
        self.assertNotIn("has no push", said)
        self.assertEqual(said.count("张明，首月立减 46 元"), 4)

    def test_without_script_the_button_gives_the_whole_page_and_keeps_what_was_written(self) -> None:
        form = self.personal(action="look-next", person=self.persons[2].pk, name="Half written")
        answer = self.client.post(self.url("send_new"), form)
        for words in ("<html", "Half written", "李想，首月立减 46 元"):
            self.assertContains(answer, words)
        self.assertFalse(BatchSend.objects.exists())

    def test_a_person_of_somebody_elses_list_is_not_shown(self) -> None:
        stranger = build.people(self.other_mini_program, 1)
        theirs = build.people_list(self.other_mini_program, stranger, columns=["name"], texts=[["Secret"]])
        said = self.look("preview", stranger[0].pk, people_list=str(theirs.pk), value_0="{name}")
        self.assertNotIn("Secret", said)


class Words(PersonalCase):
    def test_an_absolute_claim_is_placed_and_repaired_by_a_button(self) -> None:
        text = "月租 ¥299，全网最低"
        answer = self.client.post(
            self.url("send_new"), self.form(value_1=text, action="preview"), headers=HTMX
        )
        self.assertContains(answer, "Characters 9 to 12: “全网最低” is an absolute claim")
        self.assertContains(answer, 'value="repair-1-9"')
        for headers in ({}, HTMX):
            repaired = self.client.post(
                self.url("send_new"), self.form(value_1=text, action="repair-1-9"), headers=headers
            )
            self.assertContains(repaired, 'value="月租 ¥299，限时三天"')
        self.assertFalse(BatchSend.objects.exists())

    def test_each_claim_is_marked_in_its_own_field_in_the_text_as_it_will_read(self) -> None:
        fields = {"value_0": "{name}，顶级好机，全网最低", "value_1": "最好"}
        for headers in ({}, HTMX):
            answer = self.client.post(
                self.url("send_new"), self.personal(action="preview", **fields), headers=headers
            )
            first, second = (self.part(answer, f"marked-{n}") for n in (0, 1))
            self.assertIn('张明，<mark class="claim-mark">顶级</mark>好机，', first)
            self.assertIn('<mark class="claim-mark">全网最低</mark>', first)
            for action in ("repair-0-8", "repair-0-13"):
                self.assertIn(f'value="{action}"', first)
            self.assertIn('<mark class="claim-mark">最好</mark>', second)
            self.assertEqual(second.count("<mark"), 1)

    def test_markup_in_a_text_is_shown_and_never_obeyed(self) -> None:
        text = '<script>alert(1)</script><mark>最好</mark>&amp;"'
        answer = self.client.post(self.url("send_new"), self.form(value_0=text, action="preview"))
        said = self.part(answer, "marked-0")
        self.assertIn(
            "&lt;script&gt;alert(1)&lt;/script&gt;&lt;mark&gt;"
            '<mark class="claim-mark">最好</mark>&lt;/mark&gt;&amp;amp;&quot;</p>',
            said,
        )
        self.assertNotContains(answer, "<script>alert")

    def test_a_claim_that_comes_from_the_list_is_marked_and_says_so(self) -> None:
        own = build.people_list(self.mini_program, self.people[:1], columns=["name"], texts=[["最佳 <b>店"]])
        form = self.form(people_list=str(own.pk), value_0="{name}，首月立减", action="preview")
        said = self.part(self.client.post(self.url("send_new"), form), "marked-0")
        self.assertIn('<mark class="claim-mark">最佳</mark> &lt;b&gt;店，首月立减', said)
        self.assertIn("“最佳” comes from a column of the list", said)
        self.assertNotIn("repair-", said)

    def test_a_claim_this_person_does_not_get_is_marked_as_it_is_written(self) -> None:
        form = self.personal(value_0="{name|最好的朋友}，首月立减", action="preview")
        said = self.part(self.client.post(self.url("send_new"), form), "marked-0")
        self.assertIn('{name|<mark class="claim-mark">最好</mark>的朋友}', said)

    def test_a_text_without_a_claim_clears_its_place(self) -> None:
        answer = self.client.post(self.url("send_new"), self.form(action="preview"), headers=HTMX)
        self.assertContains(answer, '<div class="marked" id="marked-0" hx-swap-oob="true"></div>')
        page = self.client.post(self.url("send_new"), self.form(action="refresh"))
        self.assertContains(page, 'aria-describedby="marked-1"')

    def test_a_preview_asked_for_before_the_fields_of_a_template_have_come_is_of_none_of_them(self) -> None:
        form = self.form(shown_template="", action="preview")
        answer = self.client.post(self.url("send_new"), form, headers=HTMX)
        self.assertContains(answer, 'id="compose-preview"')
        self.assertNotContains(answer, 'id="marked-')

    def part(self, answer: object, name: str) -> str:
        """What stands between the element of this id and the end of its block."""
        page: str = answer.content.decode()  # type: ignore[attr-defined]
        return page.split(f'id="{name}"', 1)[1].split("</div>", 1)[0]

    def test_a_claim_never_keeps_a_draft_from_going_on(self) -> None:
        answer = self.client.post(self.url("send_new"), self.form(value_1="全网最低", action="review"))
        self.assertRedirects(answer, self.url("send_launch", BatchSend.objects.get()), status_code=303)

    def test_a_repair_of_nothing_changes_nothing(self) -> None:
        for action in ("repair-9-1", "repair-0-", "repair-0-999999", "repair-x"):
            answer = self.client.post(self.url("send_new"), self.form(action=action))
            self.assertContains(answer, 'value="First month 46 off"')

    def test_the_longest_row_and_those_that_fail_are_counted_with_a_way_to_them(self) -> None:
        batch = self.draft(to=self.own, values=["{name}，首月立减", "{thing}"])
        answer = self.client.get(self.url("send_edit", batch))
        self.assertContains(answer, "“权益名称”, longest: 65 / 50")
        longest = f"{NAMES[1]}，首月立减"
        self.assertContains(answer, f'<span class="cut">{longest[:50]}<mark>{longest[50:]}</mark></span>')
        self.assertContains(answer, '<span class="cut">相机</span>')
        self.assertContains(answer, "1 row does not fit and is skipped")
        self.assertContains(answer, self.url("send_stopped", batch, gate="does_not_fit"))
        self.assertContains(answer, "1 person has no “name”. Set a fallback: {name|…}")
        behind = self.client.get(self.url("send_stopped", batch, gate="does_not_fit"))
        self.assertContains(behind, "Content does not fit")
        self.assertContains(behind, f"****{str(self.persons[1].open_id)[-4:]}")

    def test_an_unknown_column_keeps_it_from_being_launched(self) -> None:
        answer = self.client.post(self.url("send_new"), self.personal(value_0="{nmae}", action="review"))
        self.assertContains(answer, "It has: name, thing.", status_code=422)


class Links(PersonalCase):
    def test_a_pasted_link_becomes_path_and_parameters(self) -> None:
        app_id = self.mini_program.app_id
        link = f"alipays://platformapi/startapp?appId={app_id}&page=pages%2Fgoods%3Fid%3D17&query=from%3Dmsg"
        self.client.post(self.url("send_new"), self.form(page=link))
        batch = BatchSend.objects.get()
        self.assertEqual(batch.page, "pages/goods?id%3D17%26from%3Dmsg")
        answer = self.client.get(self.url("send_edit", batch))
        self.assertContains(answer, 'value="pages/goods"')
        self.assertContains(answer, "id=17\nfrom=msg")
        copied = f"alipays://platformapi/startapp?appId={app_id}&amp;page=pages%2Fgoods%3Fid%253D17%2526from%253Dmsg"
        self.assertContains(answer, copied)

    def test_a_link_of_another_mini_program_is_told_at_the_field(self) -> None:
        link = "alipays://platformapi/startapp?appId=2021999999999999&page=pages/a"
        answer = self.client.post(self.url("send_new"), self.form(page=link))
        self.assertContains(answer, "opens another mini program (2021999999999999)", status_code=422)
        self.assertFalse(BatchSend.objects.exists())

    def test_parameters_that_do_not_fit_are_told(self) -> None:
        answer = self.client.post(self.url("send_new"), self.form(parameters="k=" + "券" * 20))
        self.assertContains(answer, "encoded they may have 128 characters", status_code=422)
        refused = self.client.post(self.url("send_new"), self.form(parameters="goods_id"))
        self.assertContains(refused, "Line 1 is not name=value", status_code=422)


class SavesItself(PersonalCase):
    def keep(self, batch: BatchSend | None, **changes: object) -> str:
        address = self.url("send_edit", batch) if batch else self.url("send_new")
        answer = self.client.post(address, self.personal(action="keep", **changes), headers=HTMX)
        self.assertEqual(answer.status_code, 200)
        self.replaced = answer.headers.get("HX-Replace-Url")
        return answer.content.decode()

    def test_a_new_one_becomes_a_draft_once_and_the_address_follows(self) -> None:
        form_token = uuid.uuid4()
        said = self.keep(None, form_token=form_token)
        batch = BatchSend.objects.get()
        self.assertIn("saved by itself", said)
        self.assertIn('id="id_version" value="1" hx-swap-oob="true"', said)
        self.assertEqual(self.replaced, self.url("send_edit", batch))
        self.keep(None, form_token=form_token, version=1, name="Winter")
        batch.refresh_from_db()
        self.assertEqual((batch.name, batch.version), ("Winter", 2))
        saved = self.personal(form_token=form_token, version=2, name="Spring")
        self.client.post(self.url("send_new"), saved)
        self.assertEqual(BatchSend.objects.get().name, "Spring")

    def test_nothing_changed_is_nothing_saved(self) -> None:
        form_token = uuid.uuid4()
        self.keep(None, form_token=form_token)
        self.keep(None, form_token=form_token, version=1)
        self.assertEqual(BatchSend.objects.get().version, 1)

    def test_who_is_reached_is_counted_with_it(self) -> None:
        said = self.keep(None)
        self.assertIn('id="compose-reach"', said)
        self.assertIn("Content fits", said)
        self.assertIn("−1 Content does not fit", said)
        self.assertIn('id="rows-fit" hx-swap-oob="true"', said)

    def test_what_cannot_be_saved_yet_says_why_and_touches_nothing(self) -> None:
        said = self.keep(None, scheduled_time="")
        self.assertIn("Not saved yet: Fill in day and time", said)
        self.assertNotIn("id_version", said)
        self.assertFalse(BatchSend.objects.exists())

    def test_somebody_elses_version_is_never_overwritten(self) -> None:
        batch = self.draft(name="First")
        BatchSend.objects.filter(pk=batch.pk).update(name="Theirs", version=2)
        said = self.keep(batch, version=1, name="Mine")
        self.assertIn("Somebody else changed this draft", said)
        batch.refresh_from_db()
        self.assertEqual((batch.name, batch.version), ("Theirs", 2))


class Launch(PersonalCase):
    def test_the_check_shows_the_first_persons_own_text_and_counts_who_it_does_not_fit(self) -> None:
        batch = self.draft(to=self.own, values=["{name|老朋友}，首月立减", "{thing}"])
        answer = self.client.get(self.url("send_launch", batch))
        self.assertContains(answer, "张明，首月立减")
        self.assertContains(answer, self.url("send_stopped", batch, gate="does_not_fit"))
        self.assertContains(answer, "Content does not fit 1")
