"""Writes tests/oracles/pictures/: one picture of two halves in every kind of PNG and JPEG that is read."""
import pathlib

import numpy as np
import PIL
from PIL import Image

here = pathlib.Path(__file__).parent / "pictures"
here.mkdir(exist_ok=True)
a = np.zeros((8, 16, 3), np.uint8)
a[:, :8] = (200, 30, 30)
a[:, 8:] = (20, 40, 220)
Image.fromarray(a).save(here / "halves.jpg", quality=95, subsampling=0)
Image.fromarray(a[:, :, 0]).save(here / "grey.jpg", quality=95)
Image.fromarray(a).save(here / "halves.png")
Image.fromarray(a).convert("P", palette=Image.ADAPTIVE).save(here / "palette.png")
Image.fromarray(np.dstack([a, np.full((8, 16), 128, np.uint8)])).save(here / "alpha.png")
Image.fromarray(a[:, :, 0].astype(np.uint16) * 257).save(here / "deep.png")
print("pillow", PIL.__version__)
for path in sorted(here.iterdir()):
    image = Image.open(path)
    print(path.name, image.mode, np.array(image)[3, [3, 12]].tolist())
