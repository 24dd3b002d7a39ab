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


FUNCTIONS = {
    "erf": (mp.erf, SIGNED + [-x for x in SIGNED]),
    "normal_cdf": (normal_cdf, [x for x in SIGNED + [-x for x in SIGNED] if x > -38]),
    "log_normal_cdf": (lambda x: mp.log1p(-normal_cdf(-x)) if x > 0 else mp.log(normal_cdf(x)), SIGNED[:-2] + [-x for x in SIGNED]),
    "ln_gamma": (mp.loggamma, POSITIVE),
    "digamma": (mp.digamma, POSITIVE[:-1] + [1e15]),
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
