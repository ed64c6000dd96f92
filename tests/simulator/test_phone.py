"""The phone pages: what one person sees, a tap that is a visit, nothing a message could smuggle in."""

import re
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.simulator.conftest import Console
from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorError

LINK = "pages/gift/index?from%3Dmsg%26rt%3DAbc-123_x"
NASTY = "<script>alert(1)</script>&\"'$clock"


def _page(merchant: Merchant, path: str) -> str:
    return merchant.simulator.get(f"{path}?app_id={merchant.app_id}")


def _message_path(merchant: Merchant, person: str) -> str:
    found = re.search(
        rf'href="(/sim/phone/{re.escape(person)}/m/\d+)\?', _page(merchant, f"/sim/phone/{person}")
    )
    assert found
    return found[1]


def _submit(merchant: Merchant, path: str, **form: str) -> tuple[str, str]:
    """(address after redirects, page)."""
    body = urllib.parse.urlencode(form).encode()
    url = f"{merchant.simulator.url}{path}?app_id={merchant.app_id}"
    with urllib.request.urlopen(url, body, timeout=10) as answer:
        return answer.url, answer.read().decode()


def test_home_shows_the_newest_message_as_a_card_and_the_list(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    merchant.send(coupon_template, subscriber, "满 50 减 5", "到店")
    merchant.send(coupon_template, subscriber, "满 100 减 20", "到店")

    page = _page(merchant, f"/sim/phone/{subscriber}")

    assert "模拟环境，不会发给真实顾客" in page
    assert "云朵租机" in page and "首页提醒" in page
    assert page.index("优惠券领取提醒：满 100 减 20") < page.index("优惠券领取提醒：满 50 减 5")
    assert "平台受理 10000" in page


def test_a_message_opens_with_its_keywords_in_order(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    merchant.send(coupon_template, subscriber, "满 100 减 20", "到店出示", page=LINK)

    page = _page(merchant, _message_path(merchant, subscriber))

    assert page.index("优惠内容") < page.index("使用方法")
    assert "到店出示" in page and "进入小程序" in page and LINK in page


def test_a_tap_is_a_visit_with_the_token_and_shows_the_parameters(
    merchant: Merchant, console: Console, subscriber: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, client_key="client")
    merchant.send(coupon_template, subscriber, page=LINK)
    path = _message_path(merchant, subscriber)

    address, page = _submit(merchant, f"{path}/open")

    assert urllib.parse.urlsplit(address).path == f"{path}/opened"
    assert "回访已报给控制台，场景值 1014" in page
    assert "pages/gift/index" in page and "Abc-123_x" in page
    [(key, body)] = console.received
    assert key == "Bearer client"
    assert [(signal["kind"], signal["token"]) for signal in body["signals"]] == [("visited", "Abc-123_x")]
    assert "记一次真实回访，场景值 1014" in _page(merchant, f"/sim/phone/{subscriber}")


def test_a_tap_that_could_not_be_reported_says_so(
    merchant: Merchant, console: Console, subscriber: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, client_key="client")
    console.answers = [401]
    merchant.send(coupon_template, subscriber, page=LINK)

    _, page = _submit(merchant, f"{_message_path(merchant, subscriber)}/open")

    assert "回访没有报成：HTTP 401" in page


def test_message_text_is_escaped_everywhere(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    merchant.send(coupon_template, subscriber, NASTY, NASTY, page=f"pages/x?{NASTY}")
    path = _message_path(merchant, subscriber)
    _submit(merchant, f"{path}/open")

    for where in (f"/sim/phone/{subscriber}", path, f"{path}/opened", "/sim/phone"):
        page = _page(merchant, where)
        assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#x27;$clock" in _page(merchant, path)


def test_search_text_and_app_name_are_escaped(merchant: Merchant) -> None:
    page = merchant.simulator.get(f"/sim/phone?app_id={merchant.app_id}&q={urllib.parse.quote(NASTY)}")

    assert "<script" not in page and "&lt;script&gt;" in page


def test_pages_carry_a_strict_policy_and_no_script(merchant: Merchant, subscriber: str) -> None:
    with urllib.request.urlopen(f"{merchant.simulator.url}/sim/phone/{subscriber}", timeout=5) as answer:
        policy, page = answer.headers["Content-Security-Policy"], answer.read().decode()

    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert "<script" not in page and " style=" not in page and " onclick=" not in page
    with urllib.request.urlopen(f"{merchant.simulator.url}/sim/static/phone.css", timeout=5) as css:
        assert css.headers["Content-Type"].startswith("text/css")


def test_the_person_subscribes_and_refuses_messages(
    merchant: Merchant, person: str, coupon_template: str
) -> None:
    path = f"/sim/phone/{person}"

    _, page = _submit(merchant, f"{path}/act", action="subscribe", template_id=coupon_template)
    assert "还可接收 1 次" in page
    _submit(merchant, f"{path}/act", action="reject_messages")
    assert "重新接收" in _page(merchant, f"{path}/settings")
    assert merchant.send(coupon_template, person).outcome == "40004/MSG_REJECTED"
    assert "平台拒绝 MSG_REJECTED" in _page(merchant, path)


def test_people_are_found_by_open_id_and_those_with_news_come_first(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    merchant.send(coupon_template, subscriber)

    first = re.search(
        r'href="/sim/phone/([^/"?]+)\?', _page(merchant, "/sim/phone").partition('class="people"')[2]
    )
    found = merchant.simulator.get(f"/sim/phone?app_id={merchant.app_id}&q={subscriber[-9:]}")
    nobody = merchant.simulator.get(f"/sim/phone?app_id={merchant.app_id}&q=zzzzzzzzzz")

    assert first and first[1] == subscriber
    assert f"/sim/phone/{subscriber}?" in found
    assert "没有找到" in nobody


def test_the_open_id_alone_is_enough(merchant: Merchant, subscriber: str) -> None:
    assert subscriber[-4:] in merchant.simulator.get(f"/sim/phone/{subscriber}")


@pytest.mark.parametrize(
    "path", ["/sim/phone/nobody", "/sim/phone/{person}/m/0", "/sim/phone/{person}/m/abc"]
)
def test_who_or_what_is_not_there_is_404(merchant: Merchant, person: str, path: str) -> None:
    with pytest.raises(SimulatorError) as refusal:
        _page(merchant, path.replace("{person}", person))

    assert refusal.value.status == 404


def test_another_persons_message_is_404(
    merchant: Merchant, subscriber: str, coupon_template: str, fresh_seed: int
) -> None:
    [other] = merchant.people(1, seed=fresh_seed)
    merchant.send(coupon_template, subscriber)
    foreign = _message_path(merchant, subscriber).replace(subscriber, other)

    with pytest.raises(SimulatorError) as refusal:
        _page(merchant, foreign)

    assert refusal.value.status == 404


def test_the_clock_form_goes_back_to_the_page_and_nowhere_else(merchant: Merchant, person: str) -> None:
    address, page = _submit(merchant, "/sim/phone/clock", speed="1", back=f"/sim/phone/{person}")
    assert urllib.parse.urlsplit(address).path == f"/sim/phone/{person}"
    assert "1×" in page

    address, _ = _submit(merchant, "/sim/phone/clock", speed="1", back="https://evil.example/")
    assert urllib.parse.urlsplit(address).path == "/sim/phone"

    with pytest.raises(urllib.error.HTTPError) as refusal:
        _submit(merchant, "/sim/phone/clock", speed="fast", back="/sim/phone")
    assert refusal.value.code == 400
