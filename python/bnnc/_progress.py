"""Progress with the time left: a bar of tqdm where that is installed, else a line on a terminal."""

from __future__ import annotations

import sys
import time
from typing import Any, Callable, Optional, Union

Heard = Callable[[str, int, int, Optional[float]], Any]
"""Hears the stage, steps done, steps in all, a noisy ELBO or None; ends the fit by returning False."""


def shown(progress: Union[bool, Heard]) -> "Shown":
    """What to show of a fit; ``True`` shows it to people, in a notebook or on a terminal."""
    if callable(progress):
        return Shown(progress)
    if not progress or not (_is_notebook() or _is_terminal()):
        return Shown(None)
    try:
        return Bar()
    except ImportError:
        return Line() if _is_terminal() else Shown(None)


class Shown:
    """A listener, or none."""

    def __init__(self, heard: Optional[Heard]) -> None:
        self.heard = heard

    def end(self) -> None:
        """Nothing follows."""


class Bar(Shown):
    """A bar for each stage."""

    def __init__(self) -> None:
        super().__init__(self.hear)
        self.bar: Any = None
        self.stage = ""
        try:
            import ipywidgets  # noqa: F401

            from tqdm.auto import tqdm
        except ImportError:
            # tqdm.auto complains in notebooks that have no widgets.
            from tqdm import tqdm
        self.tqdm = tqdm

    def hear(self, stage: str, done: int, total: int, elbo: Optional[float]) -> None:
        """The next step of a stage, or the first of the next stage."""
        if self.bar is None or stage != self.stage or done < self.bar.n or total != self.bar.total:
            self.end()
            self.stage = stage
            self.bar = self.tqdm(total=total, desc=stage, leave=False)
        if elbo is not None:
            self.bar.set_postfix_str(f"ELBO {elbo:.1f}", refresh=False)
        self.bar.update(done - self.bar.n)

    def end(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class Line(Shown):
    """One line that is written anew."""

    def __init__(self) -> None:
        super().__init__(self.hear)
        self.stage = ""
        self.began = self.last = 0.0
        self.is_open = False

    def hear(self, stage: str, done: int, total: int, elbo: Optional[float]) -> None:
        """Writes the line, a few times a second."""
        now = time.monotonic()
        if stage != self.stage or done == 0:
            self.stage, self.began = stage, now
        elif now - self.last < 0.2:
            return
        self.last = now
        left = (now - self.began) * (total / done - 1) if done else None
        words = [f"{stage}: {done:,} of {total:,}"]
        words += [] if left is None else [f"{left:.0f} s left"]
        words += [] if elbo is None else [f"ELBO {elbo:.1f}"]
        sys.stderr.write("\r\033[K" + ", ".join(words))
        sys.stderr.flush()
        self.is_open = True

    def end(self) -> None:
        if self.is_open:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in getattr(shell, "config", {})
