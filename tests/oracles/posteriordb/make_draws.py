"""Exact draws of the posteriors in models/posteriordb, in unconstrained space: tests/oracles/posteriordb/NAME.csv.gz.

Every posterior here is normal given one scale. So the scale is drawn from its own marginal, which is one-dimensional
(inverse of the distribution function on 40,001 points of its logarithm), and the rest from its normal conditional:
the draws are independent. The script prints their means and sds beside those of posteriordb.

    python3 -m venv venv && venv/bin/pip install numpy
    venv/bin/python tests/oracles/posteriordb/make_draws.py        (from the root of the repository)

NumPy 2.x; PCG64 with the seed below.
"""

import csv
import gzip
import json
import math

import numpy as np

DRAWS = 1000
CHECK = 200_000
rng = np.random.default_rng(20240101)
HERE = "tests/oracles/posteriordb"


def read(name):
    with open(f"models/posteriordb/data/{name}.csv") as f:
        rows = list(csv.DictReader(f))
    return {k: np.array([float(r[k]) for r in rows]) for k in rows[0] if k != "school"}


def draw_log_scale(log_density, low, high, n):
    """Inverse of the distribution function of a density in u = log(scale)."""
    u = np.linspace(low, high, 40_001)
    log_p = np.array([log_density(x) for x in u])
    p = np.exp(log_p - log_p.max())
    cdf = np.concatenate([[0], np.cumsum((p[1:] + p[:-1]) / 2)])
    assert p[0] < 1e-7 and p[-1] < 1e-7, (p[0], p[-1])
    return np.interp(rng.random(n), cdf / cdf[-1], u)


def regression(x, y, prior_sd, log_prior_of_u, low, high, n):
    """beta ~ Normal(0, prior_sd) (flat where it is None), sigma = e^u: the marginal of u, then beta given u."""
    rows, k = x.shape
    q, r = np.linalg.qr(x)
    best = np.linalg.solve(r, q.T @ y)
    rss = float(((y - x @ best) ** 2).sum())
    if prior_sd is None:
        # log p(u | y) = (k - rows) u - rss / 2 e^{-2u}, and the Jacobian with the prior
        marginal = lambda u: (k - rows) * u - 0.5 * rss * math.exp(-2 * u) + log_prior_of_u(u)
    else:
        # y ~ N(0, s² I + t² X X'), in the eigenbasis of X X'
        w, v = np.linalg.eigh(x.T @ x)
        z2 = (v.T @ (x.T @ y)) ** 2 / w

        def marginal(u):
            s2 = math.exp(2 * u)
            var = s2 + prior_sd**2 * w
            return (
                -0.5 * ((z2 / var).sum() + np.log(var).sum() + (rows - k) * 2 * u + rss / s2) + log_prior_of_u(u)
            )

    u = draw_log_scale(marginal, low, high, n)
    sigma = np.exp(u)
    e = rng.standard_normal((n, k))
    if prior_sd is None:
        beta = best + sigma[:, None] * np.linalg.solve(r, e.T).T
    else:
        w, v = np.linalg.eigh(x.T @ x)
        precision = w / sigma[:, None] ** 2 + 1 / prior_sd**2
        mean = (v.T @ (x.T @ y)) / sigma[:, None] ** 2 / precision
        beta = (mean + e / np.sqrt(precision)) @ v.T
    names = [f"beta[{i + 1}]" for i in range(k)] + ["log sigma"]
    return names, np.column_stack([beta, u])


def half_cauchy(scale):
    return lambda u: u - math.log1p(math.exp(2 * u) / scale**2)


def blr(n):
    d = read("blr")
    x = np.column_stack([d[f"x{i}"] for i in range(1, 6)])
    return regression(x, d["y"], 10.0, lambda u: u - math.exp(2 * u) / 200, -1.5, 1.5, n)


def earnings(n):
    d = read("earnings")
    x = np.column_stack([np.ones_like(d["earn"]), d["height"]])
    return regression(x, np.log10(d["earn"]), None, lambda u: u, -1.4, -0.5, n)


def kidiq(n):
    d = read("kidiq")
    x = np.column_stack([np.ones_like(d["mom_hs"]), d["mom_hs"], d["mom_iq"], d["mom_hs"] * d["mom_iq"]])
    return regression(x, d["kid_score"], None, half_cauchy(2.5), 2.5, 3.3, n)


def mesquite(n):
    d = read("mesquite")
    log = np.log
    x = np.column_stack(
        [
            np.ones_like(d["weight"]),
            log(d["diam1"] * d["diam2"] * d["canopy_height"]),
            log(d["diam1"] * d["diam2"]),
            log(d["diam1"] / d["diam2"]),
            log(d["total_height"]),
            log(d["density"]),
            d["group"],
        ]
    )
    return regression(x, log(d["weight"]), None, lambda u: u, -2.5, 0.5, n)


def nes(n):
    d = read("nes")
    age = d["age_discrete"]
    x = np.column_stack(
        [np.ones_like(age), d["real_ideo"], d["race_adj"], age == 2, age == 3, age == 4, d["educ1"], d["gender"], d["income"]]
    ).astype(float)
    return regression(x, d["partyid7"], None, lambda u: u, 0.2, 1.1, n)


def eight_schools(n):
    """tau from its marginal, mu given tau, theta given both; written as z = (theta - mu) / tau."""
    d = read("eight_schools")
    y, s = d["y"], d["sigma"]

    def marginal(u):
        var = s**2 + math.exp(2 * u)
        precision = (1 / var).sum() + 1 / 25
        mean = (y / var).sum() / precision
        return -0.5 * (np.log(var).sum() + (y**2 / var).sum() - mean**2 * precision + math.log(precision)) + half_cauchy(5)(u)

    u = draw_log_scale(marginal, -18, 12, n)
    tau = np.exp(u)[:, None]
    var = s**2 + tau**2
    precision = (1 / var).sum(1) + 1 / 25
    mu = (y / var).sum(1) / precision + rng.standard_normal(n) / np.sqrt(precision)
    shrink = s**2 + tau**2
    z = tau * (y - mu[:, None]) / shrink + rng.standard_normal((n, 8)) * s / np.sqrt(shrink)
    return [f"z[{i + 1}]" for i in range(8)] + ["mu", "log tau"], np.column_stack([z, mu, u])


def constrained(name, u):
    if name == "eight_schools":
        tau = np.exp(u[:, -1:])
        return np.column_stack([u[:, 8:9] + tau * u[:, :8], u[:, 8], tau])
    return np.column_stack([u[:, :-1], np.exp(u[:, -1])])


for model in [blr, earnings, eight_schools, kidiq, mesquite, nes]:
    name = model.__name__
    names, u = model(CHECK)
    values = constrained(name, u)
    reference = json.load(open(f"{HERE}/{name}.json"))
    order = [n.replace("z[", "theta[").replace("log ", "") for n in names]
    for i, n in enumerate(order):
        r = reference[n]
        mean, sd = (values[:, i].mean() - r["mean"]) / r["sd"], values[:, i].std() / r["sd"]
        print(f"{name:14} {n:9} mean {mean:+.3f} reference sds off, sd ratio {sd:.3f}")
    names, u = model(DRAWS)
    text = ",".join(names) + "\n" + "".join(",".join(f"{x:.10g}" for x in row) + "\n" for row in u)
    with open(f"{HERE}/{name}.csv.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as f:
        f.write(text.encode())
