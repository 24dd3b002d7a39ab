"""Bayesian neural networks as estimators of scikit-learn, without a formula.

    from bnnc.sklearn import BnnClassifier

    BnnClassifier(hidden=(10,)).fit(X, y).predict_proba(X_new)

The model is written from the settings and can be read: ``estimator.model_``. Inputs are standardised, and so is the
target of a regression.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence, Union

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as missing:
    raise ImportError("bnnc.sklearn needs scikit-learn from 1.6: pip install scikit-learn") from missing

from ._model import Fitted, Model

__all__ = ["BnnClassifier", "BnnRegressor"]

PRIORS = {
    "Normal": "Normal(0, {scale})",
    "Laplace": "Laplace(0, {scale})",
    "StudentT": "StudentT(4, 0, {scale})",
    "Cauchy": "Cauchy(0, {scale})",
}
"""Priors of weights and biases by name, each with a scale."""


class _Bnn(BaseEstimator):
    """What both have: a net of dense layers whose weights have priors."""

    def __init__(
        self,
        hidden: Sequence[int] = (10,),
        *,
        activation: str = "tanh",
        prior: str = "Normal",
        scale: Union[float, str] = "HalfNormal(1)",
        method: str = "advi",
        steps: Optional[int] = None,
        restarts: Optional[int] = None,
        draws: Optional[int] = None,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.prior = prior
        self.scale = scale
        self.method = method
        self.steps = steps
        self.restarts = restarts
        self.draws = draws
        self.random_state = random_state

    def _net(self, last: Sequence[str]) -> list[str]:
        """The lines of the net ``f``."""
        if not str(self.activation).isidentifier():
            raise ValueError(f"activation is a word such as 'tanh' or 'relu', not {self.activation!r}")
        if self.prior not in PRIORS:
            raise ValueError(f"prior is one of {', '.join(PRIORS)}, not {self.prior!r}")
        prior = PRIORS[self.prior].format(scale="s")
        if isinstance(self.scale, str):
            scale = f"s ~ {self.scale}"
        elif self.scale > 0:
            scale = f"s = {float(self.scale)!r}"
        else:
            raise ValueError(f"scale is a number above 0 or a prior such as 'HalfNormal(1)', not {self.scale!r}")
        layers = [f"  dense {_size(units)} {self.activation}" for units in np.atleast_1d(self.hidden)]
        each = ["  each layer {", f"    w ~ {prior}", f"    b ~ {prior}", f"    {scale}", "  }"]
        return ["net f(x) {", *each, *layers, *last, "}"]

    def _seed(self) -> int:
        if self.random_state is None:
            return 0
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state) % 2**63
        from sklearn.utils import check_random_state

        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _fit(self, text: str, rows: dict[str, np.ndarray]) -> None:
        self.model_ = text
        model = Model(text, name=type(self).__name__)
        asked = {"predict_draws": self.draws, "restarts": self.restarts}
        self._fitted = model.fit(
            rows,
            seed=self._seed(),
            steps=self.steps,
            method=self.method,
            set={name: value for name, value in asked.items() if value is not None},
            progress=False,
        )
        self.n_iter_ = max(1, int(self._fitted.manifest["steps"]))

    def _inputs(self, X: np.ndarray) -> tuple[np.ndarray, str]:
        """The columns that vary, which alone can be standardised, and what the net is given of them."""
        self._varies = np.ptp(X, axis=0) > 0
        return (X[:, self._varies], "standardize(x)") if self._varies.any() else (np.zeros((len(X), 1)), "x")

    def _predict(self, X: Any) -> dict[str, np.ndarray]:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return self._fitted.predict({"x": X[:, self._varies] if self._varies.any() else np.zeros((len(X), 1))})

    @property
    def fitted_(self) -> Fitted:
        """The fit beneath: ``estimator.fitted_.verdict``, ``estimator.fitted_.to_arviz()``."""
        check_is_fitted(self)
        return self._fitted

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        fitted = state.pop("_fitted", None)
        if fitted is not None:
            state["_run"] = _packed(fitted)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        run = state.pop("_run", None)
        super().__setstate__(state)
        if run is not None:
            self._fitted = _unpacked(run)


class BnnClassifier(ClassifierMixin, _Bnn):
    """A Bayesian neural network for classes.

    Parameters
    ----------
    hidden : sizes of the hidden layers; ``()`` is a logistic regression. Few units: what hundreds of rows do not move
        stays at its prior, and a mean-field posterior of a wide net then says nothing (G010).
    activation : ``tanh``, ``relu``, ``gelu``, ``silu`` and the others that ``bnnc explain dense`` names.
    prior : ``Normal``, ``Laplace``, ``StudentT`` or ``Cauchy``, of weights and biases.
    scale : the prior's scale: a number, or the prior of a scale that each layer learns.
    method : ``advi``, ``map``, ``laplace``, ``nuts`` or ``smc``.
    steps : steps of the optimiser; None lets bnnc stop when nothing more is gained.
    restarts : starts of the optimiser, of which the best is kept; None for up to 16, by the size of the net.
    draws : draws of the posterior behind a prediction; None for 100.
    random_state : the seed; None is 0, because the same input should give the same output.

    Attributes
    ----------
    classes_, n_features_in_, n_iter_ : as everywhere in scikit-learn.
    model_ : the model as text.
    fitted_ : the :class:`bnnc.Fitted` beneath.
    """

    def fit(self, X: Any, y: Any) -> "BnnClassifier":
        """Fits the net to rows ``X`` of numbers and their classes ``y``."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        count = len(self.classes_)
        if count < 2:
            raise ValueError("BnnClassifier can't be fitted when only one class is present")
        X, inputs = self._inputs(X)
        text = "\n".join(
            [
                f'data "rows" {{ x : real[{X.shape[1]}]; y : class({count}) }}',
                *self._net([f"  dense {count} softmax"]),
                f"y ~ Categorical(probs = f({inputs}))",
                "",
            ]
        )
        self._fit(text, {"x": X, "y": codes})
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes, ``[rows, classes]``, averaged over draws of the posterior."""
        predicted = self._predict(X)
        return np.column_stack([predicted[f"p_{k}"] for k in range(len(self.classes_))])

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row."""
        check_is_fitted(self)
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]


