"""An exponential moving average of a network's weights (mean teacher, Tarvainen and Valpola)."""

import copy

import torch

from model.network import XCryoNet


class Average:
    """A slow copy of a network: parameters averaged, batch normalisation's buffers too."""

    def __init__(self, network: XCryoNet, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        self._decay = decay

    @torch.no_grad()
    def update(self, network: XCryoNet, step: int) -> None:
        """Move towards the network; early steps move faster, so that the start is forgotten.

        Args:
            network: just stepped.
            step: 0-based.
        """
        keep = min(self._decay, (1 + step) / (10 + step))
        new = network.state_dict()
        for name, slow in self.network.state_dict().items():
            if slow.is_floating_point():
                slow.lerp_(new[name], 1.0 - keep)
            else:
                slow.copy_(new[name])
