"""Routes: they know the questions and what they answer with, nothing else."""
