"""How well a formula fits a unit: scores from counts or sums of activations, and what they tell."""
