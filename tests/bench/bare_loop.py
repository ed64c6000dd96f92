"""The least that can send a message: sign, post, read, verify, count. No books, no gates, no rate.

python -m tests.bench.bare_loop GATEWAY_URL APP.json CONCURRENCY prints {"seconds", "accepted", "other"}

The reference of the sending bench, frozen: the same HTTP library and cryptography as the console's client,
kept connections, everything known beforehand in memory.
"""

import asyncio
import base64
import json
import sys
import time
import urllib.parse
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

SEND = "alipay.open.app.mini.templatemessage.send"
BEIJING = timezone(timedelta(hours=8))


class Loop:
    """`app`: app_id, both keys as bare base64, template_id, data and open_ids."""

    def __init__(self, url: str, app: dict[str, Any]) -> None:
        self.url, self.app = url, app
        self.private: Any = serialization.load_der_private_key(base64.b64decode(app["app_private_key"]), None)
        self.public: Any = serialization.load_der_public_key(base64.b64decode(app["alipay_public_key"]))
        self.accepted = self.other = 0

    async def run(self, concurrency: int) -> float:
        todo = enumerate(self.app["open_ids"])
        connector = aiohttp.TCPConnector(limit=concurrency)
        async with aiohttp.ClientSession(connector=connector) as session:
            started = time.perf_counter()
            await asyncio.gather(*(self._work(session, todo) for _ in range(concurrency)))
            return time.perf_counter() - started

    async def _work(self, session: aiohttp.ClientSession, todo: Iterator[tuple[int, str]]) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        for number, open_id in todo:
            form = self._form(number, open_id)
            async with session.post(self.url, data=form, headers=headers) as answer:
                if self._is_accepted(await answer.text()):
                    self.accepted += 1
                else:
                    self.other += 1

    def _form(self, number: int, open_id: str) -> bytes:
        biz = {
            "to_open_id": open_id,
            "user_template_id": self.app["template_id"],
            "page": f"pages/renew/index?rt%3DAbC{number:09d}xYz0123456",
            "data": json.dumps(self.app["data"], ensure_ascii=False, separators=(",", ":")),
        }
        params = {
            "app_id": self.app["app_id"],
            "biz_content": json.dumps(biz, ensure_ascii=False, separators=(",", ":")),
            "charset": "utf-8",
            "format": "JSON",
            "method": SEND,
            "sign_type": "RSA2",
            "timestamp": datetime.now(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
        }
        content = "&".join(f"{name}={params[name]}" for name in sorted(params)).encode()
        signature = self.private.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return urllib.parse.urlencode({**params, "sign": base64.b64encode(signature).decode()}).encode()

    def _is_accepted(self, text: str) -> bool:
        """Over the bytes of the node, as the platform signs them."""
        answer = json.loads(text)
        start = text.index("_response") + len('_response":')
        node = text[start : text.index("}", start) + 1]
        try:
            signature = base64.b64decode(answer["sign"])
            self.public.verify(signature, node.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, KeyError):
            return False
        return bool(json.loads(node)["code"] == "10000")


if __name__ == "__main__":
    loop = Loop(sys.argv[1], json.loads(Path(sys.argv[2]).read_text("utf-8")))
    seconds = asyncio.run(loop.run(int(sys.argv[3])))
    print(json.dumps({"seconds": seconds, "accepted": loop.accepted, "other": loop.other}))
