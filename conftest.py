"""Collects the examples of README.md, docs/limits.md, docs/reconciliation.md and of the package's docstrings as tests.

The fixtures of the tests themselves are in tests/conftest.py.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sybil import Sybil
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown.codeblock import CodeBlockParser
from sybil.parsers.markdown.skip import SkipParser

from loyalty_async.sandbox import create_app
from tests._support.network import guarded_network
from tests._support.snippets import furnish, run_python, snippet_sandbox

pytest_plugins = ["pytester"]  # For the tests of the surroundings themselves; pytest takes it from here only.


@pytest.fixture
def snippet_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The world of one snippet: an empty working directory, credentials in the environment, and no network.

    An in-process sandbox answers whatever host the snippet names.
    """
    monkeypatch.chdir(tmp_path)
    sandbox = snippet_sandbox()
    monkeypatch.setenv("LOYALTY_KEY", "sandbox-key")
    monkeypatch.setenv("LOYALTY_SECRET", "sandbox-secret")
    monkeypatch.setenv("ALTCRAFT_TOKEN", "sandbox-token")
    monkeypatch.setattr(
        "loyalty_async.transport.session.engine", lambda *_, **__: httpx.ASGITransport(create_app(sandbox))
    )
    with guarded_network() as refused:
        yield tmp_path
    assert not refused, refused


pytest_collect_file = Sybil(
    parsers=[CodeBlockParser(language="python", evaluator=run_python), DocTestParser(), SkipParser()],
    filenames=["README.md", "limits.md", "reconciliation.md"],
    patterns=["loyalty_async/**/*.py", "loyalty_async/*.py"],
    setup=furnish,
    fixtures=["snippet_surroundings"],
).pytest()
