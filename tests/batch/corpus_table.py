"""Print what became of the corpus of bad input, a row a kind, as a table in Markdown.

python tests/batch/corpus_table.py
"""

import ast
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from odd_names import CANNOT_BE, try_names

CORPUS = Path(__file__).with_name("corpus.py")
KINDS = {
    "sound/": "sound, one for each way of storing",
    "odd/": "odd but whole, and no images at all",
    " cut ": "cut short",
    " bits ": "some bits turned over",
}


def outcomes_of_files():
    """Try every file in a process of its own, so that a crash of a decoder is seen as one.

    Yields
    ------
    kind : str
    name : str
        Words that a message must hold: the file's name.
    outcome : str
        ``works``, or the message.
    """
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        done = subprocess.run(
            [sys.executable, str(CORPUS), folder], capture_output=True, text=True, check=True
        )
    for line in done.stdout.splitlines():
        name, _, text = line.split("\t", 2)
        kind = next(kind for part, kind in KINDS.items() if part in name)
        yield kind, Path(name).name, ast.literal_eval(text)


def outcomes_of_names():
    """The same of names; a message must hold the name as it stands or as it is escaped."""
    for way, name, outcome in try_names():
        if outcome != CANNOT_BE:
            escaped = repr(name)[1:-1]
            yield f"names: {way.strip(':')}", name if name in outcome else escaped, outcome


def main():
    """Print the table; whatever is unhandled ends it with a traceback."""
    tried = defaultdict(list)
    for kind, name, outcome in [*outcomes_of_files(), *outcomes_of_names()]:
        tried[kind].append((name, outcome))
    print("| kind | tried | work | one message | message without the name | unhandled |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind, rows in tried.items():
        refused = [(name, text) for name, text in rows if text != "works"]
        nameless = sum(name not in text for name, text in refused)
        counts = (len(rows), len(rows) - len(refused), len(refused), nameless, 0)
        print(f"| {kind} | {' | '.join(map(str, counts))} |")


if __name__ == "__main__":
    main()
