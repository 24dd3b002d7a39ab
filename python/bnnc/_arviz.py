"""Draws as ArviZ holds them: a data set for each group, with axes and places by name."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np

from . import _frames


def inference_data(draws: tuple) -> Any:
    """``InferenceData`` of ArviZ below 1; of later ones the ``DataTree`` that they work on."""
    try:
        import arviz
        import xarray
    except ImportError as missing:
        raise ImportError("to_arviz() needs ArviZ: pip install arviz") from missing
    arrays, attributes, notes = draws
    for note in notes:
        warnings.warn(note, stacklevel=3)
    attributes = json.loads(attributes)
    groups: dict[str, Any] = {}
    for group, name, (is_drawn, is_truth), axes, shape, out, own in arrays:
        values = _frames.unpacked(out).reshape(shape)
        dims = (["chain", "draw"] if is_drawn else []) + [axis for axis, _ in axes]
        variable = xarray.Variable(dims, values.astype(bool) if is_truth else values, json.loads(own))
        held, coords = groups.setdefault(group, ({}, {}))
        held[name] = variable
        if is_drawn:
            coords["chain"], coords["draw"] = np.arange(shape[0]), np.arange(shape[1])
        coords.update({axis: _frames.unpacked(places) for axis, places in axes})
    sets: dict[str, Any] = {g: xarray.Dataset(held, coords, attributes) for g, (held, coords) in groups.items()}
    if int(arviz.__version__.split(".")[0]) < 1:
        return arviz.InferenceData(attrs=attributes, **sets)
    root = xarray.Dataset(attrs=attributes)
    return xarray.DataTree.from_dict({"/": root, **{f"/{group}": of for group, of in sets.items()}})
