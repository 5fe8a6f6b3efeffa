# %% [markdown]
# # A vision transformer
#
# Units of a transformer have a value at each patch. The class token is set aside, and the patches
# are laid out as a map again. The network here is small and untrained, so that nothing has to be
# downloaded: its units answer to colours, as random weights do.

# %%
from pathlib import Path
from tempfile import mkdtemp

import torch

import andornot
from andornot.counting.thresholds import Threshold
from andornot.demo.vision.world import draw_world
from andornot.models import Preprocessing, list_layers, load_model
from andornot.models.from_hf import import_transformers

out = Path(mkdtemp())
transformers = import_transformers()
transformers.utils.logging.disable_progress_bar()

# %%
torch.manual_seed(0)
config = transformers.ViTConfig(
    image_size=48,
    patch_size=8,
    hidden_size=24,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=24,
    num_labels=9,
)
transformers.ViTForImageClassification(config).save_pretrained(out / "vit")
loaded = load_model(f"hf:{out / 'vit'}")
for layer in list_layers(loaded.module, torch.zeros(1, 3, 48, 48)):
    if "mlp" in layer.path:
        print(f"{layer.path:<30} gives {layer.shape}: {layer.units} units, map {layer.grid}")

# %%
run = andornot.dissect(
    loaded,
    layer="vit.layers.0.mlp.fc1",
    data=draw_world(66),
    out=out / "run",
    preprocessing=Preprocessing.preset("half", 48, 48),
    threshold=Threshold(0.05),
    length=2,
)
for e in run.result().best(6):
    chance = e.trust.held_out_chance
    print(f"{e}, by chance {chance.iou:.3f}, p = {chance.p_value:.3f}")

# %% [markdown]
# A low p-value does not mean that a unit has *learned* anything: these have not. It means that it
# does not fire anywhere at random. Compare with an untrained network of the same kind
# (`andornot explain --random-weights`) before you say that training made a unit.