class BnnRegressor(RegressorMixin, _Bnn):
    """A Bayesian neural network for numbers, with normal noise of unknown sd.

    Parameters and attributes are those of :class:`BnnClassifier`; ``hidden = ()`` is a linear regression.
    """

    def fit(self, X: Any, y: Any) -> "BnnRegressor":
        """Fits the net to rows ``X`` of numbers and their targets ``y``."""
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        y = y.astype(np.float64)
        if np.ptp(y) == 0:
            raise ValueError("BnnRegressor can't be fitted when all targets are equal: there is no noise to learn")
        X, inputs = self._inputs(X)
        text = "\n".join(
            [
                f'data "rows" {{ x : real[{X.shape[1]}]; y : real }}',
                *self._net(["  dense 1"]),
                "sigma ~ HalfNormal(1)",
                "z = standardize(y)",
                f"z ~ Normal(f({inputs}), sigma)",
                "",
            ]
        )
        self._fit(text, {"x": X, "y": y})
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The mean of each row; with ``return_std`` also the sd of a new target, noise and ignorance together."""
        predicted = self._predict(X)
        return (predicted["mean"], predicted["sd"]) if return_std else predicted["mean"]


def _size(units: Any) -> int:
    if int(units) != units or units < 1:
        raise ValueError(f"hidden holds whole numbers from 1, not {units!r}")
    return int(units)


def _packed(fitted: Fitted) -> dict[str, bytes]:
    """A run folder as bytes, for pickle; pages and figures can be drawn again."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        fitted.save(folder)
        kept = [p for p in folder.iterdir() if p.is_file() and p.suffix != ".html"]
        kept += [p for p in (folder / "predictions").glob("*")]
        return {str(p.relative_to(folder)): p.read_bytes() for p in kept}


def _unpacked(run: dict[str, bytes]) -> Fitted:
    import tempfile
    from pathlib import Path

    from ._model import load

    with tempfile.TemporaryDirectory() as place:
        for name, content in run.items():
            path = Path(place) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        return load(place)
