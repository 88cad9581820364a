"""The pieces that XCryoNet is put together from: ResBlocks, feature network, decoder, heads."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model.config import FeatureConfig, Pooling

ATTRIBUTES = ("brightness", "squareness", "cracking", "contamination")
"""The four attributes, in the order of every attribute tensor."""

_REMEMBERED = 1000
_LEAST_VARIANCE = 1e-4


class ConvNorm(nn.Module):
    """A convolution without bias and its batch normalisation (a running one when scoring)."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, padding, dilation=dilation, bias=False
        )
        self.norm: nn.Module = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and normalise: (n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        return torch.as_tensor(self.norm(self.conv(x)))


class ResidualUnit(nn.Module):
    """Two 3x3 convolutions around a skip (He et al. 2016); its output is not yet rectified."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, dilation: int) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, 3, stride=stride, dilation=dilation)
        self.second = ConvNorm(outputs, outputs, 3, dilation=dilation)
        same = inputs == outputs and stride == 1
        # pooled, not strided (He et al. 2019): strided 1x1 convolutions corrupt memory in
        # channels_last for a few channels (torch 2.13, CPU), and drop three quarters of the input
        pooled = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        mixed = nn.Identity() if same else ConvNorm(inputs, outputs, 1)
        self.skip = nn.Sequential(pooled, mixed)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        return torch.as_tensor(self.second(torch.relu_(self.first(x))) + self.skip(x))


class ResBlock(nn.Module):
    """Residual units of growing dilation; the first one strides. The output is not rectified."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, dilations: Sequence[int]) -> None:
        super().__init__()
        units = []
        for index, dilation in enumerate(dilations):
            first = index == 0
            units.append(
                ResidualUnit(
                    inputs if first else outputs,
                    outputs,
                    stride=stride if first else 1,
                    dilation=dilation,
                )
            )
        self.units = nn.ModuleList(units)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) rectified to (n, outputs, h / stride, w / stride) unrectified."""
        for index, unit in enumerate(self.units):
            x = unit(torch.relu(x) if index else x)
        return x


class Context(nn.Module):
    """Tell each place what a small neighbourhood cannot know.

    Bare vacuum and bright film differ by a tenth of their grey: only beside the rest of the crop
    is one told from the other. And a neighbour's defect is none of this square's.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(len(Pooling) * channels, channels)
        self.out = nn.Linear(channels, channels)
        self.distance = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) rectified to the same shape, rectified."""
        whole = self.out(torch.relu(self.hidden(pool(x, tuple(Pooling)))))  # (n, c)
        return torch.relu(x + whole[:, :, None, None] + self.distance * _from_middle(x))


class FeatureNetwork(nn.Module):
    """One convolution and two ResBlocks: a crop to its feature map."""

    def __init__(self, config: FeatureConfig, inputs: int = 1) -> None:
        super().__init__()
        first, second = config.channels
        self.stem = ConvNorm(
            inputs, config.stem_channels, config.stem_kernel, stride=config.stem_stride
        )
        self.block1 = ResBlock(
            config.stem_channels, first, stride=config.strides[0], dilations=config.dilations[0]
        )
        self.context = Context(first) if config.context else nn.Identity()
        self.block2 = ResBlock(
            first, second, stride=config.strides[1], dilations=config.dilations[1]
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, size, size) to (n, channels, size / stride, size / stride), unrectified."""
        x = torch.relu_(self.stem(x))
        x = self.context(torch.relu_(self.block1(x)))
        return torch.as_tensor(self.block2(x))


class Decoder(nn.Module):
    """Two transposed convolutions and a convolution: a feature map back to the branch's input."""

    def __init__(self, inputs: int, channels: int, stride: int) -> None:
        super().__init__()
        coarse = stride // 2
        self.up1 = nn.ConvTranspose2d(inputs, channels, coarse, coarse)
        self.up2 = nn.ConvTranspose2d(channels, channels // 2, 2, 2)
        self.out = nn.Conv2d(channels // 2, 1, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, h, w) rectified features to (n, 1, h * stride, w * stride)."""
        x = torch.relu_(self.up1(features))
        x = torch.relu_(self.up2(x))
        return torch.as_tensor(self.out(x))


def pool(features: Tensor, statistics: Sequence[Pooling]) -> Tensor:
    """Statistics of each channel over the area: (n, c, h, w) to (n, c * len(statistics))."""
    flat = features.flatten(2)  # (n, c, h * w)
    parts = {
        Pooling.MEAN: lambda: flat.mean(2),
        Pooling.MAX: lambda: flat.amax(2),
        # torch.var takes twenty times as long in channels_last (torch 2.13, CPU)
        Pooling.STD: lambda: ((flat - flat.mean(2, keepdim=True)).square().mean(2) + 1e-6).sqrt(),
    }
    return torch.cat([parts[s]() for s in statistics], dim=1)


def _from_middle(x: Tensor) -> Tensor:
    """Distance from the middle along the farther axis, 0 to 1: (h, w) of (n, c, h, w)."""
    rows, columns = (
        torch.linspace(-1.0, 1.0, size, device=x.device, dtype=x.dtype).abs()
        for size in x.shape[-2:]
    )
    return torch.maximum(rows[:, None], columns[None, :])


class AttributeHead(nn.Module):
    """Two fully connected layers from pooled features to attribute scores, centred on 2."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(inputs, hidden)
        self.out = nn.Linear(hidden, outputs)

    def forward(self, pooled: Tensor) -> Tensor:
        """(n, inputs) to (n, outputs) scores, nominally 0 to 4."""
        return torch.as_tensor(2.0 + self.out(torch.relu(self.hidden(pooled))))


class OverallHead(nn.Module):
    """Two fully connected layers from attributes (and features, if any) to the overall score."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(len(ATTRIBUTES) + features, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, attributes: Tensor, features: Tensor) -> Tensor:
        """(n, 4) and (n, features) to (n,), nominally 0 to 4."""
        x = torch.cat([attributes - 2.0, features], dim=1)
        return torch.as_tensor(2.0 + self.out(torch.relu(self.hidden(x)))).squeeze(1)


class Standardised(nn.Module):
    """Numbers on their own scales to mean 0 and deviation 1 of all that training has shown."""

    mean: Tensor
    square: Tensor
    batches: Tensor

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("square", torch.ones(inputs))
        self.register_buffer("batches", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs) to the same shape, within 4 deviations."""
        if self.training:
            with torch.no_grad():
                self.batches += 1
                part = 1.0 / self.batches.clamp(max=_REMEMBERED)
                self.mean.lerp_(x.mean(0), part)
                self.square.lerp_(x.square().mean(0), part)
        deviation = (self.square - self.mean.square()).clamp(min=_LEAST_VARIANCE).sqrt()
        return ((x - self.mean) / deviation).clamp(-4.0, 4.0)


def fuse_norms(module: nn.Module) -> None:
    """Fold each normalisation into its convolution, for scoring: same result, fewer passes."""
    for part in module.modules():
        if isinstance(part, ConvNorm) and isinstance(part.norm, nn.BatchNorm2d):
            part.conv = fuse_conv_bn_eval(part.conv, part.norm)
            part.norm = nn.Identity()
