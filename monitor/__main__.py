"""Start the program.  `--version` answers before anything heavy is imported."""

from __future__ import annotations

import sys

from monitor import __version__
from monitor.streams import WholeOutput


def main() -> None:
    """Run the command line, or answer `--version` at once."""
    with WholeOutput():
        if sys.argv[1:] == ["--version"]:
            sys.stdout.write(f"backrelease {__version__}\n")
            return
        from monitor.cli import run  # noqa: PLC0415  # start-up is a feature: only now load Typer

        run()


if __name__ == "__main__":
    main()
