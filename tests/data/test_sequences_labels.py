"""Concepts that any text has by itself, each against a slow reading a character at a time."""

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from andornot.data.sequences.document import Document, Extents, Spans
from andornot.data.sequences.labels import words as of_words
from andornot.data.sequences.labels.base import of_spans, united
from andornot.data.sequences.labels.inside import stretches
from andornot.data.sequences.labels.registry import sources_of
from andornot.data.sequences.options import OWN, ConceptOptions
from andornot.data.sequences.rules import sentences_of, words_of
from andornot.data.sequences.view import DocumentView
from andornot.errors import OptionError
from sequence_cases import data_of, positions_of

SIGNS = "aB3 .,\n\t'-_é\u0301海の\u200d👩💻🏽!?)\"”\r$"
WORDS = ["aBa", "aaéB", "Baaaa", "aaaaaa", "a3-3", "B3B", "33", "海の", "B'a", "a\u0301aaaB"]
texts = st.text(alphabet=SIGNS, max_size=30) | st.lists(st.sampled_from(WORDS), max_size=6).map(
    " ".join
)


def held(view: DocumentView, *own: str, **more) -> list[set[str]]:
    """The concepts at each position, by sources of these names."""
    (held,) = _all_held(data_of(view.document), [view], ConceptOptions(own=own, **more))
    return held


def _all_held(data, views, options):
    found = []
    for view in views:
        labels = [set() for _ in range(len(view))]
        for source in sources_of(data, options):
            places, names = source.found(view)
            assert len(places) == len(names)
            for place, name in zip(places.tolist(), names, strict=True):
                labels[place].add(f"{source.category}:{name}")
        found.append(labels)
    return found


def at_positions(view: DocumentView, at: list[set[str]]) -> list[set[str]]:
    """What holds at each position, of what holds at each character."""
    ends = zip(view.positions.starts, view.positions.ends, strict=True)
    return [set().union(*at[start:end]) if start < end else set() for start, end in ends]


def at_words(view: DocumentView, category: str, labels: list[set[str]]) -> list[set[str]]:
    """What holds at each character, of what holds of each word."""
    at = [set() for _ in view.document.text]
    for (start, end), own in zip(_pairs(view.words), labels, strict=True):
        for place in range(start, end):
            at[place] |= {f"{category}:{label}" for label in own}
    return at


def _pairs(extents: Extents) -> list[tuple[int, int]]:
    return list(zip(extents.starts.tolist(), extents.ends.tolist(), strict=True))


@st.composite
def views(draw, texts=texts) -> DocumentView:
    text = draw(texts)
    positions = draw(positions_of(text))
    window = draw(st.integers(1, 20))
    places = np.arange(len(positions), dtype=np.int32) % window
    return DocumentView.of(0, Document("1", text), Extents.of(positions), None, places)


# ---- words and sentences


def is_ideograph(sign: str) -> bool:
    return sign in "海の"


def naive_words(text: str) -> list[tuple[int, int]]:
    """A state at a time: letters go on over marks, joiners and inner apostrophes."""
    found, at = [], 0
    while at < len(text):
        start, sign = at, text[at]
        mark = unicodedata.category(sign) in ("Mn",)
        if sign.isspace() or mark or sign == "\u200d":
            at += 1
            continue
        at += 1
        if sign.isalnum() and not is_ideograph(sign):
            while at < len(text):
                now, then = text[at], text[at + 1 : at + 2]
                letter = now.isalnum() and not is_ideograph(now)
                inner = now == "'" and then.isalnum() and not is_ideograph(then)
                if not letter and not inner and now not in "\u0301\u200d":
                    break
                at += 1
        else:
            while at < len(text):
                now, then = text[at], text[at + 1 : at + 2]
                if now == "\u0301" or (now == "🏽" and not is_ideograph(sign)):
                    at += 1
                elif (
                    now == "\u200d"
                    and not is_ideograph(sign)
                    and then
                    and not (then.isspace() or then.isalnum() or then == "_")
                ):
                    at += 2
                else:
                    break
        found.append((start, at))
    return found


@given(texts)
@example("don't 'do' rock'n'roll")
@example("👩🏽\u200d💻 e\u0301te\u0301")
def test_words_by_rule(text):
    assert _pairs(words_of(text)) == naive_words(text)


