from django.test import TestCase, override_settings
from django.urls import reverse

HEALTHZ = reverse("healthz")


class Healthz(TestCase):
    def test_it_names_both_servers(self) -> None:
        answer = self.client.get(HEALTHZ)
        self.assertEqual((answer.status_code, answer.json()), (200, {"database": "up", "redis": "up"}))

    @override_settings(REDIS_URL="unix:///nowhere/redis.sock")
    def test_without_redis_pages_still_work_and_it_says_so(self) -> None:
        answer = self.client.get(HEALTHZ)
        self.assertEqual((answer.status_code, answer.json()["redis"]), (200, "down"))

    def test_it_is_not_kept_anywhere(self) -> None:
        self.assertEqual(self.client.get(HEALTHZ).headers["Cache-Control"], "no-store")
