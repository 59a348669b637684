"""What the result of a function depends on: the code that it imports, found from syntax trees."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import importlib.util
import platform
import sys
import sysconfig
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["digest_code", "find_modules"]

_OURS = ("bioplastic", "experiments")
_NUMERICAL = {
    "brian2": "brian2", "elephant": "elephant", "numba": "numba", "numpy": "numpy",
    "pandas": "pandas", "pyspike": "pyspike", "scipy": "scipy", "sklearn": "scikit-learn",
    "sympy": "sympy", "torch": "torch", "xarray": "xarray",
}  # fmt: skip
_TEMPLATES = frozenset({".cpp", ".hpp", ".c", ".h", ".cu"})


class _Module(NamedTuple):
    """A module of the package: its syntax tree without docstrings, and the digest of that."""

    name: str
    path: Path
    tree: ast.Module
    digest: str

    @property
    def package(self) -> str:
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


def digest_code(function: Callable[..., Any]) -> str:
    """Return a digest of all code that decides about the result of a function.

    These are: what the function uses of its own module; every module imported there, transitively,
    that belongs to bioplastic, to the experiments or to another package that is not installed (your
    own); templates that lie in these packages; and the versions of Python and of the numerical
    libraries among the imports. Comments, docstrings and the layout of the code do not count. An
    import counts wherever it stands, in functions and for type checkers too, and with a module the
    packages that it lies in, except those around the function itself, which may gather pictures
    and the like. Modules whose names are put together while the program runs are not found.

    Parameters
    ----------
    function : callable
        A function or class of a module that lies in a file, or an object that can be called; its
        attribute ``imports`` may name further modules, which it imports while it runs.

    Returns
    -------
    str
        Hexadecimal.

    Raises
    ------
    ValueError
        If the function was typed in, or a file has changed since this process read it: what is in
        memory would then differ from what is digested.

    Examples
    --------
    >>> from bioplastic.files import write_json
    >>> len(digest_code(write_json))
    64
    """
    own, modules, libraries = _collect(function)
    total = hashlib.sha256(platform.python_version().rpartition(".")[0].encode())
    total.update(own.encode())
    for module in sorted(modules.values(), key=lambda module: module.name):
        total.update(f"\0{module.name}\0{module.digest}".encode())
        for path in _templates(module):
            total.update(f"\0{path.name}\0".encode() + _read(path))
    for library in sorted(libraries & set(_NUMERICAL)):
        total.update(f"\0{library}={_version(_NUMERICAL[library])}".encode())
    return total.hexdigest()


def find_modules(function: Callable[..., Any]) -> list[str]:
    """Return the names of the modules whose code `digest_code` reads, besides the function's own.

    Examples
    --------
    >>> from bioplastic.checkpoints import read_run
    >>> "bioplastic.files" in find_modules(read_run)
    True
    """
    return sorted(_collect(function)[1])


def name_of(function: Callable[..., Any]) -> tuple[str, str]:
    """Return module and name of a function, or of the class of an object that can be called.

    A script has the same name whether it is run or imported.
    """
    defined = _defined(function)
    home = str(defined.__module__)
    if home in ("__main__", "__mp_main__"):
        main = sys.modules[home]
        spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
        home = spec.name if spec is not None else Path(file).stem if file else home
    return home, str(defined.__qualname__)


def _defined(function: Callable[..., Any]) -> Any:
    return function if hasattr(function, "__qualname__") else type(function)


def _collect(function: Callable[..., Any]) -> tuple[str, dict[str, _Module], set[str]]:
    """Return the code used of the function's module, the other modules, and the libraries."""
    home, qualname = name_of(function)
    name = qualname.partition(".")[0]
    start = _load(home, getattr(sys.modules.get(_defined(function).__module__), "__file__", None))
    if start is None:
        raise ValueError(
            f"measure.function: must be defined in a file, so that what it depends on is known; "
            f"{qualname} of {home} is not (or measure without a store)"
        )
    used = _used_code(start, name)
    modules: dict[str, _Module] = {}
    libraries: set[str] = set()
    todo = [target for node in used for target in _imports(start, node)]
    todo += getattr(function, "imports", ())
    around = {home.rsplit(".", k)[0] for k in range(1, home.count(".") + 1)}
    while todo:
        target = todo.pop()
        if target in modules or target == home:
            continue
        top = target.partition(".")[0]
        module = _load(target) if _is_followed(top) else None
        if module is None:
            libraries.add(top)
            continue
        modules[target] = module
        if module.path not in _IMPORTED:
            _IMPORTED[module.path] = list(_imports(module, module.tree))
        todo += _IMPORTED[module.path]
        packages = {target.rsplit(".", k)[0] for k in range(1, target.count(".") + 1)}
        todo += packages - around
    return "\0".join([home, name, *map(ast.dump, used)]), modules, libraries


