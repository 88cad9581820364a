"""Small tears: hairline cracks, flaps, leaf-shaped gaps, bent slits."""

from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from simulate.sheets import Points, Sheets
from simulate.veils import SUBPIXEL_BITS


def _path(rng: np.random.Generator, sheets: Sheets, length_um: float, wander: float) -> Points:
    """A line of about 1 um steps that wanders, starting anywhere in the square or at a bar."""
    hx, hy = sheets.half_um
    x, y = float(rng.uniform(-hx, hx)), float(rng.uniform(-hy, hy))
    if rng.random() < 0.5:
        x = float(np.sign(x)) * hx
    steps = max(int(length_um / 1.5), 3)
    heading = np.arctan2(-y, -x) + rng.normal(0, 0.8) + np.cumsum(rng.normal(0, wander, steps))
    steps_um = 1.5 * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    return np.concatenate([[[x, y]], np.array([x, y]) + np.cumsum(steps_um, axis=0)])


def draw_hairline(rng: np.random.Generator, sheets: Sheets) -> None:
    """A thin bright crack, widest in the middle, with a dark fold along one side."""
    path = _path(rng, sheets, float(rng.uniform(5, 45)), float(rng.uniform(0.05, 0.35)))
    normal = np.stack([-np.gradient(path[:, 1]), np.gradient(path[:, 0])], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    profile = np.sin(np.linspace(0.05, pi - 0.05, len(path)))[:, None] * float(
        rng.uniform(0.15, 0.7)
    )
    fold = path + normal * (profile + float(rng.uniform(0.2, 0.5)))
    ring = np.concatenate([path + normal * profile, fold[::-1] + normal[::-1] * profile[::-1]])
    cv2.fillPoly(
        sheets.dark, [sheets.px(ring)], [int(rng.uniform(10, 60))], cv2.LINE_AA, SUBPIXEL_BITS
    )
    crack = np.concatenate([path + normal * profile, (path - normal * profile)[::-1]])
    cv2.fillPoly(sheets.missing, [sheets.px(crack)], [255], cv2.LINE_AA, SUBPIXEL_BITS)


def draw_flap(rng: np.random.Generator, sheets: Sheets) -> None:
    """A crescent where a tongue of film has curled back: bright gap, dark doubled tongue."""
    hx, hy = sheets.half_um
    x, y = float(rng.uniform(-1, 1)) * hx, float(rng.uniform(-1, 1)) * hy
    radius, turn = float(rng.uniform(2.5, 14)), float(rng.uniform(0, 2 * pi))
    sweep = np.linspace(-1, 1, 15) * float(rng.uniform(0.6, 1.5))
    gap = np.cos(np.linspace(-pi / 2, pi / 2, 15)) * radius * float(rng.uniform(0.1, 0.5))
    rough = 1 + 0.04 * rng.standard_normal(15)
    outer, inner = radius * rough, radius * rough - gap

    def arc(radii: NDArray[np.float64]) -> Points:
        return np.stack(
            [x + radii * np.cos(sweep + turn), y + radii * np.sin(sweep + turn)], axis=1
        )

    roll = inner - gap * float(rng.uniform(0.15, 0.9))
    tongue = np.concatenate([arc(inner), arc(roll)[::-1]])
    fold = int(60 * float(rng.uniform(0.5, 2.0)))
    cv2.fillPoly(sheets.folds, [sheets.px(tongue)], [fold], cv2.LINE_AA, SUBPIXEL_BITS)
    crescent = np.concatenate([arc(outer), arc(inner)[::-1]])
    cv2.fillPoly(sheets.missing, [sheets.px(crescent)], [255], cv2.LINE_AA, SUBPIXEL_BITS)
    if rng.random() < 0.5:
        edge = [sheets.px(arc(outer + 0.25))]
        cv2.polylines(
            sheets.dark, edge, False, [int(rng.uniform(10, 70))], 1, cv2.LINE_AA, SUBPIXEL_BITS
        )


def draw_leaf(rng: np.random.Generator, sheets: Sheets) -> None:
    """A pointed gap, mostly where the film has come off a bar; its film curled along one side."""
    x, y, heading = _start(rng, sheets)
    length = float(np.exp(rng.uniform(np.log(4), np.log(28))))
    t = np.linspace(0, 1, 17)
    bulge = np.sin(pi * t ** float(rng.uniform(0.6, 1.6))) * length * float(rng.uniform(0.06, 0.3))
    share = float(rng.uniform(0.0, 1.0))
    rough = rng.normal(0, float(rng.choice([0.05, 0.2])), (2, len(t)))
    low, high = -bulge * share + rough[0], bulge * (1 - share) + rough[1]
    turn = np.array([[cos(heading), sin(heading)], [-sin(heading), cos(heading)]])

    def line(offset: NDArray[np.float64]) -> Points:
        return np.asarray(np.stack([(t - 0.5) * length, offset], axis=1) @ turn + (x, y))

    gap = np.concatenate([line(low), line(high)[::-1]])
    cv2.fillPoly(sheets.missing, [sheets.px(gap)], [255], cv2.LINE_AA, SUBPIXEL_BITS)
    side = high if rng.random() < 0.5 else low
    if rng.random() < 0.7:
        out = side + np.sign(side.mean()) * bulge * float(rng.uniform(0.2, 1.0))
        fold = np.concatenate([line(side), line(out)[::-1]])
        paint = int(rng.uniform(20, 160))
        sheet = sheets.dark if rng.random() < 0.5 else sheets.folds
        cv2.fillPoly(sheet, [sheets.px(fold)], [paint], cv2.LINE_AA, SUBPIXEL_BITS)


def draw_slit(rng: np.random.Generator, sheets: Sheets) -> None:
    """A crack of two or three straight pieces, gaping most in the middle of each."""
    hx, hy = sheets.half_um
    point = np.array([float(rng.uniform(-0.8, 0.8)) * hx, float(rng.uniform(-0.8, 0.8)) * hy])
    heading = float(rng.uniform(0, 2 * pi))
    corners = [point]
    for _ in range(int(rng.integers(2, 4))):
        length = float(rng.uniform(4, 16))
        width = float(np.exp(rng.uniform(np.log(0.4), np.log(3.0))))
        along = np.array([cos(heading), sin(heading)])
        across = np.array([-along[1], along[0]]) * float(rng.choice([-1, 1]))
        t = np.linspace(0, 1, 9)[:, None]
        middle = point + along * length * t
        gape = across * width * np.sin(pi * t) + rng.normal(0, 0.08, (9, 2))
        ring = np.concatenate([middle, (middle + gape)[::-1]])
        cv2.fillPoly(sheets.missing, [sheets.px(ring)], [255], cv2.LINE_AA, SUBPIXEL_BITS)
        if rng.random() < 0.6:
            thick = max(1, round(float(rng.uniform(0.25, 0.9)) / sheets.pixel_um))
            points = [sheets.px(middle - across * 0.3)]
            paint = int(rng.uniform(15, 120))
            cv2.polylines(sheets.dark, points, False, [paint], thick, cv2.LINE_AA, SUBPIXEL_BITS)
        point = point + along * length
        corners.append(point)
        heading += float(rng.choice([-1, 1])) * float(rng.uniform(0.7, 2.3))
    if rng.random() < 0.3:
        flap = [sheets.px(np.array(corners[:3]))]
        cv2.fillPoly(sheets.folds, flap, [int(rng.uniform(15, 90))], cv2.LINE_AA, SUBPIXEL_BITS)


def _start(rng: np.random.Generator, sheets: Sheets) -> tuple[float, float, float]:
    """A place and a heading: along a bar or near a corner two times in three."""
    hx, hy = sheets.half_um
    x, y = float(rng.uniform(-hx, hx)), float(rng.uniform(-hy, hy))
    heading = float(rng.uniform(0, pi))
    if rng.random() < 0.65:
        inward = float(rng.uniform(0.0, 3.0))
        tilt = float(rng.normal(0, 0.35))
        if rng.random() < 0.5:
            return float(rng.choice([-1, 1])) * (hx - inward), y, pi / 2 + tilt
        return x, float(rng.choice([-1, 1])) * (hy - inward), tilt
    return x, y, heading
