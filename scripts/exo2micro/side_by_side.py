"""Calls that do not wait for each other, in threads: most of their time is spent in OpenCV."""

from concurrent.futures import ThreadPoolExecutor


def run_together(threads, *calls):
    """Results of calls without arguments, in their order.

    Parameters
    ----------
    threads : int
        Calls that run at a time.
    *calls : callable
        What to call.

    Returns
    -------
    list
    """
    if threads < 2 or len(calls) < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(min(threads, len(calls))) as pool:
        return [answer.result() for answer in [pool.submit(call) for call in calls]]
