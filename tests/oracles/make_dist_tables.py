"""Writes the tables of reference values for distributions, truncation and bijections beside this file.

    python3 -m venv venv && venv/bin/pip install mpmath scipy
    venv/bin/python tests/oracles/make_dist_tables.py

Every density is written here as a list of textbook terms in mpmath with 60 digits; gradients are mpmath's numerical
derivatives; moments and distribution functions are closed forms. Each density and each distribution function is also
compared with scipy.stats while the table is written, so that one mistyped formula cannot be its own witness.
"""
import csv
import math
import pathlib
import platform

import mpmath as mp
import numpy
import scipy
from scipy import stats

mp.mp.dps = 60
HERE = pathlib.Path(__file__).parent
log, exp, pi, inf, nan = mp.log, mp.exp, mp.pi, mp.inf, mp.nan
lgamma, sqrt = mp.loggamma, mp.sqrt
ORIGIN = f"# mpmath {mp.__version__}, scipy {scipy.__version__}, Python {platform.python_version()}; make_dist_tables.py"


def normal_cdf(z):
    return mp.erfc(-z / sqrt(2)) / 2


def t_cdf(df, z):
    if mp.isinf(z):
        return mp.mpf(z > 0)
    tail = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + z * z), regularized=True) / 2
    return tail if z <= 0 else 1 - tail


def gamma_lower(a, x):
    # mpmath's own gammainc loses digits far out; the two series below do not.
    if x <= 0:
        return mp.mpf(0)
    if x < a + 50:
        return exp(-x + a * log(x) - lgamma(a + 1)) * mp.hyp1f1(1, a + 1, x)
    return 1 - mp.gammainc(a, x, regularized=True)


def log_beta(a, b):
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def softplus(v):
    return mp.log1p(exp(v))


class Family:
    """name, form, terms(x, *args), cdf, mean, sd, cases [(args, xs)], scipy's frozen distribution or None"""

    def __init__(self, name, form, terms, cdf, mean, sd, cases, reference, discrete=False, inside=lambda x, *a: True):
        self.__dict__.update(locals())

    def log_density(self, x, *args):
        return mp.fsum(self.terms(x, *args))


FAMILIES = []


def family(*args, **kwargs):
    FAMILIES.append(Family(*args, **kwargs))


def positive(x, *_):
    return x > 0


def nonneg(x, *_):
    return x >= 0


WIDE = [-1e10, -1e3, -40.0, -3.5, -1.0, -1e-3, 0.25, 1.0, 2.0, 7.5, 40.0, 1e3, 1e10]
FAR = [-1e100, -30.0, -1.5, 0.1, 2.5, 30.0, 1e5]
POSITIVE = [1e-300, 1e-30, 1e-8, 0.01, 0.5, 1.0, 2.5, 10.0, 100.0, 1e4, 1e8]
MODEST = [1e-10, 0.02, 0.7, 1.0, 3.0, 20.0, 150.0]