def naive_sentences(text: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for at in range(1, len(text) + 1):
        stop = at == len(text) or (text[at - 1] in "\r\n" and text[at] not in "\r\n")
        if not stop and text[at].isspace():
            stop = re.search(r"[.!?][\"')\]’”]*$", text[start:at]) is not None
        if stop:
            part = text[start:at]
            if part.strip():
                begun = start + len(part) - len(part.lstrip())
                found.append((begun, begun + len(part.strip())))
            start = at
    return found


@given(st.text(alphabet="ab .!?\n\r\"')", max_size=30))
@example("a.\nb")
def test_sentences_by_rule(text):
    assert _pairs(sentences_of(text)) == naive_sentences(text)


# ---- tokens and characters, by hand


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("naïve café", ["naïve", "café"]),
        ("nai\u0308ve", ["nai\u0308ve"]),  # an accent of its own
        ("海は広い", ["海", "は", "広", "い"]),
        ("go\tgo\r\nend", ["go", "go", "end"]),
        ("  lead", ["lead"]),
        ("\ufb01sh", ["\ufb01sh"]),  # a ligature
        ("שלום עולם", ["שלום", "עולם"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),  # a joiner inside a word
        ("👩🏽\u200d💻!", ["👩🏽\u200d💻", "!"]),
        ("हिन्दी", ["हिन्दी"]),
        ("it's 'so'", ["it's", "'", "so", "'"]),
        ("snake_case", ["snake", "_", "case"]),
        ("3.5%", ["3", ".", "5", "%"]),
    ],
)
def test_words_of_many_scripts(text, words):
    found = words_of(text)
    assert [found.of_text(text, i) for i in range(len(found))] == words


def test_pieces_of_an_emoji_have_the_labels_of_its_characters():
    """Byte-level pieces share the characters of the sign that they spell together."""
    text = "a 😀 b"
    pieces = Extents.of([(0, 1), (1, 3), (2, 3), (2, 3), (3, 5)])
    tokens = ("a", "ĠðŁ", "ĺ", "Ģ", "Ġb")
    spans = {"tag": Spans.of([(0, 1, "X"), (2, 3, "SYM"), (4, 5, "X")])}
    view = DocumentView.of(0, Document("1", text, spans), pieces, tokens)
    assert held(view, "piece", "token", "sign") == [
        {"tag:X", "token:a", "piece:start", "piece:end", "piece:whole"},
        {"tag:SYM", "token:ĠðŁ", "piece:start", "sign:symbol"},
        {"tag:SYM", "token:ĺ", "piece:continuation", "sign:symbol"},
        {"tag:SYM", "token:Ģ", "piece:continuation", "piece:end", "sign:symbol"},
        {"tag:X", "token:Ġb", "piece:start", "piece:end", "piece:whole"},
    ]


def test_positions_at_words_have_the_labels_of_words():
    spans = {"tag": Spans.of([(0, 3, "DET"), (4, 7, "NOUN")])}
    view = DocumentView.of(0, Document("1", "the sea", spans))
    assert held(view, "word", "token", "piece") == [
        {"tag:DET", "word:the", "token:the", "piece:start", "piece:end", "piece:whole"},
        {"tag:NOUN", "word:sea", "token:sea", "piece:start", "piece:end", "piece:whole"},
    ]


def test_a_token_over_two_words_has_the_labels_of_both():
    view = DocumentView.of(0, Document("1", "do n't"), Extents.of([(0, 6)]))
    assert held(view, "word") == [{"word:do", "word:n't"}]


def test_line_breaks_of_every_sort():
    text = "a\r\nb\rc\n\nd\t  e"
    each = Extents.of([(at, at + 1) for at in range(len(text))])
    found = held(DocumentView.of(0, Document("1", text), each), "space")
    line, two = {"space:line break"}, {"space:paragraph break"}
    assert found[1:3] == [line, line]
    assert (found[4], found[6:8]) == (line, [two, two])
    assert found[9:12] == [{"space:tab"}, {"space:spaces"}, {"space:spaces"}]


# ---- sources, each with its twin


