from datetime import timedelta

from django.utils import timezone

from merchants.models import Event
from messaging.consent.asking import NotAnswered
from messaging.consent.library import sync_library
from messaging.models import LibraryTemplate
from tests.messaging.consent.base import LIBRARY, PlatformCase


class SyncTests(PlatformCase):
    def entry(self, code: str) -> LibraryTemplate:
        return LibraryTemplate.objects.get(mini_program=self.mini_program, code=code)

    def test_all_pages_are_copied_with_what_the_platform_says_of_each(self):
        count = sync_library(self.mini_program, at=timezone.now())
        assert count == LibraryTemplate.objects.filter(mini_program=self.mini_program).count() == 13
        assert len(self.calls_of(LIBRARY)) == 2
        one = self.entry("TM0010002")
        assert (one.name, one.kind, one.industry_code) == ("奖品上新通知", "long_term", "XS1012")
        assert one.keywords == ["奖品名称", "上新时间", "参与方式", "商户名称"]
        assert (one.fatigue_value, one.fatigue_unit, one.fatigue_total) == (1, "week", 3)
        assert (one.has_push, one.selectable, one.status) == (False, True, "ONLINE")

    def test_why_an_entry_cannot_be_chosen_is_kept(self):
        sync_library(self.mini_program, at=timezone.now())
        barred = self.entry("TM0010009")
        assert not barred.selectable
        assert "租赁订单" in barred.not_selectable_reason
        assert barred.not_selectable_url.startswith("https://")

    def test_a_second_time_changes_what_changed_and_doubles_nothing(self):
        first = timezone.now()
        sync_library(self.mini_program, at=first)
        self.staff("OFFLINE", lib_code="TM0010003")
        sync_library(self.mini_program, at=first + timedelta(hours=1))
        assert LibraryTemplate.objects.count() == 13
        offline = self.entry("TM0010003")
        assert (offline.status, offline.selectable) == ("OFFLINE", False)
        assert self.entry("TM0010002").synced_at == first + timedelta(hours=1)

    def test_entries_that_vanished_are_marked_gone_and_come_back(self):
        sync_library(self.mini_program, at=timezone.now())
        self.sim.post("/sim/apps", {"app_id": self.app_id, "industry": "tea"})
        sync_library(self.mini_program, at=timezone.now())
        gone = self.entry("TM0010002")
        assert (gone.status, gone.selectable) == ("gone", False)
        assert self.entry("TM0020001").selectable
        self.sim.post("/sim/apps", {"app_id": self.app_id, "industry": "rental"})
        sync_library(self.mini_program, at=timezone.now())
        assert (self.entry("TM0010002").status, self.entry("TM0010002").selectable) == ("ONLINE", True)

    def test_a_person_who_asks_for_it_leaves_an_event(self):
        sync_library(self.mini_program, at=timezone.now(), by=self.operator)
        assert Event.objects.get(kind="library.synced").detail == {"entries": 13, "gone": 0}

    def assert_unchanged(self, words: str) -> None:
        with self.assertRaisesMessage(NotAnswered, words):
            sync_library(self.mini_program, at=timezone.now())
        assert not LibraryTemplate.objects.exists()

    def test_a_second_page_that_does_not_come_changes_nothing(self):
        self.fault("limit", LIBRARY, count=1)
        self.assert_unchanged("busy")

    def test_a_platform_that_is_away_is_told_in_words(self):
        self.use_gateway("http://127.0.0.1:1/gateway.do")
        self.assert_unchanged("could not be reached")

    def test_an_answer_that_does_not_come_is_told_in_words(self):
        self.fault("http_500", LIBRARY)
        self.assert_unchanged("no answer that can be trusted")

    def test_a_wrong_signature_is_told_in_words(self):
        self.fault("bad_signature", LIBRARY)
        self.assert_unchanged("Check the Alipay public key")

    def test_a_refusal_comes_with_its_remedy(self):
        self.fault("sub_code", LIBRARY, value="isv.insufficient-isv-permissions")
        with self.assertRaises(NotAnswered) as caught:
            sync_library(self.mini_program, at=timezone.now())
        assert caught.exception.sub_code == "isv.insufficient-isv-permissions"

    def test_a_gateway_without_an_address_is_told_in_words(self):
        with self.settings(GATEWAY_URLS={}):
            self.assert_unchanged("GATEWAY_URL")

    def test_with_redis_away_nothing_is_asked(self):
        with self.settings(REDIS_URL="unix:///nowhere/redis.sock"):
            self.assert_unchanged("Redis")
        assert not self.calls_of(LIBRARY)
