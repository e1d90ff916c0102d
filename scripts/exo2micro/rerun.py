"""The command that runs again what failed, and only that."""

import json
import os
import re
import shlex
import shutil
import sys

_CONFIG_WORDS = ("--config", "-C")


def rerun_command(words, pairs, output_dir):
    """Write the command line that runs some of the pairs again.

    Parameters
    ----------
    words : list of str
        The command line of the run, ``sys.argv``.
    pairs : list of (str, str)
        Sample and dye of the pairs in question.
    output_dir : str
        Folder of the results, as the workflow names them.

    Returns
    -------
    str
        For a shell: the same command, with ``pairs`` in its ``--config``. Results that were asked
        for by name are left out: what is missing of those pairs is made without.
    """
    names = list(dict.fromkeys(f"{sample}/{dye}" for sample, dye in pairs))
    chosen = f"pairs={json.dumps(names, ensure_ascii=False)}"
    results = f"{output_dir}/"
    options = [word for word in words[1:] if not word.startswith(("pairs=", results))]
    return " ".join(shlex.quote(word) for word in _engine(words[0]) + _with(chosen, options))


def _with(setting, options):
    """Add a setting to the options' ``--config``, of which there can be only one."""
    for number, word in enumerate(options):
        if word in _CONFIG_WORDS:
            return [*options[: number + 1], setting, *options[number + 1 :]]
        joined = re.fullmatch(r"--config=(.*)", word, re.S)
        if joined:
            rest = [*options[:number], *options[number + 1 :]]
            return [*rest, "--config", joined.group(1), setting]
    # What follows a bare -- are targets.
    end = options.index("--") if "--" in options else len(options)
    return [*options[:end], "--config", setting, *options[end:]]


def _engine(program):
    """Words that start Snakemake as it was started."""
    if os.path.basename(program) == "__main__.py":
        return [_shortest(sys.executable), "-m", "snakemake"]
    return [_shortest(program)]


def _shortest(program):
    """Shortest way to name a program from here: its bare name, a relative or the whole path."""
    name = os.path.basename(program)
    if shutil.which(name) == program:
        return name
    near = os.path.relpath(program)
    return program if near.startswith(os.pardir) else near
