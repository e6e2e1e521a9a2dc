"""Our error against measured references, beside peers and crude baselines: one table.

    python benchmarks/accuracy.py [--json OUT] [--pictures]

Everything goes the way of the program: samples into `analysis.whole.analyze`, epochs out.
Recordings that are not there are skipped, and the table says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, from anywhere

from benchmarks import body, chest, recordings, validation
from benchmarks.knees import knee_rows
from benchmarks.table import HEAD, LEGEND, Row, line


def all_rows(pairs: chest.Pairs) -> Iterator[Row]:
    """Every line of the table, as it becomes known; `pairs` collects what the pictures show."""
    yield from chest.chest_rows(pairs)
    yield from body.rows()
    yield from knee_rows(pairs.of)


def main() -> None:
    """Print the table; with --json also write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    parser.add_argument(
        "--pictures", action="store_true", help="also draw docs/validation from the same windows"
    )
    chosen = parser.parse_args()
    if not recordings.DATA.is_dir():
        print(f"No recordings at {recordings.DATA}: nothing to measure.")
        return
    print(HEAD)
    rows, pairs = [], chest.Pairs()
    for row in all_rows(pairs):
        rows.append(row)
        print(line(row), flush=True)
    print(LEGEND)
    if chosen.json:
        chosen.json.write_text(
            json.dumps([asdict(r) for r in rows], indent=1) + "\n", encoding="utf-8"
        )
    if chosen.pictures:
        for path in validation.draw(pairs):
            print(
                f"drawn: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}"
            )


if __name__ == "__main__":
    main()
