"""# A classifier of single sentences

Does a sentence come from a weblog, a newsgroup, an email, a review, an answer? A small network
learns it from CoNLL-U whose documents are named for their genre, as those of English-EWT (Universal
Dependencies) are. Its units are explained by words, lemmas, tags, features and length, and what the
formulas say is tried on the sentences themselves.

    python examples/07_one_sentence.py en_ewt-ud-train.conllu en_ewt-ud-dev.conllu genres

The network is kept in `genres.pt` where you are, so that `andornot` finds it again by
`examples/07_one_sentence.py:trained`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import andornot
from andornot.data.sentences.open_single import open_single
from andornot.data.sentences.single import SentenceData
from andornot.edits import AttackOptions, attack
from andornot.models.sentences import RecordedPairs, accuracy
from andornot.models.weights import fingerprint

FILE = Path("genres.pt")
EPOCHS, BATCH, UNITS, PRICE = 5, 64, 48, 0.005
PAD, UNKNOWN = 0, 1


class Net(nn.Module):
    """Embeddings, features of three words, the largest value of each, and units before classes."""

    def __init__(self, n_words: int, n_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_words, 48, padding_idx=PAD)
        self.features = nn.Conv1d(48, 96, 3, padding=1)
        self.hidden = nn.Linear(96, UNITS)
        self.units = nn.ReLU()
        self.head = nn.Linear(UNITS, n_classes)

    def forward(self, rows: Tensor) -> Tensor:
        """Logits of sentences, rows of numbers of words."""
        words = nn.functional.dropout(self.embedding(rows), 0.3, self.training)
        features = self.features(words.transpose(1, 2))
        largest = features.masked_fill((rows == PAD)[:, None], -9.0).amax(2)
        logits: Tensor = self.head(self.units(self.hidden(largest)))
        return logits


class Genres:
    """The network with its words and classes, as andornot asks for a classifier."""

    layers = ("units",)

    def __init__(self, words: list[str], class_names: list[str]) -> None:
        self.words, self.class_names = words, class_names
        self._rows = {word: row for row, word in enumerate(words, UNKNOWN + 1)}
        self.module = Net(len(words) + 2, len(class_names))

    @property
    def fingerprint(self) -> str:
        """Changes with the weights and the words."""
        return fingerprint(self.module, repr((self.words, self.class_names)).encode())

    def record(self, sentences: Sequence[Any], layers: Sequence[str]) -> RecordedPairs:
        """What the units and the classes say of sentences."""
        found: list[Tensor] = []
        self.module.eval()
        hook = self.module.units.register_forward_hook(lambda _m, _i, out: found.append(out))
        with hook, torch.no_grad():
            logits = self.module(self.encoded(sentences))
        values = found[0].numpy()[:, :, None, None]
        return RecordedPairs(dict.fromkeys(layers, values), logits.numpy())

    def encoded(self, sentences: Sequence[Any]) -> Tensor:
        """Sentences as rows of numbers of words, filled up at the end."""
        rows = [[self._rows.get(w, UNKNOWN) for w in s.words] for s in sentences]
        longest = max(map(len, rows))
        return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def train(data: SentenceData, seed: int = 0) -> Genres:
    """Learn the genre of sentences, on the CPU."""
    torch.manual_seed(seed)
    counts = Counter(word for one in data.samples for word in one.words)
    model = Genres([word for word, n in counts.most_common() if n > 1], list(data.labels))
    labels = torch.tensor([data.labels.index(one.label) for one in data.samples])
    fired: list[Tensor] = []
    optimizer = torch.optim.Adam(model.module.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        model.module.train()
        for chosen in torch.randperm(len(data)).split(BATCH):
            with model.module.units.register_forward_hook(lambda _m, _i, out: fired.append(out)):
                logits = model.module(model.encoded([data.samples[i] for i in chosen]))
            loss = nn.functional.cross_entropy(logits, labels[chosen])
            loss = loss + PRICE * fired.pop().mean(0).sum()  # so a unit is silent on most sentences
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        print(f"epoch {epoch + 1}: loss of the last batch {loss.item():.2f}")
    return model


def trained() -> Genres:
    """The network in `genres.pt`."""
    kept = torch.load(FILE, weights_only=True)
    model = Genres(kept["words"], kept["classes"])
    model.module.load_state_dict(kept["weights"])
    return model


def main(train_file: str, held_out_file: str, out: str) -> None:
    """Train, explain on sentences that the network has not seen, and attack."""
    model = train(open_single(f"sentences:{train_file}"))
    kept = {"words": model.words, "classes": model.class_names}
    torch.save({**kept, "weights": model.module.state_dict()}, FILE)
    held_out = open_single(f"sentences:{held_out_file}")
    print(f"right on {accuracy(model, held_out.samples):.0%} of {len(held_out):,} new sentences")

    run = andornot.dissect(f"{__file__}:trained", layer="units", data=held_out, out=out, length=3)
    weights = run.class_weights("units")
    for e in run.result().best(10):
        favourite = max(weights, key=lambda name: weights[name][e.unit])
        print(f"unit {e.unit:>2}, for {favourite:<10} {e.verdict:<8} {e.shown.formula}")

    options = AttackOptions(n_edits=3, n_controls=5)
    found = attack(run, "email", "reviews", model=model, options=options)
    for sentence in found.sentences:
        print(f"- {sentence}")
    for example in found.examples[:3]:
        print(f"{example.before.text}\n  -> {example.after.text}: {example.answer}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
