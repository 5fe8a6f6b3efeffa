# %% [markdown]
# # Explain your own CNN
#
# A small network learns to tell painted pictures apart. What do its units look for?
# The pictures come from andornot's demo world; take your own network and folder instead
# (`docs/start/own_network.md` says how to make one).

# %%
from pathlib import Path
from tempfile import mkdtemp

from small_cnn import SIZE, trained

import andornot
from andornot.counting.thresholds import Threshold
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.demo.vision.world import draw_world
from andornot.models import Preprocessing

out = Path(mkdtemp())

# %% [markdown]
# ## A folder of annotated pictures
#
# A picture, a map of objects and a map of colours for each sample. By hand, you would paint these
# maps in an image editor.

# %%
world = draw_world(220)
concepts = {name: ";".join(c) for name, c in zip(world.names, world.categories, strict=True)}


def sample(i: int) -> NewSample:
    objects, parts, colours, _ = world.labels(i).maps
    maps = {"object": objects, "part": parts, "color": colours}
    return NewSample(f"{i:03}", world.image(i), maps, split=world.splits[i], label=world.classes[i])


data = write_labelmaps(out / "pictures", concepts, map(sample, range(len(world))))
print(f"{len(data)} pictures of {len(set(data.classes))} classes, {len(data.names)} concepts")

# %% [markdown]
# ## A network, and its explanation

# %%
learn = world.split("train")
net = trained(learn.rgb, learn.classes)
run = andornot.dissect(
    net,
    layer="high",
    data=data,
    out=out / "run",
    preprocessing=Preprocessing.preset("half", SIZE, SIZE),
    threshold=Threshold(0.02),  # things cover more of these pictures than of photographs
)
run.result()

# %% [markdown]
# Or with the pictures that excite the first units most. Below each picture, masks say where the
# unit is active and where its formula holds. `run.show(UNIT)` shows one unit with more pictures,
# also those on which its formula fails.

# %%
run.gallery(4)

# %% [markdown]
# Each formula is the best of all that have up to three concepts. What it is worth:

# %%
for e in run.result().best(5):
    trust = e.trust
    print(f"unit {e.unit:2}  {e.verdict}: {e.shown.formula}")
    print(
        f"         IoU {e.shown.iou:.3f}, held out {trust.held_out_iou:.3f}, "
        f"by chance {trust.held_out_chance.iou:.3f}, one concept {e.by_length[0]:.3f}"
    )

# %% [markdown]
# Any other formula can be tried, and the whole run can be looked at in a browser:
# `andornot report RUN`.

# %%
best = run.result().best(1)[0]
counts, _ = run.score(best.unit, "red OR roof")
print(f"unit {best.unit}: red OR roof has IoU {counts.iou:.3f}, its own formula {best.iou:.3f}")
