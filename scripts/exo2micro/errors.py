"""The faults a user can meet, one exception class a kind.

Each message says what was found, where, what was expected and what to do. The workflow prints the
message alone; a traceback that reaches a user is a fault of ours.
"""


class Exo2MicroError(Exception):
    """Base of every fault that is explained to the user."""


class ConfigError(Exo2MicroError, ValueError):
    """The configuration or the sample sheet asks for something that cannot be."""


class ParameterError(ConfigError):
    """A parameter is unknown or its value is out of range."""


class LayoutError(Exo2MicroError, FileNotFoundError):
    """The raw folder is not laid out as one folder a sample with TIFF files in it."""


class MissingPairsError(Exo2MicroError, FileNotFoundError):
    """Requested pairs are not on disk (strict mode)."""


class ImageReadError(Exo2MicroError):
    """An image file cannot be read or holds pixels that cannot be used."""


class ImageWriteError(Exo2MicroError):
    """An image file cannot be written (full disk, no permission)."""


class RecordError(Exo2MicroError):
    """A transform, scale or other record file is damaged or is not what its name says."""


class AlignmentError(Exo2MicroError):
    """The two photographs could not be aligned, or not well enough to be trusted."""


class ScaleError(Exo2MicroError):
    """No photometric scale could be measured."""


class RoomError(Exo2MicroError):
    """There is not enough memory or disk for what is asked."""


class BatchError(Exo2MicroError):
    """The workflow ended before it ran anything."""
