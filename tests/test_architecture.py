"""The house stands as docs/architecture.md says: floors, rooms, sizes, names."""

import ast
import re

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings

from merchants.owned import MerchantOwned
from messaging.models import TRANSITIONS, SendState
from tests import source_tree as tree

FLOORS = ("gateway", "merchants", "membership", "coupons", "orders", "messaging", "console")
ROOMS = ("models", "consent", "engine", "sends", "recall")
FORBIDDEN_NAMES = {"services", "selectors", "utils", "helpers", "common", "misc"}
FILE_LINES, FUNCTION_LINES, POSITIONAL, TEMPLATE_LINES, DEFERRED_IMPORTS = 500, 60, 5, 150, 5
OWN = [module for module in tree.modules() if not module.is_migration]
FRAMES = ("console/base.html", "console/bare.html")
WITHOUT_FRAME = {"templates/console/base.html", "templates/console/500.html"}


def first(name: str) -> str:
    return name.partition(".")[0]


def test_imports_point_down_the_floors_only() -> None:
    wrong = [
        f"{one.module}:{one.line} imports {one.target}"
        for one in tree.imports()
        if first(one.module) in FLOORS
        and first(one.target) in FLOORS
        and FLOORS.index(first(one.target)) > FLOORS.index(first(one.module))
    ]
    assert wrong == []


def test_the_gateway_knows_no_django_and_no_celery() -> None:
    foreign = {"django", "celery", "redis", "psycopg", *FLOORS[1:]}
    wrong = [o for o in tree.imports() if first(o.module) == "gateway" and first(o.target) in foreign]
    assert wrong == []


def test_the_simulator_and_the_house_do_not_know_each_other() -> None:
    ours = {*FLOORS, "django", "celery"}
    into = [o for o in tree.imports() if first(o.module) == "simulator" and first(o.target) in ours]
    out = [o for o in tree.imports() if first(o.module) != "simulator" and first(o.target) == "simulator"]
    assert into == []
    assert out == []


def test_the_rooms_of_messaging_have_arrows_one_way() -> None:
    def room(name: str) -> int | None:
        parts = name.split(".")
        inside = parts[0] == "messaging" and len(parts) > 1 and parts[1] in ROOMS
        return ROOMS.index(parts[1]) if inside else None

    wrong = []
    for one in tree.imports():
        there, here = room(one.target), room(one.module)
        upward = there is not None and here is not None and there > here
        outward = here is not None and there is None and one.target.startswith("messaging.")
        if upward or outward:
            wrong.append(f"{one.module}:{one.line} imports {one.target}")
    assert wrong == []


def test_no_circle_of_imports_exists() -> None:
    arrows: dict[str, set[str]] = {}
    for one in tree.imports():
        if not one.deferred and not one.only_types and one.target != one.module:
            arrows.setdefault(one.module, set()).add(one.target)
    assert tree.circles(arrows) == []


def test_a_circle_would_be_found() -> None:
    assert tree.circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == [["a", "b", "c", "a"]]


def test_only_tasks_import_tasks() -> None:
    wrong = [
        f"{one.module}:{one.line} imports {one.target}"
        for one in tree.imports()
        if one.target.rpartition(".")[2] == "tasks" and one.module.rpartition(".")[2] != "tasks"
    ]
    assert wrong == []


def test_deferred_imports_are_few_and_explained() -> None:
    deferred = [one for one in tree.imports() if one.deferred and first(one.target) in {*FLOORS, "simulator"}]
    assert [o for o in deferred if not o.has_comment] == []
    assert len(deferred) <= DEFERRED_IMPORTS


def test_files_stay_below_their_cap() -> None:
    long = {
        tree.short(path): lines
        for path in [*tree.files(".py"), *tree.files(".css"), *tree.files(".js")]
        if (lines := len(path.read_text("utf-8").splitlines())) > FILE_LINES
        and "migrations" not in path.parts
    }
    assert long == {}


def test_functions_stay_below_their_caps() -> None:
    wrong = []
    for module in OWN:
        for function in tree.functions(module):
            lines = (function.end_lineno or 0) - function.lineno + 1
            positional = [*function.args.posonlyargs, *function.args.args]
            bound = 1 if positional and positional[0].arg in {"self", "cls"} else 0
            if lines > FUNCTION_LINES or len(positional) - bound > POSITIONAL:
                wrong.append(f"{module.name}.{function.name}: {lines} lines, {len(positional)} positional")
    assert wrong == []


def test_templates_stay_below_their_cap() -> None:
    long = [p for p in tree.templates() if len(p.read_text("utf-8").splitlines()) > TEMPLATE_LINES]
    assert long == []


def test_no_file_is_named_after_a_drawer() -> None:
    assert [tree.short(p) for p in tree.files(".py") if p.stem in FORBIDDEN_NAMES] == []