family(
    "Normal", 0,
    lambda x, m, s: [-((x - m) / s) ** 2 / 2, -log(s), -log(2 * pi) / 2],
    lambda x, m, s: normal_cdf((x - m) / s),
    lambda m, s: m, lambda m, s: s,
    [((0.0, 1.0), WIDE + [-8.0, 8.0]), ((1.5, 1e-8), [1.5, 1.5 + 1e-9, 1.4999999]), ((-3.0, 1e6), WIDE), ((1e10, 2.0), [1e10, 1e10 + 3])],
    lambda m, s: stats.norm(m, s),
)
family(
    "StudentT", 0,
    lambda x, v, m, s: [lgamma((v + 1) / 2), -lgamma(v / 2), -log(v * pi) / 2, -log(s), -(v + 1) / 2 * mp.log1p(((x - m) / s) ** 2 / v)],
    lambda x, v, m, s: t_cdf(v, (x - m) / s),
    lambda v, m, s: m if v > 1 else nan,
    lambda v, m, s: s * sqrt(v / (v - 2)) if v > 2 else (inf if v > 1 else nan),
    [((1.0, 0.0, 1.0), WIDE), ((0.3, 1.0, 2.0), WIDE), ((2.0, -1.0, 1e-3), FAR), ((4.5, 0.5, 3.0), WIDE), ((30.0, 0.0, 10.0), FAR),
     ((39.9, 0.0, 1.0), [0.3, 4.0]), ((40.1, 0.0, 1.0), [0.3, 4.0]), ((1e4, 0.0, 1.0), [-6.0, 0.2, 3.0]), ((2e5, 0.0, 1.0), [-30.0, -6.0, 0.2, 3.0]), ((1e8, 2.0, 1.0), [-6.0, 0.2, 3.0])],
    lambda v, m, s: stats.t(v, m, s),
)
family(
    "Cauchy", 0,
    lambda x, m, s: [-log(pi), -log(s), -mp.log1p(((x - m) / s) ** 2)],
    lambda x, m, s: mp.atan2(1, -(x - m) / s) / pi,
    lambda m, s: nan, lambda m, s: nan,
    [((0.0, 1.0), WIDE + [1e100]), ((2.0, 1e-6), FAR), ((-5.0, 1e5), WIDE)],
    lambda m, s: stats.cauchy(m, s),
)
family(
    "Laplace", 0,
    lambda x, m, s: [-abs(x - m) / s, -log(2), -log(s)],
    lambda x, m, s: exp((x - m) / s) / 2 if x <= m else 1 - exp((m - x) / s) / 2,
    lambda m, s: m, lambda m, s: sqrt(2) * s,
    [((0.0, 1.0), WIDE), ((2.5, 1e-4), [2.4, 2.50001, 3.0]), ((-1.25, 50.0), WIDE)],
    lambda m, s: stats.laplace(m, s),
)
family(
    "Logistic", 0,
    lambda x, m, s: [-abs(x - m) / s, -log(s), -2 * softplus(-abs(x - m) / s)],
    lambda x, m, s: 1 / (1 + exp(-(x - m) / s)),
    lambda m, s: m, lambda m, s: pi * s / sqrt(3),
    [((0.0, 1.0), [-600.0, -40.0, -2.0, 0.1, 1.0, 40.0, 600.0]), ((2.5, 1e-4), [2.49, 2.50001, 2.6]), ((-1.25, 50.0), WIDE[1:-1])],
    lambda m, s: stats.logistic(m, s),
)
family(
    "Gumbel", 0,
    lambda x, m, s: [-(x - m) / s, -exp(-(x - m) / s), -log(s)],
    lambda x, m, s: exp(-exp(-(x - m) / s)),
    lambda m, s: m + mp.euler * s, lambda m, s: pi * s / sqrt(6),
    [((0.0, 1.0), [-5.0, -1.0, 0.0, 0.5, 3.0, 40.0, 600.0]), ((10.0, 0.01), [9.97, 10.0, 10.5]), ((-1.0, 200.0), [-500.0, 0.0, 3000.0])],
    lambda m, s: stats.gumbel_r(m, s),
)
family(
    "HalfNormal", 0,
    lambda x, s: [log(2 / pi) / 2, -log(s), -(x / s) ** 2 / 2],
    lambda x, s: mp.erf(x / s / sqrt(2)),
    lambda s: s * sqrt(2 / pi), lambda s: s * sqrt(1 - 2 / pi),
    [((1.0,), [-1.0, 0.0] + MODEST), ((1e-5,), [0.0, 1e-9, 1e-5, 1e-3]), ((2e4,), [1e-10] + POSITIVE[4:])],
    lambda s: stats.halfnorm(0, s), inside=nonneg,
)
family(
    "HalfCauchy", 0,
    lambda x, s: [log(2), -log(pi), -log(s), -mp.log1p((x / s) ** 2)],
    lambda x, s: 2 / pi * mp.atan(x / s),
    lambda s: inf, lambda s: nan,
    [((1.0,), [-1.0, 0.0] + MODEST + [1e100]), ((1e-5,), [0.0, 1e-9, 1e-5, 1e3]), ((2e4,), POSITIVE)],
    lambda s: stats.halfcauchy(0, s), inside=nonneg,
)
family(
    "HalfStudentT", 0,
    lambda x, v, s: [log(2), lgamma((v + 1) / 2), -lgamma(v / 2), -log(v * pi) / 2, -log(s), -(v + 1) / 2 * mp.log1p((x / s) ** 2 / v)],
    lambda x, v, s: mp.betainc(mp.mpf(1) / 2, v / 2, 0, x * x / (v * s * s + x * x), regularized=True),
    lambda v, s: 2 * s * sqrt(v / pi) * exp(lgamma((v + 1) / 2) - lgamma(v / 2)) / (v - 1) if v > 1 else inf,
    lambda v, s: (sqrt(s**2 * v / (v - 2) - (2 * s * sqrt(v / pi) * exp(lgamma((v + 1) / 2) - lgamma(v / 2)) / (v - 1)) ** 2)
                  if v > 2 else (inf if v > 1 else nan)),
    [((1.0, 1.0), [-1.0, 0.0] + MODEST), ((3.0, 2.5), [0.0] + POSITIVE), ((0.4, 0.1), POSITIVE), ((1e6, 1.0), [0.01, 1.0, 5.0]), ((1.5, 2.0), [1.0])],
    None, inside=nonneg,
)
family(
    "InvGamma", 0,
    lambda x, a, b: [a * log(b), -lgamma(a), -(a + 1) * log(x), -b / x],
    lambda x, a, b: mp.gammainc(a, b / x, regularized=True),
    lambda a, b: b / (a - 1) if a > 1 else inf,
    lambda a, b: b / ((a - 1) * sqrt(a - 2)) if a > 2 else (inf if a > 1 else nan),
    [((1.0, 1.0), [-1.0, 0.0, 0.01] + MODEST[2:] + [1e30]), ((0.05, 3.0), [0.5, 10.0, 1e12]), ((2.5, 1e-6), [1e-8, 1e-6, 1.0]), ((200.0, 300.0), [1.0, 1.5, 2.0]), ((1.5, 2.0), [0.3])],
    lambda a, b: stats.invgamma(a, scale=b), inside=positive,
)
GAMMA = [((1.0, 1.0), [-1.0, 1e-300] + MODEST), ((0.05, 3.0), [1e-300, 1e-10, 0.5, 10.0]), ((2.5, 1e-6), [1.0, 1e6, 1e8]), ((300.0, 20.0), [1.0, 14.0, 15.0, 30.0]), ((7.0, 1e5), [1e-8, 7e-5, 1e-2])]
GAMMA_BY_SCALE = [((a, 1 / r), xs) for (a, r), xs in GAMMA]
family(
    "Gamma", 0,
    lambda x, a, r: [a * log(r), -lgamma(a), (a - 1) * log(x), -r * x],
    lambda x, a, r: gamma_lower(a, r * x),
    lambda a, r: a / r, lambda a, r: sqrt(a) / r,
    GAMMA, lambda a, r: stats.gamma(a, scale=1 / r), inside=positive,
)
family(
    "Gamma", 1,
    lambda x, a, s: [-a * log(s), -lgamma(a), (a - 1) * log(x), -x / s],
    lambda x, a, s: gamma_lower(a, x / s),
    lambda a, s: a * s, lambda a, s: sqrt(a) * s,
    GAMMA_BY_SCALE, lambda a, s: stats.gamma(a, scale=s), inside=positive,
)
family(
    "ChiSquared", 0,
    lambda x, v: [-v / 2 * log(2), -lgamma(v / 2), (v / 2 - 1) * log(x), -x / 2],
    lambda x, v: gamma_lower(v / 2, x / 2),
    lambda v: v, lambda v: sqrt(2 * v),
    [((1.0,), [-1.0] + MODEST), ((0.1,), [1e-300, 1e-3, 5.0]), ((2.0,), MODEST), ((250.0,), [100.0, 250.0, 500.0])],
    lambda v: stats.chi2(v), inside=positive,
)
family(
    "LogNormal", 0,
    lambda x, m, s: [-log(x), -((log(x) - m) / s) ** 2 / 2, -log(s), -log(2 * pi) / 2],
    lambda x, m, s: normal_cdf((log(x) - m) / s),
    lambda m, s: exp(m + s**2 / 2), lambda m, s: exp(m + s**2 / 2) * sqrt(mp.expm1(s**2)),
    [((0.0, 1.0), [-1.0, 0.0] + POSITIVE), ((-3.0, 0.01), [0.048, 0.05, 0.052]), ((5.0, 4.0), POSITIVE)],
    lambda m, s: stats.lognorm(s, scale=math.exp(m)), inside=positive,
)
EXPONENTIAL = [((1.0,), [-1e-9, 0.0] + MODEST), ((1e-6,), [0.0, 1.0, 1e7]), ((3e5,), [1e-9, 1e-5, 1e-3])]
family(
    "Exponential", 0,
    lambda x, r: [log(r), -r * x], lambda x, r: -mp.expm1(-r * x),
    lambda r: 1 / r, lambda r: 1 / r, EXPONENTIAL, lambda r: stats.expon(scale=1 / r), inside=nonneg,
)
family(
    "Exponential", 1,
    lambda x, m: [-log(m), -x / m], lambda x, m: -mp.expm1(-x / m),
    lambda m: m, lambda m: m, [((1 / r,), xs) for (r,), xs in EXPONENTIAL], lambda m: stats.expon(scale=m), inside=nonneg,
)
family(
    "Weibull", 0,
    lambda x, k, s: [log(k), -log(s), (k - 1) * log(x / s), -((x / s) ** k)],
    lambda x, k, s: -mp.expm1(-((x / s) ** k)),
    lambda k, s: s * mp.gamma(1 + 1 / k), lambda k, s: s * sqrt(mp.gamma(1 + 2 / k) - mp.gamma(1 + 1 / k) ** 2),
    [((1.0, 1.0), [-1.0] + MODEST), ((0.5, 2.0), [1e-300] + MODEST), ((3.0, 1e-3), [1e-8, 5e-4, 1e-3, 3e-3]), ((10.0, 50.0), [1.0, 45.0, 60.0])],
    lambda k, s: stats.weibull_min(k, scale=s), inside=positive,
)
family(
    "Pareto", 0,
    lambda x, a, s: [log(a), a * log(s), -(a + 1) * log(x)],
    lambda x, a, s: -mp.expm1(a * log(s / x)),
    lambda a, s: a * s / (a - 1) if a > 1 else inf,
    lambda a, s: s / (a - 1) * sqrt(a / (a - 2)) if a > 2 else (inf if a > 1 else nan),
    [((1.0, 1.0), [0.5, 1.0, 1.5, 100.0, 1e10]), ((3.0, 0.25), [0.1, 0.25, 0.3, 2.0, 1e5]), ((0.2, 10.0), [10.0, 1e4, 1e100]), ((1.5, 2.0), [3.0])],
    lambda a, s: stats.pareto(a, scale=s), inside=lambda x, a, s: x >= s,
)
family(
    "Uniform", 0,
    lambda x, l, h: [-log(h - l)], lambda x, l, h: (x - l) / (h - l),
    lambda l, h: (l + h) / 2, lambda l, h: (h - l) / sqrt(12),
    [((0.0, 1.0), [-0.5, 0.0, 1e-300, 0.3, 1.0, 1.5]), ((-1e6, 1e6), [-2e6, 0.0, 5e5]), ((2.0, 2.0 + 1e-6), [2.0000003, 3.0])],
    lambda l, h: stats.uniform(l, h - l), inside=lambda x, l, h: l <= x <= h,
)
family(
    "Beta", 0,
    lambda x, a, b: [lgamma(a + b), -lgamma(a), -lgamma(b), (a - 1) * log(x), (b - 1) * mp.log1p(-x)],
    lambda x, a, b: mp.betainc(a, b, 0, x, regularized=True),
    lambda a, b: a / (a + b), lambda a, b: sqrt(a * b / (a + b + 1)) / (a + b),
    [((1.0, 1.0), [-0.5, 0.2, 0.7, 1.5]), ((0.5, 0.5), [0.0, 1e-300, 1e-9, 0.4, 0.999, 1.0]), ((2.0, 5.0), [1e-9, 0.1, 0.3, 0.99]), ((200.0, 300.0), [0.1, 0.4, 0.41, 0.6]), ((0.01, 3.0), [1e-30, 0.1])],
    lambda a, b: stats.beta(a, b), inside=lambda x, a, b: 0 < x < 1,
)
family(
    "Kumaraswamy", 0,
    lambda x, a, b: [log(a), log(b), (a - 1) * log(x), (b - 1) * log(-mp.expm1(a * log(x)))],
    lambda x, a, b: -mp.expm1(b * mp.log1p(-(x**a))),
    lambda a, b: b * mp.beta(1 + 1 / a, b), lambda a, b: sqrt(b * mp.beta(1 + 2 / a, b) - (b * mp.beta(1 + 1 / a, b)) ** 2),
    [((1.0, 1.0), [-0.5, 0.2, 0.7, 1.5]), ((0.5, 0.5), [1e-300, 1e-9, 0.4, 0.999]), ((2.0, 5.0), [1e-9, 0.1, 0.3, 0.99]), ((30.0, 8.0), [0.5, 0.9, 0.99])],
    None, inside=lambda x, a, b: 0 < x < 1,
)
family("Flat", 0, lambda x: [mp.mpf(0)], None, None, None, [((), [-1e10, 0.0, 3.0])], None)

