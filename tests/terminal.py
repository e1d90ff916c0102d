"""A terminal that understands what the progress display asks of one."""

import io
import re

WORDS = re.compile(r"\x1b\[(\d*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class Terminal(io.TextIOBase):
    """Keeps lines of text and a cursor.

    Colours are ignored; any other escape sequence but those below is a fault.
    """

    def __init__(self):
        self.rows, self.row, self.column = [""], 0, 0

    def write(self, text):
        for number, letter, end, word in WORDS.findall(text):
            if end == "\r":
                self.column = 0
            elif end == "\n":
                self.row, self.column = self.row + 1, 0
                self.rows += [""] * (self.row + 1 - len(self.rows))
            elif letter == "A":
                self.row = max(self.row - int(number or 1), 0)
            elif letter == "J":
                self.rows[self.row :] = [self.rows[self.row][: self.column]]
            elif letter and letter != "m":
                raise ValueError(f"unknown sequence {number}{letter}")
            elif word:
                old = self.rows[self.row].ljust(self.column)
                self.rows[self.row] = old[: self.column] + word + old[self.column + len(word) :]
                self.column += len(word)
        return len(text)

    def fileno(self):
        raise OSError("no file")

    def lines(self):
        """Text on the screen, without blanks at the end."""
        return "\n".join(text.rstrip() for text in self.rows).rstrip().split("\n")
