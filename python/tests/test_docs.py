"""The examples of ``docs/how-to/python.md``, run: what they print is what stands there."""

from __future__ import annotations

import doctest
import re

from conftest import ROOT

PAGE = ROOT / "docs" / "how-to" / "python.md"


def test_the_examples_of_the_page_print_what_stands_there(monkeypatch):
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```pycon\n(.*?)```", PAGE.read_text(), re.DOTALL)
    example = doctest.DocTestParser().get_doctest("\n\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    assert len(example.examples) > 10
    printed: list[str] = []
    # Blanks between columns are those of pandas, which differ between its versions.
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(example, out=printed.append)
    assert not printed, "".join(printed)
