"""Picture files in memory."""

from __future__ import annotations

import io

from PIL import Image


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> io.BytesIO:
    """Return a picture as a file, open at its start."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file
