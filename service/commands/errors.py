"""How a command says that it cannot do what was asked."""


class CommandError(Exception):
    """It failed; the message is for the person who asked."""

    status = 1


class WrongUseError(CommandError):
    """It was asked in a way that cannot work."""

    status = 2
