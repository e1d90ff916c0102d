"""exo2micro: finds microbes on mineral samples by subtracting the mineral's own glow.

The library behind the workflow: pure functions on arrays, and one package, `exo2micro.storage`,
that touches files. Public names are imported when first used.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "Transform": "geometry",
    "classify_raw_files": "discovery",
    "diagnose_raw_layout": "discovery",
    "discover_tasks": "discovery",
    "load_transform": "transforms",
    "survey_raw_channels": "survey",
}

__all__ = [
    "Transform",
    "classify_raw_files",
    "diagnose_raw_layout",
    "discover_tasks",
    "load_transform",
    "survey_raw_channels",
]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__():
    return sorted({*globals(), *_HOME})