LOGITS = [-700.0, -40.0, -2.5, 0.0, 0.3, 5.0, 40.0, 700.0]


def sigmoid(v):
    return 1 / (1 + exp(-v))


def by_p_and_logit(name, build, ps, logits, **kwargs):
    """The two forms of a family with a probability as last argument; build(p, 1 - p, log p, log(1 - p), rest)."""
    for form, cases in enumerate([ps, logits]):
        split = (lambda v: (v, 1 - v, log(v), mp.log1p(-v))) if form == 0 else (lambda v: (sigmoid(v), sigmoid(-v), -softplus(-v), -softplus(v)))
        family(name, form, *build(split), cases, (kwargs["reference"][form]), discrete=True, inside=nonneg)


by_p_and_logit(
    "Bernoulli",
    lambda split: (
        lambda x, v: [split(v)[2] if x == 1 else split(v)[3]],
        lambda x, v: mp.mpf(1) if x >= 1 else split(v)[1],
        lambda v: split(v)[0], lambda v: sqrt(split(v)[0] * split(v)[1]),
    ),
    [((p,), [0.0, 1.0]) for p in [1e-300, 1e-12, 0.3, 0.5, 0.875, 1 - 2.0**-40]],
    [((v,), [0.0, 1.0]) for v in LOGITS],
    reference=[lambda p: stats.bernoulli(p), None],
)
by_p_and_logit(
    "Geometric",
    lambda split: (
        lambda x, v: [split(v)[2], x * split(v)[3]],
        lambda x, v: -mp.expm1((x + 1) * split(v)[3]),
        lambda v: split(v)[1] / split(v)[0], lambda v: sqrt(split(v)[1]) / split(v)[0],
    ),
    [((p,), [0.0, 1.0, 7.0, 300.0]) for p in [1e-6, 0.02, 0.5, 0.999]],
    [((v,), [0.0, 1.0, 7.0, 300.0]) for v in [-20.0, -2.5, 0.0, 6.0]],
    reference=[lambda p: stats.geom(p, loc=-1), None],
)
by_p_and_logit(
    "Binomial",
    lambda split: (
        lambda x, n, v: [lgamma(n + 1), -lgamma(x + 1), -lgamma(n - x + 1), x * split(v)[2], (n - x) * split(v)[3]],
        lambda x, n, v: mp.fsum(mp.binomial(n, k) * split(v)[0] ** k * split(v)[1] ** (n - k) for k in range(int(x) + 1)),
        lambda n, v: n * split(v)[0], lambda n, v: sqrt(n * split(v)[0] * split(v)[1]),
    ),
    [((1.0, 0.3), [0.0, 1.0]), ((20.0, 0.5), [0.0, 9.0, 20.0]), ((500.0, 0.01), [0.0, 5.0, 60.0]), ((20.0, 1e-12), [0.0, 1.0])],
    [((1.0, -3.0), [0.0, 1.0]), ((20.0, 0.5), [0.0, 9.0, 20.0]), ((500.0, -4.0), [0.0, 5.0, 60.0]), ((20.0, 50.0), [19.0, 20.0])],
    reference=[lambda n, p: stats.binom(n, p), None],
)


def categorical_logs(form, v):
    if form == 0:
        return [log(p) for p in v]
    top = max(v)
    total = top + log(mp.fsum(exp(x - top) for x in v))
    return [x - total for x in v]


for form, cases in enumerate([
    [(([0.2, 0.3, 0.5],), [0.0, 1.0, 2.0]), (([1e-300, 1.0 - 2.0**-30, 2.0**-30],), [0.0, 1.0, 2.0]), (([0.5, 0.5],), [0.0, 1.0])],
    [(([0.0, 1.0, -1.0],), [0.0, 1.0, 2.0]), (([700.0, 0.0, -700.0, 40.0],), [0.0, 1.0, 2.0, 3.0]), (([1e6, 1e6 + 1.0],), [0.0, 1.0])],
]):
    family(
        "Categorical", form,
        lambda x, v, form=form: [categorical_logs(form, v)[int(x)]],
        lambda x, v, form=form: mp.mpf(1) if int(x) + 1 >= len(v) else mp.fsum(exp(l) for l in categorical_logs(form, v)[: int(x) + 1]),
        None, None, cases, None, discrete=True, inside=nonneg,
    )

COUNTS = [0.0, 1.0, 2.0, 9.0, 60.0, 800.0]


def poisson_cdf(x, r):
    return mp.fsum(exp(k * log(r) - r - lgamma(k + 1)) for k in range(int(x) + 1))


family(
    "Poisson", 0, lambda x, r: [x * log(r), -r, -lgamma(x + 1)], poisson_cdf, lambda r: r, lambda r: sqrt(r),
    [((1.0,), [-1.0] + COUNTS), ((1e-8,), COUNTS[:3]), ((700.0,), [0.0, 650.0, 701.0, 900.0]), ((3.5,), COUNTS)],
    lambda r: stats.poisson(r), discrete=True, inside=nonneg,
)
family(
    "Poisson", 1, lambda x, v: [x * v, -exp(v), -lgamma(x + 1)], lambda x, v: poisson_cdf(x, exp(v)), lambda v: exp(v), lambda v: exp(v / 2),
    [((0.0,), COUNTS), ((-40.0,), COUNTS[:3]), ((6.5,), [0.0, 650.0, 701.0, 900.0])],
    None, discrete=True, inside=nonneg,
)


def neg_binomial(mean_of):
    def terms(x, v, k):
        m = mean_of(v)
        return [lgamma(x + k), -lgamma(k), -lgamma(x + 1), -k * mp.log1p(m / k), x * log(m / (m + k))]

    return (
        terms,
        lambda x, v, k: mp.fsum(exp(mp.fsum(terms(mp.mpf(i), v, k))) for i in range(int(x) + 1)),
        lambda v, k: mean_of(v), lambda v, k: sqrt(mean_of(v) + mean_of(v) ** 2 / k),
    )


NEG_BINOMIAL = [((1.0, 1.0), COUNTS), ((3.5, 0.1), COUNTS), ((1e-6, 2.0), COUNTS[:3]), ((50.0, 30.0), [0.0, 40.0, 55.0, 200.0]), ((20.0, 500.0), [0.0, 18.0, 60.0])]
family("NegBinomial", 0, *neg_binomial(lambda v: v), NEG_BINOMIAL, lambda m, k: stats.nbinom(k, k / (k + m)), discrete=True, inside=nonneg)
family("NegBinomial", 1, *neg_binomial(exp), [((math.log(m), k), xs) for (m, k), xs in NEG_BINOMIAL], None, discrete=True, inside=nonneg)


def beta_binomial_terms(x, n, a, b):
    return [lgamma(n + 1), -lgamma(x + 1), -lgamma(n - x + 1), log_beta(x + a, n - x + b), -log_beta(a, b)]


