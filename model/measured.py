"""What can be measured in a crop without having learnt it: what of its window is dark or bright.

A network that has seen few grids does not learn to count dirt; from these numbers its heads can.
"""

import torch
from torch import Tensor
from torch.nn import functional

from model.attributes import LEAST_AREA, NON_ZERO

CROP_UM = 102.4
"""Side of a crop."""

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
    lit = film > NON_ZERO
    count = lit.sum(1)
    mean = (film * lit).sum(1) / count.clamp(min=1)
    enough = count >= LEAST_AREA * film.shape[1]
    return 4.0 * torch.where(enough, mean, 0.0).clamp(max=1.0)[:, None]


def brightest(x: Tensor) -> Tensor:
    """Level that only the brightest fiftieth of each crop exceeds: (n, 1, size, size) to (n,)."""
    flat = x.flatten(1)
    return flat.topk(max(int(_BRIGHTEST * flat.shape[1]), 1)).values[:, -1]


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

    def reach(um: float) -> int:
        return round(um / pixel_um)

    top = brightest(film).clamp(min=0.01)
    closed = {um: _close(film, reach(um)) for um in _DARK_REACH_UM}
    window = _middle_part(closed[_DARK_REACH_UM[-1]] > _LIT * _each(top), reach(_SPREAD_UM))
    inner, core = _erode(window, reach(_RIM_UM)), _erode(window, reach(_INWARD_UM))
    area, inside = _area(window), _area(core)
    typical = _median(film, window)
    relative = film / _each(typical)

    def share(of: Tensor) -> Tensor:
        return torch.log(_sum(of) / area + _TINY)

    wide, high = window.amax((1, 2)).sum(1).clamp(min=1), window.amax((1, 3)).sum(1).clamp(min=1)
    found = [
        top.sqrt(),
        typical.sqrt(),
        torch.log(top / typical),
        torch.log(area / window[0].numel()),
        area / (wide * high),
        torch.log(_sum(_close(window, reach(_HULL_UM))) / area - 1 + _TINY).nan_to_num(),
    ]
    for level in closed.values():
        darker = (level - film) / _each(typical)
        found += [share((darker > least) * inner) for least in _DARK]
        found.append(share((darker > _DARK[1]) * core))
    found += [share((relative < most) * inner) for most in _LOW]
    for um in _BRIGHT_REACH_UM:
        broad = _open(film, reach(um))
        found += [share((broad > least * _each(typical)) * window) for least in _BRIGHT]
        found += [share((broad > least) * window) for least in _BRIGHTER_THAN_FILM]
    mean = _blur(relative)
    rough = (_blur(relative.square()) - mean.square()).clamp(min=0).sqrt()
    found += [_sum((rough < most) * inner) / area for most in _FLAT]
    found += [_sum(rough * core) / inside, _sum(relative * core) / inside]
    fine = (relative - mean) * core
    found += [(_sum(fine.square()) / inside).sqrt(), (_sum(fine.relu().square()) / inside).sqrt()]
    slope = _slope(relative)
    found += [_sum(slope * core) / inside, (slope * core).amax((1, 2, 3))]
    found += [share((slope > least) * core) for least in _STEEP]
    rim = _dilate(window, 1) - _erode(window, 1)
    found.append(_sum(slope * rim) / _area(rim))
    return torch.stack(found, dim=1)


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
    return torch.hypot(across, along)


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
