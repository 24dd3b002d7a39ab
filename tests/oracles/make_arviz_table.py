"""Writes arviz.json: the structure of a store of `bnnc export --to arviz` as ArviZ opens it.

Run with arviz 0.23.4, xarray 2026.9.0 and zarr 3.1.6 on the store that the test
`a_store_has_the_groups_dims_and_numbers_that_arviz_sees` in tests/cli/export.rs makes:

    python make_arviz_table.py both.zarr > arviz.json
"""

import json
import sys

import arviz as az
import xarray
import zarr

data = az.InferenceData.from_datatree(xarray.open_datatree(sys.argv[1], engine="zarr"))
groups = {}
for name in data.groups():
    group = data[name]
    arrays = list(group.data_vars) + list(group.coords)
    groups[name] = {a: {"dims": list(group[a].dims), "shape": list(group[a].shape)} for a in sorted(arrays)}
origin = f"arviz {az.__version__}, xarray {xarray.__version__}, zarr {zarr.__version__}"
print(json.dumps({"origin": origin, "groups": groups}, indent=1))