family(
    "BetaBinomial", 0, beta_binomial_terms,
    lambda x, n, a, b: mp.fsum(exp(mp.fsum(beta_binomial_terms(mp.mpf(k), n, a, b))) for k in range(int(x) + 1)),
    lambda n, a, b: n * a / (a + b), lambda n, a, b: sqrt(n * a * b * (a + b + n) / (a + b + 1)) / (a + b),
    [((1.0, 1.0, 1.0), [0.0, 1.0]), ((20.0, 0.5, 2.0), [0.0, 3.0, 20.0]), ((400.0, 30.0, 10.0), [0.0, 300.0, 400.0])],
    lambda n, a, b: stats.betabinom(n, a, b), discrete=True, inside=nonneg,
)


def bessel_log(k):
    return log(mp.besseli(0, k))


def von_mises_cdf(x, m, k):
    # From -pi; the density is a periodic function of x.
    if x <= -pi:
        return mp.mpf(0)
    if x >= pi:
        return mp.mpf(1)
    points = sorted({-pi, x} | {v for v in (m - 2 * pi, m, m + 2 * pi) if -pi < v < x})
    density = lambda t: exp(k * (mp.cos(t - m) - 1) - bessel_log(k) + k) / (2 * pi)
    if k < 50:
        with mp.workdps(25):
            return mp.quad(density, points)
    width = 12 / sqrt(k)
    fine = {m + j * width / 6 for j in range(-8, 9)}
    points = sorted(set(points) | {v for v in fine if -pi < v < x})
    with mp.workdps(25):
        return mp.quad(density, points)


family(
    "VonMises", 0,
    lambda x, m, k: [k * (mp.cos(x - m) - 1), -(bessel_log(k) - k), -log(2 * pi)],
    von_mises_cdf, None, None,
    [((0.0, 1.0), [-3.1, -1.0, 0.0, 0.5, 3.0]), ((1.2, 1e-6), [-3.0, 0.0, 1.0, 2.9]), ((-2.5, 4.0), [-3.1, -2.5, 0.7, 3.0]),
     ((0.3, 29.9), [-0.5, 0.3, 0.31, 1.5]), ((0.3, 30.1), [-0.5, 0.3, 0.31, 1.5]), ((0.5, 1e3), [0.4, 0.5, 0.52, 0.7]), ((-1.0, 1e8), [-1.0001, -1.0, -0.9999])],
    lambda m, k: stats.vonmises(k, loc=m), inside=lambda x, *a: True,
)
family(
    "Delta", 0, lambda x, v: [mp.mpf(0)], lambda x, v: mp.mpf(x >= v), lambda v: v, lambda v: mp.mpf(0),
    [((2.5,), [-1.0, 2.5, 3.0]), ((0.0,), [0.0, 1.0])], None, discrete=True, inside=lambda x, v: x == v,
)


def ordered_logistic_logs(s, cuts):
    below = [mp.mpf(0)] + [sigmoid(c - s) for c in cuts] + [mp.mpf(1)]
    return [log(b - a) for a, b in zip(below, below[1:])]


family(
    "OrderedLogistic", 0,
    lambda x, s, cuts: [ordered_logistic_logs(s, cuts)[int(x)]],
    lambda x, s, cuts: mp.mpf(1) if int(x) >= len(cuts) else sigmoid(cuts[int(x)] - s),
    None, None,
    [((0.3, [-1.0, 0.5]), [0.0, 1.0, 2.0]), ((40.0, [-2.0, 0.0, 0.001, 5.0]), [0.0, 1.0, 2.0, 3.0, 4.0]), ((-35.0, [-1.0, 1.0, 30.0]), [0.0, 1.0, 2.0, 3.0])],
    None, discrete=True, inside=nonneg,
)


def mixture_terms(x, weights, densities):
    terms = [log(w) + d for w, d in zip(weights, densities)]
    return [max(terms), log(mp.fsum(exp(t - max(terms)) for t in terms))]


family(
    "Mixture", 0, mixture_terms, None, None, None,
    [(([0.25, 0.75], [-1.0, -2.0]), [0.0]), (([1e-300, 1.0 - 2.0**-30, 2.0**-30], [-1.0, -2000.0, 5.0]), [0.0]), (([0.5, 0.5], [-1e5, -1e5]), [0.0])],
    None, discrete=True,
)


def number(value):
    if value is None:
        return ""
    if mp.isnan(value):
        return "nan"
    if mp.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(float(value)) if float(value) == value else mp.nstr(value, 20, strip_zeros=True)


def exact(arg):
    return [mp.mpf(a) for a in arg] if isinstance(arg, list) else mp.mpf(arg)


def gradient(f, args):
    """Derivative of f for each number of args (vectors number by number)."""
    out = []
    for i, arg in enumerate(args):
        if isinstance(arg, list):
            part = []
            for j, v in enumerate(arg):
                part.append(derivative(lambda t: f(*args[:i], arg[:j] + [t] + arg[j + 1:], *args[i + 1:]), v))
            out.append(part)
        else:
            out.append(derivative(lambda t: f(*args[:i], t, *args[i + 1:]), arg))
    return out


def derivative(f, at):
    """Central difference of order 4 with a relative step of 1e-15 in 60 digits: error about 1e-45."""
    h = mp.mpf(10) ** -15 * (abs(at) if at != 0 else 1)
    return (8 * (f(at + h) - f(at - h)) - (f(at + 2 * h) - f(at - 2 * h))) / (12 * h)


def texts(values):
    return "|".join(" ".join(number(v) for v in value) if isinstance(value, list) else number(value) for value in values)


def close(ours, theirs, what, tolerance=1e-7):
    if math.isnan(theirs) or (math.isinf(theirs) and theirs < 0 and ours < -500):
        return
    if abs(float(ours) - theirs) > tolerance * max(1.0, abs(theirs)):
        raise SystemExit(f"{what}: {mp.nstr(ours, 15)} here, {theirs} in scipy")


def write_dist():
    with open(HERE / "dist.csv", "w", newline="") as file:
        file.write(ORIGIN + "\n")
        out = csv.writer(file, lineterminator="\n")
        out.writerow("family form x args log_density size gradient_x gradient_args cdf mean sd".split())
        for f in FAMILIES:
            for args, xs in f.cases:
                exacts = [exact(a) for a in args]
                mean = f.mean(*exacts) if f.mean else None
                sd = f.sd(*exacts) if f.sd else None
                for x in xs:
                    row = [f.name, f.form, number(mp.mpf(x)), texts(exacts)]
                    if not f.inside(mp.mpf(x), *exacts):
                        below = 0 if f.cdf and (f.inside(x + 1e9, *exacts) or f.inside(mp.mpf(1) / 2, *exacts) and x < 0.5) else 1
                        if f.name in ("Uniform", "Delta"):
                            below = 0 if x < args[0] else 1
                        out.writerow(row + ["-inf", "0", "", "", str(below) if f.cdf else "", number(mean), number(sd)])
                        continue
                    xe = mp.mpf(x)
                    value = f.log_density(xe, *exacts)
                    size = mp.fsum(abs(t) for t in f.terms(xe, *exacts))
                    # At an end of the support the derivative in x is one-sided; it is not compared there.
                    step = abs(xe) * mp.mpf(10) ** -11
                    at_end = xe == 0 and not f.inside(mp.mpf(-1), *exacts) or not (f.inside(xe - step, *exacts) and f.inside(xe + step, *exacts))
                    gx = None if f.discrete or at_end else derivative(lambda t: f.log_density(t, *exacts), xe)
                    if f.name == "Uniform" and at_end:
                        gargs = None
                    elif f.name == "Delta":
                        gargs = None
                    elif f.name in ("Binomial", "BetaBinomial"):
                        gargs = [nan] + gradient(lambda *a: f.log_density(xe, exacts[0], *a), exacts[1:])
                    elif f.name == "Pareto" and at_end:
                        gargs = None
                    else:
                        gargs = gradient(lambda *a: f.log_density(xe, *a), exacts)
                    cdf = f.cdf(xe, *exacts) if f.cdf else None
                    if f.reference:
                        scipys = f.reference(*args)
                        density = scipys.logpmf(x) if f.discrete else scipys.logpdf(x)
                        close(value, float(density), f"{f.name} log density at {x}, {args}", 1e-6)
                        if cdf is not None and f.name != "VonMises":  # scipy counts from loc - pi
                            close(cdf, float(scipys.cdf(x)), f"{f.name} cdf at {x}, {args}")
                    out.writerow(row + [number(value), mp.nstr(size, 5), number(gx), texts(gargs) if gargs else "", number(cdf), number(mean), number(sd)])


