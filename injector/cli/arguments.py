"""Types of arguments that several commands take."""

import argparse


def duration(text: str) -> float:
    """Parse a duration as in the configuration."""
    from injector.config.leaves import duration_of  # only where somebody gives one
    from injector.config.problem import Wrong

    try:
        return duration_of(text)
    except Wrong as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None