@given(views())
def test_labels_of_words(view):
    rules = {
        "word": lambda w: {w.lower()},
        "case": naive_case,
        "digits": lambda w: (
            {"some"} & {"some" * any(c in "3" for c in w)} | ({"all"} if set(w) == {"3"} else set())
        ),
        "shape": naive_shape,
        "sign": naive_signs,
        "prefix": lambda w: {f"{w.lower()[:n]}-" for n in (2, 3, 4) if naive_letters(w) >= n + 2},
        "suffix": lambda w: {
            f"-{unicodedata.normalize('NFC', w.lower())[-n:]}"
            for n in (2, 3, 4)
            if naive_letters(w) >= n + 2
        },
        "script": naive_scripts,
    }
    for name, rule in rules.items():
        own = [rule(word) for word in view.texts_of_words]
        assert held(view, name) == at_positions(view, at_words(view, name, own)), name


def naive_case(word: str) -> set[str]:
    letters = [sign for sign in word if sign.upper() != sign.lower()]
    upper = [sign == sign.upper() for sign in letters]
    if not letters:
        return set()
    if not any(upper):
        return {"lower"}
    if sum(upper) == 1 and upper[0]:
        return {"Title"}
    return {"UPPER"} if all(upper) else {"mixed"}


def naive_shape(word: str) -> set[str]:
    if "3" not in word or len(word) > 24:
        return set()
    shape = ""
    for sign in word:
        shape += "d" if sign == "3" else "X" if sign == "B" else "x" if sign.isalpha() else sign
    return {shape}


def naive_signs(word: str) -> set[str]:
    if any(sign.isalnum() for sign in word):
        return set()
    names = {
        ".": "period", ",": "comma", "'": "quote", "-": "dash", "_": "underscore", "$": "currency",
        "!": "exclamation mark", "?": "question mark", ")": "closing bracket", '"': "quote",
        "”": "quote", "👩": "symbol", "💻": "symbol",
    }  # fmt: skip
    return {names[sign] for sign in word if sign in names}


def naive_letters(word: str) -> int:
    whole = unicodedata.normalize("NFC", word.lower())
    return len(whole) if all(sign.isalpha() for sign in whole) else 0


def naive_scripts(word: str) -> set[str]:
    of = {"a": "Latin", "B": "Latin", "é": "Latin", "海": "Cjk", "の": "Hiragana"}
    return {of[sign] for sign in word if sign in of}


@given(views())
def test_places(view):
    text, words = view.document.text, _pairs(view.words)
    lines = [m.span() for m in re.finditer(r"[^\r\n]+", text)]
    for name, items in (("line", lines), ("sentence", _pairs(view.sentences))):
        own = []
        for word in words:
            inside = [item for item in items if word[0] < item[1] and item[0] < word[1]][:1]
            mates = [w for w in words if inside and w[0] < inside[0][1] and inside[0][0] < w[1]]
            mates = [w for w in mates if _first_item(w, items) == inside[0]]
            own.append(naive_place(mates.index(word) + 1, len(mates)) if inside else set())
        assert held(view, name) == at_positions(view, at_words(view, name, own)), name


def _first_item(word, items):
    return next(item for item in items if word[0] < item[1] and item[0] < word[1])


def naive_place(place: int, n: int) -> set[str]:
    names = {1: "1st", 2: "2nd"} | dict.fromkeys((3, 4, 5), "3rd-5th")
    names |= dict.fromkeys(range(6, 11), "6th-10th") | dict.fromkeys(range(11, 21), "11th-20th")
    return {names.get(place, "21st or later")} | ({"last"} if place == n else set())


@given(views())
def test_piece(view):
    expected = [set() for _ in range(len(view))]
    for start, end in _pairs(view.words):
        on = [
            place
            for place, (a, b) in enumerate(_pairs(view.positions))
            if set(range(a, b)) & set(range(start, end))
        ]
        for place in on:
            expected[place].add("piece:start" if place == on[0] else "piece:continuation")
            if place == on[-1]:
                expected[place].add("piece:end")
        if len(on) == 1:
            expected[on[0]].add("piece:whole")
    assert held(view, "piece") == expected


@given(views())
def test_window(view):
    for place, labels in zip(view.in_window.tolist(), held(view, "window"), strict=True):
        (label,) = labels
        low, _, high = label.removeprefix("window:").partition("-")
        assert int(low) <= place <= int(high or low)
        assert int(low) in (0, 1, 2, 4, 8, 16)
        assert int(high or low) < max(2 * int(low), 1)


