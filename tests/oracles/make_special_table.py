"""Writes special.csv: reference values of the special functions, by mpmath with 60 digits.

    python3 -m venv venv && venv/bin/pip install mpmath
    venv/bin/python tests/oracles/make_special_table.py
"""
import csv
import pathlib
import platform

import mpmath as mp

mp.mp.dps = 60

SIGNED = [0.0, 1e-300, 1e-10, 0.01, 0.3, 0.46875, 0.84375, 1.0, 1.25, 2.0, 2.857, 4.0, 5.0, 5.9, 8.0, 15.0, 26.5, 37.0, 38.5, 1e3, 1e5]
POSITIVE = [1e-300, 1e-10, 1e-3, 0.1, 0.25, 0.5, 0.9, 1.0 - 1e-9, 1.0, 1.0 + 1e-9, 1.1, 1.4616321449683622, 1.5, 1.9, 2.0 - 1e-9, 2.0, 2.0 + 1e-9, 2.5, 3.0, 7.0, 7.9, 8.1, 12.5, 15.0, 30.0, 171.5, 1e3, 1e6, 1e10, 1e100]


def normal_cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def log_gamma_p(a, x):
    # The series in whole powers: mpmath's own incomplete gamma function loses digits far out.
    if x < a + 50:
        return -x + a * mp.log(x) - mp.loggamma(a + 1) + mp.log(mp.hyp1f1(1, a + 1, x))
    return mp.log1p(-mp.gammainc(a, x, regularized=True))


def log_gamma_q(a, x):
    if x > a:
        return mp.log(mp.gammainc(a, x)) - mp.loggamma(a)
    return mp.log1p(-mp.exp(log_gamma_p(a, x)))


def log_student_cdf(v, z):
    tail = mp.betainc(v / 2, mp.mpf(1) / 2, 0, v / (v + z * z), regularized=True) / 2
    return mp.log(tail) if z <= 0 else mp.log1p(-tail)


SHAPES = [0.05, 0.5, 1.0, 2.5, 30.0, 1e3, 1e5]
RATIOS = [1e-8, 0.01, 0.3, 0.9, 0.999, 1.0, 1.001, 1.1, 2.0, 10.0]
TWO = {
    "log_gamma_p": (log_gamma_p, [(a, a * r) for a in SHAPES for r in RATIOS]),
    "log_gamma_q": (log_gamma_q, [(a, a * r) for a in SHAPES for r in RATIOS]),
    "log_student_cdf": (log_student_cdf, [(v, z) for v in [0.3, 1.0, 4.5, 30.0, 1e4, 1e8] for z in [-1e200, -1e10, -40.0, -6.0, -1.0, -1e-5, 0.0, 1e-5, 0.5, 3.0, 30.0]]),
    "log_add_exp": (lambda a, b: mp.log(mp.exp(a) + mp.exp(b)), [(0.0, 0.0), (-1000.0, -1001.0), (5.0, -40.0), (1e5, 1e5 - 1), (-3.0, 2.0)]),
}
FUNCTIONS = {
    "erf": (mp.erf, SIGNED + [-x for x in SIGNED]),
    "normal_cdf": (normal_cdf, [x for x in SIGNED + [-x for x in SIGNED] if x > -38]),
    "log_normal_cdf": (lambda x: mp.log1p(-normal_cdf(-x)) if x > 0 else mp.log(normal_cdf(x)), SIGNED[:-2] + [-x for x in SIGNED]),
    "ln_gamma": (mp.loggamma, POSITIVE),
    "digamma": (mp.digamma, POSITIVE[:-1] + [1e15]),
    "log_bessel_i0e": (lambda x: mp.log(mp.besseli(0, x)) - x, [1e-10, 1e-3, 0.5, 1.0, 3.0, 10.0, 20.0, 29.9, 30.1, 50.0, 100.0, 500.0, 1e3, 1e4, 1e6, 1e8] + [0.1 * k for k in range(1, 9)]),
    "bessel_drop": (lambda x: 1 - mp.besseli(1, x) / mp.besseli(0, x), [1e-10, 1e-3, 0.5, 1.0, 3.0, 10.0, 20.0, 29.9, 30.1, 50.0, 100.0, 500.0, 1e3, 1e4, 1e6, 1e8] + [0.1 * k for k in range(1, 9)]),
    "trigamma": (lambda x: mp.polygamma(1, x), [x for x in POSITIVE if 1e-100 < x < 1e50]),
}

with open(pathlib.Path(__file__).parent / "special.csv", "w", newline="") as file:
    file.write(f"# mpmath {mp.__version__}, Python {platform.python_version()}; make_special_table.py\n")
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["function", "x", "value"])
    for name, (f, xs) in FUNCTIONS.items():
        for x in xs:
            value = f(mp.mpf(x))
            if abs(value) < 1e-307:
                continue
            out.writerow([name, repr(x), mp.nstr(value, 20)])

with open(pathlib.Path(__file__).parent / "special_two.csv", "w", newline="") as file:
    file.write(f"# mpmath {mp.__version__}, Python {platform.python_version()}; make_special_table.py\n")
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["function", "a", "b", "value"])
    for name, (f, pairs) in TWO.items():
        for a, b in pairs:
            out.writerow([name, repr(a), repr(b), mp.nstr(f(mp.mpf(a), mp.mpf(b)), 20)])
