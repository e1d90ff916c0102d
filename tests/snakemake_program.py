"""Snakemake's command for tests, without loading all that it is built on at every call.

`multiprocessing` keeps a server (its start method ``forkserver``) that has loaded those libraries
and is forked for each call, which takes a third of the time. Snakemake itself is loaded anew in a
process of its own, as `python -m snakemake` does, and starts its jobs as always.
"""

import multiprocessing
import os
import runpy
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONG_S = 900  # for whatever must come, on a machine that does much else
# Libraries that take long to load; nothing of Snakemake's and nothing of ours.
LIBRARIES = [
    "pandas", "sqlmodel", "jsonschema", "nbformat", "smart_open", "jinja2", "docutils.core",
    "pygments.formatters", "yte", "tenacity", "wcwidth", "pulp", "psutil", "tifffile",
    "imagecodecs",
]  # fmt: skip

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(LIBRARIES)


def run_snakemake(words, folder, environment=os.environ):
    """Run Snakemake in a folder.

    Parameters
    ----------
    words : list of str
        Its arguments.
    folder : path
        Where.
    environment : mapping
        Its environment.

    Returns
    -------
    code : int
        Its exit code; negative where a signal ended it.
    said : str
        Everything that it and its jobs printed.
    """
    with tempfile.NamedTemporaryFile() as said:
        call = (list(words), str(folder), dict(environment), said.name)
        program = _processes.Process(target=_be_snakemake, args=call)
        program.start()
        program.join(LONG_S)
        if program.is_alive():
            program.kill()
            raise TimeoutError(f"Snakemake did not end within {LONG_S} s:\n{said.read().decode()}")
        return program.exitcode, said.read().decode(errors="replace")


def _be_snakemake(words, folder, environment, said):
    """Become `python -m snakemake` in a folder."""
    output = os.open(said, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    # Without what pytest adds: the workflow must find its library by itself.
    ours = (str(ROOT / "scripts"), str(ROOT / "tests"))
    given = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:] = [folder, *given, *(path for path in sys.path if not path.startswith(ours))]
    sys.argv = ["-m", *words]
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
