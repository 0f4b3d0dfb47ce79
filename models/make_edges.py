"""Makes ``edges.onnx``: one known kernel, so that every number in the window can be checked by hand."""

from __future__ import annotations

import numpy as np
from onnx_file import Chain, save

SIZE = 300  # pixels, height and width
KERNEL = ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1))


def make() -> None:
    """Write the model. It has nothing to learn."""
    chain = Chain("image")
    # SAME as the textbooks have it: ONNX works the padding out from the sizes.
    chain.conv("laplacian", np.array(KERNEL, np.float32)[np.newaxis, np.newaxis], auto_pad="SAME_UPPER")
    chain.add("Relu", "relu")
    chain.pool("pool", auto_pad="SAME_UPPER")
    save(
        "edges",
        chain,
        (1, 1, SIZE, SIZE),
        "edges",
        (1, 1, SIZE // 2, SIZE // 2),
        "Finds edges in a grey picture: a Laplacian kernel of 3 x 3, ReLU, max pooling of 2 x 2. Nothing is learned.",
    )


if __name__ == "__main__":
    make()
