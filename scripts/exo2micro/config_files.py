"""Faults of a configuration file that its reader passes over in silence."""

from pathlib import Path

import yaml

from .errors import ConfigError


def check_duplicate_keys(paths):
    """Refuse YAML files in which a key stands twice: the first value would be lost in silence.

    Parameters
    ----------
    paths : iterable of path
        Files that Snakemake has read as configuration; those in JSON are passed over.

    Raises
    ------
    ConfigError
        With each such key and its lines.
    """
    faults = [fault for path in paths for fault in _duplicates(Path(path))]
    if faults:
        raise ConfigError(
            "The configuration cannot be used:\n"
            + "\n".join(f"  {fault}" for fault in faults)
            + "\nLeave one of each."
        )


def _duplicates(path):
    """Describe the keys of a file that stand twice in one mapping."""
    if path.suffix.lower() == ".json":
        return
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    nodes, seen = [root], set()
    while nodes:
        node = nodes.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            lines = {}
            for key, value in node.value:
                lines.setdefault(str(key.value), []).append(key.start_mark.line + 1)
                nodes.append(value)
            for name, found in lines.items():
                if len(found) > 1:
                    yield f"{path}: {name!r} stands in lines {', '.join(map(str, found))}."
        elif isinstance(node, yaml.SequenceNode):
            nodes.extend(node.value)
