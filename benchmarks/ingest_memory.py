"""Take a session in, tile by tile, and print the peak memory: `python -m benchmarks.ingest_memory`.

A process of its own, so that nothing but ingest counts.
"""

import argparse
import json
import resource
from pathlib import Path

from ingest.epu import natural_order
from ingest.heap import return_large_arrays
from ingest.memory import MemorySink
from ingest.pipeline import Pipeline
from ingest.records import SquareSet
from ingest.watch import existing_files

OFTEN = 35
SELDOM = 7
"""Tiles between two surveys once there are more than so many."""


class SendingSink(MemorySink):
    """Keeps records, not pictures: those have gone to the service."""

    squares = 0

    def put_blob(self, sha256: str, data: bytes) -> None:
        """Keep the name alone."""
        super().put_blob(sha256, data[:0])

    def put_squares(self, record: SquareSet) -> None:
        """Count them."""
        super().put_squares(record)
        self.squares = len(record.squares)


def main() -> None:
    """Print {tiles: peak MiB} for each count asked for, and how many squares there are."""
    parser = argparse.ArgumentParser(prog="ingest_memory", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("counts", type=int, nargs="+")
    args = parser.parse_args()
    return_large_arrays()
    sink = SendingSink()
    pipeline = Pipeline(sink)
    peaks: dict[int, float] = {}
    tiles = 0
    for one in sorted(existing_files(args.folder), key=lambda one: natural_order(one.file)):
        pipeline.take(one.file, one.path, one.problem)
        if one.path.suffix != ".xml" or one.file.index is None:
            continue
        tiles += 1
        if tiles <= OFTEN or tiles % SELDOM == 0 or tiles in args.counts:
            pipeline.settle()
        if tiles in args.counts:
            peaks[tiles] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_mib": peaks, "squares": sink.squares}))


if __name__ == "__main__":
    main()
