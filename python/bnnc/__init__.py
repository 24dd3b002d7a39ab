"""Bayesian models in a dozen lines, compiled: check, fit, predict.

    import bnnc

    model = bnnc.Model("models/kidiq.bnn")
    fitted = model.fit()
    fitted.summary()
    fitted.predict(new_rows)

The model language, the methods and the numbers are those of the program ``bnnc``.
"""

from ._bnnc import VERSION as __version__
from ._bnnc import Finding
from ._errors import Cancelled, Error
from ._model import Fitted, Model, load

__all__ = ["Cancelled", "Error", "Finding", "Fitted", "Model", "__version__", "load"]
