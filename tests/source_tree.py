"""The source as a graph: modules, their imports, functions and templates, read with `ast`."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("console", "messaging", "orders", "coupons", "membership", "merchants", "gateway", "simulator")


@dataclass(frozen=True)
class Import:
    """`target` is a dotted name; `deferred`: inside a function; `only_types`: below `if TYPE_CHECKING`."""

    module: str
    target: str
    line: int
    deferred: bool
    only_types: bool
    has_comment: bool


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]

    @property
    def is_migration(self) -> bool:
        return ".migrations" in self.name


def _known_files() -> list[Path]:
    """Files of the repository, those not yet committed too, without what is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:  # an unpacked archive without its history
        ignored = {".venv", "node_modules", "var", "vendor", "staticfiles", "__pycache__"}
        return [path for path in ROOT.rglob("*") if path.is_file() and not ignored & set(path.parts)]
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


@cache
def files(suffix: str) -> tuple[Path, ...]:
    return tuple(sorted(path for path in _known_files() if path.suffix == suffix))


@cache
def modules() -> tuple[Module, ...]:
    """Our packages, without tests."""
    found = []
    for path in files(".py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] in PACKAGES:
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            text = path.read_text(encoding="utf-8")
            found.append(Module(name, path, text, ast.parse(text)))
    return tuple(found)


@cache
def imports() -> tuple[Import, ...]:
    return tuple(one for module in modules() for one in _imports_of(module))


def _imports_of(module: Module) -> Iterator[Import]:
    names = {other.name for other in modules()}
    lines = module.text.splitlines()

    def walk(node: ast.AST, deferred: bool, only_types: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inside = deferred or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            typed = only_types or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test))
            if isinstance(child, ast.Import | ast.ImportFrom):
                commented = "#" in lines[child.lineno - 1] or lines[child.lineno - 2].strip().startswith("#")
                for target in _targets(child, names):
                    yield Import(module.name, target, child.lineno, deferred, only_types, commented)
            else:
                yield from walk(child, inside, typed)

    yield from walk(module.tree, False, False)


def _targets(node: ast.Import | ast.ImportFrom, names: set[str]) -> list[str]:
    """`from a.b import c` points at a.b.c when that is a module, else at a.b."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    return sorted({f"{base}.{a.name}" if f"{base}.{a.name}" in names else base for a in node.names})


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def templates() -> list[Path]:
    return [path for path in files(".html") if path.is_relative_to(ROOT / "templates")]


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Every circle once, as the path that closes it."""
    found: list[list[str]] = []
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            found.append([*trail[trail.index(name) :], name])
        elif name not in done:
            for target in sorted(arrows.get(name, ())):
                visit(target, [*trail, name])
            done.add(name)

    for name in sorted(arrows):
        visit(name, [])
    return found
