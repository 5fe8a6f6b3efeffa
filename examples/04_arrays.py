# %% [markdown]
# # Arrays, without any network
#
# Concepts and units are arrays of truth values. Where they come from is up to you: NumPy, JAX,
# TensorFlow, a recording of nerve cells. Here the truth is known, so the answers can be checked.

# %%
import numpy as np

import andornot

rng = np.random.default_rng(0)
names = ["water", "river", "blue", "boat", "tree", "grass"]
masks = rng.random((6, 80, 6, 6)) < 0.25  # 6 concepts on 80 images of 6 x 6 positions
noise = rng.random(masks[0].shape)

units = np.stack(
    [
        (masks[0] | masks[1]) & ~masks[2],  # (water or river) but not blue
        (masks[3] & (noise < 0.6)) | (noise > 0.98),  # mostly boats, and a bit of anything
        noise < 0.05,  # anything
    ]
)

# %%
folds = np.arange(80) % 5
concepts = andornot.ConceptTable.from_masks(masks, names, folds=folds)
result = andornot.explain(units, concepts, length=3)
result = andornot.assess(result, units, concepts, length=3)
print("unit  verdict  held out  by chance  p      formula")
for e in result:
    chance = e.trust.held_out_chance
    print(
        f"{e.unit:4}  {e.verdict!s:7}  {e.trust.held_out_iou:8.3f}  {chance.iou:9.3f}  "
        f"{chance.p_value:.3f}  {e.shown.formula}"
    )

# %% [markdown]
# The third unit gets a formula, too. It is no better than what chance gives, and the verdict says
# so.
#
# Each explanation carries the best formula of each length, and a proof:

# %%
e = result[0]
for scored in e.best_by_length:
    print(f"{scored.iou:.3f}  {scored.formula}")
print("proven:", e.certificate.proven, "- no formula of any length exceeds", e.certificate.ceiling)

# %%
print(andornot.score("water AND NOT blue", units[0], concepts).scores())
