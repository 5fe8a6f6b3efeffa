"""How the activations in ``tests/golden`` were recorded; run by hand, from the repository's root.

    python tests/support/golden_record.py             # both demos, which are trained first
    python tests/support/golden_record.py ../shared/data    # the real slices too

Anew recorded activations differ from those that lie there, for training and forward passes hang on
the machine; so after it ``ANDORNOT_WRITE_GOLDEN=1`` has to write all that the net pins anew.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from andornot.data.images.open import open_data
from andornot.data.sentences.open import open_pairs
from andornot.demo.text import net as text_net
from andornot.demo.text.world import draw_pairs
from andornot.demo.vision import net as vision_net
from andornot.demo.vision.world import draw_world
from andornot.models import Preprocessing, Recorder, image_batches, load_model
from andornot.models.sentences import EntailmentNet, PairClassifier, Vocabulary, load_pair_model

HERE = Path(__file__).parents[1] / "golden"
PICTURES, PAIRS, TOKEN_PAIRS = 80, 300, 90
PICTURE_UNITS, PAIR_UNITS, TOKEN_UNITS = 9, 14, 8
REAL_IMAGES, REAL_UNITS, REAL_PAIRS = 60, 16, 400
REAL_LAYER, REAL_PAIR_LAYER = "features", "mlp.1"
KEPT_BITS = 7


def small(values: np.ndarray) -> np.ndarray:
    """As float16 with a short mantissa, which packs well; ties among values are welcome."""
    bits = values.astype(np.float16).view(np.uint16)
    return (bits & np.uint16(0xFFFF << (10 - KEPT_BITS) & 0xFFFF)).view(np.float16)


def spread(n: int, among: int) -> list[int]:
    return np.linspace(0, among - 1, n).astype(int).tolist()


def halved(module: torch.nn.Module) -> dict[str, np.ndarray]:
    """Round all weights to float16, and give them so; a forward pass still is in float32."""
    state = module.state_dict()
    rounded = {
        name: value.detach().cpu().numpy().astype(np.float16) for name, value in state.items()
    }
    module.load_state_dict({name: torch.from_numpy(v).float() for name, v in rounded.items()})
    return {f"state {name}": value for name, value in rounded.items()}


def maps_of(module: torch.nn.Module, layer: str, batches) -> tuple[np.ndarray, np.ndarray]:
    with Recorder(module, [layer], device="cpu", logits=True) as recorder:
        found = [recorder.record(batch) for _, batch in batches]
    maps = np.concatenate([r.activations[layer] for r in found])
    return maps, np.concatenate([r.logits for r in found])


def demo_maps(net: torch.nn.Module, some) -> tuple[np.ndarray, np.ndarray]:
    """Maps of all units, and logits."""
    batches = image_batches(some, vision_net.PREPROCESSING, 32, 0)
    return maps_of(net, vision_net.LAYER, batches)


def demo_values(model: PairClassifier, pairs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of all units at pairs, those at the tokens of the first pairs, and logits."""
    found = model.record(pairs, [text_net.LAYER])
    (layer,) = model.token_layers
    states = model.record_tokens(pairs[:TOKEN_PAIRS], [layer])[layer]
    values = found.activations[text_net.LAYER][:, :, 0, 0]
    return values, np.concatenate(states), found.logits


def record_pictures() -> None:
    """The demo of pictures; one more unit is dead."""
    world = draw_world(1500, 0)
    net = vision_net.train(world, 0)
    state = halved(net)
    some = world.split("val").subset(range(PICTURES))
    maps, logits = demo_maps(net, some)
    units = sorted(np.argsort(-maps.max((0, 2, 3)), kind="stable")[:PICTURE_UNITS].tolist())
    chosen = np.concatenate([maps[:, units], np.zeros_like(maps[:, :1])], axis=1)
    widest = max(table.shape[1] for table in some.tables)
    tables = np.zeros((len(some), 4, widest), np.uint8)
    for i, table in enumerate(some.tables):
        tables[i, :, : table.shape[1]] = table
    np.savez_compressed(
        HERE / "vision_demo.npz",
        maps=small(chosen),
        units=units,
        logits=small(logits),
        head=small(net.head.weight.detach().numpy()[:, [*units, units[0]]]),
        shapes=some.shapes,
        tables=tables,
        scenes=np.array(some.scenes, np.int16),
        classes=np.array(some.classes),
        splits=np.array(some.splits),
        ids=np.array(some.sample_ids),
        names=np.array(world.names),
        categories=np.array([";".join(kinds) for kinds in world.categories]),
        **state,  # type: ignore[arg-type]
    )


