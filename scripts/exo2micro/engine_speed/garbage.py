"""When Python looks for garbage: a plan is millions of objects that stay."""

import atexit
import gc

# Objects made before Python looks for garbage. Looking through those of a plan again and again
# takes 8 % of the time of a dry run of 200 pairs.
THRESHOLDS = (100_000, 50, 100)


def look_for_garbage_seldom(dry):
    """Have Python look for garbage seldom, not at all in a dry run, and not once more at the end.

    At its end it would look through the whole plan, to free what the system frees anyway: a
    sixth of the time of a dry run of 1,000 pairs.

    Parameters
    ----------
    dry : bool
        Whether nothing is run but a plan made.
    """
    gc.set_threshold(*THRESHOLDS)
    if dry:
        gc.disable()
    atexit.register(gc.freeze)
