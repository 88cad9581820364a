"""Measurements: each module `measure_*.py` here has a `measure()` that yields figures."""
