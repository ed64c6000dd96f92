"""GET /sim/docs: what this platform offers and what it lacks, as text."""

from aiohttp import web

from simulator import log
from simulator.codes import SUB_CODES
from simulator.faults import KINDS, NOTICE_KINDS
from simulator.markup import TEMPLATES
from simulator.methods import METHODS
from simulator.notices import MESSAGE_KINDS, NOTIFY_KINDS
from simulator.store import APP_STATES


async def docs(_: web.Request) -> web.Response:
    text = (TEMPLATES / "docs.md").read_text(encoding="utf-8")
    facts = {
        "methods": "\n".join(f"- {method}" for method in METHODS),
        "fault_kinds": ", ".join(KINDS),
        "notice_fault_kinds": ", ".join(NOTICE_KINDS),
        "message_kinds": "\n".join(f"- {kind}" for kind in MESSAGE_KINDS),
        "notify_kinds": "\n".join(f"- {kind}" for kind in NOTIFY_KINDS),
        "app_states": ", ".join(APP_STATES),
        "log_fields": log.__doc__ or "",
        "sub_codes": "\n".join(f"- {sub_code} ({code})" for sub_code, (code, _) in SUB_CODES.items()),
    }
    for name, fact in facts.items():
        text = text.replace("{{" + name + "}}", fact)
    return web.Response(text=text, content_type="text/plain", charset="utf-8")
