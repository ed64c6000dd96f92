"""The frugal caller of the simulator's bench: signs beforehand, then only writes bytes and counts answers.

python -m tests.bench.simulator_client sign HOST:PORT APP.json REQUESTS writes a raw request for each person
python -m tests.bench.simulator_client send HOST:PORT REQUESTS ROUNDS prints {"seconds", "accepted", "other"}
"""

import asyncio
import base64
import json
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

SEND = "alipay.open.app.mini.templatemessage.send"
CONNECTIONS = 16
END = b"\0"
ACCEPTED = b'_response":{"code":"10000"'


def sign(host: str, app_file: Path, requests: Path) -> None:
    """`app_file`: what POST /sim/apps answered, with template_id and open_ids beside it."""
    app = json.loads(app_file.read_text("utf-8"))
    private: Any = serialization.load_der_private_key(base64.b64decode(app["app_private_key"]), None)
    with requests.open("wb") as file:
        for number, open_id in enumerate(app["open_ids"]):
            params = _params(app, open_id, number)
            content = "&".join(f"{key}={params[key]}" for key in sorted(params)).encode()
            signature = private.sign(content, padding.PKCS1v15(), hashes.SHA256())
            body = urllib.parse.urlencode({**params, "sign": base64.b64encode(signature).decode("ascii")})
            head = (
                f"POST /gateway.do HTTP/1.1\r\nHost: {host}\r\n"
                "Content-Type: application/x-www-form-urlencoded;charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            file.write((head + body).encode("ascii") + END)


def _params(app: dict[str, Any], open_id: str, number: int) -> dict[str, str]:
    """As a console sends them: text with something of the person in it, a link with a token."""
    data = {
        "keyword1": {"value": f"满 {number % 997} 减 20，三天免租券待领取"},
        "keyword2": {"value": "进入小程序活动中心领取"},
    }
    biz = {
        "to_open_id": open_id,
        "user_template_id": app["template_id"],
        "page": f"pages/activity/index?from%3Dmsg%26rt%3DAbC{number:09d}xYz0123",
        "data": json.dumps(data, ensure_ascii=False),
    }
    return {
        "app_id": app["app_id"],
        "method": SEND,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": "2026-11-22 12:00:00",
        "version": "1.0",
        "biz_content": json.dumps(biz, ensure_ascii=False),
    }


async def send(host: str, requests: Path, rounds: int) -> dict[str, float]:
    todo = _read(requests, rounds)
    counts = {"accepted": 0, "other": 0}
    start = time.perf_counter()
    await asyncio.gather(*(_one_connection(host, todo, counts) for _ in range(CONNECTIONS)))
    return {"seconds": time.perf_counter() - start, **counts}


def _read(requests: Path, rounds: int) -> Iterator[bytes]:
    for _ in range(rounds):
        with requests.open("rb") as file:
            left = b""
            while chunk := file.read(1 << 20):
                *whole, left = (left + chunk).split(END)
                yield from whole


async def _one_connection(host: str, todo: Iterator[bytes], counts: dict[str, int]) -> None:
    name, _, port = host.rpartition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    for request in todo:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        counts["accepted" if ACCEPTED in await reader.readexactly(length) else "other"] += 1
    writer.close()
    await writer.wait_closed()


if __name__ == "__main__":
    verb, address, *rest = sys.argv[1:]
    if verb == "sign":
        sign(address, Path(rest[0]), Path(rest[1]))
    else:
        print(json.dumps(asyncio.run(send(address, Path(rest[0]), int(rest[1])))))
