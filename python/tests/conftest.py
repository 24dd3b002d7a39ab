"""What the tests share: the models and rows of the repository, and the program where it is built."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LINE = """
data "rows" { x, y : real }
b[2] ~ Normal(0, 3)
s ~ HalfNormal(1)
y ~ Normal(b[1] + b[2] * x, s)
"""

GROUPS = """
data "rows" { school : factor; y : real; sigma : positive }
mu ~ Normal(0, 5)
tau ~ HalfNormal(5)
theta[school] ~ Normal(mu, tau)
y ~ Normal(theta[school], sigma)
"""

CLASSES = """
data "rows" { x1, x2 : real; y : class }
b[3] ~ Normal(0, 2)
y ~ Bernoulli(logit = b[1] + b[2] * x1 + b[3] * x2)
"""


@pytest.fixture(scope="session")
def models() -> Path:
    """The example models of the repository."""
    return ROOT / "models"


@pytest.fixture(scope="session")
def program() -> Path:
    """The program ``bnnc`` that the Rust tests have built."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = target / "debug" / "bnnc"
    found = built if built.exists() else shutil.which("bnnc")
    if found is None:
        pytest.skip("there is no program to compare with: `cargo build` makes it")
    return Path(found)


@pytest.fixture
def line_rows() -> dict[str, list[float]]:
    """A line with a little noise."""
    x = [i / 20 - 1 for i in range(40)]
    return {"x": x, "y": [1 + 2 * v + 0.1 * (i % 5) for i, v in enumerate(x)]}
