"""A network together with its samples, one module for each modality."""
