"""A job that ends in the way that its output's name says."""

from exo2micro.jobs import job

with job(snakemake):
    import ctypes
    import os
    import signal
    import time

    import numpy as np

    from exo2micro.errors import AlignmentError, ImageReadError
    from exo2micro.storage import atomic_path
    from exo2micro.workers import Workers

    how = snakemake.wildcards.how
    # Calls through PyDLL hold the interpreter's lock: no other thread of this process runs.
    compiled = ctypes.PyDLL(None)

    def complain(number):
        raise ImageReadError(f"raw/x.tif: tile {number} is damaged.")

    def be_shot(number):
        os.kill(os.getpid(), signal.SIGKILL)

    def hoard(number):
        hoarded = np.ones(50_000_000)
        time.sleep(4)
        return hoarded[0]

    def look(number):
        time.sleep(0.5)
        return shared[number]

    with atomic_path(snakemake.output[0]) as temporary:
        temporary.write_text("half")
        if how == "complaint":
            raise ImageReadError("raw/x.tif is damaged.\nCopy it anew.")
        if how == "unaligned":
            raise AlignmentError("A / D: the alignment failed.")
        if how == "fault":
            raise ZeroDivisionError("never thought of")
        if how == "slow":
            time.sleep(100)
        if how == "compiled":
            compiled.sleep(100)
        if how == "greedy":
            hoard = [np.ones(5_000_000) for _ in range(400)]
        if how == "refused":
            np.ones(10**15)
        if how == "crash":
            compiled.memset(0, 0, 1)
        if how == "silent":
            os._exit(0)
        if how == "shot":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "both":
            os.kill(os.getppid(), signal.SIGKILL)
            compiled.sleep(100)
        if how == "worker_complains":
            with Workers(complain, 2) as workers:
                list(workers.map([7]))
        if how == "worker_shot":
            with Workers(be_shot, 2) as workers:
                list(workers.map(range(9)))
        if how == "workers_greedy":
            with Workers(hoard, 2) as workers:
                list(workers.map(range(2)))
        if how == "workers_share":
            shared = np.ones(50_000_000)
            with Workers(look, 2) as workers:
                list(workers.map(range(9)))
        if how == "late":
            time.sleep(3000)
        if how == "hoarding":
            hoard = np.ones(100_000_000)
            time.sleep(3000)
        temporary.write_text("whole")
