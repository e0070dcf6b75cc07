"""The one error a user may meet: what was wrong, with what value, and what to do, in one line."""


class CrackscanError(Exception):
    """A user's or the world's mistake, told in one line; the commands print it and exit with 1."""


class PictureError(CrackscanError):
    """A picture that cannot be used: missing, no picture, damaged, or too large to decode."""


class ModelError(CrackscanError):
    """A model file that cannot be used: missing, no TFLite, without a card, or not int8."""


class DataError(CrackscanError):
    """A data folder that cannot be used: missing, empty, or with one class only."""


class SourceError(CrackscanError):
    """A source of frames that cannot be opened, or that broke for good."""


class PositionError(CrackscanError):
    """A source of positions that cannot be used: of no known kind, or without what it needs."""


class SurveyError(CrackscanError):
    """A survey folder that cannot be used: missing, damaged, in use, or of a newer crackscan."""


class ScaleError(CrackscanError):
    """A scale that cannot be had: no lens, no target, views too alike, a camera file of no use."""
