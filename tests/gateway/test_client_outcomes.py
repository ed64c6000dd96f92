"""Each of the five shapes, from a real socket."""

import datetime as dt
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway import signing, wire
from gateway.client import MAX_ANSWER_BYTES, Client, Timeouts
from gateway.methods.messages import OpenAppMiniTemplatemessageSendResponse
from gateway.outcomes import Accepted, Busy, NotSent, Refused, Unknown
from tests.gateway.platform import (
    APP_ID,
    KEYS,
    MESSAGE,
    OK_NODE,
    SEND_NODE,
    SHORT,
    Behaviour,
    Platform,
    answering,
    hang_up,
    http,
    refusal,
    sending,
    signed,
    silence,
)

Start = Callable[[Behaviour], Platform]


def test_a_signed_code_10000_is_accepted(platform_that: Start) -> None:
    outcome = platform_that(answering()).client().call(MESSAGE)
    assert isinstance(outcome, Accepted)
    assert outcome.response == OpenAppMiniTemplatemessageSendResponse()
    assert outcome.duration_ms > 0


def test_the_official_sdk_s_code_verifies_our_request(platform_that: Start) -> None:
    platform = platform_that(answering())
    platform.client(app_auth_token="202603BB").call(MESSAGE)
    (fields,) = platform.requests
    sign = fields.pop("sign")
    assert verify_with_rsa(KEYS["app_public_key"], get_sign_content(fields).encode(), sign)
    sent_at = wire.moment_from_beijing(fields.pop("timestamp"))
    assert abs(sent_at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)
    assert json.loads(fields.pop("biz_content"))["to_open_id"] == MESSAGE.to_open_id
    assert fields == {
        "app_id": APP_ID,
        "app_auth_token": "202603BB",
        "charset": "utf-8",
        "format": "JSON",
        "method": "alipay.open.app.mini.templatemessage.send",
        "sign_type": "RSA2",
        "version": "1.0",
    }


def test_a_listed_refusal_carries_code_message_and_scope(platform_that: Start) -> None:
    outcome = platform_that(answering(refusal("40004", "MSG_UNSUBSCRIBED", "未订阅"))).client().call(MESSAGE)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.sub_code, outcome.sub_msg) == ("40004", "MSG_UNSUBSCRIBED", "未订阅")
    assert (outcome.scope, outcome.listed) == ("recipient", True)


def test_an_unlisted_refusal_counts_for_the_batch(platform_that: Start) -> None:
    outcome = platform_that(answering(refusal("40004", "SOMETHING_NEW"))).client().call(MESSAGE)
    assert isinstance(outcome, Refused)
    assert (outcome.scope, outcome.listed) == ("batch", False)


@pytest.mark.parametrize(
    ("code", "sub_code"),
    [("40005", "isv.app-call-limited"), ("40005", ""), ("40004", "QUERY_CONSUMER_REQEUST_ERROR")],
)
def test_limiting_and_the_failed_look_up_are_busy(platform_that: Start, code: str, sub_code: str) -> None:
    outcome = platform_that(answering(refusal(code, sub_code))).client().call(MESSAGE)
    assert isinstance(outcome, Busy)
    assert (outcome.code, outcome.sub_code) == (code, sub_code)


def _endless(platform: Platform, connection: socket.socket, fields: dict[str, str]) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