def log_masses():
    """family, form, args, low, high, mass as function of (args…, low, high)"""

    def between(cdf):
        # The survival function of a symmetric family is its mirrored distribution function: no digits are lost.
        def mass(m, s, low, high):
            a, b = (low - m) / s, (high - m) / s
            return cdf(-a) - cdf(-b) if a > 0 else cdf(b) - cdf(a)

        return mass

    def cauchy(z):
        if mp.isinf(z):
            return mp.mpf(z > 0)
        return mp.atan2(1, -z) / pi

    symmetric = {
        "Normal": (normal_cdf, [(-1e5, -99990.0), (-40.0, -39.0), (39.0, 40.0), (-1.0, 1.0), (-0.001, 0.001), (2.0, 2.0 + 1e-9), (-8.0, 9.0), (0.5, inf), (40.0, inf), (1e5, inf), (-inf, -40.0), (-inf, 3.0), (-inf, inf), (-30.0, -30.0 + 1e-3), (10.0, 10.002), (10.0, 10.0021), (-50.0, 50.0), (0.0, 1e3)]),
        "Laplace": (lambda z: exp(z) / 2 if z <= 0 else 1 - exp(-z) / 2, [(-1e4, -9990.0), (700.0, 710.0), (-1.0, 1.5), (2.0, 2.0 + 1e-9), (-1e-9, 2e-9), (0.5, inf), (1e4, inf), (-inf, -700.0), (-inf, 3.0), (-inf, inf)]),
        "Cauchy": (cauchy, [(-1e10, -1e9), (1e6, 1e6 + 10.0), (-1.0, 1.5), (2.0, 2.0 + 1e-9), (-1e-9, 2e-9), (-1e5, 1e5), (-2.0, 0.5), (-2.0, 0.4), (0.5, inf), (1e10, inf), (-inf, -1e10), (-inf, 3.0), (-inf, -0.5), (-inf, inf)]),
    }
    for name, (cdf, ends) in symmetric.items():
        for m, s in [(0.0, 1.0), (1.5, 0.25)]:
            for low, high in ends:
                yield name, 0, (m, s), low * s + m if math.isfinite(low) else low, high * s + m if math.isfinite(high) else high, between(cdf)
    for low, high in [(0.0, 1.0), (1e3, 1e3 + 1.0), (2.0, 2.0 + 1e-9), (5.0, inf), (0.0, inf), (-inf, 2.0), (-3.0, 0.5), (-inf, inf)]:
        yield "Exponential", 0, (1.5,), low, high, lambda r, l, h: exp(-r * max(l, 0)) - exp(-r * h)
        yield "Exponential", 1, (0.4,), low, high, lambda m, l, h: exp(-max(l, 0) / m) - exp(-h / m)
    for low, high in [(-1.0, 1.0), (-5.0, 1.0), (0.0, 9.0), (-inf, 0.5), (0.25, inf), (0.25, 0.25 + 1e-9)]:
        yield "Uniform", 0, (-2.0, 3.0), low, high, lambda a, b, l, h: (min(h, b) - max(l, a)) / (b - a)
    for low, high in [(0.0, inf), (-1.0, 4.0)]:
        yield "Flat", 0, (), low, high, lambda l, h: mp.mpf(1)


    yield from more_log_masses()


def more_log_masses():
    """Families whose mass is known in closed form, or as an incomplete gamma or beta function."""
    inner = [(0.5, 2.0), (0.0, 0.7), (2.0, 2.0 + 1e-6), (1.5, inf), (0.0, inf), (-1.0, 3.0)]

    def by_survival(survival):
        return lambda *a: survival(max(a[-2], mp.mpf(0)), *a[:-2]) - (mp.mpf(0) if mp.isinf(a[-1]) else survival(a[-1], *a[:-2]))

    for low, high in inner + [(30.0, 40.0), (60.0, inf), (1e-6, 2e-6)]:
        yield "Weibull", 0, (1.5, 2.0), low, high, by_survival(lambda x, k, s: exp(-((x / s) ** k)))
        yield "Weibull", 0, (0.5, 2.0), low, high, by_survival(lambda x, k, s: exp(-((x / s) ** k)))
        yield "HalfNormal", 0, (1.3,), low, high, by_survival(lambda x, s: mp.erfc(x / s / sqrt(2)))
        yield "HalfCauchy", 0, (1.3,), low, high, by_survival(lambda x, s: 2 * mp.atan2(s, x) / pi)
        yield "LogNormal", 0, (0.4, 0.8), low, high, by_survival(lambda x, m, s: mp.mpf(1) if x == 0 else mp.erfc((log(x) - m) / s / sqrt(2)) / 2)
        yield "Gamma", 0, (2.5, 1.2), low, high, by_survival(lambda x, a, r: mp.gammainc(a, r * x, regularized=True))
        yield "Gamma", 1, (0.3, 1.2), low, high, by_survival(lambda x, a, s: mp.gammainc(a, x / s, regularized=True))
        yield "ChiSquared", 0, (5.0,), low, high, by_survival(lambda x, v: mp.gammainc(v / 2, x / 2, regularized=True))
        yield "InvGamma", 0, (2.5, 1.2), low, high, by_survival(lambda x, a, b: mp.mpf(1) if x == 0 else 1 - mp.gammainc(a, b / x, regularized=True))
        yield "HalfStudentT", 0, (3.5, 1.3), low, high, by_survival(lambda x, v, s: 2 * t_cdf(v, -x / s))
    for low, high in [(1.2, 3.0), (0.5, 2.0), (1.0, inf), (2.0, 2.0 + 1e-6), (1e5, inf), (1e5, 2e5)]:
        yield "Pareto", 0, (1.5, 1.1), low, high, lambda a, s, l, h: (s / max(l, s)) ** a - (mp.mpf(0) if mp.isinf(h) else (s / h) ** a)
    for low, high in [(0.2, 0.7), (0.0, 0.4), (0.5, 1.0), (-1.0, 2.0), (1e-5, 1e-4), (0.9, 0.99)]:
        yield "Kumaraswamy", 0, (2.0, 5.0), low, high, lambda a, b, l, h: (1 - max(l, mp.mpf(0)) ** a) ** b - (1 - min(h, mp.mpf(1)) ** a) ** b
        for a, b in [(2.0, 5.0), (0.5, 0.5), (0.02, 30.0), (800.0, 300.0)]:
            yield "Beta", 0, (a, b), low, high, beta_mass
    for low, high in [(-1.0, 1.5), (-40.0, -39.0), (39.0, 40.0), (2.0, 2.0 + 1e-9), (-inf, -30.0), (30.0, inf), (-inf, inf), (-3.0, 700.0)]:
        yield "Logistic", 0, (0.3, 1.2), low, high, lambda m, s, l, h: (mp.mpf(1) if mp.isinf(h) else sigmoid((h - m) / s)) - (mp.mpf(0) if mp.isinf(l) else sigmoid((l - m) / s))
    for low, high in [(-1.0, 1.5), (-5.0, -4.0), (39.0, 40.0), (2.0, 2.0 + 1e-9), (-inf, -3.0), (30.0, inf), (-inf, inf)]:
        gumbel = lambda z: mp.mpf(1) if mp.isinf(z) and z > 0 else (mp.mpf(0) if mp.isinf(z) else exp(-exp(-z)))
        yield "Gumbel", 0, (0.3, 1.2), low, high, lambda m, s, l, h: gumbel((h - m) / s) - gumbel((l - m) / s)
    for low, high in [(-1.0, 1.5), (-40.0, -39.0), (39.0, 60.0), (2.0, 2.0 + 1e-6), (-inf, -1e6), (1e6, inf), (0.1, inf), (-inf, inf), (-0.01, 0.02)]:
        yield "StudentT", 0, (3.5, 0.3, 1.2), low, high, student_mass
        yield "StudentT", 0, (150.0, 0.0, 1.0), low / 10, high / 10, student_mass
    for low, high in [(1.0, inf), (0.0, 3.0), (2.0, 7.0), (30.0, inf), (30.0, 40.0), (5.0, 5.0), (0.0, inf)]:
        yield "Poisson", 0, (3.2,), low, high, lambda r, l, h: terms_between(l, h, lambda k: k * log(r) - r - lgamma(k + 1))
        yield "Poisson", 1, (-0.7,), low, high, lambda v, l, h: terms_between(l, h, lambda k: k * v - exp(v) - lgamma(k + 1))
        yield "Geometric", 0, (0.3,), low, high, lambda p, l, h: (1 - p) ** l - (mp.mpf(0) if mp.isinf(h) else (1 - p) ** (h + 1))
        yield "Geometric", 1, (-0.7,), low, high, lambda v, l, h: sigmoid(-v) ** l - (mp.mpf(0) if mp.isinf(h) else sigmoid(-v) ** (h + 1))
        if low < 30:
            yield "NegBinomial", 0, (3.2, 1.4), low, high, lambda m, k, l, h: terms_between(l, h, lambda x: mp.fsum(neg_binomial(lambda v: v)[0](x, m, k)))
            yield "NegBinomial", 1, (0.7, 2.4), low, high, lambda m, k, l, h: terms_between(l, h, lambda x: mp.fsum(neg_binomial(exp)[0](x, m, k)))
    for low, high in [(1.0, inf), (0.0, 3.0), (2.0, 7.0), (15.0, inf), (18.0, 40.0), (5.0, 5.0), (0.0, inf)]:
        for n in (20.0, 400.0):
            yield "Binomial", 0, (n, 0.3), low, high, lambda n, p, l, h: terms_between(l, min(h, n), lambda k: log(mp.binomial(n, k)) + k * log(p) + (n - k) * log(1 - p))
            yield "Binomial", 1, (n, -2.5), low, high, lambda n, v, l, h: terms_between(l, min(h, n), lambda k: log(mp.binomial(n, k)) + k * v + n * log(sigmoid(-v)))
            yield "BetaBinomial", 0, (n, 0.5, 2.0), low, high, lambda n, a, b, l, h: terms_between(l, min(h, n), lambda k: mp.fsum(beta_binomial_terms(k, n, a, b)))
    for low, high in [(-1.0, 4.0), (2.5, 3.0), (3.0, 4.0)]:
        yield "Delta", 0, (2.5,), low, high, lambda v, l, h: mp.mpf(l <= v <= h)


