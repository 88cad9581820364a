"""How one grid's squares are seen: dose, sharpness, camera, and whether only previews are left."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from simulate.camera import Detector, Optics


class Source(StrEnum):
    """Where the pixels come from."""

    FULL = "full"
    PREVIEW = "preview"


@dataclass(frozen=True)
class View:
    """One way of seeing a square.

    `preview_um` pixel of EPU's preview where the source is one; `quality` its JPEG quality, 0 for
    none; `film_error` factor by which the film level is misjudged; `gamma` of counts against
    electrons.
    """

    optics: Optics
    detector: Detector
    source: Source
    preview_um: float
    gamma: float
    film_error: float


def draw_view(rng: np.random.Generator) -> View:
    """Draw a microscope and camera for one grid, wider than any one instrument."""
    electrons = float(np.exp(rng.uniform(np.log(14), np.log(700))))
    optics = Optics(
        electrons=electrons,
        blur_um=float(np.exp(rng.uniform(np.log(0.1), np.log(0.7)))),
        scatter=float(rng.exponential(0.009)),
        scatter_um=float(rng.uniform(3, 20)),
        fringe=float(rng.choice([0.0, 0.1, 0.3])),
        leak=float(rng.exponential(0.002)),
        shading=(0.0, 0.0),
    )
    detector = Detector(
        counts=float(np.exp(rng.uniform(0, np.log(150)))),
        gain_sd=float(rng.uniform(0, 0.01)),
        stripe_sd=float(rng.exponential(0.006)),
        dark=float(rng.exponential(0.2)),
        hot_row=0.0,
    )
    source = Source.PREVIEW if rng.random() < 0.5 else Source.FULL
    return View(
        optics=optics,
        detector=detector,
        source=source,
        preview_um=float(rng.uniform(0.55, 0.95)),
        gamma=float(np.exp(rng.normal(0, 0.05))),
        film_error=1.0,
    )


def vary_view(rng: np.random.Generator, view: View) -> View:
    """One square's own version of its grid's view: another tile, focus and guess of the film."""
    optics = replace(
        view.optics,
        blur_um=float(np.clip(view.optics.blur_um * np.exp(rng.normal(0, 0.4)), 0.05, 1.2)),
        electrons=view.optics.electrons * float(np.exp(rng.normal(0, 0.03))),
        shading=(float(rng.normal(0, 0.0006)), float(rng.normal(0, 0.0006))),
    )
    detector = replace(
        view.detector, hot_row=float(rng.exponential(2.0)) if rng.random() < 0.1 else 0.0
    )
    swapped = Source.FULL if view.source is Source.PREVIEW else Source.PREVIEW
    return replace(
        view,
        optics=optics,
        detector=detector,
        source=swapped if rng.random() < 0.25 else view.source,
        preview_um=view.preview_um * float(rng.uniform(0.95, 1.05)),
        film_error=float(np.exp(np.clip(rng.normal(0, 0.03), -0.1, 0.1))),
    )
