"""The errors that a user may meet: one line with what is wrong, its value, and what to do."""


class CrackscanError(Exception):
    """A mistake of the user or a fault outside: a command prints one line and exits with 1."""


class PictureError(CrackscanError):
    """A picture that cannot be used: missing, not a picture, damaged, or too large to decode."""


class ModelError(CrackscanError):
    """A model file that cannot be used: missing, not a TFLite, without a card, or not int8."""


class DataError(CrackscanError):
    """A data folder that cannot be used: missing, empty, or with one class only."""


class SourceError(CrackscanError):
    """A source of frames that cannot be opened, or that failed for good."""


class PositionError(CrackscanError):
    """A source of positions that cannot be used: of an unknown kind, or without what it needs."""


class SurveyError(CrackscanError):
    """A survey folder that cannot be used: missing, damaged, in use, or of a newer crackscan."""


class ScaleError(CrackscanError):
    """A scale that cannot be determined: no lens, no target, or an unsuitable camera file."""