def beta_mass(a, b, low, high):
    """By the tail that the interval lies in: the other one leaves nothing of 60 digits."""
    low, high = max(low, mp.mpf(0)), min(high, mp.mpf(1))
    below = lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True)
    return below(b, a, 1 - low) - below(b, a, 1 - high) if low > a / (a + b) else below(a, b, high) - below(a, b, low)


def student_mass(v, m, s, low, high):
    a, b = (low - m) / s, (high - m) / s
    return t_cdf(v, -a) - t_cdf(v, -b) if a > 0 else t_cdf(v, b) - t_cdf(v, a)


def terms_between(low, high, term):
    """The sum of e^term over whole numbers, to where nothing is left."""
    total, k = mp.mpf(0), mp.mpf(low)
    while k <= high:
        part = exp(term(k))
        total += part
        k += 1
        if part < total * mp.mpf(10) ** -50 and k > low + 100:
            break
    return total


NODES = list(zip(*[v.tolist() for v in numpy.polynomial.legendre.leggauss(20)]))


def moments_of(name, form, args, low, high):
    """Mean and sd of a cut distribution whose density is in FAMILIES, by quadrature or by summing."""
    f = next(f for f in FAMILIES if f.name == name and f.form == form)
    if name == "Delta":
        return args[0], mp.mpf(0)
    if name == "Beta":
        # By the moments of the whole: with a small shape a quadrature misses what lies beside 0.
        a, b = args
        low, high = max(low, mp.mpf(0)), min(high, mp.mpf(1))
        mass = [beta_mass(a + k, b, low, high) for k in range(3)]
        first = a / (a + b) * mass[1] / mass[0]
        second = a * (a + 1) / (a + b) / (a + b + 1) * mass[2] / mass[0]
        return first, sqrt(second - first**2)
    mean = f.mean(*args)
    if mp.isinf(high) and (mp.isinf(mean) or mp.isnan(mean)):
        return nan, nan
    if mp.isinf(low) and low < 0 and mp.isnan(mean):
        return nan, nan
    if f.discrete:
        top = high if mp.isfinite(high) else low + 400
        top = min(top, args[0]) if name in ("Binomial", "BetaBinomial") else top
        ks = [mp.mpf(k) for k in range(int(low), int(top) + 1)]
        ps = [exp(f.log_density(k, *args)) for k in ks]
        total = mp.fsum(ps)
        m = mp.fsum(k * p for k, p in zip(ks, ps)) / total
        return m, sqrt(mp.fsum((k - m) ** 2 * p for k, p in zip(ks, ps)) / total)
    own = {"Pareto": args[-1]}.get(name, mp.mpf(0))
    real = name in ("Logistic", "Gumbel", "StudentT")
    low = low if real else max(low, own)
    high = min(high, mp.mpf(1)) if name in ("Kumaraswamy", "Beta") else high
    centre = args[-2] if real else mp.mpf(1)
    nearest = min(max(centre, low), high)
    sd = f.sd(*args)
    unit = sd if mp.isfinite(sd) else mp.mpf(1)
    ladder = {nearest + side * mp.mpf(2) ** k for k in range(-40, 70) for side in (-1, 1)}
    ladder |= {nearest + side * unit * mp.mpf(k) / 3 for k in range(1, 60) for side in (-1, 1)}
    if not real:
        ladder |= {low + mp.mpf(2) ** k for k in range(-100, 70)}
    points = sorted({p for p in ladder if low < p < high} | {p for p in (low, high, nearest) if mp.isfinite(p)})
    with mp.workdps(25):
        # Twenty Gauss-Legendre points a piece; pieces double in length away from where the mass lies.
        terms = []
        for left, right in zip(points, points[1:]):
            middle, half = (left + right) / 2, (right - left) / 2
            for x, w in NODES:
                place = middle + half * mp.mpf(x)
                terms.append((place, f.log_density(place, *args), half * mp.mpf(w)))
        top = max(log_density for _, log_density, _ in terms)
        shares = [(place - nearest, w * exp(d - top)) for place, d, w in terms if d > top - 200]
        sums = [mp.fsum(share * t**k for t, share in shares) for k in range(3)]
        shift = sums[1] / sums[0]
        is_endless = mp.isinf(high) and mp.isinf(sd)
        return nearest + shift, inf if is_endless else sqrt(sums[2] / sums[0] - shift**2)


DENSITIES = {
    "Normal": (lambda z: exp(-z * z / 2), lambda args: args),
    "Laplace": (lambda z: exp(-abs(z)), lambda args: args),
    "Cauchy": (lambda z: 1 / (1 + z * z), lambda args: args),
    "Exponential": (lambda z: exp(-z) if z >= 0 else mp.mpf(0), None),
    "Uniform": (lambda z: mp.mpf(0 <= z <= 1), lambda args: (args[0], args[1] - args[0])),
}


def moments_between(name, form, args, low, high):
    """Mean and sd of the cut distribution by quadrature of its density in scales, pieces of growing length."""
    if name == "Flat":
        return None, None
    if name not in DENSITIES:
        return moments_of(name, form, args, low, high)
    density, place = DENSITIES[name]
    m, s = place(args) if place else (mp.mpf(0), 1 / args[0] if form == 0 else args[0])
    if name == "Cauchy" and (mp.isinf(low) or mp.isinf(high)):
        return nan, nan
    a, b = (low - m) / s, (high - m) / s
    if name in ("Exponential", "Uniform"):
        a = max(a, mp.mpf(0))
    if name == "Uniform":
        b = min(b, mp.mpf(1))
    # Where the mass lies: from the end nearest to 0, or from 0.
    nearest = min(max(a, mp.mpf(0)), b)
    rate = max(1, abs(nearest) if name == "Normal" else 1)
    steps = [k / rate for k in (0, 0.25, 0.5, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 128)]
    if name == "Cauchy":
        steps = [mp.mpf(10) ** k for k in range(-12, 14)] + [k * mp.mpf(10) ** j / 2 for j in range(-3, 12) for k in range(1, 20)]
    points = {nearest} | {nearest + t for t in steps} | {nearest - t for t in steps}
    points = sorted(t for t in points | {mp.mpf(0)} if a < t < b)
    points = [a if mp.isfinite(a) else points[0]] + points + [b if mp.isfinite(b) else points[-1]]
    scale = density(nearest)
    with mp.workdps(30):
        # Moments about the nearest point: nothing cancels in a narrow or distant interval.
        mass, first, second = (mp.quad(lambda z: (z - nearest) ** k * density(z) / scale, points) for k in range(3))
        shift = first / mass
        return m + s * (nearest + shift), s * sqrt(second / mass - shift**2)


