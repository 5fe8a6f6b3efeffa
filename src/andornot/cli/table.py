"""The table of options: each once, for all commands that have it. Add an option here.

From it come the options of the commands, so what a configuration file may say, and the reference of
options (``docs/reference/options.md``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click

from andornot.cli import completion
from andornot.cli.config import read_config
from andornot.cli.settings import F, Setting
from andornot.cli.values import LeastSupport, Length, Names, Numbers, UnitRanges, Widths
from andornot.concepts.context_options import ContextOptions
from andornot.counting.rules import Ranges, RangesBy, Resolution, Threshold
from andornot.data.sequences.options import ConceptOptions
from andornot.demo import DEMOS, SEED
from andornot.edits.attack_options import AttackOptions
from andornot.models.sentences.options import HOLD_OUT, TrainOptions
from andornot.pipeline.options import Execution, RunOptions, UnitOfCount
from andornot.probes.reading import At, Cut, Pool, Reading
from andornot.probes.recording import Recording
from andornot.probes.words import Words
from andornot.reproduce.request import ReproduceRequest
from andornot.results.verdict import PART_OF_MAPS, PART_OF_ROWS
from andornot.search.options import Budget, Profile, Search, SearchOptions, Space
from andornot.trust.options import TrustOptions

_FILE = click.Path(path_type=Path)
_PAIRS = "snli:FILE or pairs:FILE, options behind: pairs:dev.tok,labels=gold.csv"

_EXPLAIN, _ATTACK, _DEMO = ("explain",), ("attack",), ("demo",)
_EDIT = ("edit paste", "edit recolour", "edit words")
_RUN = ("score", "show", "page", "figures", "analyze")
_LOOK = ("show", "report", "page", "figures")
_TRAIN, _ACCURACY = ("nli train",), ("nli accuracy",)
_NETWORK = ("explain", "layers")
_VISION = ("reproduce vision",)
_REPRODUCE = ("reproduce vision", "reproduce nli")

Layout = Literal["channels_first", "channels_last"]

_DATA = (
    Setting(
        ("--data",), "Name the data: broden:DIR, labelmaps:DIR, ade20k:DIR, coco:DIR, "
        "coco-instances:DIR, voc:DIR, labelme:DIR, cityscapes:DIR or parquet:FILE; "
        "snli:FILE or pairs:FILE (with options: pairs:FILE,labels=FILE); sentences:FILE; "
        "texts:PATH, conllu:PATH, spans:FILE or code:PATH.",
        "Data", _EXPLAIN, api="dissect(model, layer, data)", metavar="SPEC",
        more={"required": True},
    ),
    Setting(
        ("--split",), "Use only the samples of this split.",
        "Data", _EXPLAIN, api="open_data(..., split=)",
    ),
    Setting(
        ("--samples",), "Use at most N samples, spread evenly.",
        "Data", _EXPLAIN, api="open_data(..., limit=)", kind=int, metavar="N",
    ),
    Setting(
        ("--group",), "Keep together samples that are not independent: name a column of a table of "
        "sentences, or give an expression over ids such as '^(seq[0-9]+)_'; none: each is its own.",
        "Data", _EXPLAIN, api="open_data(..., group=)", metavar="NAME",
        note="as the data set has it",
    ),
)  # fmt: skip

_NETWORKS = (
    Setting(
        ("--model",), "Name the network: torchvision:NAME, hf:DIRECTORY or "
        "path/to/file.py:function (which runs that file).",
        "Network", _NETWORK, api="dissect(model)", metavar="SPEC", more={"required": True},
    ),
    Setting(
        ("--weights",), "Read a state dict or checkpoint (.pt, .pth, .safetensors); FILE#PART "
        "takes one of several in it.",
        "Network", _NETWORK, api="weights", metavar="FILE",
    ),
    Setting(
        ("--random-weights",), "Draw all weights anew: a baseline of units that learned nothing.",
        "Network", _EXPLAIN, api='weights="random:SEED"', kind=click.IntRange(min=0),
        metavar="SEED",
    ),
    Setting(
        ("--layer",), "Take the layer with this dotted path (andornot layers lists them); may be "
        "given several times.",
        "Network", _EXPLAIN, api="dissect(model, layer)", name="layers", metavar="PATH",
        more={"multiple": True, "required": True, "shell_complete": completion.layers},
    ),
    Setting(
        ("--under",), "Show the layers inside this module only.",
        "Running", ("layers",), metavar="PATH",
    ),
    Setting(
        ("--all",), "Show each layer, also of blocks that are alike.",
        "Running", ("layers",), name="everything", more={"is_flag": True},
    ),
    Setting(
        ("--units",), "Explain only these units.",
        "Network", _EXPLAIN, RunOptions, "units", kind=UnitRanges(), metavar="0-63,70",
    ),
    Setting(
        ("--directions",), "Explain directions in the place of units: an array of the layer's "
        "units x directions (.npy, .npz, .safetensors); FILE#PART takes one of several in it.",
        "Network", _EXPLAIN, RunOptions, "directions", metavar="FILE",
    ),
    Setting(
        ("--positions",), "Look at each token, at each word, or at whole documents.",
        "Network", _EXPLAIN, Reading, "at", kind=At, name="positions", unset=True,
    ),
    Setting(
        ("--of-tokens",), "Take of a word's or a document's tokens the last, the largest value or "
        "the mean.",
        "Network", _EXPLAIN, Reading, "pool", kind=Pool, unset=True,
    ),
    Setting(
        ("--cut",), "Let the network read as much as it can at once, or a sentence.",
        "Network", _EXPLAIN, Reading, "cut", kind=Cut, note="as the network was made",
    ),
    Setting(
        ("--overlap",), "Let windows of a long document have N tokens in common.",
        "Network", _EXPLAIN, Reading, "overlap", kind=click.IntRange(min=0), metavar="N",
        note="half a window",
    ),
    Setting(
        ("--preset",), "Prepare images by this preset, such as imagenet.",
        "Network", _NETWORK, api="preprocessing=Preprocessing.preset()", metavar="NAME",
        note="as the model does itself",
    ),
    Setting(
        ("--size",), "Resize images to this many pixels.",
        "Network", _NETWORK, api="preprocessing=Preprocessing(height=, width=)", kind=Numbers(),
        metavar="N or H,W",
    ),
    Setting(
        ("--mean",), "Subtract this mean, white being 1.",
        "Network", _NETWORK, api="preprocessing=Preprocessing(mean=)", kind=Numbers(),
        metavar="R,G,B",
    ),
    Setting(
        ("--std",), "Divide by this standard deviation.",
        "Network", _NETWORK, api="preprocessing=Preprocessing(std=)", kind=Numbers(),
        metavar="R,G,B",
    ),
    Setting(
        ("--tokens",), "Leave out the N leading tokens of a transformer that are no patches.",
        "Network", _NETWORK, Recording, "tokens", metavar="N", unset=True,
    ),
    Setting(
        ("--layout",), "Say which axis of outputs with four, or (N, C, 1), holds the units.",
        "Network", _NETWORK, Recording, "layout", kind=Layout, unset=True,
    ),
)  # fmt: skip

_ACTIVE = (
    Setting(
        ("--quantile",), "Count a unit as active in this share of its activations, the highest.",
        "What counts as active", _EXPLAIN, Threshold, "quantile", kind=float, unset=True,
        note="sentence pairs: above 0; sentences: 0.1",
    ),
    Setting(
        ("--threshold",), "Count units as active above this value, instead of by a quantile.",
        "What counts as active", _EXPLAIN, Threshold, "fixed", kind=float,
    ),
    Setting(
        ("--ranges",), "Explain K ranges of activations, not only the top: a formula for each.",
        "What counts as active", _EXPLAIN, api="threshold=Ranges(k=)", kind=int, metavar="K",
    ),
    Setting(
        ("--range-by",), "Cut --ranges where values cluster, or so that each has as many.",
        "What counts as active", _EXPLAIN, Ranges, "by", kind=RangesBy,
    ),
    Setting(
        ("--resolution",), "Take the quantile over native or upsampled maps.",
        "What counts as active", _EXPLAIN, Threshold, "resolution", kind=Resolution,
    ),
    Setting(
        ("--min-active",), "Leave out units that are active on fewer positions.",
        "What counts as active", _EXPLAIN, RunOptions, "min_active", kind=float, metavar="SHARE",
        note="0; sentence pairs: 0.05",
    ),
    Setting(
        ("--unit-of-count",), "Count each position, or each sample once: active, or of a concept, "
        "if it is anywhere.",
        "What counts as active", _EXPLAIN, RunOptions, "unit_of_count", kind=UnitOfCount,
    ),
    Setting(
        ("--min-active-positions",), "Say of units that are active on fewer positions that there "
        "is too little data; they are explained all the same.",
        "What counts as active", _EXPLAIN, RunOptions, "least_active_positions",
    ),
    Setting(
        ("--min-active-groups",), "Say the same of units that are active in fewer groups of "
        "samples.",
        "What counts as active", _EXPLAIN, RunOptions, "least_active_groups",
    ),
)  # fmt: skip

_CONCEPTS = (
    Setting(
        ("--categories",), "Use only concepts of these categories.",
        "Concepts", _EXPLAIN, SearchOptions, "categories", kind=Names(), metavar="NAMES",
    ),
    Setting(
        ("--concepts",), "Use only these concepts; put a name that has commas in double quotes.",
        "Concepts", _EXPLAIN, SearchOptions, "concepts", kind=Names(), metavar="NAMES",
        more={"shell_complete": completion.concepts},
    ),
    Setting(
        ("--min-support",), "Leave out concepts that hold on fewer positions, or fewer samples.",
        "Concepts", _EXPLAIN, SearchOptions, "min_support", kind=LeastSupport(),
        metavar="POSITIONS,SAMPLES", note="running text: 20,10",
    ),
    Setting(
        ("--known-only",), "Score each formula where all its categories were annotated; needs "
        "--no-trust.", "Concepts", _EXPLAIN, SearchOptions, "known_only",
        more={"is_flag": True},
    ),
    Setting(
        ("--concepts-by",), "Add concepts by FILE.py:FUNCTION (which runs that file), or by the "
        "name of an installed entry point of andornot.concepts; may be given several times.",
        "Concepts", _EXPLAIN, api="sources", metavar="NAME", more={"multiple": True},
    ),
    Setting(
        ("--relations",), "Add concepts by relations of your own, from YAML or JSON: "
        "KIND: {animal: [dog, cat]}.",
        "Concepts", _EXPLAIN, RunOptions, "relations", metavar="FILE",
    ),
    Setting(
        ("--around",), "Add concepts that look around: prev, prev2, next, after, after5, head, "
        "child in text; above, below, left, right, near in images; with in both; or "
        "FILE.py:FUNCTION (which runs that file).",
        "Concepts", _EXPLAIN, ContextOptions, "around", kind=Names(), metavar="NAMES",
        note="prev for running text, else none",
    ),
    Setting(
        ("--around-of",), "Make them of these categories or concepts only; found: of those that a "
        "search without them finds first.",
        "Concepts", _EXPLAIN, ContextOptions, "around_of", kind=Names(), metavar="NAMES",
        note="all",
    ),
    Setting(
        ("--max-around",), "Make at most N of them, those that hold in the most samples.",
        "Concepts", _EXPLAIN, ContextOptions, "max_around", metavar="N",
    ),
    Setting(
        ("--colors",), "Take the eleven basic colours from the pixels.",
        "Concepts", _EXPLAIN, api="open_data(..., colors=)", metavar="[TABLE.csv]",
        more={"is_flag": False, "flag_value": "yes"},
    ),
    Setting(
        ("--words",), "Make the N most frequent words concepts.",
        "Concepts", _EXPLAIN, Words, "n_words", kind=int, metavar="N",
        unset=True,
    ),
    Setting(
        ("--stop-words",), "Make no concepts of these words.",
        "Concepts", _EXPLAIN, Words, "stop_words", kind=Names(), metavar="NAMES",
        note="for pairs: a, an, the, of, . and ,",
    ),
    Setting(
        ("--vectors",), "Read GloVe vectors as text, for NEIGHBORS.",
        "Concepts", _EXPLAIN, Words, "vectors", metavar="FILE",
    ),
    Setting(
        ("--neighbors",), "Take the N nearest words of a word.",
        "Concepts", _EXPLAIN, Words, "n_neighbors", kind=int, metavar="N",
        unset=True,
    ),
    Setting(
        ("--own",), "Make these concepts of any text, and no others of its own: token, word, "
        "case, digits, shape, sign, prefix, suffix, script, piece, space, line, sentence, window, "
        "inside, repeats; word=500 takes the 500 most frequent words.",
        "Concepts", _EXPLAIN, ConceptOptions, "own", kind=Names(), metavar="NAMES", note="all",
    ),
    Setting(
        ("--no-own",), "Leave out these concepts of any text.",
        "Concepts", _EXPLAIN, ConceptOptions, "without", name="no_own", kind=Names(),
        metavar="NAMES", unset=True,
    ),
    Setting(
        ("--repeats",), "Ask whether labels of these layers occurred before in a document.",
        "Concepts", _EXPLAIN, ConceptOptions, "repeats", kind=Names(), metavar="LAYERS",
        unset=True,
    ),
    Setting(
        ("--regex",), "Make a concept of what matches a regular expression, or of each in the "
        "lines of a file; may be given several times.",
        "Concepts", _EXPLAIN, ConceptOptions, "regexes",
        metavar="NAME=PATTERN or FILE", more={"multiple": True},
    ),
    Setting(
        ("--regex-seconds",), "Let an expression look at a document for so long.",
        "Concepts", _EXPLAIN, ConceptOptions, "regex_seconds", kind=float, metavar="S", unset=True,
    ),
    Setting(
        ("--spacy",), "Take tags, relations, entities and noun chunks from a spaCy model that is "
        "installed.",
        "Concepts", _EXPLAIN, ConceptOptions, "spacy", metavar="MODEL",
    ),
    Setting(
        ("--wordnet",), "Take classes of words from the files of WordNet (index.noun, data.noun "
        "and so on).",
        "Concepts", _EXPLAIN, ConceptOptions, "wordnet", metavar="DIRECTORY",
    ),
    Setting(
        ("--hypernyms",), "Take WordNet's classes up to N steps above a word's first sense.",
        "Concepts", _EXPLAIN, ConceptOptions, "hypernyms", metavar="N", unset=True,
    ),
    Setting(
        ("--max-concepts",), "Keep the N most frequent concepts of running text.",
        "Concepts", _EXPLAIN, ConceptOptions, "max_concepts", metavar="N", unset=True,
    ),
)  # fmt: skip

_SEARCH = (
    Setting(
        ("--length",), "Search for formulas of up to N concepts; auto: held-out samples choose, up "
        "to 10.",
        "Search", _EXPLAIN, SearchOptions, "length", kind=Length(), metavar="N or auto",
    ),
    Setting(
        ("--beam-size",), "Keep the N best formulas at each step.",
        "Search", _EXPLAIN, SearchOptions, "beam_size",
    ),
    Setting(
        ("--search",), "Choose how to search: step by step (beam), until a proof (optimal), or "
        "through all formulas (exhaustive); auto goes by the cost.",
        "Search", _EXPLAIN, SearchOptions, "search", kind=Search,
    ),
    Setting(
        ("--space",), "Let formulas grow by one concept at a time, or let both operands be "
        "formulas.",
        "Search", _EXPLAIN, SearchOptions, "space", kind=Space,
    ),
    Setting(
        ("--negated-first",), "Let formulas begin with NOT, or not.",
        "Search", _EXPLAIN, SearchOptions, "negated_first", kind=bool, metavar="YES|NO",
        note="yes where concepts look around",
    ),
    Setting(
        ("--metric",), "Search for this score, such as f1 or mcc; pearson correlates with raw "
        "activations.",
        "Search", _EXPLAIN, SearchOptions, "metric", more={"shell_complete": completion.metrics},
    ),
    Setting(
        ("--operators",), "Use only these operators.",
        "Search", _EXPLAIN, SearchOptions, "operators", kind=Names(), metavar="NAMES",
    ),
    Setting(
        ("--penalty",), "Multiply the score by this for each further concept.",
        "Search", _EXPLAIN, SearchOptions, "penalty",
    ),
    Setting(
        ("--pool", "--candidates"), "Compose only with the N best single concepts.",
        "Search", _EXPLAIN, SearchOptions, "limit", api="pool", kind=int, metavar="N",
    ),
    Setting(
        ("--profile",), "Repeat the published beam search move for move.",
        "Search", (*_EXPLAIN, *_REPRODUCE), SearchOptions, "profile", kind=Profile,
    ),
    Setting(
        ("--nodes",), "Try N prefixes of formulas for each unit, in an optimal search.",
        "Search", _EXPLAIN, SearchOptions, "nodes", kind=int, metavar="N",
        note=str(Budget.nodes),
    ),
    Setting(
        ("--seconds",), "Take no longer than this for each unit, in an optimal search.",
        "Search", _EXPLAIN, SearchOptions, "seconds", kind=float, metavar="S",
    ),
)  # fmt: skip

_TRUST = (
    Setting(
        ("--no-trust",), "Do not find out how far explanations can be trusted.",
        "Trust", _EXPLAIN, api="trust=None", more={"is_flag": True},
    ),
    Setting(
        ("--folds",), "Count in N folds of samples, which are held out in turn.",
        "Trust", _EXPLAIN, RunOptions, "folds",
    ),
    Setting(
        ("--resamples",), "Search again on N draws of the samples.",
        "Trust", _EXPLAIN, TrustOptions, "resamples", metavar="N",
    ),
    Setting(
        ("--bootstrap",), "Make intervals from N draws of the samples.",
        "Trust", _EXPLAIN, TrustOptions, "bootstrap", metavar="N",
    ),
    Setting(
        ("--nulls",), "Search on N shuffles of the annotations, held out.",
        "Trust", _EXPLAIN, TrustOptions, "nulls", metavar="N",
    ),
    Setting(
        ("--in-sample-chance",), "Search shuffled annotations in sample too, for the columns "
        "null_iou and p_value.",
        "Trust", _EXPLAIN, TrustOptions, "in_sample", more={"is_flag": True},
    ),
    Setting(
        ("--part",), "Name what is explained a part of a unit where the held-out IoU is surely "
        "above this.",
        "Trust", _EXPLAIN, TrustOptions, "part", kind=float, metavar="IOU",
        note=f"{PART_OF_MAPS:g} for images, {PART_OF_ROWS:g} for rows",
    ),
    Setting(("--seed",), "Make all these draws from this seed.", "Trust", _EXPLAIN, TrustOptions,
            "seed"),
)  # fmt: skip

_TRAINING = (
    Setting(
        ("--data",), f"Learn from these pairs: {_PAIRS}; may be given several times.",
        "Data", _TRAIN, api="train(pairs)", metavar="SPEC",
        more={"multiple": True, "required": True},
    ),
    Setting(
        ("--validation",), "Choose the best epoch by these pairs; may be given several times.",
        "Data", _TRAIN, api="train(pairs, validation)", metavar="SPEC", more={"multiple": True},
    ),
    Setting(
        ("--hold-out",), "Set this share of the data aside, by premise, if there is no "
        "--validation.",
        "Data", _TRAIN, api="hold_out(..., share=)", kind=float, metavar="SHARE",
        note=str(HOLD_OUT),
    ),
    Setting(
        ("--vectors",), "Read word vectors in GloVe's format, as text.",
        "Data", _TRAIN, api="train(..., vectors=)", kind=_FILE, metavar="FILE",
    ),
    Setting(
        ("--network",), "Start from these sizes, which the next options change.",
        "Network", _TRAIN, api="Config.preset()", kind=Literal["paper", "published-code"],
        more={"default": "paper", "show_default": True},
    ),
    Setting(
        ("--embedding",), "Give each word a vector of length N.",
        "Network", _TRAIN, api="Config(embedding=)", kind=int, metavar="N",
    ),
    Setting(
        ("--state",), "Give the state the length N in each direction.",
        "Network", _TRAIN, api="Config(state=)", kind=int, metavar="N",
    ),
    Setting(
        ("--bidirectional/--no-bidirectional",), "Read sentences in both directions.",
        "Network", _TRAIN, api="Config(bidirectional=)", name="bidirectional",
        more={"default": None},
    ),
    Setting(
        ("--pooling",), "Make a sentence of the states in this way.",
        "Network", _TRAIN, api="Config(pooling=)", kind=Literal["max", "last"],
    ),
    Setting(
        ("--hidden",), "Give the ReLU layers these widths.",
        "Network", _TRAIN, api="Config(hidden=)", kind=Widths(), metavar="N,N",
    ),
    Setting(
        ("--dropout",), "Drop this share of the values.",
        "Network", _TRAIN, api="Config(dropout=)", kind=float, metavar="SHARE",
    ),
    Setting(
        ("--classes",), "Name the classes, in the order of the logits.",
        "Network", _TRAIN, api="Config(classes=)", kind=Names(), metavar="NAMES",
    ),
    Setting(("--epochs",), "Train for at most N epochs.", "Training", _TRAIN, TrainOptions,
            "epochs"),
    Setting(("--patience",), "Stop after N epochs without a better one.", "Training",
            _TRAIN, TrainOptions, "patience"),
    Setting(("--batch-size",), "Learn from N pairs at each step.", "Training", _TRAIN,
            TrainOptions, "batch_size"),
    Setting(("--learning-rate",), "Let Adam take steps of this size.", "Training", _TRAIN,
            TrainOptions, "learning_rate"),
    Setting(("--min-count",), "Read words that occur less than N times as <unk>.", "Training",
            _TRAIN, TrainOptions, "min_count"),
    Setting(("--seed",), "Make all draws from this seed.", "Training", _TRAIN, TrainOptions,
            "seed"),
    Setting(
        ("--model",), "Name the classifier: FILE.pt, hf:DIRECTORY or FILE.py:FUNCTION.",
        "Network", _ACCURACY, api="load_pair_model(spec)", metavar="SPEC",
        more={"required": True},
    ),
    Setting(
        ("--vocabulary",), "Read the words of a bare state dict from this JSON list.",
        "Network", _ACCURACY, api="load_pair_model(..., vocabulary)", metavar="FILE",
    ),
    Setting(
        ("--data",), f"Ask about these pairs: {_PAIRS}; may be given several times.",
        "Data", _ACCURACY, api="confusion(model, pairs)", metavar="SPEC",
        more={"multiple": True, "required": True},
    ),
)  # fmt: skip

_ATTACKING = (
    Setting(
        ("--from",), "Take samples of this class, by name or number.",
        "Attack", _ATTACK, name="source", api="attack(run, source)", metavar="CLASS",
        more={"required": True},
    ),
    Setting(
        ("--to",), "Lead them to this class.",
        "Attack", _ATTACK, name="target", api="attack(run, source, target)", metavar="CLASS",
        more={"required": True},
    ),
    Setting(
        ("--layer",), "Take this layer, where the run has several.",
        "Attack", (*_ATTACK, *_RUN), api="layer", more={"shell_complete": completion.layers},
    ),
    Setting(
        ("--also",), "Ask another network too; may be repeated.",
        "Attack", (*_ATTACK, *_EDIT), api="attack(..., also=)", metavar="MODEL",
        more={"multiple": True},
    ),
    Setting(
        ("--model",), "Load the run's network from here, if it has moved.",
        "Attack", (*_ATTACK, *_EDIT), api="attack(..., model=)",
    ),
    Setting(
        ("--data",), "Read the run's data from here, if they have moved.",
        "Attack", (*_ATTACK, *_EDIT, *_LOOK), api="attack(..., data=)", metavar="SPEC",
    ),
    Setting(("--samples",), "Edit at most N samples.", "Attack", _ATTACK, AttackOptions,
            "n_samples"),
    Setting(("--edits",), "Test N edits.", "Attack", _ATTACK, AttackOptions, "n_edits"),
    Setting(("--controls",), "Test N controls for each edit.", "Attack", _ATTACK,
            AttackOptions, "n_controls"),
    Setting(("--units",), "Read the formulas of N units that lead to each of the two classes.",
            "Attack", _ATTACK, AttackOptions, "n_units"),
    Setting(("--seed",), "Choose samples and controls from this seed.", "Attack", _ATTACK,
            AttackOptions, "seed"),
)  # fmt: skip

_REPRODUCING = (
    Setting(
        ("--folder",), "Look here for what andornot data get downloaded.",
        "Data", _REPRODUCE, ReproduceRequest, "folder", kind=_FILE,
    ),
    Setting(
        ("--data",), "Take other images than FOLDER's Broden: broden:DIR, ...",
        "Data", _VISION, metavar="SPEC",
    ),
    Setting(
        ("--data",), "Take other sentence pairs than FOLDER's SNLI: snli:FILE, pairs:FILE.",
        "Data", ("reproduce nli",), metavar="SPEC",
    ),
    Setting(
        ("--samples",), "Take only N samples, spread evenly.",
        "Data", _REPRODUCE, kind=int, metavar="N",
    ),
    Setting(
        ("--model",), "Take another network than torchvision:resnet18.",
        "Network", _VISION, metavar="SPEC",
    ),
    Setting(
        ("--model",), "Take another classifier than the published FOLDER/6.pth.",
        "Network", ("reproduce nli",), metavar="SPEC",
    ),
    Setting(
        ("--weights",), "Read weights for --model.",
        "Network", _VISION, kind=_FILE, metavar="FILE",
    ),
    Setting(
        ("--preset",), "Prepare images for --model by this preset.",
        "Network", _VISION, metavar="NAME",
    ),
    Setting(
        ("--classes",), "Read the names of the network's classes, a line each.",
        "Network", _VISION, kind=_FILE, metavar="FILE",
    ),
    Setting(
        ("--layer",), "Take another layer than the paper's.",
        "Network", _REPRODUCE, metavar="PATH",
    ),
    Setting(
        ("--units",), "Explain only these units.",
        "Network", _REPRODUCE, kind=UnitRanges(), metavar="0-63,70",
    ),
    Setting(
        ("--vectors",), "Read word vectors in GloVe's format.",
        "Concepts", _REPRODUCE, kind=_FILE, metavar="FILE",
    ),
    Setting(
        ("--length",), "Search for shorter formulas, for a quick look.",
        "Search", _REPRODUCE, kind=int, metavar="N",
    ),
)  # fmt: skip

_RUNNING = (
    Setting(
        ("--out",), "Write the run into this directory; one that was interrupted goes on.",
        "Running", _EXPLAIN, api="dissect(..., out)", kind=_FILE, metavar="RUN",
        more={"required": True},
    ),
    Setting(
        ("--out",), "Write the training into this directory; one that was interrupted goes on.",
        "Running", _TRAIN, api="train(..., out)", kind=_FILE, metavar="DIR",
        more={"required": True},
    ),
    Setting(
        ("--out",), "Write the figures and the run here; what was interrupted goes on.",
        "Running", _REPRODUCE, kind=_FILE, metavar="DIR", more={"required": True},
    ),
    Setting(
        ("--out",), "Write tables and examples into this folder.",
        "Running", _ATTACK, api="Attack.write(out)", kind=_FILE,
        note="RUN/attacks/CLASS-to-CLASS",
    ),
    Setting(
        ("--out",), "Write both demos into this folder.",
        "Running", _DEMO, kind=_FILE, more={"default": "demo", "show_default": True},
    ),
    Setting(
        ("--only",), "Make only this one of the two demos.",
        "Running", _DEMO, kind=click.Choice(DEMOS),
    ),
    Setting(
        ("--seed",), "Draw the world and train the network from this seed.",
        "Running", _DEMO, kind=int, more={"default": SEED, "show_default": True},
    ),
    Setting(
        ("--config",), "Take any of these options from a YAML or TOML file.",
        "Running", _EXPLAIN, kind=_FILE, metavar="FILE",
        more={"callback": read_config, "is_eager": True},
    ),
    Setting(
        ("--device",), "Let the network run here: auto, cpu, cuda, cuda:1, ...",
        "Running", (*_EXPLAIN, *_TRAIN, *_ACCURACY, *_REPRODUCE), Recording, "device",
    ),
    Setting(
        ("--batch-size",), "Give the network N samples at a time.",
        "Running", (*_EXPLAIN, *_REPRODUCE), Recording, "batch_size", kind=int, metavar="N",
    ),
    Setting(
        ("--jobs",), "Use N threads.",
        "Running", (*_EXPLAIN, *_REPRODUCE), Execution, "jobs", kind=int, note="all cores",
    ),
    Setting(
        ("--executor",), "Share the work out: processes:N, or dask:ADDRESS of a scheduler.",
        "Running", _EXPLAIN, Execution, "executor", metavar="NAME",
    ),
    Setting(
        ("--no-store",), "Keep no activations: run the network twice and keep counts only; "
        "implies --no-trust.",
        "Running", _EXPLAIN, api="store=False", more={"is_flag": True},
    ),
    Setting(
        ("--memory",), "Take so many GB for the largest activations of all units, with --no-store.",
        "Running", _EXPLAIN, Execution, "memory", metavar="GB",
    ),
    Setting(
        ("--verify",), "Read all data files, and use nothing stored that was made from other "
        "bytes.",
        "Running", _EXPLAIN, RunOptions, "verify", more={"is_flag": True},
    ),
    Setting(
        ("--trust-code",), "Let the code run that the RUN names (a network's Python file, a spaCy "
        "model); needed once for this code and this network.",
        "Running", (*_ATTACK, *_EDIT, *_LOOK), api="Run.open(..., trust_code=)",
        more={"is_flag": True},
    ),
    Setting(
        ("--best",), "Print the N best units.",
        "Running", _EXPLAIN, kind=int, more={"default": 15, "show_default": True},
    ),
    Setting(
        ("--json",), "Print JSON, for programs.",
        "Running", (*_NETWORK, "show", *_ATTACK, *_ACCURACY, *_EDIT, "score", "analyze"),
        name="as_json", more={"is_flag": True},
    ),
    Setting(
        ("--quiet",), "Show no progress bars and print no tables; --json prints all the same.",
        "Running", (*_EXPLAIN, *_REPRODUCE), more={"is_flag": True},
    ),
    Setting(
        ("--quiet",), "Show no progress bars.",
        "Running", (*_ATTACK, *_DEMO, "report", "page", "figures"), more={"is_flag": True},
    ),
    Setting(("--quiet",), "Print nothing.", "Running", _TRAIN, more={"is_flag": True}),
)  # fmt: skip

TABLE: tuple[Setting, ...] = (
    *_DATA, *_NETWORKS, *_ACTIVE, *_CONCEPTS, *_SEARCH, *_TRUST, *_TRAINING, *_ATTACKING,
    *_REPRODUCING, *_RUNNING,
)  # fmt: skip
"""All options, in the order in which the help shows those of a group."""


def of_command(command: str) -> tuple[Setting, ...]:
    """The options of a command, such as ``nli train``."""
    return tuple(setting for setting in TABLE if command in setting.commands)


def named(command: str, key: str) -> Setting:
    """One option of a command, by what the command calls it."""
    (setting,) = (setting for setting in of_command(command) if setting.key == key)
    return setting


def options_of(command: str, group: str | None = None) -> Callable[[F], F]:
    """Give a command its options, or those of one group."""

    def decorate(function: F) -> F:
        for setting in reversed(of_command(command)):
            if group in (None, setting.group):
                function = setting.option()(function)
        return function

    return decorate


def values_of(home: type, command: str, options: dict[str, Any]) -> dict[str, Any]:
    """What a command was given for the fields of a record of the API, by their names there."""
    return {
        setting.api or setting.field: options[setting.key]
        for setting in of_command(command)
        if setting.home is home
    }