def test_there_are_no_signals_and_no_save_overrides() -> None:
    signals = [
        o for o in tree.imports() if o.target.startswith(("django.dispatch", "django.db.models.signals"))
    ]
    saves = [
        f"{module.name}.{function.name}"
        for module in OWN
        for function in tree.functions(module)
        if function.name in {"save", "delete"}
        and any(a.arg == "self" for a in function.args.args)
        and module.package != "simulator"
        and "models" in module.name
    ]
    assert signals == []
    assert saves == []


def test_no_request_reaches_below_the_console() -> None:
    of_pages = ("django.http", "django.shortcuts", "django.template", "django.contrib.messages")
    wrong = [
        f"{one.module} imports {one.target}"
        for one in tree.imports()
        if first(one.module) in FLOORS[:-1] and one.target.startswith(of_pages)
    ]
    assert wrong == []


def test_every_read_of_a_tenants_rows_in_the_console_starts_from_the_merchant() -> None:
    """Signing in and the person's own seats begin at the person; everything else at for_merchant()."""
    owned = {m.__name__ for m in apps.get_models() if issubclass(m, MerchantOwned)}
    read = re.compile(rf"\b({'|'.join(sorted(owned))})\.objects\.(?!for_merchant\()")
    wrong = [
        f"{module.name}:{number}: {line.strip()}"
        for module in OWN
        if module.package == "console" and not module.name.startswith(("console.demo", "console.management"))
        for number, line in enumerate(module.text.splitlines(), start=1)
        if read.search(line)
    ]
    assert wrong == []


def test_work_is_queued_through_one_door() -> None:
    door = re.compile(r"\.(delay|apply_async|send_task)\(")
    wrong = [
        module.name
        for module in OWN
        if module.name != "merchants.enqueue" and module.package != "simulator" and door.search(module.text)
    ]
    assert wrong == []


def test_outside_calls_go_through_the_gateway() -> None:
    clients = ("httpx", "requests", "aiohttp", "urllib3", "http.client", "urllib.request")
    wrong = [
        f"{one.module} imports {one.target}"
        for one in tree.imports()
        if one.target.startswith(clients)
        and first(one.module) not in {"gateway", "simulator"}
        and not one.module.startswith(("console.demo", "console.management"))
    ]
    assert wrong == []


@pytest.mark.parametrize("path", tree.templates(), ids=tree.short)
def test_templates_say_what_they_are_and_carry_nothing_inline(path: object) -> None:
    name = tree.short(path)  # type: ignore[arg-type]
    text = (tree.ROOT / name).read_text("utf-8")
    head = re.sub(r"{% (extends|load) [^%]*%}\s*", "", text)
    assert head.startswith("{% comment %}"), "opens with a comment: purpose, context, partials, ids replaced"
    header = head.partition("{% endcomment %}")[0]
    assert "Context" in header
    is_partial = name.rpartition("/")[2].startswith("_")
    if not is_partial and name not in WITHOUT_FRAME:
        assert any(f'{{% extends "{frame}" %}}' in text for frame in FRAMES)
    for what, pattern in {
        "inline style": r"\sstyle=|<style",
        "inline script": r"<script(?![^>]*\ssrc=)(?![^>]*application/json)",
        "script in an attribute": r"\s(hx-on|onclick|onchange|onsubmit|oninput|onload|onerror)|[\"\']js:",
        "unescaped text": r"\|safe\b|autoescape off",
    }.items():
        assert not re.search(pattern, text), what


def registered() -> set[str]:
    current_app.loader.import_default_modules()
    return set(current_app.tasks)


def test_every_process_of_ours_queues_to_the_broker_of_the_settings() -> None:
    assert current_app.conf.broker_url == settings.CELERY_BROKER_URL


def test_names_in_the_settings_tables_are_tasks() -> None:
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    named |= {task for tasks in settings.EVENT_SUBSCRIBERS.values() for task in tasks}
    named |= set(settings.NOTIFICATION_ROUTES.values())
    assert named - registered() == set()


def test_names_given_to_enqueue_are_tasks() -> None:
    wrong = []
    for module in OWN:
        constants = {
            target.id: node.value.value
            for node in module.tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func)
            if called not in {"enqueue", "enqueue.enqueue", "jobs.start"}:
                continue
            given = node.args[0]
            name = constants.get(given.id) if isinstance(given, ast.Name) else getattr(given, "value", None)
            if isinstance(name, str) and name not in registered():
                wrong.append(f"{module.name}: {name}")
    assert wrong == []


def test_tasks_are_named_after_their_package() -> None:
    ours = [name for name in registered() if not name.startswith("celery.")]
    pattern = re.compile(r"(merchants|membership|coupons|orders|messaging|engine)\.[a-z_]+")
    wrong = [name for name in ours if not pattern.fullmatch(name)]
    assert wrong == []


def test_every_state_of_a_send_is_reachable_and_named() -> None:
    from_draft, seen = ["draft"], set()
    while from_draft:
        state = from_draft.pop()
        if state not in seen:
            seen.add(state)
            from_draft += TRANSITIONS[state]
    assert seen == set(SendState.values)