@given(views(), st.lists(st.sampled_from("xyz"), max_size=6))
def test_repeated(view, labels):
    n = len(view.document.text)
    spans = Spans.of([(i % n, i % n + 1, own) for i, own in enumerate(labels)] if n else [])
    document = Document("1", view.document.text, {"layer": spans})
    view = DocumentView.of(0, document, view.positions, None, view.in_window)
    expected = [set() for _ in range(len(view))]
    for p in range(len(view)):
        for q in range(p):
            if view.tokens[q] == view.tokens[p]:
                expected[p].add("repeats:token")
                if q and view.tokens[q - 1 : q + 1] == view.tokens[p - 1 : p + 1]:
                    expected[p].add("repeats:token pair")
    words = [(a, b, document.text[a:b].lower()) for a, b in _pairs(view.words)]
    items = [(*own, label) for own, label in zip(_pairs(spans.extents), labels, strict=False)]
    for name, own in (("word", words), ("layer", items)):
        for a, b, label in own:
            if any(c < a and label == other for c, _, other in own):
                for p, (start, end) in enumerate(_pairs(view.positions)):
                    if set(range(a, b)) & set(range(start, end)):
                        expected[p].add(f"repeats:{name}")
    found = [
        {label for label in own if label.startswith("repeats")}
        for own in held(view, "repeats", repeats=("word", "layer"))
    ]
    assert found == expected


def test_the_second_token_of_a_word_is_no_repetition():
    view = DocumentView.of(0, Document("1", "haha"), Extents.of([(0, 2), (2, 4)]))
    assert held(view, "repeats") == [set(), {"repeats:token"}]


@given(views(), st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.sampled_from("xy"))))
def test_stretches_of_one_label_are_one(view, drawn):
    n = len(view.document.text)
    spans = [(a, min(a + size, n), label) for a, size, label in drawn if a < n]
    expected = [set() for _ in range(len(view))]
    for a, b, label in spans:
        for p, (start, end) in enumerate(_pairs(view.positions)):
            if set(range(a, b)) & set(range(start, end)):
                expected[p].add(label)
    places, labels = of_spans(view, Spans.of(spans))
    found = set(zip(places.tolist(), labels, strict=True))
    assert found == {(p, label) for p, own in enumerate(expected) for label in own}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.integers(0, 2)), min_size=1))
def test_united_stretches_are_apart(drawn):
    extents = Extents.of([(a, a + size) for a, size, _ in drawn])
    apart, labels = united(extents, np.array([label for _, _, label in drawn]))
    found: dict[int, list[int]] = {}
    for (start, end), label in zip(_pairs(apart), labels.tolist(), strict=True):
        found.setdefault(label, []).extend(range(start, end))
    for label, characters in found.items():
        own = [set(range(a, a + size)) for a, size, other in drawn if other == label]
        assert characters == sorted(set().union(*own))


def test_many_nested_stretches_of_one_label_take_no_room():
    """Ten thousand in each other over as many positions would be a hundred million pairs."""
    n = 10_000
    spans = Spans.of([(at, 2 * n - at, "deep") for at in range(n)])
    view = DocumentView.of(
        0, Document("1", "x" * 2 * n), Extents.of([(i, i + 1) for i in range(n)])
    )
    places, labels = of_spans(view, spans)
    assert len(places) == len(labels) == n


# ---- inside


def naive_between(text: str) -> list[set[str]]:
    """Inside marks, by looking for the partner of each, in its own paragraph."""
    at = [set() for _ in text]
    kinds = (
        ('"', '"', "quotes"), ("“", "”", "quotes"), ("(", ")", "round brackets"),
        ("[", "]", "square brackets"), ("{", "}", "curly brackets"),
    )  # fmt: skip
    for opener, closer, label in kinds:
        opened = []
        for place, sign in enumerate(text):
            if re.match(r"\n[ \t]*\n", text[place:]):
                opened = []
            elif sign == closer and opened:
                for inner in range(opened.pop() + 1, place):
                    at[inner].add(f"inside:{label}")
            elif sign == opener:
                opened.append(place)
    return at


@given(views(st.text(alphabet='ab()[]{}"“” \n', max_size=30)))
def test_between_marks(view):
    assert held(view, "inside") == at_positions(view, naive_between(view.document.text))


