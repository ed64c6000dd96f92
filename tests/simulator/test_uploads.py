"""Bodies in parts: fields in any charset, files outside the signature, and what is no such body at all."""

import urllib.request

import pytest

from tests.simulator.merchant import LIBRARY, Answer, Merchant, parse

UPLOAD = "alipay.offline.material.image.upload"
PNG = b"\x89PNG\r\n\x1a\n" + b"a small picture"
BOUNDARY = "BOUNDARY"


def part(name: str, content: bytes, *, filename: str = "", charset: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    head += f'; filename="{filename}"\r\nContent-Type: image/png' if filename else ""
    head += f"\r\nContent-Type: text/plain; charset={charset}" if charset else ""
    return head.encode() + b"\r\n\r\n" + content + b"\r\n"


def posted(merchant: Merchant, body: bytes, content_type: str = "", query: str = "") -> Answer:
    headers = {"Content-Type": content_type or f"multipart/form-data; boundary={BOUNDARY}"}
    request = urllib.request.Request(f"{merchant.gateway_url}{query}", body, headers)
    with urllib.request.urlopen(request, timeout=10) as http:
        return parse(http.read(), http.headers["Content-Type"])


def in_parts(merchant: Merchant, params: dict[str, str], *files: bytes, charset: str = "utf-8") -> Answer:
    fields = [part(name, value.encode(charset), charset=charset) for name, value in params.items()]
    return posted(merchant, b"".join([*fields, *files]) + f"--{BOUNDARY}--\r\n".encode())


@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
def test_fields_in_parts_are_read_by_the_charset_that_they_name(merchant: Merchant, charset: str) -> None:
    params = merchant.params(LIBRARY, {"industry_scenario": "用户活跃"}, charset=charset)

    answer = in_parts(merchant, params, charset=charset)

    assert [entry["name"] for entry in answer.node["template_lib_list"]] == ["每日签到提醒"]
    merchant.verify(answer)


def test_a_file_takes_no_part_in_the_signature(merchant: Merchant) -> None:
    params = merchant.params(UPLOAD, image_type="png", image_name="标志")

    first = in_parts(merchant, params, part("image_content", PNG, filename="a.png"))
    second = in_parts(merchant, params, part("image_content", PNG + b"!", filename="a.png"))

    assert (first.outcome, second.outcome) == ("10000", "10000")
    assert first.node["image_id"] != second.node["image_id"]


def test_the_same_picture_twice_is_one_picture(merchant: Merchant) -> None:
    params = merchant.params(UPLOAD, image_type="png", image_name="标志")

    ids = {
        in_parts(merchant, params, part("image_content", PNG, filename=name)).node["image_id"]
        for name in ("a.png", "b.png")
    }

    assert len(ids) == 1


def test_a_picture_is_shown_as_what_it_is(merchant: Merchant) -> None:
    params = merchant.params(UPLOAD, image_type="jpg", image_name="标志")
    picture = b"\xff\xd8\xff\xe0 a photograph"

    node = in_parts(merchant, params, part("image_content", picture, filename="a.jpg")).node

    with urllib.request.urlopen(node["image_url"], timeout=10) as http:
        assert (http.read(), http.headers["Content-Type"]) == (picture, "image/jpeg")
        assert http.headers["X-Content-Type-Options"] == "nosniff"


def test_an_upload_without_its_file_fails(merchant: Merchant) -> None:
    answer = merchant.call(UPLOAD, image_type="png", image_name="标志")

    assert answer.outcome == "40002/isv.upload-fail"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", ""),
        (b"no parts at all", ""),
        (b"--BOUNDARY\r\n", ""),
        (b"--BOUNDARY\r\nContent-Disposition: form-data\r\n\r\nx\r\n--BOUNDARY--\r\n", ""),
        (b"--BOUNDARY\r\nContent-Disposition: nonsense; name=\r\n\r\nx\r\n--BOUNDARY--\r\n", ""),
        (part("sign", b"x", charset="klingon") + b"--BOUNDARY--\r\n", ""),
        (part("charset", b"\xff\xfe") + b"--BOUNDARY--\r\n", ""),
        (b"--BOUNDARY\r\nContent-Transfer-Encoding: klingon\r\n\r\nx\r\n--BOUNDARY--\r\n", ""),
        (b"--BOUNDARY\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B--\r\n--BOUNDARY--\r\n", ""),
        (b"x", "multipart/form-data"),
    ],
)
def test_a_body_that_is_no_form_in_parts_is_answered_all_the_same(
    merchant: Merchant, body: bytes, content_type: str
) -> None:
    answer = posted(merchant, body, content_type, f"?app_id={merchant.app_id}")

    assert answer.outcome == "40001/isv.missing-method"
