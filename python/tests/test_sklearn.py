"""The estimators: scikit-learn's own checks, and what they say."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import bnnc
from bnnc.sklearn import PRIORS, BnnClassifier, BnnRegressor

QUICK = dict(hidden=(4,), steps=200, restarts=1, draws=20)


@parametrize_with_checks([BnnClassifier(**QUICK), BnnRegressor(**QUICK)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_a_classifier_knows_moons_and_its_uncertainty():
    X, y = make_moons(200, noise=0.2, random_state=0)
    labels = np.where(y == 1, "upper", "lower")
    net = BnnClassifier(hidden=(8,), steps=800, restarts=2, random_state=1).fit(X, labels)
    assert net.score(X, labels) > 0.9
    p = net.predict_proba(X)
    assert p.shape == (200, 2) and np.allclose(p.sum(axis=1), 1)
    assert list(net.classes_) == ["lower", "upper"] and set(net.predict(X)) <= {"lower", "upper"}
    # The model is there to be read, and is a whole model.
    assert not [f for f in bnnc.Model(net.model_).check({"x": X, "y": y}) if f.severity == "error"]
    assert net.fitted_.verdict
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(X), p)


def test_a_regressor_gives_means_and_sds_in_the_units_of_the_target():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(150, 1))
    y = 1000 + 300 * X[:, 0] + 50 * rng.normal(size=150)
    line = BnnRegressor(hidden=(), random_state=0).fit(X, y)
    mean, sd = line.predict(X, return_std=True)
    np.testing.assert_allclose(mean, 1000 + 300 * X[:, 0], atol=40)
    assert 40 < sd.mean() < 65
    np.testing.assert_array_equal(mean, line.predict(X))


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("scale", [0.5, "HalfNormal(1)"])
def test_every_prior_and_scale_makes_a_right_model(prior, scale):
    X, y = make_moons(30, noise=0.2, random_state=0)
    net = BnnClassifier(hidden=(2,), prior=prior, scale=scale, activation="relu", steps=5, restarts=1).fit(X, y)
    assert net.predict(X).shape == (30,)


def test_columns_without_a_signal_do_no_harm():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(40), rng.normal(size=40)])
    y = 3 * X[:, 1] + 0.1 * rng.normal(size=40)
    line = BnnRegressor(hidden=(), restarts=1).fit(X, y)
    assert line.score(X, y) > 0.95
    flat = BnnRegressor(hidden=(), restarts=1).fit(np.ones((40, 2)), y)
    np.testing.assert_allclose(flat.predict(np.zeros((3, 2))), y.mean(), atol=1.5)
    with pytest.raises(ValueError, match="all targets are equal"):
        BnnRegressor().fit(X, np.ones(40))


def test_settings_that_mean_nothing_are_refused():
    X, y = make_moons(30, random_state=0)
    for wrong in ({"prior": "Zipf"}, {"scale": -1}, {"hidden": (0,)}, {"hidden": (2.5,)}, {"activation": "a b"}):
        with pytest.raises(ValueError):
            BnnClassifier(**wrong).fit(X, y)
    with pytest.raises(bnnc.Error, match="tanh"):
        BnnClassifier(activation="tahn").fit(X, y)


def test_they_work_with_the_rest_of_scikit_learn():
    X, y = make_moons(80, noise=0.2, random_state=0)
    chain = make_pipeline(StandardScaler(), clone(BnnClassifier(**QUICK)))
    assert cross_val_score(chain, X, y, cv=2).mean() > 0.7
