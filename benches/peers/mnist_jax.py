"""The paper's network on made-up images by JAX: mean-field, closed-form KL, one draw of the weights a step, Adam.

    python mnist_jax.py THREADS STEPS     at batch 256

Prints `s_per_epoch` of 50,000 rows, from steps that are compiled already.
"""
import os
import sys
import time

THREADS, STEPS = int(sys.argv[1]), int(sys.argv[2])
if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp

BATCH, ROWS = 256, 50_000
SHAPES = [(5, 5, 1, 32), (32,), (5, 5, 32, 32), (32,), (4 * 4 * 32, 64), (64,), (64, 10), (10,)]


def forward(p, x):
    def conv(h, w, b):
        h = jax.lax.conv_general_dilated(h, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        h = jnp.tanh(h + b)
        return jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    h = conv(conv(x, p[0], p[1]), p[2], p[3]).reshape(x.shape[0], -1)
    h = jnp.tanh(h @ p[4] + p[5])
    return h @ p[6] + p[7]


def loss(q, key, x, y):
    mu, rho = q
    keys = jax.random.split(key, len(mu))
    draw = [m + jnp.exp(r) * jax.random.normal(k, m.shape) for m, r, k in zip(mu, rho, keys)]
    logits = jax.nn.log_softmax(forward(draw, x))
    fit = jnp.take_along_axis(logits, y[:, None], 1).sum() * (ROWS / BATCH)
    kl = sum((0.5 * (jnp.exp(2 * r) + m * m - 1) - r).sum() for m, r in zip(mu, rho))
    return kl - fit


@jax.jit
def step(q, first, second, t, key, x, y):
    g = jax.grad(loss)(q, key, x, y)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, g)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, g)
    rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    q = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), q, first, second)
    return q, first, second


def main():
    key = jax.random.PRNGKey(0)
    x = jax.random.uniform(key, (BATCH, 28, 28, 1))
    y = jax.random.randint(key, (BATCH,), 0, 10)
    q = ([0.1 * jax.random.normal(key, s) for s in SHAPES], [jnp.full(s, -3.0) for s in SHAPES])
    zeros = jax.tree.map(jnp.zeros_like, q)
    state = step(q, zeros, zeros, 1.0, key, x, y)
    jax.block_until_ready(state)
    begun = time.perf_counter()
    for t in range(2, STEPS + 2):
        state = step(*state, float(t), jax.random.fold_in(key, t), x, y)
    jax.block_until_ready(state)
    print(f"s_per_epoch={(time.perf_counter() - begun) / STEPS * ROWS / BATCH:.2f}")


main()
