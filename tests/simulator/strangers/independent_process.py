"""Runs with the packages of .venv/stranger only: one JSON line in, one call, one JSON line out."""

import json
import os
import sys
import time

from alipay import AliPay


def pem(text: str, kind: str) -> str:
    return f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----"


for line in sys.stdin:
    question = json.loads(line)
    os.environ["TZ"] = question["zone"]
    time.tzset()
    client = AliPay(
        appid=question["app_id"],
        app_private_key_string=pem(question["private_key"], "RSA PRIVATE KEY"),
        alipay_public_key_string=pem(question["public_key"], "PUBLIC KEY"),
        sign_type=question["sign_type"],
    )
    client._gateway = question["gateway"]
    try:
        answer = {"node": client.server_api(question["method"], question["biz"], **question["params"])}
    except Exception as error:
        answer = {"raised": type(error).__name__, "message": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
