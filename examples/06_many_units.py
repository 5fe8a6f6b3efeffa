# %% [markdown]
# # More units than memory holds
#
# Latents of a sparse autoencoder: many units, each active on a few tokens. They come block by block
# as sparse matrices, and their explanations go to a Parquet file.

# %%
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd
import scipy.sparse

from andornot import ConceptTable, Responses
from andornot.pipeline.stream import explain_to_parquet

rng = np.random.default_rng(0)
TOKENS, CONCEPTS, UNITS = 20_000, 200, 3_000
holds = scipy.sparse.random_array((TOKENS, CONCEPTS), density=0.02, rng=rng, format="csc")
table = ConceptTable.from_sparse(holds, [f"word {i}" for i in range(CONCEPTS)])

# %% [markdown]
# Two of three units are a union of two concepts with gaps, the third fires anywhere.


# %%
def latents(count: int) -> scipy.sparse.csr_array:
    units: list[int] = []
    tokens: list[int] = []
    for unit in range(count):
        pair = rng.choice(CONCEPTS, 2, replace=False)
        where = np.unique(holds[:, pair].nonzero()[0])
        if unit % 3 == 2:
            where = rng.choice(TOKENS, 100, replace=False)
        where = where[rng.random(len(where)) < 0.7]
        units += [unit] * len(where)
        tokens += where.tolist()
    return scipy.sparse.csr_array((np.ones(len(units)), (units, tokens)), shape=(count, TOKENS))


def blocks() -> Iterator[Responses]:
    for _ in range(UNITS // 600):
        yield Responses.from_sparse(latents(600), table)


file = Path(mkdtemp()) / "units.parquet"
done = explain_to_parquet(blocks(), table, file, length=2, search="beam", beam_size=5)
print(f"{done.units:,} units, {done.inactive} of them never fire; {file.stat().st_size:,} bytes")

# %%
found = pd.read_parquet(file, columns=["unit", "formula", "iou"])
print(found.head(6).to_string(index=False))
planted = found.unit % 3 < 2
print(f"mean IoU of planted units {found.iou[planted].mean():.2f}, ", end="")
print(f"of the others {found.iou[~planted].mean():.2f}")
