"""What is raised: findings as they read in the terminal."""

from __future__ import annotations

from typing import Sequence

from ._bnnc import Finding


class Error(Exception):
    """Something is wrong with a model, its data or a run; ``str()`` reads as in the terminal."""

    findings: list[Finding]
    """Everything there was to say, one finding each, with code, place and way out."""

    def __init__(self, text: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(text)
        self.findings = list(findings)

    @property
    def codes(self) -> list[str]:
        """The codes of what is wrong: ``["D001"]``; warnings and notes are among the findings."""
        return [finding.code for finding in self.findings if finding.severity == "error"]

    def __reduce__(self) -> tuple:
        # Findings are of the compiled part and stay in their process; the words go along.
        return (type(self), (str(self),))


class Cancelled(Error):
    """A fit that ``progress`` ended by returning False."""
