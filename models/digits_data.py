"""The handwritten digits that scikit-learn ships, and which of them ``digits.onnx`` never saw. Needs scikit-learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SPLIT_SEED = 2025  # chosen once, before any training

Digits = tuple[NDArray[np.uint8], NDArray[np.int64]]


def load() -> Digits:
    """Return the 1,797 digits, ``(N, 8, 8)`` with white ink 0..255, and what they are."""
    digits = load_digits()
    return np.rint(digits.images * (255 / 16)).astype(np.uint8), digits.target


def split(digits: Digits) -> tuple[Digits, Digits]:
    """Return four fifths to learn from and one fifth to measure on, every digit in proportion."""
    images, labels = digits
    learned, held, learned_labels, held_labels = train_test_split(
        images, labels, test_size=0.2, stratify=labels, random_state=SPLIT_SEED
    )
    return (learned, learned_labels), (held, held_labels)


def enlarged(image: NDArray[np.uint8], size: int, method: Image.Resampling) -> NDArray[np.uint8]:
    """Return an 8 x 8 digit in another size."""
    return np.asarray(Image.fromarray(image).resize((size, size), method))