def _used_code(module: _Module, name: str) -> list[ast.stmt]:
    """Return the statements of a module that a name needs, directly or through others.

    Statements that define nothing, and decorators, run with every import, so all of them count.
    """
    defined: dict[str, list[int]] = {}
    needed: set[int] = set()
    body = module.tree.body
    for number, node in enumerate(body):
        names = list(_defined_names(node))
        for each in names:
            defined.setdefault(each, []).append(number)
        if not names or "*" in names or getattr(node, "decorator_list", None):
            needed.add(number)
    if name not in defined:  # made in another way: all of the module
        return body
    todo = [*defined[name], *needed]
    needed |= set(todo)
    while todo:
        for part in ast.walk(body[todo.pop()]):
            for word in _words(part):
                fresh = set(defined.get(word, ())) - needed
                needed |= fresh
                todo += fresh
    return [body[number] for number in sorted(needed)]


def _words(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node may refer to: names, and names in quoted annotations."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _defined_names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Name):
                    yield part.id


def _imports(module: _Module, code: ast.AST) -> Iterator[str]:
    """Yield the modules that a piece of code of a module imports."""
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = module.package.split(".")
                parent = parent[: len(parent) - node.level + 1]
                base = ".".join([*parent, *filter(None, [base])])
            yield base
            for alias in node.names:
                if alias.name != "*":
                    yield from _members(base, alias.name)
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def _members(base: str, name: str) -> Iterator[str]:
    """Yield what ``from base import name`` reads besides ``base``: a submodule, or a lazy name."""
    if not base or not _is_followed(base.partition(".")[0]):
        return
    if _locate(f"{base}.{name}") is not None:
        yield f"{base}.{name}"
        return
    module = _load(base)
    if module is None or not any(
        isinstance(node, ast.FunctionDef) and node.name == "__getattr__"
        for node in module.tree.body
    ):
        return
    found = getattr(importlib.import_module(base), name, None)
    home = getattr(found, "__module__", None)
    if isinstance(home, str):
        yield home
        return
    for node in ast.walk(module.tree):  # a constant: from any of the modules that are named there
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for candidate in (node.value, f"{base}.{node.value.lstrip('.')}"):
                if _locate(candidate) is not None:
                    yield candidate


# ---- files ---------------------------------------------------------------------------------------


@functools.cache
def _is_followed(top: str) -> bool:
    """Return whether a top-level package is read: ours, or one that is not installed."""
    if top in _OURS:
        return True
    if not top.isidentifier() or top in sys.stdlib_module_names:
        return False
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return False
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return False
    path = Path(spec.origin).resolve()
    if {"site-packages", "dist-packages"} & set(path.parts):
        return False
    libraries = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    return not any(path.is_relative_to(Path(folder).resolve()) for folder in libraries if folder)


def _locate(name: str) -> Path | None:
    """Return the file of a module of a package that is followed, without importing it."""
    top, *rest = name.split(".")
    if not all(part.isidentifier() for part in (top, *rest)) or not _is_followed(top):
        return None
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        return None
    if spec.submodule_search_locations is None:
        return None if rest else Path(spec.origin)
    place = Path(spec.origin).parent.joinpath(*rest)
    for path in (place / "__init__.py", place.with_suffix(".py")):
        if path.is_file():
            return path
    return None


_SEEN: dict[Path, tuple[int, int, bytes]] = {}
_PARSED: dict[Path, tuple[ast.Module, str]] = {}
_IMPORTED: dict[Path, list[str]] = {}


def _read(path: Path) -> bytes:
    """Return the content of a file as this process first read it, and refuse one that changed."""
    status = path.stat()
    stamp = (status.st_mtime_ns, status.st_size)
    if path not in _SEEN:
        _SEEN[path] = (*stamp, path.read_bytes())
    elif _SEEN[path][:2] != stamp and path.read_bytes() != _SEEN[path][2]:
        raise ValueError(
            f"measure: {path} has changed since this process read it; start again, so that what is "
            "stored is what the code computes (finished parts that do not depend on it are kept)"
        )
    return _SEEN[path][2]


def _load(name: str, file: str | None = None) -> _Module | None:
    path = Path(file) if file is not None and Path(file).is_file() else _locate(name)
    if path is None:
        return None
    source = _read(path)
    if path not in _PARSED:
        tree = ast.parse(source, str(path))
        for node in ast.walk(tree):
            _drop_docstring(node)
        _PARSED[path] = (tree, hashlib.sha256(ast.dump(tree).encode()).hexdigest())
    return _Module(name, path, *_PARSED[path])


def _drop_docstring(node: ast.AST) -> None:
    body = getattr(node, "body", None)
    if (
        isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and body
    ):
        kept = [
            each for each in node.body
            if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        ]  # fmt: skip
        node.body = kept or [ast.Pass()]


def _templates(module: _Module) -> list[Path]:
    """Return the templates in the folder of a package, and in folders there that are no package."""
    if module.path.name != "__init__.py":
        return []
    folder = module.path.parent
    places = [
        folder,
        *(p for p in folder.iterdir() if p.is_dir() and not (p / "__init__.py").exists()),
    ]
    return sorted(p for place in places for p in place.iterdir() if p.suffix in _TEMPLATES)


@functools.cache
def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "missing"
