"""Tiles that flow through a few threads in their order, with bounded look-ahead."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

LOOK_AHEAD = 4


def ordered_map(function, items, threads=1):
    """Apply a function to items in threads and yield the results in order.

    Parameters
    ----------
    function : callable
        Work on one item; OpenCV, codecs and file reads release the interpreter's lock.
    items : iterable
        Read lazily, a few ahead of what has been yielded.
    threads : int
        Items worked on at once.

    Yields
    ------
    object
        ``function(item)`` for each item, in order.
    """
    if threads <= 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= threads * LOOK_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
