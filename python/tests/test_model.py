"""Models checked and fitted: the same bits as the program, progress, an end before the end."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bnnc
from bnnc import _progress
from conftest import CLASSES, LINE, ROOT

WRONG = """data "rows" { x, y : real }
b ~ Normal(0, 1)
s ~ Normal(0, 1)
y ~ Normal(b * x, s)
"""


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    return done.stdout, done.stderr


def test_findings_read_as_in_the_terminal(program, tmp_path):
    path = tmp_path / "wrong.bnn"
    path.write_text(WRONG.replace('"rows"', '"rows.csv"'))
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n2,3\n")
    found = bnnc.Model(path).check()
    finding = next(f for f in found if f.severity == "error")
    assert (finding.code, finding.line) == ("T010", 4)
    assert repr(finding).startswith("<error T010: ")
    out, err = run(program, "check", path)
    assert str(finding) in out + err
    with pytest.raises(bnnc.Error) as caught:
        bnnc.Model(path).fit(progress=False)
    assert str(caught.value) == str(finding)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(finding)


def test_a_model_is_a_path_or_a_text(models, line_rows):
    assert repr(bnnc.Model(models / "kidiq.bnn")) == repr(bnnc.Model(str(models / "kidiq.bnn"))) == "<bnnc.Model kidiq>"
    assert bnnc.Model("m ~ Norml(0, 1)").check()[0].severity == "error"
    crowded = bnnc.Model(LINE.replace("b[2] ~ Normal(0, 3)", "b[2]~Normal(0,3)"))
    assert "Z001" in [f.code for f in crowded.check(line_rows, pedantic=True)]
    assert crowded.check(line_rows) == []
    with pytest.raises(bnnc.Error, match="there is no such file") as caught:
        bnnc.Model("nowhere.bnn")
    assert caught.value.codes == ["O004"]
    with pytest.raises(bnnc.Error) as caught:
        bnnc.Model(models / "kidiq.bnn").fit(set={"stepps": 3}, progress=False)
    assert caught.value.codes == ["O003"]


def test_the_same_bits_as_the_program(program, models, tmp_path):
    folder = tmp_path / "run"
    settings = ["--steps", 20, "--seed", 3, "--set", "predict_draws=5"]
    run(program, "fit", models / "motor.bnn", *settings, "--out", folder)
    theirs = (folder / "posterior.safetensors").read_bytes()
    assert theirs
    path = models / "data" / "motor.csv"
    model = bnnc.Model(models / "motor.bnn")
    for rows in (None, pd.read_csv(path), pl.read_csv(path)):
        fit = model.fit(rows, steps=20, seed=3, set={"predict_draws": 5}, progress=False)
        own = tmp_path / f"own-{type(rows).__module__}"
        fit.save(own)
        assert (own / "posterior.safetensors").read_bytes() == theirs
        assert (own / "summary.csv").read_bytes() == (folder / "summary.csv").read_bytes()
        assert fit.metrics == json.loads((folder / "metrics.json").read_text())
    # Predictions are those that the program wrote, to the last bit.
    written = np.genfromtxt(folder / "predictions" / "valid.csv", delimiter=",", names=True)
    predicted = bnnc.load(folder).predict(pd.read_csv(path))
    for name in ("mean", "sd", "q05", "q95", "aleatoric_sd"):
        mine = predicted[name].to_numpy()[written["row"].astype(int) - 1]
        np.testing.assert_array_equal(mine, written[name])


def test_a_run_is_saved_and_loaded(line_rows, tmp_path):
    fit = bnnc.Model(LINE).fit(line_rows, steps=100, progress=False)
    fit.save(tmp_path / "run")
    loaded = bnnc.load(tmp_path / "run")
    for name, values in fit.predict(line_rows).items():
        np.testing.assert_array_equal(loaded.predict(line_rows)[name], values)
    assert (loaded.elbo, loaded.verdict, loaded.model) == (fit.elbo, fit.verdict, fit.model)
    assert isinstance(loaded.summary(), pd.DataFrame)
    with pytest.raises(bnnc.Error) as caught:
        fit.save(tmp_path / "run")
    assert caught.value.codes == ["R002"]
    fit.save(tmp_path / "run", replace=True)
    (tmp_path / "run" / "manifest.json").write_text("{")
    with pytest.raises(bnnc.Error) as caught:
        bnnc.load(tmp_path / "run")
    assert caught.value.codes == ["R001"]


def test_a_fit_says_what_it_is_worth(line_rows):
    fit = bnnc.Model(LINE, name="a<b").fit(pd.DataFrame(line_rows), seed=2, progress=False)
    summary = fit.summary().set_index("variable")
    assert list(summary.index) == ["b[1]", "b[2]", "s"]
    assert abs(summary.loc["b[1]", "mean"] - 1.2) < 0.1 and abs(summary.loc["b[2]", "mean"] - 2) < 0.1
    assert fit.elbo == fit.metrics["elbo"] and fit.elbo_se > 0
    assert fit.verdict and isinstance(fit.warnings, list)
    page = fit._repr_html_()
    assert "a&lt;b" in page and "a<b" not in page and len(page) < 5000
    assert "ELBO" in repr(fit)
    metrics = fit.evaluate(line_rows)
    assert metrics["rows"] == 40 and metrics["rmse"] < 0.2
    wide = fit.predict(line_rows, quantiles=[0.1, 0.9], draws=10, keep_draws=True)
    assert {"q10", "q90", "draw1", "draw10"} <= set(wide) and "draw11" not in wide
    for wrong in ({"draws": 0}, {"draws": 10**13}, {"quantiles": [1.5]}, {"threads": 0}):
        with pytest.raises(ValueError):
            fit.predict(line_rows, **wrong)


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ({"seed": -1}, ValueError, "seed is a whole number from 0"),
        ({"seed": 1.5}, TypeError, "integer"),
        ({"steps": 0}, ValueError, "steps is a whole number from 1"),
        ({"method": "advy"}, bnnc.Error, "did you mean `method = advi`?"),
        ({"set": {"guide": "fulrank"}}, bnnc.Error, "did you mean `guide = fullrank`?"),
        ({"choose": {"prior": "cauchy"}}, bnnc.Error, "the model has no `choose`"),
    ],
)
def test_settings_that_mean_nothing_are_refused(line_rows, how, kind, words):
    with pytest.raises(kind, match=words):
        bnnc.Model(LINE).fit(line_rows, progress=False, **how)


@pytest.mark.parametrize("method", ["map", "laplace", "prior"])
def test_every_method_gives_a_fit_that_can_be_shown(line_rows, method):
    fit = bnnc.Model(LINE).fit(line_rows, method=method, steps=20, progress=False)
    assert repr(fit).startswith("<bnnc.Fitted model: ") and fit._repr_html_() and fit.predict(line_rows)
    assert (method == "prior") == (repr(fit) == "<bnnc.Fitted model: prior>")


def test_classes_have_probabilities_by_label():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 2))
    rows = pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "y": np.where(x[:, 0] + x[:, 1] > 0, "warm", "cold")})
    predicted = bnnc.Model(CLASSES).fit(rows, steps=200, progress=False).predict(rows)
    np.testing.assert_allclose(predicted["p_cold"] + predicted["p_warm"], 1)
    assert (predicted["predicted"] == rows["y"]).mean() > 0.9


def test_other_files_of_a_model_are_those_of_the_disk(tmp_path, line_rows):
    pd.DataFrame(line_rows).head(10).to_csv(tmp_path / "test.csv", index=False)
    path = tmp_path / "line.bnn"
    path.write_text(LINE.replace("x, y : real", 'x, y : real; test "test.csv"'))
    fit = bnnc.Model(path).fit(line_rows, steps=50, progress=False)
    assert fit.metrics["splits"]["test"]["rows"] == 10


def test_progress_is_heard(line_rows, capsys):
    heard = []
    bnnc.Model(LINE).fit(line_rows, steps=300, progress=lambda *now: heard.append(now))
    stages = [stage for stage, *_ in heard]
    assert "fitting" in stages and all(0 <= done <= total for _, done, total, _ in heard)
    assert any(elbo is not None for *_, elbo in heard)
    # Neither a notebook nor a terminal: nothing is shown.
    bnnc.Model(LINE).fit(line_rows, steps=10)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("with_tqdm", [True, False])
def test_progress_is_shown_on_terminals_with_the_time_left(line_rows, capsys, monkeypatch, with_tqdm):
    if not with_tqdm:
        monkeypatch.setitem(sys.modules, "tqdm", None)
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr("bnnc._progress._is_terminal", lambda: True)
    bnnc.Model(LINE).fit(line_rows, steps=10, progress=False)
    assert capsys.readouterr().err == ""
    bnnc.Model(LINE).fit(line_rows, steps=10)
    assert "fitting" in capsys.readouterr().err
    shown = _progress.shown(True)
    assert isinstance(shown, _progress.Bar if with_tqdm else _progress.Line)
    for done in (0, 50, 51):
        shown.heard("fitting", done, 100, -2.5)
        time.sleep(0.25)
    shown.end()
    err = capsys.readouterr().err
    assert "ELBO -2.5" in err and ("00:00<00:00" in err if with_tqdm else "0 s left" in err), err


def test_a_listener_ends_the_fit(line_rows):
    with pytest.raises(bnnc.Cancelled, match="cancelled"):
        bnnc.Model(LINE).fit(line_rows, steps=10**7, progress=lambda *now: False)

    def broken(*now):
        raise ZeroDivisionError("in the listener")

    with pytest.raises(ZeroDivisionError, match="in the listener"):
        bnnc.Model(LINE).fit(line_rows, steps=10**7, progress=broken)


def test_ctrl_c_ends_the_fit_and_other_threads_run(models):
    counted = 0
    is_over = threading.Event()

    def count():
        nonlocal counted
        while not is_over.wait(0.001):
            counted += 1

    began = time.monotonic()
    threads = [threading.Thread(target=count), threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])]
    for thread in threads:
        thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            bnnc.Model(models / "moons.bnn").fit(steps=10**6, progress=False)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert time.monotonic() - began < 10
    # The interpreter's lock is not held while a fit runs.
    assert counted > 50


def test_threads_share_a_fitted_model(line_rows):
    fit = bnnc.Model(LINE).fit(line_rows, steps=50, progress=False)
    expected, found = fit.predict(line_rows)["mean"], []
    threads = [threading.Thread(target=lambda: found.append(fit.predict(line_rows)["mean"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all((mean == expected).all() for mean in found)
