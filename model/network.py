"""XCryoNet (Xu, Timm, Elhabian, MICCAI 2020, figure 2): primary, attribute, fusion branches."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.blocks import (
    ATTRIBUTES,
    AttributeHead,
    Decoder,
    FeatureNetwork,
    OverallHead,
    Standardised,
    pool,
)
from model.config import NetworkConfig
from model.measured import MEASURES, brightest, measure, measured_brightness

ATTENDED = ("cracking", "contamination")
"""The attributes that have an attention map and a branch, in the order of every map tensor."""

_LIT = 0.25
_SHARE_FLOOR = 2e-4
_COMMON_PITCH_UM = 85.0
_DARKEST_SCALED = 0.1


@dataclass(frozen=True)
class Scores:
    """What a pair of heads says: attributes (n, 4), overall (n,), log variances (n, 5) or None."""

    attributes: Tensor
    overall: Tensor
    log_variance: Tensor | None = None

    def stacked(self) -> Tensor:
        """Brightness, squareness, cracking, contamination, overall: (n, 5)."""
        return torch.cat([self.attributes, self.overall[:, None]], dim=1)


@dataclass(frozen=True)
class Branches:
    """Everything one forward pass computes.

    Attributes:
        features: rectified primary features, (n, c, h, w).
        attention_logits: maps before the sigmoid, (n, 2, h, w), or None without attention.
        weighted: attention-weighted inputs, one (n, 1, size, size) per attended attribute.
        attended_features: rectified features of each attribute branch, (n, c', h, w).
        attended_scores: each attribute branch's score of its own attribute, (n, 2), or None.
        primary: scores of the primary branch.
        final: scores of the fusion branch, alone or their mean with the primary's; the primary's
            without attention.
    """

    features: Tensor
    attention_logits: Tensor | None
    weighted: tuple[Tensor, ...]
    attended_features: tuple[Tensor, ...]
    attended_scores: Tensor | None
    primary: Scores
    final: Scores

    def float(self) -> "Branches":
        """All of it in float32, as losses want it."""

        def full(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.float()

        def scores(of: Scores) -> Scores:
            return Scores(of.attributes.float(), of.overall.float(), full(of.log_variance))

        return Branches(
            self.features.float(),
            full(self.attention_logits),
            tuple(w.float() for w in self.weighted),
            tuple(f.float() for f in self.attended_features),
            full(self.attended_scores),
            scores(self.primary),
            scores(self.final),
        )


def mean_scores(fused: Scores, primary: Scores) -> Scores:
    """Mean of both, with the fusion's variances; the primary's heads learn nothing from it."""
    return Scores(
        (fused.attributes + primary.attributes.detach()) / 2,
        (fused.overall + primary.overall.detach()) / 2,
        fused.log_variance,
    )


class ScoreHeads(nn.Module):
    """A pair of heads: pooled features to the four attributes, and these to overall."""

    def __init__(self, inputs: int, config: NetworkConfig, *, uncertainty: bool) -> None:
        super().__init__()
        seen = inputs if config.overall_sees_features else 0
        self.attributes = AttributeHead(inputs, config.hidden, len(ATTRIBUTES))
        self.overall = OverallHead(seen, config.hidden)
        self.log_variance = (
            AttributeHead(inputs, config.hidden, len(ATTRIBUTES) + 1) if uncertainty else None
        )
        self._sees_features = config.overall_sees_features

    def forward(self, pooled: Tensor) -> Scores:
        """(n, inputs) to scores."""
        attributes = self.attributes(pooled)  # (n, 4)
        seen = pooled if self._sees_features else pooled[:, :0]
        variance = None if self.log_variance is None else self.log_variance(pooled) - 4.0
        return Scores(attributes, self.overall(attributes, seen), variance)


class Attention(nn.Module):
    """Maps before their sigmoid: channel-wise maxima, on a learnt scale where graded.

    The scale starts where a defect is rare: a map near 0.05 in most places.
    """

    def __init__(self, *, graded: bool) -> None:
        super().__init__()
        slope, shift = (2.0, -6.0) if graded else (1.0, 0.0)
        shape = (1, len(ATTENDED), 1, 1)
        self.slope = nn.Parameter(torch.full(shape, slope), requires_grad=graded)
        self.shift = nn.Parameter(torch.full(shape, shift), requires_grad=graded)

    def forward(self, raw: Tensor) -> Tensor:
        """Unrectified primary features (n, c, h, w) to (n, 2, h, w)."""
        return self.slope * attention_logits(raw) + self.shift


class AttributeBranch(nn.Module):
    """Scores one attribute from its attention-weighted input, and reconstructs that input."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        channels = config.attribute.channels[1]
        shares = 2 if config.share_pooling else 0
        self.encoder = FeatureNetwork(config.attribute)
        self.head = AttributeHead(channels * len(config.pooling) + shares, config.hidden, 1)
        self.decoder = Decoder(channels, config.decoder_channels, config.attribute.stride)

    def encode(self, weighted: Tensor) -> Tensor:
        """(n, 1, size, size) to rectified features (n, c', h, w)."""
        return torch.relu(self.encoder(weighted))

    def reconstruct(self, weighted: Tensor) -> Tensor:
        """Give the decoder's image of the weighted input, (n, 1, size, size)."""
        return torch.as_tensor(self.decoder(self.encode(weighted)))


class XCryoNet(nn.Module):
    """The whole network. Fusion reads features detached: its loss trains its heads alone."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.shares = (len(ATTENDED) + 1) if config.share_pooling and config.attention else 0
        pooled = config.primary.channels[1] * len(config.pooling)
        pooled += 2 if config.pitch_input else 0
        pooled += 1 if config.brightness_input else 0
        pooled += MEASURES if config.measured_input else 0
        self.standardised = Standardised(MEASURES) if config.measured_input else None
        self.primary = FeatureNetwork(config.primary, inputs=2 if config.own_contrast else 1)
        self.primary_heads = ScoreHeads(
            pooled + self.shares, config, uncertainty=config.uncertainty and not config.attention
        )
        self.primary_decoder = Decoder(
            config.primary.channels[1], config.decoder_channels, config.primary.stride
        )
        self.attention = Attention(graded=config.graded_attention)
        self.branches = nn.ModuleDict()
        self.fusion: ScoreHeads | None = None
        if config.attention:
            self.branches.update({name: AttributeBranch(config) for name in ATTENDED})
            pooled += len(ATTENDED) * config.attribute.channels[1] * len(config.pooling)
            self.fusion = ScoreHeads(pooled + self.shares, config, uncertainty=config.uncertainty)

    def branch(self, name: str) -> AttributeBranch:
        """Get the branch of an attended attribute."""
        branch = self.branches[name]
        assert isinstance(branch, AttributeBranch)
        return branch

    def forward(
        self, x: Tensor, pitch_um: Tensor | None = None, measured: Tensor | None = None
    ) -> Branches:
        """Score a batch.

        Args:
            x: (n, 1, size, size), `preprocess.network_input`.
            pitch_um: the grid's mesh pitch, (n,), NaN where unknown; None: unknown for all.
            measured: `measured.measure` of x, where the caller has it already.
        """
        seen = torch.cat([x, scaled_to_own(x)], dim=1) if self.config.own_contrast else x
        raw = self.primary(seen)  # (n, c, h, w)
        features = torch.relu(raw)
        told = [self._pitches(x, pitch_um)]
        if self.config.brightness_input:
            told.append(measured_brightness(x) - 2.0)
        if self.standardised is not None:
            told.append(self.standardised(measure(x) if measured is None else measured))
        pooled = torch.cat([pool(features, self.config.pooling), *told], dim=1)
        if self.fusion is None:
            primary = self.primary_heads(pooled)
            return Branches(features, None, (), (), None, primary, primary)
        logits = self.attention(raw)  # (n, 2, h, w)
        shares = self._shares(x, logits)  # (n, 3) or (n, 0)
        primary = self.primary_heads(torch.cat([pooled, shares], dim=1))
        weighted = self._weighted(x, logits)
        attended = tuple(self.branch(n).encode(w) for n, w in zip(ATTENDED, weighted, strict=True))
        attended_pooled = [pool(f, self.config.pooling) for f in attended]
        scores = [
            self.branch(name).head(torch.cat([p, self._own_shares(shares, i)], dim=1))
            for i, (name, p) in enumerate(zip(ATTENDED, attended_pooled, strict=True))
        ]
        fused = self.fusion(torch.cat([pooled, *attended_pooled, shares], dim=1).detach())
        return Branches(
            features,
            logits,
            weighted,
            attended,
            torch.cat(scores, dim=1),
            primary,
            mean_scores(fused, primary) if self.config.both_heads else fused,
        )

    def _weighted(self, x: Tensor, logits: Tensor) -> tuple[Tensor, ...]:
        """Inputs of the attribute branches: map times image, each (n, 1, size, size)."""
        large = functional.interpolate(
            logits, size=x.shape[-2:], mode="bilinear", align_corners=False
        )
        maps = torch.sigmoid(large)  # (n, 2, size, size)
        dark = 1.0 - x if self.config.dark_contamination else x
        return maps[:, :1] * x, maps[:, 1:] * dark

    def _pitches(self, x: Tensor, pitch_um: Tensor | None) -> Tensor:
        """Whether the mesh pitch is known, and its logarithm about the commonest; (n, 2)."""
        if not self.config.pitch_input:
            return x.new_zeros((len(x), 0))
        if pitch_um is None:
            return x.new_zeros((len(x), 2))
        known = torch.isfinite(pitch_um)
        relative = torch.where(known, pitch_um, _COMMON_PITCH_UM) / _COMMON_PITCH_UM
        return torch.stack([known.to(x.dtype), 3.0 * torch.log(relative).to(x.dtype)], dim=1)

    def _shares(self, x: Tensor, logits: Tensor) -> Tensor:
        """Log shares of the crop that the maps mark and that is lit: ratios become differences."""
        if not self.shares:
            return x.new_zeros((len(x), 0))
        lit = torch.sigmoid((x - _LIT) / 0.05).mean((1, 2, 3))[:, None]  # (n, 1)
        marked = torch.sigmoid(logits).mean((2, 3))  # (n, 2)
        return torch.log(torch.cat([marked, lit], dim=1) + _SHARE_FLOOR)

    def _own_shares(self, shares: Tensor, index: int) -> Tensor:
        """What one attribute's head sees of them: its own map's share and the lit one, (n, 2)."""
        return shares[:, [index, 2]] if self.shares else shares


def attention_logits(raw: Tensor) -> Tensor:
    """Maximum over each half of the primary's channels (paper, attention guidance).

    Args:
        raw: unrectified primary features, (n, c, h, w): rectified ones would keep every map
            above one half.

    Returns:
        (n, 2, h, w), cracking and contamination; maps in (0, 1) after a sigmoid.
    """
    half = raw.shape[1] // 2
    return torch.stack([raw[:, :half].amax(1), raw[:, half:].amax(1)], dim=1)


def scaled_to_own(x: Tensor) -> Tensor:
    """Scale each crop so that its brightest part is 1, unless all of it is as dark as bars.

    Args:
        x: (n, 1, size, size), `preprocess.network_input`.
    """
    return x / brightest(x).clamp(min=_DARKEST_SCALED)[:, None, None, None]
