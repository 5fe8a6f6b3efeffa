"""What networks are shown: annotated samples of each modality, and their concepts."""
