from console.inbox.views import MAX_BODY_BYTES
from merchants.models import Notice
from tests.base import CastCase
from tests.merchants.test_inbox import signed

FORM = "application/x-www-form-urlencoded"


class Receive(CastCase):
    def test_a_notification_is_answered_with_one_plain_word(self):
        answer = self.client.post("/inbox/", signed())
        assert (answer.status_code, answer.content) == (200, b"success")
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert Notice.objects.count() == 1

    def test_the_platform_has_no_csrf_token(self):
        client = self.client_class(enforce_csrf_checks=True)
        assert client.post("/inbox/", signed()).content == b"success"

    def test_a_form_is_read_as_the_platform_writes_it(self):
        body = "&".join(
            f"{name}={value}" for name, value in {"app_id": "1", "sign": "x%2By", "notify_id": "1"}.items()
        )
        assert self.client.post("/inbox/", body, content_type=FORM).content == b"failure"

    def test_what_cannot_be_trusted_is_a_failure_and_not_an_error(self):
        answer = self.client.post("/inbox/", {**signed(), "sign": "AAAA"})
        assert (answer.status_code, answer.content) == (200, b"failure")
        assert not Notice.objects.exists()

    def test_get_is_refused(self):
        assert self.client.get("/inbox/").status_code == 405

    def test_a_long_body_is_refused_unread(self):
        body = "app_id=1&x=" + "a" * MAX_BODY_BYTES
        answer = self.client.post("/inbox/", body, content_type=FORM)
        assert (answer.status_code, answer.content) == (413, b"failure")
