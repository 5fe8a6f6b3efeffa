"""How long each stage takes: on synthetic data of the paper's size, and on real runs."""
