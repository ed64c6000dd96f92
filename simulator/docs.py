"""GET /sim/docs: what this platform offers and what it lacks, as text."""

import textwrap
from collections.abc import Iterable

from aiohttp import web

from simulator import log
from simulator.admission import REFUSES
from simulator.codes import SUB_CODES
from simulator.faults import KINDS, NOTICE_KINDS
from simulator.markup import TEMPLATES
from simulator.methods import METHODS
from simulator.methods.call import Method
from simulator.methods.missing import MISSING
from simulator.methods.orders import BY_FAULT
from simulator.notices import MESSAGE_KINDS, NOTIFY_KINDS
from simulator.store import APP_STATES

# Known and never answered by a rule: only a fault of kind sub_code brings them.
FAULT_ONLY = (
    "isp.unknow-error",
    "aop.unknow-error",
    "isv.missing-signature-key",
    "isv.missing-default-signature-type",
    "isv.invalid-token",
    "isv.invalid-digest",
    "isv.decryption-error-not-valid-encrypt-type",
    "isv.forbidden-api",
    "app-cert-expired",
    "isv.ip-forbidden",
    "QUERY_CONSUMER_REQEUST_ERROR",
    "MSG_SEND_ERROR",
    "SYSTEM_ERROR",
    *BY_FAULT,
    "MATERIAL_AUDIT_WAITING",
    "BUSINESS_HAS_RISK",
    "DISCOUNT_AMOUNT_INSUFFICIENT",
    "INVALID_CERT_TYPE_AND_NO",
    "OPEN_CARD_CONCURRENTLY",
)
LINE_CHARS = 118


async def docs(_: web.Request) -> web.Response:
    text = (TEMPLATES / "docs.md").read_text(encoding="utf-8")
    facts = {
        "methods": "\n".join(_described(name, method) for name, method in METHODS.items()),
        "missing": "\n".join(f"- {name}" for name in MISSING),
        "fault_only": textwrap.fill(", ".join(FAULT_ONLY), LINE_CHARS, break_on_hyphens=False),
        "fault_kinds": ", ".join(KINDS),
        "notice_fault_kinds": ", ".join(NOTICE_KINDS),
        "message_kinds": "\n".join(f"- {kind}" for kind in MESSAGE_KINDS),
        "notify_kinds": "\n".join(f"- {kind}" for kind in NOTIFY_KINDS),
        "app_states": ", ".join(APP_STATES),
        "log_fields": log.__doc__ or "",
        "sub_codes": "\n".join(f"- {sub_code} ({SUB_CODES[sub_code][0]})" for sub_code in REFUSES),
    }
    for name, fact in facts.items():
        text = text.replace("{{" + name + "}}", fact)
    return web.Response(text=text, content_type="text/plain", charset="utf-8")


async def methods(_: web.Request) -> web.Response:
    """The same for programs: what each method takes, gives and refuses, and what is missing."""
    offered = {
        name: {
            "takes": method.takes,
            "outside_biz_content": method.outside,
            "gives": method.gives,
            "refuses": {sub_code: SUB_CODES[sub_code][0] for sub_code in method.refuses},
        }
        for name, method in METHODS.items()
    }
    before = {sub_code: SUB_CODES[sub_code][0] for sub_code in REFUSES}
    said = {"methods": offered, "before_any_method": before, "missing": MISSING, "fault_only": FAULT_ONLY}
    return web.json_response(said)


def _described(name: str, method: Method) -> str:
    where = "beside biz_content" if method.outside else "in biz_content"
    facts = (
        f"takes {where}: {_grouped(method.takes)}",
        f"gives: {_grouped(method.gives) or 'nothing but code and msg'}",
        f"refuses: {', '.join(map(_refusal, method.refuses))}",
    )
    return "\n".join([f"- {name}", *(_folded(fact) for fact in facts)])


def _refusal(sub_code: str) -> str:
    return f"{sub_code} ({SUB_CODES[sub_code][0]}{', by a fault only' * (sub_code in FAULT_ONLY)})"


def _grouped(paths: Iterable[str]) -> str:
    """Fields of one field together: a, b {c, d[] {e}}."""
    fields: dict[str, list[str]] = {}
    for path in paths:
        name, _, rest = path.partition(".")
        fields.setdefault(name, []).extend([rest] if rest else [])
    return ", ".join(f"{name} {{{_grouped(rest)}}}" if rest else name for name, rest in fields.items())


def _folded(fact: str) -> str:
    return textwrap.fill(
        fact, LINE_CHARS, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )
