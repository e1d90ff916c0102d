"""Everything that touches files: images in windows and streams, records, tables.

Names are imported when first used, so that a job that only reads a record does not wait for
the image formats' libraries.
"""

from importlib import import_module

_HOME = {
    "ArrayImage": "array_image",
    "ChannelTally": "channels",
    "ImageFile": "image_file",
    "intersect": "windows",
    "RawImage": "raw",
    "TrimmedImage": "trimmed_image",
    "Window": "windows",
    "atomic_path": "atomic",
    "convert_image": "images",
    "copy_file": "pages",
    "open_image": "images",
    "open_raw": "raw",
    "packing": "images",
    "overwrite_record": "records",
    "read_arrays": "records",
    "read_columns": "pages",
    "read_record": "records",
    "remove_leftovers": "atomic",
    "scratch_file": "atomic",
    "signal_channels": "channels",
    "thumbnail": "pages",
    "tile_windows": "windows",
    "write_arrays": "records",
    "write_image": "images",
    "write_images": "several",
    "write_features": "records",
    "write_record": "records",
    "write_script": "pages",
    "write_table": "records",
    "write_text": "pages",
}

__all__ = [
    "ArrayImage",
    "ChannelTally",
    "ImageFile",
    "RawImage",
    "TrimmedImage",
    "Window",
    "atomic_path",
    "convert_image",
    "copy_file",
    "intersect",
    "open_image",
    "open_raw",
    "overwrite_record",
    "packing",
    "read_arrays",
    "read_columns",
    "read_record",
    "remove_leftovers",
    "scratch_file",
    "signal_channels",
    "thumbnail",
    "tile_windows",
    "write_arrays",
    "write_features",
    "write_image",
    "write_images",
    "write_record",
    "write_script",
    "write_table",
    "write_text",
]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__():
    return sorted({*globals(), *_HOME})
