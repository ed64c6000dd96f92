"""A platform for tests: a real socket that keeps every byte it got and answers as a test tells it to.

It signs with the official SDK's code, so that an error of ours cannot be made twice.
"""

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from alipay.aop.api.util.SignatureUtils import sign_with_rsa2

from gateway.client import Client, Timeouts
from gateway.methods.messages import OpenAppMiniTemplatemessageSend

VECTORS = Path(__file__).parent.parent / "vectors"
KEYS: dict[str, str] = json.loads((VECTORS / "keys.json").read_text(encoding="utf-8"))
SIGNING: dict[str, Any] = json.loads((VECTORS / "signing.json").read_text(encoding="utf-8"))
SEALING: dict[str, Any] = json.loads((VECTORS / "sealing.json").read_text(encoding="utf-8"))
APP_ID = "2021000000000001"
SEND_NODE = "alipay_open_app_mini_templatemessage_send_response"
OK_NODE = '{"code":"10000","msg":"Success"}'
SHORT = Timeouts(connect_seconds=1.0, read_seconds=0.4, total_seconds=2.0, pool_seconds=0.3)
MESSAGE = OpenAppMiniTemplatemessageSend(
    to_open_id="074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5",
    user_template_id="MDI4YzIxMDE2M2I5YTQzYjUxNWE4MjA4NmU1MTIyYmM=",
    page="pages/index/index",
    data='{"keyword1":{"value":"满减券"}}',
)
Behaviour = Callable[["Platform", socket.socket, dict[str, str]], None]


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether `condition` came true before the time was up."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def signed(raw: str, node: str = SEND_NODE, key: str = KEYS["alipay_private_key"]) -> str:
    return f'{{"{node}":{raw},"sign":"{sign_with_rsa2(key, raw, "utf-8")}"}}'


def refusal(code: str, sub_code: str, sub_msg: str = "原因") -> str:
    return json.dumps(
        {"code": code, "msg": "x", "sub_code": sub_code, "sub_msg": sub_msg}, ensure_ascii=False
    )


def http(body: str | bytes, status: str = "200 OK", headers: str = "") -> bytes:
    data = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html;charset=utf-8\r\nContent-Length: {len(data)}\r\n"
    return f"{head}{headers}\r\n".encode() + data


def answering(raw: str = OK_NODE, node: str = SEND_NODE) -> Behaviour:
    return sending(http(signed(raw, node)))


def sending(data: bytes, then_close: bool = False) -> Behaviour:
    def behave(platform: "Platform", connection: socket.socket, fields: dict[str, str]) -> None:
        connection.sendall(data)
        if then_close:
            connection.shutdown(socket.SHUT_RDWR)

    return behave


def silence(platform: "Platform", connection: socket.socket, fields: dict[str, str]) -> None:
    """Take the request and never answer."""


def hang_up(platform: "Platform", connection: socket.socket, fields: dict[str, str]) -> None:
    """Take the request, perhaps act on it, and close the connection."""
    connection.shutdown(socket.SHUT_RDWR)


class Platform:
    """Listens on loopback. `received` is every byte of every connection, `requests` the decoded forms."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.received: list[bytearray] = []
        self.ended: list[bool] = []
        self.requests: list[dict[str, str]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/gateway.do"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def connections(self) -> int:
        return len(self.received)

    def bytes_received(self) -> int:
        return sum(len(data) for data in self.received)

    def client(self, timeouts: Timeouts = SHORT, **changes: Any) -> Client:
        given = {
            "app_id": APP_ID,
            "app_private_key": KEYS["app_private_key"],
            "alipay_public_key": KEYS["alipay_public_key"],
            "gateway_url": self.url,
            "timeouts": timeouts,
        }
        return Client(**{**given, **changes})

    def close(self) -> None:
        # Closing alone would not wake the thread that waits in accept(), and it would take one more.
        self._listener.shutdown(socket.SHUT_RDWR)
        for each in [self._listener, *self._open]:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self.ended.append(False)
            self.received.append(bytearray())
            threading.Thread(target=self._serve, args=(connection, self.connections - 1), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        pending = bytearray()
        try:
            while piece := connection.recv(65536):
                self.received[number] += piece
                pending += piece
                while (form := _take_request(pending)) is not None:
                    fields = dict(parse_qsl(form.decode(), keep_blank_values=True))
                    self.requests.append(fields)
                    self.behaviour(self, connection, fields)
        except OSError:
            pass
        self.ended[number] = True


def _take_request(pending: bytearray) -> bytes | None:
    """Remove one whole HTTP request from `pending` and give its body; None while it is incomplete."""
    head, separator, rest = bytes(pending).partition(b"\r\n\r\n")
    if not separator:
        return None
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    if len(rest) < length:
        return None
    del pending[: len(head) + 4 + length]
    return rest[:length]
