# %% [markdown]
# # A classifier of sentence pairs
#
# Three classes: does the first sentence entail the second, contradict it, or neither? The pairs are
# written by a grammar with the habits of hurried annotators. The units of a small classifier that
# was trained on them say which habits it has picked up.

# %%
from pathlib import Path
from tempfile import mkdtemp

import andornot
from andornot.demo.text.net import LAYER, train
from andornot.demo.text.world import draw_pairs
from andornot.models.sentences import accuracy
from andornot.probes.pairs import Words

out = Path(mkdtemp())
model = train(draw_pairs(1200, split="train"), steps=100)
held_out = draw_pairs(1200, split="val")
traps = draw_pairs(300, seed=1, traps=1.0)
print(f"right on {accuracy(model, held_out.pairs):.0%} of held-out pairs")
print(f"right on {accuracy(model, traps.pairs):.0%} of pairs where the habits mislead")

# %%
run = andornot.dissect(
    model,
    layer=LAYER,
    data=held_out,
    out=out / "run",
    words=Words(n_words=100),
    relations={"DENIAL": {"hyp:nobody": ["hyp:nobody", "hyp:no", "hyp:nothing", "hyp:not"]}},
    length=3,
    penalty=0.98,  # each further concept has to raise the score by 2 %
)

# %% [markdown]
# Each unit with the class that it speaks for most. `hyp:` is a word of the second sentence.

# %%
weights = run.class_weights(run.layers[0])
for e in run.result().best(8):
    if e.formula is None:
        continue
    favourite = max(weights, key=lambda name: weights[name][e.unit])
    out, chance = e.trust.held_out_iou, e.trust.held_out_chance.iou
    print(f"{favourite:<14} held out {out:.2f} (by chance {chance:.2f})  {e.shown.formula}")
