"""A small language model, trained in two minutes, as a model of sequences.

    python examples/small_language_model.py TEXT_OR_CONLLU small_lm.pt
    SMALL_LM=small_lm.pt andornot explain --model examples/small_language_model.py:model \
        --layer mlp --data conllu:FILE --out small_lm

It reads pieces of words (byte-level BPE, learned from the same text) with an LSTM, and guesses the
next piece. Its layers are ``rnn``, the LSTM's states, and ``mlp``, the ReLU behind them.
Needs the extra ``[hf]``, for its tokenizer.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn

from andornot.data.sequences.document import Extents
from andornot.models.sequences.protocol import Tokens

BEGIN, PIECES, CONTEXT = 0, 2000, 256


class Network(nn.Module):
    """Pieces to logits of the next piece."""

    def __init__(self, pieces: int, width: int = 64, state: int = 128, units: int = 192) -> None:
        super().__init__()
        self.embedding = nn.Embedding(pieces, width)
        self.rnn = nn.LSTM(width, state, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(state, units), nn.ReLU())
        self.out = nn.Linear(units, pieces)

    def layers(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        """Both layers at each piece, ``(windows, pieces, units)``."""
        states, _ = self.rnn(self.embedding(ids))
        return {"rnn": states, "mlp": self.mlp(states)}

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.layers(ids)["mlp"])


class SmallLanguageModel:
    """The network and its tokenizer, with what andornot asks of a model of sequences."""

    layers, context, prefix = ("rnn", "mlp"), CONTEXT, (BEGIN,)

    def __init__(self, tokenizer: Tokenizer, module: Network) -> None:
        self.tokenizer, self.module = tokenizer, module.eval()
        digest = hashlib.sha256(tokenizer.to_str().encode())
        for name, values in module.state_dict().items():
            digest.update(name.encode() + values.numpy().tobytes())
        self.fingerprint = digest.hexdigest()

    def tokenize(self, text: str) -> Tokens:
        found = self.tokenizer.encode(text)
        return Tokens(np.array(found.ids), Extents.of(found.offsets), tuple(found.tokens))

    def record(self, windows, layers):
        padded = nn.utils.rnn.pad_sequence([torch.tensor(ids) for ids in windows], True)
        torch.set_num_threads(1)  # more gain nothing on so small a network
        with torch.no_grad():  # an LSTM that reads forward never sees what fills a row up
            found = self.module.layers(padded)
        return {
            layer: np.concatenate(
                [found[layer][i, : len(ids)].numpy() for i, ids in enumerate(windows)]
            )
            for layer in layers
        }


def model() -> SmallLanguageModel:
    """What was trained, from the file that the environment variable SMALL_LM names."""
    kept = torch.load(os.environ.get("SMALL_LM", "small_lm.pt"), weights_only=True)
    tokenizer = Tokenizer.from_str(kept["tokenizer"])
    module = Network(tokenizer.get_vocab_size())
    module.load_state_dict(kept["weights"])
    return SmallLanguageModel(tokenizer, module)


def texts_of(file: Path) -> list[str]:
    """The documents of a CoNLL-U file, or the paragraphs of a text."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".conllu":
        return text.split("\n\n")
    documents: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("# newdoc"):
            documents.append([])
        elif line.startswith("# text = "):
            documents[-1].append(line.removeprefix("# text = "))
    return [" ".join(own) for own in documents if own]


def train(texts: list[str], seconds: float = 240) -> SmallLanguageModel:
    """Learn the pieces, then to guess the next one, for so many seconds of a processor."""
    torch.manual_seed(0)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=PIECES, special_tokens=["<|begin|>"],
                                   initial_alphabet=alphabet, show_progress=False)
    )  # fmt: skip
    stream = [id for own in tokenizer.encode_batch(texts) for id in (BEGIN, *own.ids)]
    length, rows = 64, 32
    module = Network(tokenizer.get_vocab_size())
    steps = torch.tensor(stream[: len(stream) // length * length]).reshape(-1, length)
    optimizer = torch.optim.AdamW(module.parameters(), lr=3e-3, weight_decay=0.01)
    started, losses = time.process_time(), []
    while time.process_time() - started < seconds:
        for some in torch.randperm(len(steps)).split(rows):
            left = 1 - (time.process_time() - started) / seconds
            if left <= 0:
                break
            optimizer.param_groups[0]["lr"] = 3e-3 * min(1, 2 * left)
            logits = module(steps[some][:, :-1])
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), steps[some][:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            losses.append(float(loss.detach()))
        used = time.process_time() - started
        print(f"{len(losses)} steps, {used:.0f} s, loss {np.mean(losses[-50:]):.2f}", flush=True)
    return SmallLanguageModel(tokenizer, module)


if __name__ == "__main__":
    trained = train(texts_of(Path(sys.argv[1])), float((sys.argv[3:] or ["240"])[0]))
    torch.save(
        {"tokenizer": json.dumps(json.loads(trained.tokenizer.to_str())),
         "weights": trained.module.state_dict()}, sys.argv[2]
    )  # fmt: skip
