"""What the package is made of has a licence that ``deny.toml`` allows, as for bnnc itself."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from conftest import ROOT


@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo says what the package is made of")
def test_licences_of_dependencies_are_allowed():
    listed = re.search(r"allow = \[(.*?)\]", (ROOT / "deny.toml").read_text(), re.DOTALL)
    allowed = set(re.findall(r'"([^"]+)"', listed.group(1)))
    command = ["cargo", "tree", "--offline", "--package", "bnnc-python", "--edges", "normal,build", "--no-dedupe"]
    command += ["--prefix", "none", "--format", "{p}|{l}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    packages = dict(line.rsplit("|", 1) for line in done.stdout.splitlines())
    assert any(name.startswith("pyo3 ") for name in packages)

    def is_met(licence: str) -> bool:
        parts = [part.strip("() ") for part in licence.replace("/", " OR ").split(" AND ")]
        return all(any(one.strip() in allowed for one in part.split(" OR ")) for part in parts)

    assert [name for name, licence in packages.items() if not is_met(licence)] == []
