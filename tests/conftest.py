"""How tests are shared out between processes: what takes long begins first."""

from pathlib import PurePosixPath

import pytest

# Folders of tests that run workflows, bring up a cluster or drive a browser, the slowest first.
LONG = ("cluster", "batch", "workflow", "viewer")
# Folders whose files look at the same runs.
TOGETHER = ("workflow", "figures")


def pytest_collection_modifyitems(items):
    """So that no process is left alone with a long file at the end."""
    items.sort(key=lambda item: _turn(item.path.parent.name))


def _turn(folder):
    return LONG.index(folder) if folder in LONG else len(LONG)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep tests together that look at one run."""
    from xdist.scheduler import LoadScopeScheduling

    class ByRun(LoadScopeScheduling):
        """Gives a file to one process; a whole folder where its files share runs."""

        def _split_scope(self, nodeid):
            file = PurePosixPath(nodeid.partition("::")[0])
            return str(file.parent if file.parent.name in TOGETHER else file)

    return ByRun(config, log)
