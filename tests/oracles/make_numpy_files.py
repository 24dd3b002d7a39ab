"""Writes tests/oracles/numpy/: small arrays as NumPy itself saves them, of every element type that is read."""
import pathlib
import sys

import numpy as np

here = pathlib.Path(__file__).parent / "numpy"
here.mkdir(exist_ok=True)
n = 4
arrays = {
    "f8": np.array([0.5, -1.25, 3e300, 7.0]),
    "f4": np.array([0.5, -1.25, 3e30, 7.0], dtype="f4"),
    "f2": np.array([0.5, -1.25, 65504, 7.0], dtype="f2"),
    "big": np.array([0.5, -1.25, 3e300, 7.0], dtype=">f8"),
    "i1": np.array([-128, 127, 0, 3], dtype="i1"),
    "i8": np.array([-(2**53), 2**53, 0, 3], dtype="i8"),
    "i2big": np.array([-300, 300, 0, 3], dtype=">i2"),
    "u1": np.array([0, 255, 7, 3], dtype="u1"),
    "u4": np.array([0, 2**32 - 1, 7, 3], dtype="u4"),
    "truth": np.array([True, False, True, True]),
    "matrix": np.arange(n * 3, dtype="f8").reshape(n, 3),
    "turned": np.asfortranarray(np.arange(n * 3, dtype="f8").reshape(n, 3)),
    "images": np.asfortranarray(np.arange(n * 2 * 3, dtype="u1").reshape(n, 2, 3)),
    "colours": np.arange(n * 2 * 2 * 3, dtype="u1").reshape(n, 2, 2, 3),
    "words": np.array(["b", "ä", "", "bb"]),
    "bytes": np.array([b"b", b"a", b"b", b"ccc"]),
    "short": np.array([1.0, 2.0]),
}
np.savez(here / "stored.npz", **arrays)
np.savez_compressed(here / "packed.npz", **arrays)
np.save(here / "matrix.npy", arrays["matrix"])
np.save(here / "objects.npy", np.array([1, "a", None, 2.5], dtype=object), allow_pickle=True)
np.save(here / "records.npy", np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]))
print("numpy", np.__version__, "python", sys.version.split()[0])
