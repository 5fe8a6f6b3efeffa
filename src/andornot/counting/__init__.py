"""From activations to counts: thresholds, masks, and how often a unit fires on each atom.

Activations are arrays or stores of them; the network that gave them is not known here.
"""
