"""What can be measured in a crop without having learnt it: what of its window is dark or bright.

A network that has seen few grids does not learn to count dirt; from these numbers its heads can.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from model.attributes import BARS_CELLS, BARS_SHARE, LEAST_AREA, MOST_STRAY, NON_ZERO
from model.preprocess import CROP_UM

_BRIGHTEST = 0.02
_LIT = 0.45
_DARK_REACH_UM = (1.3, 3.2, 6.4)
_DARK = (0.06, 0.15, 0.3)
_LOW = (0.6, 0.8, 0.9)
_BRIGHT_REACH_UM = (0.0, 1.9, 3.8)
_BRIGHT = (1.05, 1.12, 1.25)
_BRIGHTER_THAN_FILM = (1.08, 1.2)
_FLAT = (0.015, 0.03, 0.06)
_STEEP = (0.15, 0.4)
_RIM_UM, _INWARD_UM = 1.3, 3.8
_HULL_UM = 13.0
_SPREAD_UM = 4.0
_TINY = 1e-3


def measured_brightness(x: Tensor) -> Tensor:
    """Mean of the non-zero pixels, 0-4, as `attributes.brightness` has it (paper, section 3).

    Args:
        x: (n, 1, size, size), `preprocess.network_input`.

    Returns:
        (n, 1).
    """
    film = x.square().flatten(1)  # (n, size * size)
    lit = film > NON_ZERO + _stray_light(x.square())[:, None]
    count = lit.sum(1)
    mean = (film * lit).sum(1) / count.clamp(min=1)
    enough = count >= LEAST_AREA * film.shape[1]
    return 4.0 * torch.where(enough, mean, 0.0).clamp(max=1.0)[:, None]


def _stray_light(film: Tensor) -> Tensor:
    """What even bars show, as `attributes.stray_light` has it: (n, 1, size, size) to (n,)."""
    cells = functional.adaptive_avg_pool2d(film.float(), BARS_CELLS).flatten(1)
    covered = (cells > 0).sum(1)
    darkest = torch.where(cells > 0, cells, MOST_STRAY).sort(1).values
    place = (BARS_SHARE * (covered - 1).clamp(min=0)).long()
    level = darkest.gather(1, place[:, None])[:, 0].clamp(max=MOST_STRAY)
    return torch.where(covered > 0, level, 0.0)


def brightest(x: Tensor) -> Tensor:
    """Level that only the brightest fiftieth of each crop exceeds: (n, 1, size, size) to (n,)."""
    flat = x.flatten(1)
    return flat.topk(max(int(_BRIGHTEST * flat.shape[1]), 1)).values[:, -1]


@dataclass(frozen=True)
class _View:
    """Crops, and what is their window.

    Attributes:
        film, relative: (n, 1, size, size), film units and in those of the window's level.
        window, inner, core: 1 or 0, (n, 1, size, size): the window, and it without a narrow and a
            wide rim.
        area: of the window in pixels, (n,).
        typical: level of the window, (n,).
        pixel_um: of the crops.
    """

    film: Tensor
    relative: Tensor
    window: Tensor
    inner: Tensor
    core: Tensor
    area: Tensor
    typical: Tensor
    pixel_um: float

    def reach(self, um: float) -> int:
        """Pixels of so many um."""
        return round(um / self.pixel_um)

    def share(self, of: Tensor) -> Tensor:
        """Logarithm of a mask's share of the window, (n,): ratios become differences."""
        return torch.log(_sum(of) / self.area + _TINY)


@torch.no_grad()
def measure(x: Tensor) -> Tensor:
    """Measure each crop's window, whichever way up it is.

    Args:
        x: (n, 1, size, size), `preprocess.network_input`.

    Returns:
        (n, k): levels, the window's size and shape, logarithms of the shares of it that are darker
        than what is around them or than its median, that are brighter than that or than the grid's
        film, and how rough it is.
    """
    film = x.float().square()
    pixel_um = CROP_UM / x.shape[-1]
    narrow, wide, spread = (round(um / pixel_um) for um in (_RIM_UM, _INWARD_UM, _SPREAD_UM))
    closed = [_close(film, round(um / pixel_um)) for um in _DARK_REACH_UM]
    top = brightest(film).clamp(min=0.01)
    window = _middle_part(closed[-1] > _LIT * _each(top), spread)
    inner, core = _erode(window, narrow), _erode(window, wide)
    typical = _median(film, window)
    relative = film / _each(typical)
    view = _View(film, relative, window, inner, core, _area(window), typical, pixel_um)
    parts = (_shape(view, top), _darker(view, closed), _brighter(view), _texture(view))
    return torch.stack([number for part in parts for number in part], dim=1)


def _shape(view: _View, top: Tensor) -> list[Tensor]:
    """Levels of the brightest and of the window, its area, what it fills of its box and hull."""
    window, area = view.window, view.area
    wide, high = window.amax((1, 2)).sum(1).clamp(min=1), window.amax((1, 3)).sum(1).clamp(min=1)
    hull = _sum(_close(window, view.reach(_HULL_UM)))
    return [
        top.sqrt(),
        view.typical.sqrt(),
        torch.log(top / view.typical),
        torch.log(area / window[0].numel()),
        area / (wide * high),
        torch.log(hull / area - 1 + _TINY).nan_to_num(),
    ]


