"""Files of pages for the browser, and tables that go into them."""

import json
import math
from pathlib import Path

import numpy as np

from exo2micro.errors import RecordError
from exo2micro.storage.atomic import atomic_path, write_faults

JPEG_QUALITY = 75  # of thumbnails: about 12 kB at 320 px


def write_text(path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with write_faults(path), atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def copy_file(source, target) -> None:
    """Copy a small file, whole or not at all."""
    with write_faults(target), atomic_path(target) as temporary:
        temporary.write_bytes(Path(source).read_bytes())


def write_script(path, statement: str, record) -> None:
    """Write a record as a script, for pages that may not read files.

    Parameters
    ----------
    path : path
        Target.
    statement : str
        JavaScript with ``%s`` in place of the record.
    record : dict
        Plain values; NaN is not among them.
    """
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    write_text(path, statement % text + "\n")


def read_columns(path) -> dict[str, list]:
    """Read a comma-separated table as columns of plain values; what is empty is None or ''.

    Raises
    ------
    RecordError
        If the file is missing or damaged.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, keep_default_na=False, na_values={})
    except (OSError, ValueError) as fault:
        raise RecordError(
            f"Cannot read the table {path}: {fault}. Delete it; the next run makes it anew."
        ) from fault
    return {name: [_plain(value) for value in table[name].tolist()] for name in table}


def _plain(value):
    """A value as JSON knows it."""
    if isinstance(value, float | np.floating) and not math.isfinite(value):
        return None
    return value


def thumbnail(path, width: int) -> bytes | None:
    """A picture made small, as JPEG; None where there is no such picture.

    Parameters
    ----------
    path : path
        A PNG.
    width : int
        Of the small one, px.
    """
    import cv2

    path = Path(path)
    try:
        packed = np.frombuffer(path.read_bytes(), np.uint8)
    except FileNotFoundError:
        return None
    picture = cv2.imdecode(packed, cv2.IMREAD_COLOR) if packed.size else None
    if picture is None:
        return None
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])
