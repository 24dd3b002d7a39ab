"""Fits in ArviZ: groups, axes and places by name, and its own functions run on them."""

from __future__ import annotations


import warnings

import numpy as np
import pandas as pd
import pytest

import bnnc

az = pytest.importorskip("arviz")


def groups(data) -> set[str]:
    """Of an ``InferenceData`` of ArviZ below 1, or a ``DataTree``."""
    return set(data.groups() if callable(data.groups) else data.children)


def test_a_fit_opens_in_arviz(models, tmp_path):
    rows = pd.read_csv(models / "data" / "eight_schools.csv")
    fit = bnnc.Model(models / "eight_schools.bnn").fit(rows, steps=300, progress=False)
    data = fit.to_arviz(draws=200)
    expected = {"posterior", "posterior_predictive", "log_likelihood", "observed_data", "constant_data"}
    assert groups(data) == expected
    assert data.attrs["inference_library"] == "bnnc"
    assert data.posterior["theta"].dims == ("chain", "draw", "school")
    assert list(data.posterior["school"].values) == list(rows["school"])
    assert data.log_likelihood["y"].shape == (1, 200, len(rows))
    np.testing.assert_array_equal(data.observed_data["y"], rows["y"])
    summary = az.summary(data, kind="stats")
    assert {"mu", "tau", f"theta[{rows['school'][0]}]"} <= set(summary.index)
    own = fit.summary().set_index("variable")
    assert abs(summary.loc["mu", "mean"] - own.loc["mu", "mean"]) < 4 * own.loc["mu", "sd"] / np.sqrt(200) + 0.01
    with warnings.catch_warnings():
        # Eight schools are few: Pareto's k is large.
        warnings.simplefilter("ignore")
        loo = az.loo(data)
    assert -60 < (loo.elpd if hasattr(loo, "elpd") else loo.elpd_loo) < 0
    # A folder holds no rows: they are named once more, and others are refused.
    fit.save(tmp_path / "run")
    loaded = bnnc.load(tmp_path / "run")
    assert groups(loaded.to_arviz(draws=10)) == {"posterior"}
    again = loaded.to_arviz(rows, draws=200)
    np.testing.assert_array_equal(again.log_likelihood["y"], data.log_likelihood["y"])
    with pytest.raises(bnnc.Error) as caught:
        loaded.to_arviz(rows.assign(y=0.0))
    assert caught.value.codes == ["R006"]


def test_chains_come_as_chains(line_rows):
    from conftest import LINE

    fit = bnnc.Model(LINE).fit(line_rows, method="nuts", progress=False)
    assert fit.elbo is None
    data = fit.to_arviz()
    assert data.posterior.sizes["chain"] > 1
    assert data.sample_stats["diverging"].dtype == bool
    assert az.summary(data)["r_hat"].max() < 1.1
    assert {"rhat", "ess_bulk"} <= set(fit.summary())