@given(st.text(alphabet='ab()" \n-#=`1.@/:w\t', max_size=40))
def test_stretches_are_apart_and_in_the_text(text):
    by_label = {}
    for start, end, label in stretches(text):
        assert 0 <= start < end <= len(text)
        assert by_label.get(label, -1) < start
        by_label[label] = end


@pytest.mark.parametrize(
    ("text", "label", "inside"),
    [
        ("see http://a.b/c?d=(e). Then", "URL", ["http://a.b/c?d=(e"]),
        ("WWW.X.ORG, or www.y.org/z/", "URL", ["WWW.X.ORG", "www.y.org/z/"]),
        ("to a.b+c@d-e.com.", "e-mail", ["a.b+c@d-e.com"]),
        ("a@b@c.de @home x@", "e-mail", ["b@c.de"]),
        ("- one\n* two\n12. three\na) four\n-five\n", "list item",
         ["- one", "* two", "12. three", "a) four"]),
        ("# Top\n\nTitle\n=====\ntext\nmore\n---\n", "heading", ["# Top", "Title"]),
        ("a\nb\nc\n---\n", "heading", []),
        ("x\n```py\ncode\n\n    deep\n```\ny", "code", ["code", "    deep"]),
        ("x\n\n    a = 1\n    b = 2\ny\n    z\n", "code", ["    a = 1", "    b = 2"]),
        ("``so''  \"he said\"", "quotes", ["so", "he said"]),
        ("“a “b” c”", "quotes", ["a “b” c"]),
        ("«oui» (a [b) c] {d}", "square brackets", ["b) c"]),
        ("open (and\n\nclosed)", "round brackets", []),
    ],
)  # fmt: skip
def test_inside_by_hand(text, label, inside):
    found = [text[a:b] for a, b, own in stretches(text) if own == label]
    assert found == inside


@pytest.mark.parametrize(
    "sign", ["(", "@", "a@", "http://", ".", "\n ", "`", '"', "'", "\u0301", "a'"]
)
def test_no_text_makes_a_rule_slow(sign):
    """It would take minutes where one is quadratic, and hours where it is worse."""
    text = sign * (100_000 // len(sign))
    for start, end, _ in stretches(text):
        assert 0 <= start < end <= len(text)
    assert _pairs(sentences_of(text)) == [(0, len(text.rstrip()))] or sign == "\n "
    assert sum(end - start for start, end in _pairs(words_of(text))) <= len(text)
    nested = "(" * 50_000 + "x" + ")" * 50_000
    assert list(stretches(nested)) == [(1, 100_000, "round brackets")]


# ---- options


def test_all_are_on_and_each_can_be_left_out():
    data = data_of(Document("1", "a"))
    on = [source.category for source in sources_of(data, ConceptOptions())]
    assert on == list(OWN)
    off = sources_of(data, ConceptOptions(without=("token", "line")))
    assert [own.category for own in off] == [name for name in OWN if name not in ("token", "line")]


def test_repeats_of_an_unknown_layer():
    with pytest.raises(OptionError, match="repeats has 'tga' in it, which is no layer"):
        sources_of(data_of(Document("1", "a")), ConceptOptions(repeats=("tga",)))


def test_regular_expressions():
    pytest.importorskip("regex")
    view = DocumentView.of(0, Document("1", "in 1999 we"))
    found = held(view, without=(), regexes={"year": r"\b(19|20)\d\d", "none": r"(?=in)", "e": "x*"})
    assert found == [set(), {"regex:year"}, set()]


def test_an_expression_that_never_ends():
    pytest.importorskip("regex")
    view = DocumentView.of(0, Document("1", "a" * 60 + "b"))
    with pytest.raises(OptionError, match=r"regex 'bad' looked at the text for 0\.2 seconds"):
        held(view, regexes={"bad": r"(a|aa)+$"}, regex_seconds=0.2)


@pytest.mark.parametrize("pattern", ["(", "[", "(?P<a", "*"])
def test_what_is_no_expression(pattern):
    pytest.importorskip("regex")
    with pytest.raises(OptionError, match=r"regex 'bad' is .* which is no regular expression"):
        sources_of(data_of(Document("1", "a")), ConceptOptions(regexes={"bad": pattern}))


def test_affixes_are_of_letters_alone():
    assert of_words.prefixes_of("re-do") == ()
    assert of_words.suffixes_of("a\u0301bcd") == ("-cd",)
