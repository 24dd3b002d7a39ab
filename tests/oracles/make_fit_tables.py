"""Data of tests/inference/cases and the posteriors of its models: tests/oracles/fits.csv.

Linear models: everything but one or two scales is normal and is integrated out; the scales are integrated on a grid.
Others of few dimensions: importance sampling from a multivariate t around the mode, with the effective number of
draws. Hierarchies that are not linear: NUTS (NumPyro), non-centred, four chains.

    python3 -m venv venv && venv/bin/pip install numpy scipy numpyro
    venv/bin/python tests/oracles/make_fit_tables.py        (from the root of the repository)
"""

import csv
import math
import sys

import numpy as np
from scipy import optimize, stats
from scipy.special import gammaln

DATA = "tests/inference/cases/data"
rows_out = []


def write(name, **columns):
    with open(f"{DATA}/{name}.csv", "w") as f:
        keys = list(columns)
        f.write(",".join(keys) + "\n")
        for row in zip(*columns.values()):
            f.write(",".join(f"{v:.10g}" if isinstance(v, float) else str(v) for v in row) + "\n")
    with open(f"{DATA}/{name}.csv") as f:
        rows = list(csv.DictReader(f))
    return {k: np.array([float(r[k]) for r in rows]) for k in keys if not isinstance(columns[k][0], str)}


def add(case, variable, mean, sd, how):
    rows_out.append((case, variable, mean, sd, how))
    print(f"{case:16} {variable:12} {mean:.8g} {sd:.6g} {how}")


def scale_grid(case, scales, log_joint, moments, how):
    """Grid over log scales: `log_joint(*scales)` integrated over the rest; `moments(*scales)` gives (mean, var)."""
    axes = []
    for name, low, high, n in scales:
        axes.append(np.linspace(math.log(low), math.log(high), n))
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(axes))
    log_p = np.array([log_joint(*np.exp(u)) + u.sum() for u in mesh])
    w = np.exp(log_p - log_p.max())
    w /= w.sum()
    shape = [len(a) for a in axes]
    for d in range(len(axes)):
        marginal = w.reshape(shape).sum(tuple(i for i in range(len(axes)) if i != d))
        assert marginal[0] < 1e-6 and marginal[-1] < 1e-6, (case, scales[d][0], marginal[0], marginal[-1])
    keep = w > 1e-12
    means, variances = zip(*[moments(*np.exp(u)) for u in mesh[keep]])
    means, variances, weights = np.array(means), np.array(variances), (w[keep] / w[keep].sum())[:, None]
    centre = means.mean(0)  # means may be 1e5 sds from zero
    mean = centre + (weights * (means - centre)).sum(0)
    sd = np.sqrt((weights * (variances + (means - mean) ** 2)).sum(0))
    for d, (name, *_) in enumerate(scales):
        s = np.exp(mesh[:, d])
        m = (w * s).sum()
        add(case, name, m, math.sqrt((w * (s - m) ** 2).sum()), how)
    return mean, sd


def half_normal(x, s):
    return -0.5 * (x / s) ** 2


def regression(case, x, y, prior_mean, prior_sd, log_prior, low, high, names, how="grid"):
    """Normal(0, inf) priors are flat. Columns are scaled by their priors or norms for the algebra only."""
    unit = np.sqrt((x**2).sum(0))
    z = x / unit
    precision0 = np.where(np.isinf(prior_sd), 0, (np.asarray(prior_sd) * unit) ** -2.0)
    q, r = np.linalg.qr(z)
    best = np.linalg.solve(r, q.T @ y)
    rss = float(((y - z @ best) ** 2).sum())
    shift = np.asarray(prior_mean) * unit - best
    gram = r.T @ r

    def solve(s):
        a = gram / s**2 + np.diag(precision0)
        return a, np.linalg.solve(a, precision0 * shift)

    def log_joint(s):
        a, d = solve(s)
        quadratic = (d @ gram @ d) / s**2 + (precision0 * (d - shift) ** 2).sum()
        return -len(y) * math.log(s) - 0.5 * (rss / s**2 + quadratic) - 0.5 * np.linalg.slogdet(a)[1] + log_prior(s)

    def moments(s):
        a, d = solve(s)
        return (best + d) / unit, np.diag(np.linalg.inv(a)) / unit**2

    mean, sd = scale_grid(case, [("sigma", low, high, 4001)], log_joint, moments, how)
    for name, m, s in zip(names, mean, sd):
        add(case, name, m, s, how)