def record_texts() -> None:
    """The demo of sentences: values of pairs, and of tokens."""
    model = text_net.train(draw_pairs(9000, 0, split="train"), 0)
    state = halved(model.module)
    data = draw_pairs(9000, 0, split="val").subset(range(PAIRS))
    values, tokens, logits = demo_values(model, data.pairs)
    units = sorted(np.argsort(-(values > 0).mean(0), kind="stable")[:PAIR_UNITS].tolist())
    token_units = spread(TOKEN_UNITS, tokens.shape[1])
    last: Any = model.module.mlp[-1]
    weight = last.weight.detach().numpy()
    np.savez_compressed(
        HERE / "text_demo.npz",
        pairs=small(values[:, units]),
        units=units,
        tokens=small(tokens[:, token_units]),
        token_units=token_units,
        logits=small(logits),
        head=small(weight[:, units]),
        words=np.array(model.vocabulary.words),
        **state,  # type: ignore[arg-type]
    )
    with (HERE / "text_demo.tsv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, delimiter="\t", lineterminator="\n")
        rows.writerow(("premise", "premise_tags", "hypothesis", "hypothesis_tags", "label"))
        for pair in data.pairs:
            texts = ((" ".join(s.tokens), " ".join(s.tags or ())) for s in pair.sentences)
            rows.writerow((*(cell for text in texts for cell in text), pair.label))


def real_maps(shared: Path, n_images: int = REAL_IMAGES) -> tuple[np.ndarray, tuple[str, ...]]:
    """Maps of all units on the first of the real pictures, and the pictures' ids."""
    weights = shared / "vision" / "weights" / "squeezenet1_0_imagenet.pt"
    data = open_data(f"broden:{shared / 'vision' / 'broden_mini'}", limit=REAL_IMAGES)
    module = load_model("torchvision:squeezenet1_0", weights).module
    some = data.subset(range(n_images))
    batches = image_batches(some, Preprocessing.preset("imagenet", 112, 112), 20, 0)
    return maps_of(module, REAL_LAYER, batches)[0], some.sample_ids


def real_values(shared: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Values of all units at real pairs, and the pairs' ids."""
    nli = shared / "nli"
    data = open_pairs(f"pairs:{nli / 'snli_1.0_dev.feats'}", limit=REAL_PAIRS, tagger=None)
    model = load_pair_model(str(nli / "nli_bilstm.pt"), device="cpu")
    found = model.record(data.pairs, [REAL_PAIR_LAYER])
    return found.activations[REAL_PAIR_LAYER][:, :, 0, 0], data.sample_ids


def record_real(shared: Path) -> None:
    maps, ids = real_maps(shared)
    units = spread(REAL_UNITS, maps.shape[1])
    np.savez_compressed(
        HERE / "vision_real.npz", maps=small(maps[:, units]), units=units, ids=np.array(ids)
    )
    values, ids = real_values(shared)
    often = np.flatnonzero((values > 0).mean(0) >= 0.03)
    units = often[spread(min(30, len(often)), len(often))]
    np.savez_compressed(
        HERE / "text_real.npz", pairs=small(values[:, units]), units=units, ids=np.array(ids)
    )


# --- the stored networks again ------------------------------------------------------------------


def stored_state(name: str) -> dict[str, torch.Tensor]:
    """The weights of a demo's network; they lie beside its activations."""
    with np.load(HERE / f"{name}.npz") as file:
        named = {key.partition(" ")[2]: file[key] for key in file.files if key[:6] == "state "}
    return {key: torch.from_numpy(value).float() for key, value in named.items()}


def demo_maps_again(count: int) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Maps, logits and ids of the first held-out pictures, of a world painted anew."""
    net = vision_net.DemoNet()
    net.load_state_dict(stored_state("vision_demo"))
    some = draw_world(8 * count, 0).split("val").subset(range(count))
    return (*demo_maps(net.eval(), some), some.sample_ids)


def demo_values_again() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with np.load(HERE / "text_demo.npz") as file:
        words = Vocabulary(tuple(file["words"].tolist()))
    net = EntailmentNet(text_net.CONFIG, len(words), words.padding)
    net.load_state_dict(stored_state("text_demo"))
    data = open_pairs(f"pairs:{HERE / 'text_demo.tsv'}", tagger=None)
    return demo_values(PairClassifier(net, words, "cpu"), data.pairs)


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:2]):
        record_real(folder)
    record_pictures()
    record_texts()
