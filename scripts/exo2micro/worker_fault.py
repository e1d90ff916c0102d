"""How processes that work for another one tell of their end."""


class WorkerKilledError(Exception):
    """A worker was killed by a signal.

    Attributes
    ----------
    number : int
        Which signal.
    """

    def __init__(self, number):
        super().__init__(f"a worker was killed by signal {number}")
        self.number = number


class WorkerTracebackError(Exception):
    """Where a worker's fault was raised, as text: the cause of the fault that is raised here."""
