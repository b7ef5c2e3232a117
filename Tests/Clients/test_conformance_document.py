"""docs/conformance.md: every test that it names is there."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
DOCUMENT = TESTS.parent / "docs" / "conformance.md"


def named():
    return re.findall(r"`([\w/]+\.py)::(\w+)`", DOCUMENT.read_text())


def functions(file):
    return {n.name for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.FunctionDef)}


def test_every_test_named_is_there():
    files = {name: (TESTS / name if "/" in name else TESTS / "Clients" / name) for name, _ in named()}
    missing = {name for name, file in files.items() if not file.exists()}
    assert not missing, missing
    there = {name: functions(file) for name, file in files.items()}
    assert not [f"{name}::{test}" for name, test in named() if test not in there[name]]


def test_every_row_has_a_test_or_a_reason():
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ") and not line.startswith("| § ")]
    assert len(rows) > 90
    assert not [row for row in rows if "::" not in row and "–" not in row]