def importance(case, log_p, start, names, transform=None, n=400_000, seed=1):
    """Multivariate t with 5 degrees of freedom around the mode, spread by the inverse Hessian."""
    f = lambda u: -log_p(u[None])[0]
    u = optimize.minimize(f, start, method="Nelder-Mead", options=dict(maxiter=40000, maxfev=40000, xatol=1e-8, fatol=1e-10)).x
    u = optimize.minimize(f, u, method="BFGS").x
    d = len(u)
    h = np.zeros((d, d))
    step = np.full(d, 1e-4)
    for i in range(d):
        e = np.zeros(d); e[i] = 1
        for _ in range(8):
            c = (f(u + step[i] * e) + f(u - step[i] * e) - 2 * f(u)) / step[i] ** 2
            step[i] = 0.1 / math.sqrt(max(c, 1e-30))
    for i in range(d):
        for j in range(d):
            a, b = np.zeros(d), np.zeros(d)
            a[i], b[j] = step[i], step[j]
            h[i, j] = (f(u + a + b) - f(u + a - b) - f(u - a + b) + f(u - a - b)) / (4 * step[i] * step[j])
    cov = np.linalg.inv(h)
    proposal = stats.multivariate_t(u, cov, df=5, seed=seed)
    totals = []
    draws = proposal.rvs(n)
    log_w = np.concatenate([log_p(part) for part in np.array_split(draws, max(1, n // 4000))]) - proposal.logpdf(draws)
    w = np.exp(log_w - log_w.max())
    w /= w.sum()
    ess = 1 / (w**2).sum()
    theta = draws if transform is None else transform(draws)
    mean = w @ theta
    sd = np.sqrt(w @ (theta - mean) ** 2)
    for name, m, s in zip(names, mean, sd):
        add(case, name, m, s, f"importance sampling with {ess:.0f} effective draws")


def far_normal(rng):
    y = write("far_normal", y=[float(v) for v in np.round(100_000 + rng.standard_normal(20), 3)])["y"]
    for case, prior in [("far_normal", 1e6), ("far_normal_tight", 10.0)]:
        precision = len(y) + prior**-2
        add(case, "mu", y.sum() / precision, precision**-0.5, "closed form")
    x = np.ones((len(y), 1))
    regression("far_normal_sd", x, y, [0], [1e6], lambda s: half_normal(s, 10), 0.3, 4, ["mu"])


def seven_points(rng):
    x = [150.0, 320.0, 410.0, 780.0, 1130.0, 1500.0, 2200.0]
    y = [float(v) for v in np.round(3000 + 7 * np.array(x) + 60 * rng.standard_normal(7), 0)]
    d = write("seven_points", x=x, y=y)
    design = np.column_stack([np.ones(7), d["x"]])
    regression("seven_points", design, d["y"], [0, 0], [1e4, 1e3], lambda s: half_normal(s, 1e3), 5, 3000, ["a", "b"])


def collinear(rng):
    n, scales = 80, [1e-4, 1e-2, 1.0, 1e2, 1e4]
    common = rng.standard_normal(n)
    columns = {f"x{i + 1}": (common + 0.03 * rng.standard_normal(n)) * s for i, s in enumerate(scales)}
    y = 5 + common + 0.2 * rng.standard_normal(n)
    d = write("collinear", **{k: [float(f"{v:.8g}") for v in c] for k, c in columns.items()}, y=[float(round(v, 5)) for v in y])
    x = np.column_stack([np.ones(n)] + [d[f"x{i}"] for i in range(1, 6)])
    regression("collinear", x, d["y"], [0] * 6, [10, 1e5, 1e3, 10, 0.1, 1e-3], lambda s: half_normal(s, 1), 0.1, 0.5,
               ["a"] + [f"b{i}" for i in range(1, 6)])


def small_noise(rng):
    x = np.linspace(-1, 1, 30)
    y = 2 + 3 * x + 1e-4 * rng.standard_normal(30)
    d = write("small_noise", x=[float(v) for v in np.round(x, 4)], y=[float(v) for v in np.round(y, 7)])
    regression("small_noise", np.column_stack([np.ones(30), d["x"]]), d["y"], [0, 0], [10, 10],
               lambda s: half_normal(s, 1), 3e-5, 1e-3, ["a", "b"])


def years(rng):
    t = np.arange(1952, 2014).astype(float)
    y = np.round(9.3 + 0.02 * (t - 1982) + 1.1 * rng.standard_normal(len(t)), 1)
    d = write("years", year=[int(v) for v in t], temperature=[float(v) for v in y])
    regression("years", np.column_stack([np.ones(len(t)), d["year"]]), d["temperature"], [9.3, 0], [100, 33 / 1000],
               lambda s: 0.0, 0.6, 2.5, ["a", "b"])


def hierarchy(case, rng, groups, per, low_tau, high_tau, low, high, tau, sigma, grid):
    """mu ~ Normal(0, 10), tau ~ HalfNormal(5), theta[g] ~ Normal(mu, tau), slope b ~ Normal(0, 10), y ~ Normal(theta + b x, sigma)."""
    g = np.concatenate([np.full(k, i) for i, k in enumerate(per)])
    theta = 1.5 + tau * rng.standard_normal(groups)
    x = rng.integers(0, 2, len(g))
    y = theta[g] - 0.7 * x + sigma * rng.standard_normal(len(g))
    d = write(case, g=[f"g{int(i) + 1:03d}" for i in g], x=[int(v) for v in x], y=[float(v) for v in np.round(y, 3)])
    n = np.bincount(g).astype(float)
    design = np.column_stack([np.ones(len(g)), d["x"]])
    sums_y = np.bincount(g, d["y"])
    sums_x = np.column_stack([np.bincount(g, design[:, j]) for j in range(2)])
    yy, xx, xy = (d["y"] ** 2).sum(), design.T @ design, design.T @ d["y"]

    def solve(t, s):
        # theta = mu + r, r_g ~ N(0, t²): V⁻¹ = (I − k_g 1 1') / s² with k_g = t² / (s² + n t²)
        k = t * t / (s * s + n * t * t)
        a = (xx - (sums_x * k[:, None]).T @ sums_x) / s**2 + np.eye(2) / 100
        b = (xy - sums_x.T @ (k * sums_y)) / s**2
        quad = (yy - (k * sums_y**2).sum()) / s**2
        log_det = (len(g) - groups) * 2 * math.log(s) + np.log(s * s + n * t * t).sum()
        return k, a, np.linalg.solve(a, b), quad - b @ np.linalg.solve(a, b) + log_det

    def log_joint(t, s):
        k, a, m, rest = solve(t, s)
        return -0.5 * rest - 0.5 * np.linalg.slogdet(a)[1] + half_normal(t, 5) + half_normal(s, 5)

    shown = [0, 1, groups // 2]

    def moments(t, s):
        k, a, m, _ = solve(t, s)
        cov = np.linalg.inv(a)
        mean, var = list(m), list(np.diag(cov))
        for i in shown:
            # theta_i | mu, b: mean mu + k (sum y − sums_x · (mu, b)), variance t² s² / (s² + n t²)
            lin = np.array([1.0, 0.0]) - k[i] * sums_x[i]
            mean.append(k[i] * sums_y[i] + lin @ m)
            var.append(lin @ cov @ lin + t * t * s * s / (s * s + n[i] * t * t))
        return mean, var

    mean, sd = scale_grid(case, [("tau", low_tau, high_tau, grid), ("sigma", low, high, grid)], log_joint, moments, "grid")
    for name, m, s in zip(["mu", "b"] + [f"theta[g{i + 1:03d}]" for i in shown], mean, sd):
        add(case, name, m, s, "grid")


def steep(rng):
    x = np.linspace(0, 100, 40)
    y = rng.poisson(np.exp(0.5 + 0.09 * x))
    d = write("steep", x=[float(v) for v in np.round(x, 3)], y=[int(v) for v in y])

    def log_p(u):
        eta = u[:, :1] + u[:, 1:] * d["x"]
        with np.errstate(over="ignore"):
            return (d["y"] * eta - np.exp(eta)).sum(1) - 0.5 * (u[:, 0] / 10) ** 2 - 0.5 * (u[:, 1] / 10) ** 2

    importance("steep", log_p, [0.5, 0.09], ["a", "b"])


def wells(rng):
    n = 1500
    dist = np.round(rng.gamma(1.6, 30, n) + 0.4, 1)
    arsenic = np.round(0.5 + rng.exponential(1.2, n), 2)
    eta = 0.0 - 0.009 * dist + 0.46 * arsenic
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    d = write("wells", dist=[float(v) for v in dist], arsenic=[float(v) for v in arsenic], switched=[int(v) for v in y])
    x = np.column_stack([np.ones(n), d["dist"], d["arsenic"], d["dist"] * d["arsenic"]])

    def log_p(u):
        eta = u @ x.T
        return (d["switched"] * eta - np.logaddexp(0, eta)).sum(1)

    importance("wells", log_p, [0.0, -0.009, 0.46, 0.0], [f"beta[{i}]" for i in range(1, 5)], n=100_000)


def roaches(rng):
    n = 200
    before = np.round(rng.gamma(0.4, 100, n), 1)
    treated, senior = rng.integers(0, 2, n), rng.integers(0, 2, n)
    exposure = np.round(rng.uniform(0.5, 2, n), 2)
    mean = np.exp(2.8 + 0.012 * before - 0.7 * treated - 0.3 * senior) * exposure
    y = rng.poisson(np.minimum(mean, 3000) * rng.gamma(0.6, 1 / 0.6, n))
    d = write("roaches", y=[int(v) for v in y], before=[float(v) for v in before], treated=[int(v) for v in treated],
              senior=[int(v) for v in senior], exposure=[float(v) for v in exposure])
    x = np.column_stack([np.ones(n), d["before"], d["treated"], d["senior"]])

    def log_p(u):
        eta = u[:, :4] @ x.T + np.log(d["exposure"])
        k = np.exp(u[:, 4:5])
        ll = gammaln(d["y"] + k) - gammaln(k) + k * np.log(k) + d["y"] * eta - (d["y"] + k) * np.logaddexp(np.log(k), eta)
        prior = -0.5 * (u[:, :4] ** 2).sum(1) / 25 + u[:, 4] - np.exp(u[:, 4])
        return ll.sum(1) + prior

    importance("roaches", log_p, [2.8, 0.012, -0.7, -0.3, -0.5], ["a", "b1", "b2", "b3", "shape"],
               transform=lambda u: np.column_stack([u[:, :4], np.exp(u[:, 4])]), n=100_000)


def robust(rng):
    n = 60
    x = np.round(rng.uniform(10, 20, n), 2)
    y = np.round(4 + 0.8 * x + 0.5 * rng.standard_t(2.5, n), 3)
    d = write("robust", x=[float(v) for v in x], y=[float(v) for v in y])

    def log_p(u):
        a, b, s, nu = u[:, :1], u[:, 1:2], np.exp(u[:, 2:3]), np.exp(u[:, 3:4])
        ll = stats.t.logpdf((d["y"] - a - b * d["x"]) / s, nu) - np.log(s)
        prior = -0.5 * (u[:, 0] / 100) ** 2 - 0.5 * (u[:, 1] / 10) ** 2 - 0.5 * (s[:, 0] / 5) ** 2 + u[:, 2]
        return ll.sum(1) + prior + 2 * u[:, 3] - 0.1 * nu[:, 0]

    importance("robust", log_p, [4, 0.8, -0.7, 1], ["a", "b", "sigma", "nu"],
               transform=lambda u: np.column_stack([u[:, :2], np.exp(u[:, 2:])]), n=200_000)


def hospitals(rng):
    """Binomial hierarchy by NUTS: mu ~ Normal(0, 5), tau ~ HalfNormal(2), logit p[i] ~ Normal(mu, tau)."""
    import jax
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS
    from numpyro.infer.reparam import LocScaleReparam

    n = [47, 148, 119, 810, 211, 196, 148, 215, 207, 97, 256, 360]
    y = [0, 18, 8, 46, 8, 13, 9, 31, 14, 8, 29, 24]
    write("hospitals", hospital=[f"h{i + 1:02d}" for i in range(12)], n=n, y=y)
    numpyro.enable_x64()

    @numpyro.handlers.reparam(config={"b": LocScaleReparam(0)})
    def model():
        mu = numpyro.sample("mu", dist.Normal(0, 5))
        tau = numpyro.sample("tau", dist.HalfNormal(2))
        b = numpyro.sample("b", dist.Normal(mu, tau).expand([12]))
        numpyro.sample("y", dist.Binomial(np.array(n), logits=b), obs=np.array(y))

    mcmc = MCMC(NUTS(model, target_accept_prob=0.95), num_warmup=1000, num_samples=10_000, num_chains=4, progress_bar=False)
    mcmc.run(jax.random.PRNGKey(0))
    s = mcmc.get_samples()
    for name in ["mu", "tau"]:
        add("hospitals", name, float(s[name].mean()), float(s[name].std()), "NUTS, 40,000 draws")
    for i in range(12):
        add("hospitals", f"b[h{i + 1:02d}]", float(s["b"][:, i].mean()), float(s["b"][:, i].std()), "NUTS, 40,000 draws")


CASES = {
    "far_normal": far_normal,
    "seven_points": seven_points,
    "collinear": collinear,
    "small_noise": small_noise,
    "years": years,
    "groups": lambda rng: hierarchy("groups", rng, 300, [5] * 300, 0.6, 1.4, 0.85, 1.15, 1.0, 1.0, 81),
    "radon": lambda rng: hierarchy("radon", rng, 85, list(rng.geometric(0.09, 85)), 0.1, 0.7, 0.6, 0.95, 0.3, 0.75, 121),
    "steep": steep,
    "wells": wells,
    "roaches": roaches,
    "robust": robust,
    "hospitals": hospitals,
}
for k, (name, make) in enumerate(CASES.items()):
    if len(sys.argv) == 1 or name in sys.argv[1:]:
        make(np.random.default_rng([20240102, k]))
if len(sys.argv) == 1:
    with open("tests/oracles/fits.csv", "w") as f:
        f.write(f"# made by make_fit_tables.py with NumPy {np.__version__}\ncase,variable,mean,sd,how\n")
        for case, variable, mean, sd, how in rows_out:
            f.write(f"{case},{variable},{mean:.9g},{sd:.6g},{how}\n")
