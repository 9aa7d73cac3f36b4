"""The room that carries events to browsers says nothing of what they are about; that is its user's to bring."""

import ast
from pathlib import Path

from roomtally import streams

ROOM = Path(streams.__file__).parent


def spoken(tree: ast.Module) -> list[str]:
    """All texts of a module but those that nobody outside reads: the docstrings."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs]
    return [node.value for node in texts if isinstance(node.value, str)]


def test_streams_spell_no_batch() -> None:
    found = {file.name: spoken(ast.parse(file.read_text("utf-8"))) for file in ROOM.glob("*.py")}
    assert "session-ended" in found["hub.py"]
    assert {name: text for name, texts in found.items() for text in texts if "batch" in text.lower()} == {}