def _darker(view: _View, closed: list[Tensor]) -> list[Tensor]:
    """Shares darker than what is within some reach of them, and than the window's level."""
    found = []
    for level in closed:
        darker = (level - view.film) / _each(view.typical)
        found += [view.share((darker > least) * view.inner) for least in _DARK]
        found.append(view.share((darker > _DARK[1]) * view.core))
    return found + [view.share((view.relative < most) * view.inner) for most in _LOW]


def _brighter(view: _View) -> list[Tensor]:
    """Shares of more than some breadth that are brighter than the window's level, than film."""
    found = []
    for um in _BRIGHT_REACH_UM:
        broad = _open(view.film, view.reach(um))
        relative = broad / _each(view.typical)
        found += [view.share((relative > least) * view.window) for least in _BRIGHT]
        found += [view.share((broad > least) * view.window) for least in _BRIGHTER_THAN_FILM]
    return found


def _texture(view: _View) -> list[Tensor]:
    """How flat or rough the window is, its mean, its slopes inside and at its edge."""
    core, inside, relative = view.core, _area(view.core), view.relative
    mean = _blur(relative)
    rough = (_blur(relative.square()) - mean.square()).clamp(min=0).sqrt()
    fine = (relative - mean) * core
    slope = _slope(relative)
    rim = _dilate(view.window, 1) - _erode(view.window, 1)
    return [
        *(_sum((rough < most) * view.inner) / view.area for most in _FLAT),
        _sum(rough * core) / inside,
        _sum(relative * core) / inside,
        (_sum(fine.square()) / inside).sqrt(),
        (_sum(fine.relu().square()) / inside).sqrt(),
        _sum(slope * core) / inside,
        (slope * core).amax((1, 2, 3)),
        *(view.share((slope > least) * core) for least in _STEEP),
        _sum(slope * rim) / _area(rim),
    ]


def _each(levels: Tensor) -> Tensor:
    return levels[:, None, None, None]


def _sum(of: Tensor) -> Tensor:
    return of.flatten(1).sum(1)


def _area(mask: Tensor) -> Tensor:
    return _sum(mask).clamp(min=16)


def _dilate(x: Tensor, reach: int) -> Tensor:
    """Maximum over a square of 2 `reach` + 1 pixels; widths double, so that wide ones are cheap."""
    if reach == 0:
        return x
    x = functional.pad(x, (reach, reach, reach, reach), value=-torch.inf)
    for dim in (-1, -2):
        width = 1
        while width < 2 * reach + 1:
            step = min(width, 2 * reach + 1 - width)
            length = x.shape[dim] - step
            x = torch.maximum(x.narrow(dim, 0, length), x.narrow(dim, step, length))
            width += step
    return x


def _erode(x: Tensor, reach: int) -> Tensor:
    return -_dilate(-x, reach)


def _close(x: Tensor, reach: int) -> Tensor:
    return _erode(_dilate(x, reach), reach)


def _open(x: Tensor, reach: int) -> Tensor:
    return _dilate(_erode(x, reach), reach)


def _blur(x: Tensor) -> Tensor:
    return functional.avg_pool2d(functional.pad(x, (2, 2, 2, 2), mode="replicate"), 5, 1)


def _slope(x: Tensor) -> Tensor:
    across = functional.pad(x[..., :, 2:] - x[..., :, :-2], (1, 1, 0, 0))
    along = functional.pad(x[..., 2:, :] - x[..., :-2, :], (0, 0, 1, 1))
    return (across.square() + along.square()).sqrt()


def _middle_part(lit: Tensor, reach: int) -> Tensor:
    """What is lit and hangs together with the crop's middle: no window beyond a bar."""
    size = lit.shape[-1]
    lit = lit.float()
    coarse = functional.max_pool2d(lit, 2)
    part = torch.zeros_like(coarse)
    middle = slice(size // 6, coarse.shape[-1] - size // 6)
    part[..., middle, middle] = coarse[..., middle, middle]
    step = max(reach // 2, 1)
    for _ in range(size // 6 // step + 1):
        part = _dilate(part, step) * coarse
    return functional.interpolate(part, size=(size, size)) * lit


def _median(film: Tensor, window: Tensor) -> Tensor:
    """Median of each window at every other pixel, the same ones when turned by half: (n,)."""
    values = torch.where(window > 0, film, torch.inf)
    values = torch.cat([values[..., i::2, i::2].flatten(1) for i in (0, 1)], dim=1)
    ranked = values.sort(dim=1).values
    middle = (torch.isfinite(values).sum(1).clamp(min=1) - 1) // 2
    found = ranked.gather(1, middle[:, None])[:, 0]
    return torch.where(torch.isfinite(found), found, 0.0).clamp(min=0.005)


MEASURES = measure(torch.zeros(1, 1, 32, 32)).shape[1]
"""How many numbers `measure` gives."""