FIXED = {"Beta": [0, 1], "Gamma": [0], "ChiSquared": [0], "InvGamma": [0], "StudentT": [0], "HalfStudentT": [0], "Delta": [0], "Binomial": [0], "BetaBinomial": [0]}
POSITIVE_SUPPORT = ("Weibull", "HalfNormal", "HalfCauchy", "LogNormal", "Gamma", "ChiSquared", "InvGamma", "HalfStudentT")


def write_truncation():
    with open(HERE / "truncation.csv", "w", newline="") as file:
        file.write(ORIGIN + "\n")
        out = csv.writer(file, lineterminator="\n")
        out.writerow("family form args low high log_mass gradient_args gradient_low gradient_high mean sd".split())
        for name, form, args, low, high, mass in log_masses():
            exacts = [mp.mpf(a) for a in args]
            l, h = mp.mpf(low), mp.mpf(high)
            total = mass(*exacts, l, h)
            if total == 0 and name != "Delta":
                # Lost in 60 digits.
                continue
            if total == 0:
                out.writerow([name, form, texts(exacts), number(l), number(h), "-inf", "", "", "", "", ""])
                continue
            value = log(total)
            # Where the mass is known without its derivative in an argument, or the ends are whole numbers.
            fixed = FIXED.get(name, [])
            gargs = [nan if i in fixed else derivative(lambda t, i=i: log(mass(*exacts[:i], t, *exacts[i + 1:], l, h)), exacts[i]) for i in range(len(exacts))]
            is_whole = name in ("Beta", "Poisson", "Geometric", "NegBinomial", "Binomial", "BetaBinomial", "Delta")
            at_support = name in POSITIVE_SUPPORT and l <= 0 or name == "Kumaraswamy" and l <= 0 or name == "Pareto" and l <= exacts[1]
            gl = None if mp.isinf(l) or is_whole or at_support else derivative(lambda t: log(mass(*exacts, t, h)), l)
            gh = None if mp.isinf(h) or is_whole or name == "Kumaraswamy" and h >= 1 else derivative(lambda t: log(mass(*exacts, l, t)), h)
            # A kink: the end lies on the edge of the support, or at the place of a Laplace's peak.
            if name == "Exponential" and low == 0.0:
                gl = None
            out.writerow([name, form, texts(exacts), number(l), number(h), number(value), texts(gargs), number(gl), number(gh)] + [number(v) for v in moments_between(name, form, exacts, l, h)])


def solve_lower(l, v):
    z = []
    for i, r in enumerate(v):
        z.append((r - mp.fsum(l[i][j] * z[j] for j in range(i))) / l[i][i])
    return z


def square(flat):
    n = int(math.isqrt(len(flat)))
    return [flat[i * n:(i + 1) * n] for i in range(n)]


def spread(arg, n):
    return arg if isinstance(arg, list) else [arg] * n


def mv_normal_terms(x, mean, l):
    n = len(x)
    z = solve_lower(l, [a - m for a, m in zip(x, spread(mean, n))])
    return [-v * v / 2 for v in z] + [-log(l[i][i]) for i in range(n)] + [-n * log(2 * pi) / 2]


