"""What networks are shown: annotated samples of each modality, and their concepts.

All is read without any network: nothing here imports torch.
"""
