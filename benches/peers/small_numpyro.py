"""The small net by NumPyro: 700 rows of two numbers, dense 5 tanh, 5 tanh, 2 softmax, mean-field, one draw, Adam.

    python small_numpyro.py FOLDER STEPS     FOLDER holds moons.csv

Prints `first_step_s` (from the start of the process) and `steps_per_s` of steps that are compiled already.
"""
import time

BEGUN = time.perf_counter()

import csv
import sys

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal


def rows(folder):
    with open(f"{folder}/moons.csv") as file:
        train = [r for r in csv.DictReader(file) if r["split"] == "train"]
    x = [[float(r["x1"]), float(r["x2"])] for r in train]
    return jnp.array(x, dtype=jnp.float32), jnp.array([int(r["y"]) for r in train])


def model(x, y):
    h = x
    for layer, width in enumerate([5, 5, 2]):
        inputs = h.shape[1]
        w = numpyro.sample(f"w{layer}", dist.Normal(jnp.zeros((inputs, width)), 1.0).to_event(2))
        b = numpyro.sample(f"b{layer}", dist.Normal(jnp.zeros(width), 1.0).to_event(1))
        h = h @ w + b
        h = jnp.tanh(h) if layer < 2 else h
    with numpyro.plate("rows", x.shape[0]):
        numpyro.sample("y", dist.Categorical(logits=h), obs=y)


def main():
    folder, steps = sys.argv[1], int(sys.argv[2])
    x, y = rows(folder)
    svi = SVI(model, AutoNormal(model), numpyro.optim.Adam(0.01), Trace_ELBO())
    state = svi.init(jax.random.PRNGKey(0), x, y)

    run = jax.jit(lambda state, n: jax.lax.fori_loop(0, n, lambda _, s: svi.update(s, x, y)[0], state))
    state = run(state, 1)
    jax.block_until_ready(state.optim_state)
    print(f"first_step_s={time.perf_counter() - BEGUN:.2f}")
    begun = time.perf_counter()
    state = run(state, steps)
    jax.block_until_ready(state.optim_state)
    print(f"steps_per_s={steps / (time.perf_counter() - begun):.1f}")


main()
