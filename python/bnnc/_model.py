"""``Model`` and ``Fitted``: what a user sees."""

from __future__ import annotations

import html
import json
import operator
import os
import textwrap
import warnings
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Union

from . import _arviz, _bnnc, _frames, _progress
from ._bnnc import Finding

Rows = Any
"""A pandas or polars DataFrame, a mapping of names to arrays or lists, or a NumPy array (whose column is ``x``)."""


class Model:
    """A model: a ``.bnn`` file, or its text.

    >>> import bnnc
    >>> model = bnnc.Model('''
    ... data "rows" { y : real }
    ... m ~ Normal(0, 1)
    ... y ~ Normal(m, 1)
    ... ''')
    >>> model.check()
    []
    """

    def __init__(self, path_or_text: Union[str, "os.PathLike[str]"], *, name: str = "model") -> None:
        """Reads a model file, or takes the text of a model, which has more than one line or a ``~``.

        Paths in the model are relative to its file; those in a text to the working directory.
        ``name`` is what messages call a text. A file that cannot be read raises ``bnnc.Error`` (O004).
        """
        if isinstance(path_or_text, str) and ("\n" in path_or_text or "~" in path_or_text):
            # As text stands in Python: after a first line of quotes, and indented.
            self._model = _bnnc.Model.of(name, textwrap.dedent(path_or_text).lstrip("\n"))
            self._name = name
        else:
            self._model = _bnnc.Model.open(os.fspath(path_or_text))
            self._name = Path(path_or_text).stem

    def __repr__(self) -> str:
        return f"<bnnc.Model {self._name}>"

    def check(
        self,
        data: Optional[Rows] = None,
        *,
        set: Optional[Mapping[str, Any]] = None,
        choose: Optional[Mapping[str, str]] = None,
        pedantic: bool = False,
    ) -> list[Finding]:
        """What is wrong with the model, or might be, sorted by place; ``print`` one to read it as in the terminal.

        Without ``data`` the file is looked at that the model names. ``pedantic`` adds notes.
        """
        found = self._model.check(_columns(data), _how(set=set, choose=choose))
        return [finding for finding in found if pedantic or finding.severity != "note"]

    def fit(
        self,
        data: Optional[Rows] = None,
        *,
        seed: Optional[int] = None,
        steps: Optional[int] = None,
        method: Optional[str] = None,
        set: Optional[Mapping[str, Any]] = None,
        choose: Optional[Mapping[str, str]] = None,
        threads: Optional[int] = None,
        progress: Union[bool, _progress.Heard] = True,
    ) -> "Fitted":
        """Fits the model to ``data``, or to the file that it names; the same input and seed give the same bits.

        ``method`` is ``advi``, ``map``, ``mle``, ``laplace``, ``nuts``, ``smc`` or ``prior``; ``set`` overrides constants and fit
        options (``{"sigma": 2, "epochs": 50}``), ``choose`` picks alternatives. ``progress`` is shown in notebooks
        and on terminals; a callable hears ``(stage, done, total, elbo)`` and ends the fit by returning False
        (``bnnc.Cancelled``) or by raising. Ctrl-C ends it too.

        Raises ``bnnc.Error`` with what is wrong with the model or the data, or why the fit failed.
        """
        how = _how(seed=seed, steps=steps, method=method, set=set, choose=choose, threads=threads)
        shown = _progress.shown(progress)
        try:
            return Fitted(self._model.fit(_columns(data), how, shown.heard), data)
        finally:
            shown.end()


