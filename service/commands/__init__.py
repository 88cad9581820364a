"""The commands of the service; each module offers `add_arguments(parser)` and `run(args)`."""
