"""Whether the network can be loaded: weights there, and of the hash that their card says."""

from model.checkpoint import CheckpointError, load_checkpoint
from model.predict import DEFAULT_WEIGHTS
from service.checkup import Finding, Health
from service.settings import Settings


def check_network(settings: Settings) -> Finding:
    """Look at the weights that a worker would load."""
    weights = settings.weights or DEFAULT_WEIGHTS
    try:
        _, card = load_checkpoint(weights)
    except CheckpointError as error:
        return Finding("network", Health.FAILED, str(error))
    return Finding("network", Health.OK, f"model {card.model_id} ({card.name}): hash as its card")