class Fitted:
    """A model with its posterior; made by :meth:`Model.fit` and :func:`load`."""

    def __init__(self, fitted: _bnnc.Fitted, like: Optional[Rows] = None) -> None:
        self._fitted = fitted
        # Of the rows only what kind of table they are is kept.
        self._like = None if like is None else _frames.empty(like)

    def predict(
        self,
        data: Rows,
        *,
        draws: Optional[int] = None,
        quantiles: Optional[Sequence[float]] = None,
        keep_draws: bool = False,
        new_levels: bool = False,
        threads: Optional[int] = None,
    ) -> Any:
        """What the model says of new rows, as the same kind of table; a mapping or an array gives a dict of arrays.

        Numbers have ``mean``, ``sd``, ``q05``, ``q50``, ``q95``, ``aleatoric_sd``, ``epistemic_sd``; classes have
        ``predicted``, ``p_<class>``, ``sd_<class>``, ``entropy``, ``aleatoric``, ``epistemic`` and more; ``row`` counts
        the rows from 1. Columns are found by name, in any order; the target may be absent. ``draws`` is the number of
        draws of the posterior, ``quantiles`` are shares in place of 0.05, 0.5 and 0.95, ``keep_draws`` adds what each
        draw says, and ``new_levels`` draws the unknowns of a factor's new level from their prior, rather than refusing it.

        Raises ``bnnc.Error``: D001 for a column that is needed and not there, D003 for a level that the fit did not know.
        """
        shares = None if quantiles is None else [_share(q) for q in quantiles]
        asked: _bnnc.Asked = {
            "draws": _whole(draws, "draws", 1, _MOST_DRAWS),
            "quantiles": shares,
            "keep_draws": bool(keep_draws),
            "new_levels": bool(new_levels),
            "threads": _whole(threads, "threads", 1, 1024),
        }
        made, left_out = self._fitted.predict(_frames.columns(data), asked)
        if left_out:
            words = f"{left_out:,} rows lack a value that the model needs and were left out; `row` says which are there"
            warnings.warn(words, stacklevel=2)
        return _frames.like(data, made)

    def evaluate(self, data: Rows) -> dict[str, Any]:
        """The metrics of rows with their targets, by the names of ``metrics.json``."""
        return json.loads(self._fitted.evaluate(_frames.columns(data)))

    def summary(self) -> Any:
        """Mean, sd and quantiles of every unknown: the kind of table that was fitted, else pandas if there, else a dict."""
        return _frames.table(self._like, self._fitted.summary())

    @property
    def metrics(self) -> dict[str, Any]:
        """What ``metrics.json`` holds: the ELBO and the metrics of each split."""
        return json.loads(self._fitted.metrics())

    @property
    def elbo(self) -> Optional[float]:
        """The ELBO in nats on all training rows; None of Markov chains, and where a prior is improper."""
        return self.metrics.get("elbo")

    @property
    def elbo_se(self) -> Optional[float]:
        """The standard error of the ELBO."""
        return self.metrics.get("elbo_se")

    @property
    def verdict(self) -> list[str]:
        """What the fit is worth, in sentences; the most important first."""
        return self._fitted.verdict()

    @property
    def warnings(self) -> list[str]:
        """What the compiler and the fit warned of."""
        return self._fitted.warnings()

    @property
    def manifest(self) -> dict[str, Any]:
        """What ``manifest.json`` holds: the options, the data and the times of the fit."""
        return json.loads(self._fitted.manifest())

    @property
    def model(self) -> str:
        """The text of the model."""
        return self._fitted.model()

    def save(self, folder: Union[str, "os.PathLike[str]"], *, replace: bool = False) -> None:
        """Writes a run folder with its report, as ``bnnc fit`` does; one that is there is kept unless ``replace``."""
        self._fitted.save(os.fspath(folder), replace)

    def to_arviz(self, data: Optional[Rows] = None, *, draws: Optional[int] = None) -> Any:
        """An ``arviz.InferenceData`` (of ArviZ 1 an ``xarray.DataTree``) with axes and places by name.

        Besides the posterior there are ``posterior_predictive``, ``log_likelihood``, ``observed_data`` and
        ``constant_data`` of the rows of the fit. Of a run that was loaded, ``data`` names them once more; other rows are
        refused (R006). A guide gives 4,000 draws in one chain unless ``draws`` says otherwise.
        """
        count = _whole(draws, "draws", 1, _MOST_DRAWS)
        return _arviz.inference_data(self._fitted.draws(_columns(data), count))

    def __repr__(self) -> str:
        return f"<bnnc.Fitted {self.manifest['model']}: {self._score()}>"

    def _score(self) -> str:
        """The ELBO; of what has none, the method."""
        metrics = self.metrics
        name = "elbo" if "elbo" in metrics else "objective"
        value, se = metrics.get(name), metrics.get(f"{name}_se")
        if value is None:
            return str(self.manifest["options"].get("method", ""))
        return f"{name.replace('elbo', 'ELBO')} {value:,.1f}" + (f" ± {se:.2g}" if se else "")

    def _repr_html_(self) -> str:
        manifest, metrics = self.manifest, self.metrics
        said = "".join(f"<li>{html.escape(words)}</li>" for words in manifest["verdict"])
        warned = "".join(f"<li>{html.escape(words)}</li>" for words in manifest["warnings"])
        rows = "".join(
            f"<tr><th>{html.escape(split)}</th>"
            + "".join(f"<td>{html.escape(_short(value))}</td>" for value in values.values())
            + "</tr>"
            for split, values in metrics.get("splits", {}).items()
            if not any(isinstance(value, dict) for value in values.values())
        )
        names: dict[str, Any] = next(iter(metrics.get("splits", {}).values()), {})
        head = "".join(f"<th>{html.escape(str(name))}</th>" for name in names)
        return (
            f"<div><b>{html.escape(manifest['model'])}</b> {html.escape(self._score())}"
            f"<ul>{said}</ul>"
            + (f"<table><tr><th></th>{head}</tr>{rows}</table>" if rows else "")
            + (f"<details><summary>warnings</summary><ul>{warned}</ul></details>" if warned else "")
            + "</div>"
        )


def load(folder: Union[str, "os.PathLike[str]"]) -> Fitted:
    """Loads a run folder, of :meth:`Fitted.save` or of ``bnnc fit``; raises ``bnnc.Error`` (R001) for another one."""
    return Fitted(_bnnc.load(os.fspath(folder)))


def _columns(data: Optional[Rows]) -> Optional[list]:
    return None if data is None else _frames.columns(data)


def _how(
    *,
    set: Optional[Mapping[str, Any]] = None,
    choose: Optional[Mapping[str, str]] = None,
    seed: Optional[int] = None,
    steps: Optional[int] = None,
    method: Optional[str] = None,
    threads: Optional[int] = None,
) -> _bnnc.How:
    return {
        "seed": _whole(seed, "seed", 0, 2**63 - 1),
        "steps": _whole(steps, "steps", 1, 2**63 - 1),
        "method": method,
        "threads": _whole(threads, "threads", 1, 1024),
        "set": [(str(name), _written(value)) for name, value in (set or {}).items()],
        "choose": [(str(name), str(label)) for name, label in (choose or {}).items()],
    }


def _written(value: Any) -> str:
    """A value as it is written after ``--set``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_written(v) for v in value) + "]"
    return str(value)


_MOST_DRAWS = 1_000_000
"""As on the command line."""


def _whole(value: Any, name: str, least: int, most: int) -> Optional[int]:
    if value is None:
        return None
    if not least <= operator.index(value) <= most:
        raise ValueError(f"{name} is a whole number from {least:,} to {most:,}, not {value!r}")
    return operator.index(value)


def _share(value: Any) -> float:
    share = float(value)
    if not 0.0 < share < 1.0:
        raise ValueError(f"a quantile is a share between 0 and 1, not {value!r}")
    return share


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
