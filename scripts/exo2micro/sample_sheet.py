"""The sample sheet: a table that names each pair's files, in place of the rules for file names."""

import difflib
import os

from .errors import ConfigError, ParameterError
from .inventory import Inventory, Pair
from .parameters import BY_NAME, find_parameter
from .raw_names import STAINS, UNUSABLE, dye_fault, name_fault
from .storage.rawfolder import file_state, read_sheet_lines

REQUIRED = ("sample", "dye", "pre", "post")
EXAMPLE = "sample<TAB>dye<TAB>pre<TAB>post"


def read_sample_sheet(path, planned=()):
    """Read and check a sample sheet.

    Paths in it are taken from the working directory, as those in the config are. Columns beyond
    `sample`, `dye`, `pre` and `post` are named after parameters; an empty cell leaves the config's
    value. Empty lines and lines that begin with ``#`` are passed over.

    Parameters
    ----------
    path : path
        A table with tabs between its columns.
    planned : iterable of path
        Raw files that count as there although they may not be made yet.

    Returns
    -------
    Inventory
        Rows whose files are missing are among its faults, not an error yet.

    Raises
    ------
    ConfigError
        With every fault of the table and its row.
    """
    rows, faults = _rows(path)
    columns = rows.pop(0)[1] if rows else []
    faults += _column_faults(columns)
    if faults:
        raise ConfigError(_message(path, faults))
    planned = {os.path.normpath(name) for name in planned}
    found, seen = Inventory(str(path), is_sheet=True), {}
    for number, cells in rows:
        row = dict(zip(columns, cells, strict=False))
        wrong = _cell_faults(row, len(cells), len(columns))
        overrides, wrong_values = _overrides(row)
        key = row.get("sample", ""), row.get("dye", "")
        if key in seen and not wrong:
            wrong.append(f"{key[0]} / {key[1]} stands in row {seen[key]} already")
        seen.setdefault(key, number)
        faults += [f"row {number}: {fault}" for fault in wrong + wrong_values]
        if not wrong and not wrong_values:
            _add_row(found, path, number, row, overrides, planned)
    if not rows:
        faults.append("it has no rows below its header")
    if faults:
        raise ConfigError(_message(path, faults))
    return found


def _rows(path):
    """Split the table into cells: (line number, cells), empty lines left out."""
    try:
        lines = read_sheet_lines(path)
    except UnicodeDecodeError:
        raise ConfigError(
            f"The sample sheet {path} is not plain text (UTF-8). Export the table as "
            "tab-separated text (.tsv)."
        ) from None
    except OSError as fault:
        raise ConfigError(
            f"The sample sheet {path} cannot be read: {fault.strerror}. Set sample_sheet in the "
            "config to a table with tabs between its columns, or to null."
        ) from None
    rows = []
    for number, line in enumerate(lines, start=1):
        cells = [_unquoted(cell.strip()) for cell in line.split("\t")]
        if any(cells) and not line.startswith("#"):
            rows.append((number, cells))
    if not rows:
        return rows, [f"it is empty; its first row must name the columns: {EXAMPLE}"]
    header = rows[0][1]
    if len(header) == 1 and ("," in header[0] or ";" in header[0]):
        return rows, [f"its columns are not parted by tabs; its first row is {header[0]!r}"]
    return rows, []


def _unquoted(cell):
    """Take off the quotes that spreadsheets put around a cell."""
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _column_faults(columns):
    faults = []
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        faults.append(f"column(s) missing: {', '.join(missing)}; there are {', '.join(columns)}")
    for name in dict.fromkeys(columns):
        if columns.count(name) > 1:
            faults.append(f"column {name or '(without a name)'!r} stands there twice")
        elif not name:
            faults.append(f"column {columns.index(name) + 1} has no name")
        elif name not in REQUIRED and name not in BY_NAME:
            close = difflib.get_close_matches(name.lower(), [*REQUIRED, *BY_NAME], n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            faults.append(f"column {name!r} is neither one of ours nor a parameter{hint}")
    return faults


def _cell_faults(row, n_cells, n_columns):
    """Say what is wrong with the names and paths of a row."""
    if n_cells > n_columns:
        return [f"{n_cells} cells, but the header has {n_columns} columns"]
    faults = [f"{name} is empty" for name in REQUIRED if not row.get(name)]
    for name, check in (("sample", name_fault), ("dye", dye_fault)):
        if row.get(name) and check(row[name]):
            faults.append(f"{name} {row[name]!r} {check(row[name])}")
    for stain in STAINS:
        if set(row.get(stain, "")) & set(UNUSABLE):
            faults.append(f"Snakemake cannot use a file with {' or '.join(UNUSABLE)} in its name")
    if row.get("pre") and row.get("pre") == row.get("post"):
        faults.append(f"pre and post are the same file, {row['pre']}")
    return faults


def _overrides(row):
    """Check a row's parameters: values by name, and faults."""
    values, faults = {}, []
    for name, cell in row.items():
        if name in REQUIRED or not cell:
            continue
        try:
            values[name] = find_parameter(name).accept(cell)
        except ParameterError as fault:
            faults.append(str(fault))
    return values, faults


def _add_row(found, path, number, row, overrides, planned):
    """Put a row's pair into the inventory, or what is wrong with its files."""
    key = row["sample"], row["dye"]
    found.dyes.setdefault(key[0], []).append(key[1])
    faults = []
    for stain in STAINS:
        name = os.path.expanduser(row[stain])
        state = "file" if os.path.normpath(name) in planned else file_state(name)
        if state == "missing":
            faults.append(f"{stain} file {name} does not exist{_beside(path, name)}")
        elif state != "file":
            faults.append(f"{stain} file {name} is not a file")
    if faults:
        found.faults[key] = f"row {number}: {'; '.join(faults)}"
        return
    pre, post = (os.path.normpath(os.path.expanduser(row[stain])) for stain in STAINS)
    found.pairs[key] = Pair(*key, pre, post, overrides)


def _beside(path, name):
    """Say so where a path was meant from the sheet's folder."""
    other = os.path.join(os.path.dirname(path), name)
    if file_state(other) != "file":
        return ""
    return f" (paths are taken from the working directory: write {os.path.normpath(other)})"


def _message(path, faults):
    listed = "\n".join(f"  {fault}" for fault in faults)
    return (
        f"The sample sheet {path} cannot be used:\n{listed}\n"
        f"Expected a table with tabs between its columns: {EXAMPLE}, and columns named after "
        "parameters if you like."
    )
