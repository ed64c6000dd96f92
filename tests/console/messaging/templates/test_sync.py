from django.urls import reverse

from merchants.models import Event, MiniProgram
from messaging.models import LibraryTemplate
from tests.console.messaging.templates.base import HTMX
from tests.messaging.consent.base import LIBRARY, PlatformCase


class Sync(PlatformCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in(self.operator)
        self.address = reverse("templates_sync", args=["yunduo"])
        self.library = reverse("template_library", args=["yunduo"])

    def test_copies_the_library_and_says_how_many(self) -> None:
        answer = self.client.post(self.address, follow=True)
        total = LibraryTemplate.objects.filter(mini_program=self.mini_program).count()
        self.assertGreater(total, 10)
        self.assertContains(answer, f"Synced: the library has {total} templates.")
        self.assertContains(answer, "library as of")
        self.assertEqual(Event.objects.get(kind="library.synced").by, self.operator)

    def test_htmx_is_sent_on_by_a_header(self) -> None:
        self.assertEqual(self.client.post(self.address, headers=HTMX).headers["HX-Redirect"], self.library)

    def test_a_platform_that_does_not_answer_is_told_in_words_and_what_we_have_stays(self) -> None:
        self.client.post(self.address)
        before = LibraryTemplate.objects.count()
        self.fault("drop_before", LIBRARY, count=9)
        for headers in ({}, HTMX):
            answer = self.client.post(self.address, headers=headers)
            self.assertContains(answer, "Not synced.", status_code=422)
            self.assertContains(answer, "What you see is from", status_code=422)
            self.assertContains(answer, "权益领取提醒", status_code=422)
        self.assertNotContains(answer, "<html", status_code=422)
        self.assertEqual(LibraryTemplate.objects.count(), before)

    def test_without_a_mini_program_it_says_so(self) -> None:
        MiniProgram.objects.filter(pk=self.mini_program.pk).delete()
        answer = self.client.post(self.address)
        self.assertContains(answer, "This merchant has no mini program yet", status_code=422)

    def test_rejects_get_weaker_roles_and_strangers(self) -> None:
        self.assertEqual(self.client.get(self.address).status_code, 405)
        for person, code in ((self.analyst, 403), (self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.post(self.address).status_code, code)
        self.assertEqual(self.calls_of(LIBRARY), [])
