"""python-alipay-sdk, in a process that sees its own packages and none of ours."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.simulator.merchant import Merchant
from tests.simulator.strangers.official import Untrusted
from tests.simulator.strangers.shape import wrong_fields

PACKAGES = Path(sys.prefix) / "stranger"
SCRIPT = Path(__file__).with_name("independent_process.py")


class IndependentProcess:
    """One for the session; takes a line of JSON, answers with one."""

    def __init__(self) -> None:
        if not (PACKAGES / "alipay").is_dir():
            raise RuntimeError(f"{PACKAGES} is missing; install it with: make .venv/.stranger")
        environment = {"PYTHONPATH": str(PACKAGES), "PATH": os.environ["PATH"]}
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-P", str(SCRIPT)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)


class IndependentSdk:
    name = "independent"

    def __init__(
        self,
        process: IndependentProcess,
        merchant: Merchant,
        *,
        sign_type: str = "RSA2",
        zone: str = "Asia/Shanghai",
    ) -> None:
        self._process, self._merchant = process, merchant
        self._sign_type, self._zone = sign_type, zone

    def call(self, method: str, biz: Any = None, **params: Any) -> dict[str, Any]:
        """The node of a verified answer. It always sends a biz_content, if only an empty object."""
        question = {
            "gateway": self._merchant.gateway_url,
            "app_id": self._merchant.app_id,
            "private_key": self._merchant.texts["app_private_key"],
            "public_key": self._merchant.texts["alipay_public_key"],
            "sign_type": self._sign_type,
            "zone": self._zone,
            "method": method,
            "biz": biz,
            "params": params,
        }
        answer = self._process.ask(question)
        if "raised" in answer:
            raise Untrusted(f"{answer['raised']}: {answer['message']}")
        assert wrong_fields(method, answer["node"]) == []
        return answer["node"]
