"""Where progress is shown: lines now and then, or a block of the screen that is drawn anew."""

import os
import shutil
from pathlib import Path

from .progress_text import block, line, table

LINE_EVERY_S = 60.0
LINES_OF_TABLE = 12  # pairs; all at the end


class Lines:
    """Says a line when something happened, and otherwise one a minute.

    Parameters
    ----------
    write : callable
        Takes a text without its last line feed.
    """

    def __init__(self, write):
        self.write = write
        self.last = float("-inf")

    def show(self, progress, now, news):
        """Say how far it is, if it is time.

        Parameters
        ----------
        progress : Progress
            The run.
        now : float
            s since the epoch.
        news : list of str
            What happened: pairs that are done, jobs that failed.
        """
        if news or now - self.last >= LINE_EVERY_S:
            rows = table(progress, LINES_OF_TABLE) if news else []
            self.write("\n".join([*news, *rows, line(progress, now)]))
            self.last = now

    def finish(self, progress, now):
        """Say how it ended."""
        self.write("\n".join([*table(progress), line(progress, now)]))


class LogFile(Lines):
    """Lines in a file, each time after the time; a full disk ends them and nothing else.

    Parameters
    ----------
    path : path
        The file; one of an earlier run is replaced.
    stamp : callable
        Gives the time as text.
    """

    def __init__(self, path, stamp):
        super().__init__(self._write)
        self.path, self.stamp = Path(path), stamp
        self._file = None
        self._usable = True

    def _write(self, text):
        if not self._usable:
            return
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = open(self.path, "w", encoding="utf-8")  # noqa: SIM115
            self._file.write(f"{self.stamp()}\n{text}\n\n")
            self._file.flush()
        except OSError:
            # The run must go on; what matters is told by its jobs and the summary.
            self._usable = False

    def finish(self, progress, now):
        """Say how it ended, and close the file."""
        super().finish(progress, now)
        self._usable = False
        if self._file is not None:
            self._file.close()


class Screen:
    """A block at the end of a terminal's text, drawn anew in place.

    The cursor waits at the block's beginning, so that whatever else writes to the terminal takes
    the block's place and is not overwritten.

    Parameters
    ----------
    stream : text file
        The terminal.
    """

    ERASE = "\r\x1b[J"

    def __init__(self, stream):
        self.stream = stream

    def show(self, progress, now, news):
        """Print what happened, and draw the block below it."""
        lines = block(progress, now, *self._size())
        self._write("\n".join([*news, *lines]), up=len(lines) - 1)

    def say(self, text):
        """Print a text in the block's place."""
        self._write(f"{text}\n")

    def finish(self, progress, now):
        """Leave the whole table on the screen."""
        self.say("\n".join(["", *table(progress), line(progress, now)]))

    def _size(self):
        try:
            size = os.get_terminal_size(self.stream.fileno())
        except OSError:
            size = shutil.get_terminal_size()
        return size.columns or 80, size.lines or 24

    def _write(self, text, up=0):
        self.stream.write(f"{self.ERASE}{text}" + (f"\r\x1b[{up}A" if up else ""))
        self.stream.flush()
