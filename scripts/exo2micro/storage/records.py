"""Small files, each written whole or not at all: records, arrays, tables, features.

Each job's watcher writes records and nothing else, so numpy is loaded for arrays only.
"""

import io
import json
import math
import os
import zipfile
from pathlib import Path

from exo2micro.errors import RecordError
from exo2micro.storage.atomic import atomic_path, write_faults

# zlib's level for arrays. The statistics of a pair: 16.2 MB in 0.9 s of CPU; at level 3 15.4 MB in
# 1.4 s, at level 6, which `numpy.savez_compressed` takes, 15.0 MB in 4.3 s.
PACKING = 1


def write_record(path, record: dict) -> None:
    """Write a record as JSON.

    Floats are written so that they read back exactly; NaN and infinities become null.

    Parameters
    ----------
    path : path
        Target file.
    record : dict
        Plain Python values, paths, numpy scalars and arrays, nested as you like.

    Raises
    ------
    RecordError
        If a value has no form in JSON.
    ImageWriteError
        If the disk is full or the folder is not writable.
    """
    text = _as_text(path, record)
    with write_faults(path), atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def overwrite_record(path, record: dict) -> None:
    """Write a record into the blocks of an existing file, which works on a full disk too.

    Not safe against being killed meanwhile: for records whose file was made with room to spare.

    Raises
    ------
    ImageWriteError
        If there is no such file, or it cannot be written.
    """
    text = _as_text(path, record).encode()
    with write_faults(path), open(path, "r+b") as stream:
        room = os.fstat(stream.fileno()).st_size
        stream.write(text.ljust(room))


def _as_text(path, record):
    """Give a record as JSON text."""
    try:
        text = json.dumps(_plain(record), indent=2, allow_nan=False, ensure_ascii=False)
    except TypeError as fault:
        raise RecordError(f"Cannot write the record {path}: {fault}.") from fault
    return text + "\n"


def read_record(path) -> dict:
    """Read a record that `write_record` wrote.

    Raises
    ------
    RecordError
        If the file is missing, damaged, or holds no record.
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as fault:
        raise RecordError(f"Cannot read the record {path}: {fault.strerror or fault}.") from fault
    except ValueError as fault:
        raise RecordError(
            f"The record {path} is damaged ({fault}). Delete it; the next run makes it anew."
        ) from fault
    if not isinstance(record, dict):
        raise RecordError(
            f"{path} holds a {type(record).__name__}, expected a record (a JSON object). "
            "Delete it; the next run makes it anew."
        )
    return record


def _plain(value):
    """Return `value` in the types that JSON knows."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if type(value).__module__.partition(".")[0] == "numpy":
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def write_arrays(path, **arrays) -> None:
    """Write named arrays into one compressed npz file (suffix ``.npz``)."""
    import numpy as np

    # Packed in memory first: an archive that is cut off by a full disk complains again, with a
    # traceback, when it is thrown away.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=PACKING) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)
    with write_faults(path), atomic_path(path) as temporary:
        temporary.write_bytes(packed.getbuffer())


def read_arrays(path) -> dict:
    """Read every array of a file that `write_arrays` wrote.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    RecordError
        If the file is missing or damaged.
    """
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as fault:
        raise RecordError(
            f"Cannot read the arrays in {path}: {fault}. Delete it; the next run makes it anew."
        ) from fault


def write_table(path, table) -> None:
    """Write a pandas DataFrame as text, without its index; NaN is left empty.

    Comma-separated where the name ends in ``.csv``, tab-separated otherwise.
    """
    separator = "," if Path(path).suffix == ".csv" else "\t"
    with write_faults(path), atomic_path(path) as temporary:
        table.to_csv(temporary, sep=separator, index=False)


def write_features(path, features) -> None:
    """Write a GeoJSON FeatureCollection, one feature at a time.

    Parameters
    ----------
    path : path
        Target.
    features : iterable of dict
        GeoJSON features of plain Python values; never held together.
    """
    with (
        write_faults(path),
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8") as stream,
    ):
        stream.write('{"type": "FeatureCollection", "features": [')
        for number, feature in enumerate(features):
            stream.write(",\n" if number else "\n")
            stream.write(json.dumps(feature, allow_nan=False, ensure_ascii=False))
        stream.write("\n]}\n")