def _drip(platform: Platform, connection: socket.socket, fields: dict[str, str]) -> None:
    """A byte now and then: no silence is ever longer than the read timeout."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    pause = threading.Event()
    while True:
        connection.sendall(b" ")
        pause.wait(0.05)


@pytest.mark.parametrize(
    ("behaviour", "reason", "alarm"),
    [
        pytest.param(silence, "timeout", False, id="no answer"),
        pytest.param(_drip, "timeout", False, id="an answer that never ends"),
        pytest.param(hang_up, "cut_off", False, id="closed without an answer"),
        pytest.param(sending(http(signed(OK_NODE))[:-5], True), "cut_off", False, id="closed in the middle"),
        pytest.param(sending(b"HTTP/1.1 200 OK\r\nConte", True), "cut_off", False, id="closed in the head"),
        pytest.param(sending(http("sorry", "502 Bad Gateway")), "http_5xx", False, id="502"),
        pytest.param(
            sending(http(signed(OK_NODE), "500 Oops")), "http_5xx", False, id="500 with a good answer"
        ),
        pytest.param(sending(http("no", "404 Not Found")), "http_status", False, id="404"),
        pytest.param(sending(http(signed(OK_NODE), "201 Created")), "http_status", False, id="201"),
        pytest.param(answering(refusal("20000", "isp.unknow-error")), "system_error", False, id="code 20000"),
        pytest.param(
            answering(refusal("40004", "MSG_SEND_ERROR")), "system_error", False, id="MSG_SEND_ERROR"
        ),
        pytest.param(
            sending(http(signed(OK_NODE, key=KEYS["app_private_key"]))),
            "bad_signature",
            True,
            id="signed by a stranger",
        ),
        pytest.param(
            sending(http(f'{{"{SEND_NODE}":{OK_NODE}}}')), "bad_signature", True, id="unsigned success"
        ),
        pytest.param(sending(http("<html>hello</html>")), "bad_answer", False, id="a web page"),
        pytest.param(sending(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "bad_answer", False, id="not HTTP"),
        pytest.param(
            sending(http(" " * (MAX_ANSWER_BYTES + 1))), "too_large", False, id="too long, with its length"
        ),
        pytest.param(_endless, "too_large", False, id="too long, without its length"),
    ],
)
def test_after_the_first_byte_whatever_is_no_trustworthy_answer_is_unknown(
    platform_that: Start, behaviour: Behaviour, reason: str, alarm: bool
) -> None:
    platform = platform_that(behaviour)
    outcome = platform.client().call(MESSAGE)
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.alarm) == (reason, alarm)
    assert len(platform.requests) == 1


def test_a_redirect_is_not_followed(platform_that: Start) -> None:
    elsewhere = platform_that(answering())
    redirecting = platform_that(sending(http("", "307 Moved", f"Location: {elsewhere.url}\r\n")))
    outcome = redirecting.client().call(MESSAGE)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "http_status"
    assert elsewhere.connections == 0


def test_an_unsigned_refusal_is_refused_for_the_app(platform_that: Start) -> None:
    raw = refusal("40002", "isv.invalid-app-id")
    outcome = platform_that(sending(http(f'{{"error_response":{raw}}}'))).client().call(MESSAGE)
    assert isinstance(outcome, Refused)
    assert (outcome.scope, outcome.sub_code) == ("app", "isv.invalid-app-id")


def _client(url: str, timeouts: Timeouts = SHORT) -> Client:
    return Client(
        app_id=APP_ID,
        app_private_key=KEYS["app_private_key"],
        alipay_public_key=KEYS["alipay_public_key"],
        gateway_url=url,
        timeouts=timeouts,
    )


def _not_sent(client: Client) -> str:
    outcome = client.call(MESSAGE)
    assert isinstance(outcome, NotSent)
    return outcome.reason


def test_a_refused_connection_is_not_sent(refusing_port: int) -> None:
    assert _not_sent(_client(f"http://127.0.0.1:{refusing_port}/gateway.do")) == "connect"


def test_a_connection_nobody_takes_in_time_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        timeouts = Timeouts(connect_seconds=0.3, total_seconds=5)
        assert _not_sent(_client(f"http://127.0.0.1:{port}/", timeouts)) == "connect"
        for filler in fillers:
            filler.close()


def test_a_name_that_cannot_be_looked_up_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    assert _not_sent(_client("https://gateway.invalid/gateway.do")) == "dns"


def test_a_server_that_speaks_no_tls_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_talk_plainly, args=(listener,), daemon=True).start()
        assert _not_sent(_client(f"https://127.0.0.1:{listener.getsockname()[1]}/")) == "tls"


def _talk_plainly(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.recv(65536)


def test_a_certificate_nobody_vouches_for_is_not_sent(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path))
    read: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=_serve_tls, args=(listener, context, read), daemon=True)
        serving.start()
        assert _not_sent(_client(f"https://127.0.0.1:{listener.getsockname()[1]}/")) == "tls"
        serving.join(10)
    assert read == []


def _serve_tls(listener: socket.socket, context: ssl.SSLContext, read: list[bytes]) -> None:
    connection, _ = listener.accept()
    try:
        with context.wrap_socket(connection, server_side=True) as secure:
            if data := secure.recv(65536):
                read.append(data)
    except OSError:
        pass


def _self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    "url",
    [
        "http://openapi.alipay.com/gateway.do",
        "http://10.0.0.1/gateway.do",
        "http://localhost.example.com/",
        "ftp://127.0.0.1/",
        "https://user:password@openapi.alipay.com/gateway.do",
        "https:///gateway.do",
        "https://openapi.alipay.com:99999/",
        "https://openapi.alipay.com/gateway.do?a=1",
        "gateway.do",
        "",
    ],
)
def test_an_address_that_is_neither_https_nor_this_machine_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="The gateway address must"):
        _client(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://openapi.alipay.com/gateway.do",
        "http://127.0.0.1:8700/gateway.do",
        "http://localhost:8700/gateway.do",
        "http://[::1]:8700/gateway.do",
    ],
)
def test_https_and_loopback_addresses_are_taken(url: str) -> None:
    assert _client(url).gateway_url == url


def test_a_client_never_shows_its_keys() -> None:
    shown = repr(_client("https://openapi.alipay.com/gateway.do"))
    assert APP_ID in shown
    assert KEYS["app_private_key"][40:80] not in shown


def test_a_client_refuses_a_key_it_cannot_use() -> None:
    with pytest.raises(signing.InvalidKey):
        Client(
            app_id=APP_ID,
            app_private_key="",
            alipay_public_key=KEYS["alipay_public_key"],
            gateway_url="https://openapi.alipay.com/gateway.do",
        )


def test_a_timeout_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 0"):
        Timeouts(read_seconds=0)
