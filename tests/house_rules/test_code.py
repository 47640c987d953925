"""Budgets and habits that ruff and mypy do not know."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect, bisect_left
from collections.abc import Iterator
from functools import cache
from pathlib import Path

MODULE_LINES, FUNCTION_LINES, PARAMETERS = 300, 40, 5
Function = ast.FunctionDef | ast.AsyncFunctionDef
Trees = dict[Path, ast.Module]


@cache
def nodes(tree: ast.AST) -> list[ast.AST]:
    """Every node of a tree; each rule wants them."""
    return list(ast.walk(tree))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method of a module."""
    return (node for node in nodes(tree) if isinstance(node, Function))


def lines_of(path: Path) -> list[str]:
    """A file's lines."""
    return path.read_text(encoding="utf-8").splitlines()


@cache
def code_lines(path: Path, tree: ast.Module) -> list[int]:
    """Return the numbers of a file's lines that are neither blank, comment nor docstring, in order."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    silent = {
        number
        for inner in nodes(tree)
        if isinstance(inner, documented) and inner.body and ast.get_docstring(inner, clean=False) is not None
        for number in range(inner.body[0].lineno, (inner.body[0].end_lineno or 0) + 1)
    }
    told = ((number, line.strip()) for number, line in enumerate(lines_of(path), 1) if number not in silent)
    return [number for number, line in told if line and not line.startswith("#")]


def test_every_module_can_be_read_in_one_sitting(modules: Trees) -> None:
    """No file has more than 300 lines of code."""
    sizes = {str(path): len(code_lines(path, tree)) for path, tree in modules.items()}
    assert {path: size for path, size in sizes.items() if size > MODULE_LINES} == {}


def test_every_function_fits_on_a_screen(modules: Trees) -> None:
    """No function has more than 40 lines of code."""
    long = [
        f"{path.name}:{function.lineno} {function.name}: {size}"
        for path, tree in modules.items()
        for numbers in [code_lines(path, tree)]
        for function in functions(tree)
        if (size := bisect(numbers, function.end_lineno or 0) - bisect_left(numbers, function.lineno)) > FUNCTION_LINES
    ]
    assert long == []


def test_nobody_has_to_count_arguments(production: Trees) -> None:
    """No function takes more than 5 parameters; self, cls and named options with a default do not count."""
    wide = []
    for path, tree in production.items():
        for function in functions(tree):
            given = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
            needed = [parameter for parameter, default in given if default is None]
            taken = (*function.args.posonlyargs, *function.args.args, *needed)
            if len([parameter for parameter in taken if parameter.arg not in {"self", "cls"}]) > PARAMETERS:
                wide.append(f"{path.name}:{function.lineno} {function.name}")
    assert wide == []


def unexplained(found: re.Match[str]) -> bool:
    """Say whether a suppression names nothing or gives no reason."""
    return found[1] in {"noqa", "type: ignore"} or not re.search(r"[a-z]{3}", found["why"])


def test_every_suppression_says_why(modules: Trees) -> None:
    """A noqa, a type: ignore or a no-cover names what it silences and gives its reason on the line."""
    silent = []
    sign = re.compile(
        r"#\s*(noqa\b(: [A-Z0-9, ]+)?|type: ignore(\[[\w,-]+\])?|pragma: no (?:cover|branch))(?P<why>.*)$",
        re.MULTILINE,
    )
    for path in modules:
        text = path.read_text(encoding="utf-8")
        if not any(unexplained(found) for found in sign.finditer(text)):  # in a comment or not: tokens take their time
            continue
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            found = sign.search(token.string) if token.type == tokenize.COMMENT else None
            if found and unexplained(found):
                silent.append(f"{path.name}:{token.start[0]} {token.string}")
    assert silent == []


def test_every_ruff_rule_that_is_off_says_why(root: Path) -> None:
    """Each rule that pyproject.toml switches off has its reason beside it, or stands under one that has."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    block = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.pydocstyle]")]
    rules = [line for line in block.splitlines() if re.match(r'\s+"[A-Z]+\d+",', line)]
    bare = [line for line in rules if not re.search(r"#.*[a-z]{3}", line)]
    excused = [line for line in bare if '"D1' in line]  # under D103, which says why tests go without them
    assert bare == excused
    assert rules


def test_every_test_makes_a_promise(tests: Trees) -> None:
    """Each test has a docstring of one sentence: what people can rely on."""
    mute = []
    for path, tree in tests.items():
        for function in functions(tree):
            if function.name.startswith("test_"):
                promise = ast.get_docstring(function) or ""
                if not promise.endswith(".") or re.search(r"[.!?]\s+[A-Z]", promise):
                    mute.append(f"{path.name}:{function.lineno} {function.name}: {promise!r}")
    assert mute == []


def test_tests_neither_mock_nor_sleep(tests: Trees) -> None:
    """Tests meet real parts over the wire, and wait for what happens instead of for time."""
    wrong = []
    for path, tree in tests.items():
        for node in nodes(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            origin = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if any("mock" in name.casefold() for name in (*names, origin)):
                wrong.append(f"{path.name}: import of a mock")
            if isinstance(node, ast.Call) and sleeps(node):
                wrong.append(f"{path.name}:{node.lineno} sleeps")
    assert wrong == []


def sleeps(call: ast.Call) -> bool:
    """Say whether a call is `time.sleep` or `asyncio.sleep` of more than nothing."""
    target = call.func
    if not (isinstance(target, ast.Attribute) and target.attr == "sleep" and isinstance(target.value, ast.Name)):
        return False
    nothing = bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0
    return target.value.id in {"time", "asyncio"} and not nothing


def test_no_error_is_swallowed_whole(production: Trees) -> None:
    """A handler of every exception never just passes."""
    wrong = [
        f"{path.name}:{node.lineno}"
        for path, tree in production.items()
        for node in nodes(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
        and all(isinstance(line, ast.Pass) for line in node.body)
    ]
    assert wrong == []


def test_old_pythons_can_read_what_greets_them(root: Path) -> None:
    """On Python 3.6 `python app.py` says what is missing instead of failing to parse."""
    for name in ("app.py", "bot/__init__.py", "bot/install.py", "bot/advice.py"):
        source = (root / name).read_text(encoding="utf-8")
        tree = ast.parse(source, feature_version=(3, 6))
        futures = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
        assert not futures, f"{name}: 3.6 knows no `annotations` future"
