"""From EPU's folder to records: watch, read, place, find squares, cut, upload."""
