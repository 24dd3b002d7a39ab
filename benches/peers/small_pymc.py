"""The small net by PyMC: as small_numpyro.py, by `pm.ADVI` with Adam.

    python small_pymc.py FOLDER STEPS     FOLDER holds moons.csv
"""
import time

BEGUN = time.perf_counter()

import csv
import sys

import numpy as np
import pymc as pm


def rows(folder):
    with open(f"{folder}/moons.csv") as file:
        train = [r for r in csv.DictReader(file) if r["split"] == "train"]
    return np.array([[float(r["x1"]), float(r["x2"])] for r in train]), np.array([int(r["y"]) for r in train])


def main():
    folder, steps = sys.argv[1], int(sys.argv[2])
    x, y = rows(folder)
    with pm.Model():
        h = x
        for layer, (inputs, width) in enumerate([(2, 5), (5, 5), (5, 2)]):
            w = pm.Normal(f"w{layer}", 0, 1, shape=(inputs, width))
            b = pm.Normal(f"b{layer}", 0, 1, shape=width)
            h = pm.math.dot(h, w) + b
            h = pm.math.tanh(h) if layer < 2 else h
        pm.Categorical("y", logit_p=h, observed=y)
        inference = pm.ADVI(random_seed=0)
        run = lambda n: inference.fit(n, progressbar=False, obj_optimizer=pm.adam(learning_rate=0.01))
        run(1)
        print(f"first_step_s={time.perf_counter() - BEGUN:.2f}")
        # The compiled step is kept by the second fit of the same inference object.
        inference.refine(1, progressbar=False)
        begun = time.perf_counter()
        inference.refine(steps, progressbar=False)
        print(f"steps_per_s={steps / (time.perf_counter() - begun):.1f}")


main()
