"""exo2micro: finds microbes on mineral samples by subtracting the mineral's own glow.

The library behind the workflow: pure functions on arrays, and one package, `exo2micro.storage`,
that touches files. Public names are imported when first used.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "SampleDye": "sample_dye",
    "Transform": "geometry",
    "build_task_list": "batch",
    "classify_raw_files": "original",
    "diagnose_raw_layout": "original",
    "discover_tasks": "original",
    "load_transform": "transforms",
    "preflight_check": "batch",
    "print_summary": "batch",
    "process_one": "batch",
    "run_batch": "batch",
    "run_parallel": "batch",
    "run_serial": "batch",
    "run_subprocess": "batch",
    "survey_raw_channels": "original",
}

__all__ = [
    "SampleDye",
    "Transform",
    "build_task_list",
    "classify_raw_files",
    "diagnose_raw_layout",
    "discover_tasks",
    "load_transform",
    "preflight_check",
    "print_summary",
    "process_one",
    "run_batch",
    "run_parallel",
    "run_serial",
    "run_subprocess",
    "survey_raw_channels",
]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__():
    return sorted({*globals(), *_HOME})