def mp_cholesky(flat):
    m = square(flat)
    n = len(m)
    l = [[mp.mpf(0)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = m[i][j] - mp.fsum(l[i][k] * l[j][k] for k in range(j))
            l[i][j] = sqrt(rest) if i == j else rest / l[j][j]
    return l


def lkj_terms(x, eta):
    l = square(x)
    n = len(l)
    out = []
    for k in range(1, n):
        out.append((n - (k + 1) + 2 * eta - 2) * log(l[k][k]))
        out += [-mp.mpf(k) / 2 * log(pi), -lgamma(eta + mp.mpf(n - 1 - k) / 2), lgamma(eta + mp.mpf(n - 1) / 2)]
    return out


def walk_terms(x, sd):
    steps = [a - b for a, b in zip(x, [mp.mpf(0)] + x[:-1])]
    return [t for s in steps for t in (-(s / sd) ** 2 / 2, -log(sd), -log(2 * pi) / 2)]


def dirichlet_terms(x, a):
    a = spread(a, len(x))
    return [lgamma(mp.fsum(a))] + [-lgamma(v) for v in a] + [(v - 1) * log(s) for v, s in zip(a, x)]


CHOL = [2.0, 0.0, 0.0, -0.5, 1.5, 0.0, 0.25, 0.75, 0.5]
COV = [4.0, -1.0, 0.5, -1.0, 2.5, 1.0, 0.5, 1.0, 0.875]
CORR = [1.0, 0.0, 0.0, 0.6, 0.8, 0.0, -0.48, 0.36, 0.8]


def scipy_mvn(x, mean, cov):
    return stats.multivariate_normal(mean, cov, allow_singular=True).logpdf(x) if max(map(max, cov)) < 1e6 else math.nan


# family, form, terms, cases [(args, xs)], scipy's log density or None
EVENTS = [
    ("MvNormal", 0, lambda x, m, c: mv_normal_terms(x, m, mp_cholesky(c)),
     [(([0.5, -1.0, 2.0], COV), [[0.5, -1.0, 2.0], [3.0, 1.0, -2.0], [1e5, -1e5, 1.0]]), ((0.0, [1.0, 0.999, 0.999, 1.0]), [[0.1, 0.2], [3.0, -3.0]]), ((0.0, [1e-12, 0.0, 0.0, 1e12]), [[0.0, 1.0], [1e-6, 1e6]])],
     lambda x, m, c: scipy_mvn(x, [m] * len(x) if not isinstance(m, list) else m, [c[i * len(x):(i + 1) * len(x)] for i in range(len(x))])),
    ("MvNormal", 1, lambda x, m, l: mv_normal_terms(x, m, square(l)),
     [(([0.5, -1.0, 2.0], CHOL), [[0.5, -1.0, 2.0], [3.0, 1.0, -2.0], [1e5, -1e5, 1.0]]), ((0.25, [1e-6, 0.0, 3.0, 1e6]), [[0.25, 1.0], [0.250001, -1e6]])], None),
    ("MvNormal", 2, lambda x, m, s, l: mv_normal_terms(x, m, [[a * b for b in row] for a, row in zip(spread(s, len(x)), square(l))]),
     [(([0.5, -1.0, 2.0], [0.5, 2.0, 10.0], CORR), [[0.5, -1.0, 2.0], [3.0, 1.0, -2.0]]), ((0.0, 1e-4, [1.0, 0.0, -0.6, 0.8]), [[0.0, 1e-4], [3e-4, -1e-4]])], None),
    ("Dirichlet", 0, dirichlet_terms,
     [(([1.0, 2.0, 3.5],), [[0.2, 0.3, 0.5], [1e-300, 0.5, 0.5]]), ((0.1,), [[0.25, 0.25, 0.25, 0.25], [1e-30, 1e-10, 0.5, 0.5]]), ((500.0,), [[0.5, 0.5], [0.4375, 0.5625]])],
     lambda x, a: float(stats.dirichlet(a if isinstance(a, list) else [a] * len(x)).logpdf(x)) if abs(sum(x) - 1) < 1e-12 else math.nan),
    ("LKJCholesky", 0, lkj_terms,
     [((1.0,), [CORR, [1.0, 0.0, 0.6, 0.8]]), ((2.5,), [CORR, [1.0, 0.0, -0.6, 0.8]]), ((1e3,), [CORR]), ((0.1,), [[1.0, 0.0, 0.8, 0.6]])], None),
    ("RandomWalk", 0, walk_terms, [((0.5,), [[0.1, 0.5, -0.25], [3.0]]), ((1e-6,), [[1e-6, 2e-6, 2e-6]]), ((1e5,), [[0.0, 1e5, -1e6, 2.0]])], None),
]


def write_events():
    with open(HERE / "event.csv", "w", newline="") as file:
        file.write(ORIGIN + "\n")
        out = csv.writer(file, lineterminator="\n")
        out.writerow("family form x args log_density size gradient_x gradient_args".split())
        for name, form, terms, cases, reference in EVENTS:
            for args, xs in cases:
                exacts = [exact(a) for a in args]
                for x in xs:
                    xe = exact(x)
                    value, size = mp.fsum(terms(xe, *exacts)), mp.fsum(abs(t) for t in terms(xe, *exacts))
                    g = gradient(lambda x, *a: mp.fsum(terms(x, *a)), [xe] + exacts)
                    # Above the diagonal, and in the upper half of a symmetric matrix, nothing is asked.
                    if name == "MvNormal":
                        n = len(xe)
                        g[-1] = [v if j <= i else nan for i in range(n) for j, v in enumerate(g[-1][i * n:(i + 1) * n])]
                        if form == 0:
                            # The program reads the lower half only.
                            lower = lambda c: [c[max(i, j) * n + min(i, j)] for i in range(n) for j in range(n)]
                            whole = gradient(lambda c: mp.fsum(terms(xe, exacts[0], lower(c))), [exacts[1]])[0]
                            g[-1] = [v if j <= i else nan for i in range(n) for j, v in enumerate(whole[i * n:(i + 1) * n])]
                    if reference:
                        close(value, float(reference(x, *args)), f"{name} at {x}, {args}", 1e-6)
                    out.writerow([name, form, texts([xe]), texts(exacts), number(value), mp.nstr(size, 5), texts(g[:1]), texts(g[1:])])


def sum_to_zero(u):
    w = [v / sqrt(mp.mpf(i * (i + 1))) for i, v in enumerate(u, 1)]
    return [mp.fsum(w)] + [mp.fsum(w[n:]) - n * w[n - 1] for n in range(1, len(u) + 1)]


def softmax(y):
    total = mp.fsum(exp(v) for v in y)
    return [exp(v) / total for v in y]


def corr_rows(u):
    """z and r of every entry below the diagonal, row by row."""
    n = int((1 + math.isqrt(1 + 8 * len(u))) // 2)
    free = iter(u)
    rows = []
    for i in range(n):
        r, row = mp.mpf(1), []
        for _ in range(i):
            v = next(free)
            z = mp.tanh(v)
            row.append((z, r, 1 / mp.cosh(v) ** 2))
            r *= 1 / mp.cosh(v) ** 2
        rows.append((row, r))
    return rows


def cholesky_corr(u):
    rows = corr_rows(u)
    n = len(rows)
    return [v for row, r in rows for v in [z * sqrt(q) for z, q, _ in row] + [sqrt(r)] + [mp.mpf(0)] * (n - len(row) - 1)]


FREE = [[0.3], [0.5, -1.2], [-2.0, 0.0, 3.0], [30.0, -20.0, 5.0, 0.125]]
VECTOR_BIJECTIONS = [
    ("ordered", lambda u: [mp.fsum([u[0]] + [exp(v) for v in u[1:k + 1]]) for k in range(len(u))], lambda u, t: mp.fsum(u[1:]), FREE + [[5.0, -300.0], [-1e5, 2.0]]),
    ("positive_ordered", lambda u: [mp.fsum(exp(v) for v in u[:k + 1]) for k in range(len(u))], lambda u, t: mp.fsum(u), FREE + [[-300.0, -300.0]]),
    ("sum_to_zero", sum_to_zero, lambda u, t: mp.mpf(0), FREE + [[1e5, -1e-5]]),
    ("simplex", lambda u: softmax(sum_to_zero(u)), lambda u, t: mp.fsum(log(v) for v in t) + log(mp.mpf(len(t))) / 2, FREE + [[600.0], [-40.0, 300.0]]),
    ("cholesky_corr", cholesky_corr, lambda u, t: mp.fsum(log(q) / 2 + log(s) for row, _ in corr_rows(u) for _, q, s in row), [[0.3], [-1.5, 0.2, 0.9], [20.0, -15.0, 0.5], [0.1, -0.2, 0.3, -0.4, 0.5, -0.6], [300.0]]),
    ("unit_vector", lambda u: [v / sqrt(mp.fsum(w * w for w in u)) for v in u], lambda u, t: -mp.fsum(v * v for v in u) / 2 - log(mp.mpf(2) ** (mp.mpf(len(u)) / 2 - 1) * mp.gamma(mp.mpf(len(u)) / 2)), FREE[1:] + [[1e-100, 1e-100], [3e5, 4e5]]),
]


def running(steps):
    return [mp.fsum(steps[:k + 1]) for k in range(len(steps))]


# name, bounds, theta, log Jacobian, cases
BOUNDED_VECTOR_BIJECTIONS = [
    ("ordered_above", (0.5,), lambda u, a: [a + s for s in running([exp(v) for v in u])], lambda u, t, a: mp.fsum(u), FREE + [[0.1, 0.2, -0.3]]),
    ("ordered_below", (-2.0,), lambda u, b: [b - s for s in reversed(running([exp(v) for v in u]))], lambda u, t, b: mp.fsum(u), FREE + [[0.1, 0.2, -0.3]]),
    ("ordered_within", (-2.0, 5.0), lambda u, a, b: [a + (b - a) * s for s in running(softmax(sum_to_zero(u))[:-1])],
     lambda u, t, a, b: mp.fsum(log(s) for s in softmax(sum_to_zero(u))) + log(mp.mpf(len(u) + 1)) / 2 + len(u) * log(b - a), FREE + [[0.1, 0.2, -0.3]]),
]


def write_bijections():
    us = [-700.0, -40.0, -3.0, -1e-10, 0.0, 1e-10, 0.5, 2.0, 40.0, 700.0]
    table = {
        "identity": ([()], lambda u: u, lambda u: mp.mpf(0)),
        "exp": ([()], lambda u: exp(u), lambda u: u),
        "lower": ([(0.5,), (-1e3,)], lambda u, a: a + exp(u), lambda u, a: u),
        "upper": ([(0.5,), (1e3,)], lambda u, b: b - exp(u), lambda u, b: u),
        "softplus": ([()], lambda u: mp.log1p(exp(u)), lambda u: -softplus(-u)),
        "interval": ([(0.0, 1.0), (-2.0, 5.0), (1e3, 1e3 + 1e-3)], lambda u, a, b: a + (b - a) * sigmoid(u), lambda u, a, b: log(b - a) - softplus(u) - softplus(-u)),
    }
    # 60 digits cannot hold 1 - e^-700 apart from 1; 700 can.
    with mp.workdps(700), open(HERE / "bijection.csv", "w", newline="") as file:
        file.write(ORIGIN + "\n")
        out = csv.writer(file, lineterminator="\n")
        out.writerow("bijection bounds u theta log_jacobian".split())
        for name, (bounds, forward, jacobian) in table.items():
            for ends in bounds:
                exacts = [mp.mpf(e) for e in ends]
                for u in us:
                    out.writerow([name, texts(exacts), number(mp.mpf(u)), number(forward(mp.mpf(u), *exacts)), number(jacobian(mp.mpf(u), *exacts))])
        for name, forward, jacobian, cases in VECTOR_BIJECTIONS:
            for u in cases:
                us = exact(u)
                theta = forward(us)
                out.writerow([name, "", texts([us]), texts([theta]), number(jacobian(us, theta))])
        for name, bounds, forward, jacobian, cases in BOUNDED_VECTOR_BIJECTIONS:
            ends = [mp.mpf(e) for e in bounds]
            for u in cases:
                us = exact(u)
                theta = forward(us, *ends)
                out.writerow([name, texts(ends), texts([us]), texts([theta]), number(jacobian(us, theta, *ends))])


if __name__ == "__main__":
    write_dist()
    write_events()
    write_truncation()
    write_bijections()
