"""Tables in print: as wide as the terminal, a line for each row, and every digit."""

import io
import re
import sys

import pytest
from rich.console import Console

import convcost
from convcost._report.cells import cells, fit, marks_of, wrapped


def config(*layers, name="tiny"):
    made = [{"class_name": kind, "config": {"name": title, **more}} for kind, title, more in layers]
    return {"name": name, "layers": made}


CONV = {"filters": 64, "kernel_size": 3, "padding": "same"}
HEAD = ("Dense", "head", {"units": 10})
SMALL = config(("Conv2D", "conv", CONV), HEAD)
TINY = config(
    ("SeparableConv2D", "block_1_depthwise_and_pointwise", CONV),
    ("BatchNormalization", "block_1_bn", {}),
    ("GlobalAveragePooling2D", "pool", {}),
    HEAD,
)


@pytest.fixture(scope="module")
def tiny():
    return convcost.summary(TINY, (28, 28, 32))


@pytest.fixture(scope="module")
def small():
    return convcost.summary(SMALL, (28, 28, 1))


WHOLE = """\
tiny: (28, 28, 1)
layer  kind    output shape  params     MACs     share  params =
──────────────────────────────────────────────────────────────────────────
conv   Conv2D  (28, 28, 64)     640  451,584   47.37 %  (3*3*1+1)*64 = 640
head   Dense   (28, 28, 10)     650  501,760   52.63 %  (64+1)*10 = 650
──────────────────────────────────────────────────────────────────────────
total                         1,290  953,344  100.00 %
total: 1,290 parameters, 953,344 MACs (1,906,688 FLOPs), 58,016 bias additions
1,290 of the model's 1,290 parameters are trainable, 0 are not
size of the model's parameters: 5.04 KiB (5,160 bytes)
a MAC is one multiply and one add; FLOPs are 2 * MACs, without the bias additions"""

AT_80 = """\
tiny: (28, 28, 32)
layer                     kind            output shape params      MACs    share
────────────────────────────────────────────────────────────────────────────────
block_1_dept…nd_pointwise SeparableConv2D (28, 28, 64)  2,400 1,831,424  99.97 %
block_1_bn                BatchNormaliza… (28, 28, 64)    256         0   0.00 %
pool                      GlobalAverageP… (64,)             0         0   0.00 %
head                      Dense           (10,)           650       640   0.03 %
────────────────────────────────────────────────────────────────────────────────
total                                                   3,306 1,832,064 100.00 %
total: 3,306 parameters, 1,832,064 MACs (3,664,128 FLOPs), 50,186 bias additions
3,178 of the model's 3,306 parameters are trainable, 128 are not
size of the model's parameters: 12.91 KiB (13,224 bytes)
a MAC is one multiply and one add; FLOPs are 2 * MACs, without the bias
additions
no room at 80 columns for: formula"""

AT_40_IN_ASCII = """\
tiny: (28, 28, 32)
layer                   params      MACs
----------------------------------------
block_1_de..._pointwise  2,400 1,831,424
block_1_bn                 256         0
pool                         0         0
head                       650       640
----------------------------------------
total                    3,306 1,832,064
total: 3,306 parameters, 1,832,064 MACs
(3,664,128 FLOPs), 50,186 bias additions
3,178 of the model's 3,306 parameters
are trainable, 128 are not
size of the model's parameters: 12.91
KiB (13,224 bytes)
a MAC is one multiply and one add; FLOPs
are 2 * MACs, without the bias additions
no room at 40 columns for: kind,
output_shape, share, formula"""

COMPARED = """\
tiny: before and after
                                params params params       MACs      MACs   MACs
layer                           before  after  ratio     before     after  ratio
────────────────────────────────────────────────────────────────────────────────
block_1_depthwise_and_pointwise 18,496  2,400 0.1298 14,450,688 1,831,424 0.1267
block_1_bn                         256    256      1          0         0
head                               650    650      1        640       640      1
────────────────────────────────────────────────────────────────────────────────
total                           19,402  3,306 0.1704 14,451,328 1,832,064 0.1268
before: 19,402 parameters, 14,451,328 MACs (28,902,656 FLOPs), 50,186 bias
additions
after: 3,306 parameters, 1,832,064 MACs (3,664,128 FLOPs), 50,186 bias additions
after / before: parameters 1653/9701 = 0.1704 (5.87 times fewer), MACs
14313/112901 = 0.1268 (7.89 times fewer)
no room at 80 columns for: kind"""

TOP = """\
tiny: (28, 28, 32)
layer                       kind            params      MACs
────────────────────────────────────────────────────────────
block_1_depth…and_pointwise SeparableConv2D  2,400 1,831,424
head                        Dense              650       640
────────────────────────────────────────────────────────────
shown                                        3,050 1,832,064
total                                        3,306 1,832,064
total of 2 of 4 layers: 3,050 parameters, 1,832,064 MACs
(3,664,128 FLOPs), 50,186 bias additions
total of all: 3,306 parameters, 1,832,064 MACs (3,664,128
FLOPs), 50,186 bias additions
3,178 of the model's 3,306 parameters are trainable, 128 are
not
size of the model's parameters: 12.91 KiB (13,224 bytes)
a MAC is one multiply and one add; FLOPs are 2 * MACs,
without the bias additions
no room at 60 columns for: output_shape, share, formula"""


def test_a_table_has_a_line_for_each_row(small, tiny, monkeypatch):
    assert small.to_text() == WHOLE
    assert tiny.to_text(80) == AT_80
    monkeypatch.setenv("COLUMNS", "80")
    assert str(tiny) == repr(tiny) == AT_80


def test_a_comparison_at_80_columns(tiny):
    whole = tiny.network.with_standard()
    assert convcost.compare(whole, tiny.network).to_text(80) == COMPARED
    for width, quantities, heads in (
        (60, "params params MACs MACs MACs", "before after before after ratio"),
        (50, "MACs MACs MACs", "before after ratio"),
        (40, "MACs MACs", "before after"),
        (26, "MACs", "after"),
    ):
        narrow = convcost.compare(whole, tiny.network).to_text(width).splitlines()
        assert narrow[0] == "tiny: before and after"
        assert narrow[1].split() == quantities.split()
        assert narrow[2].split() == ["layer", *heads.split()]


def test_the_total_of_the_model_stays_in_sight(tiny):
    assert tiny.sort().top(2).to_text(60) == TOP
    assert "shown" not in tiny.group().to_text()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8", None])
def test_an_encoding_has_what_is_printed(tiny, encoding, monkeypatch):
    class Out:
        pass

    Out.encoding = encoding
    monkeypatch.setattr(sys, "stdout", Out)
    text = tiny.to_text(40)
    assert text.encode(encoding or "utf-8").decode(encoding or "utf-8") == text
    if encoding == "ascii":
        assert text == AT_40_IN_ASCII


def test_columns_leave_in_their_order(tiny):
    network = tiny.network
    report = convcost.summary(network, effective=True, intensity=True)
    texts = [report.to_text(width) for width in range(150, 20, -1)]
    left = [re.search(r"for: (.*)", " ".join(text.splitlines())) for text in texts]
    names = [set(one[1].split(", ")) if one else set() for one in left]
    order = ["formula", "share", "output_shape", "kind", "intensity", "effective_macs"]
    steps = [one for place, one in enumerate(names) if one != names[place - 1] or not place]
    assert steps == [set(order[:number]) for number in range(len(order) + 1)]
    for width, text in zip(range(150, 20, -1), texts, strict=True):
        assert max(map(len, text.splitlines())) <= max(width, 24)
        assert text.splitlines()[-1]


def test_a_formula_is_whole_or_cut_at_its_end(tiny):
    lines = tiny.to_text(120).splitlines()
    assert lines[3].endswith("3*3*32 + (1*1*32+1)\u2026")
    assert "formula" in tiny.to_text(110).splitlines()[-1]


def test_names_are_cut_in_the_middle():
    utf8, ascii_ = marks_of("utf-8"), marks_of("ascii")
    path = "bidirectional/forward_rnn_1/cell_1/matmul"
    assert fit(path, 24, utf8, middle=True) == "bidirectional/\u2026/matmul  "
    assert fit(path, 30, utf8, middle=True) == "bidirectional/\u2026/cell_1/matmul"[:30].ljust(30)
    assert fit(path, 12, utf8, middle=True) == "bidire\u2026atmul"
    assert fit(path, 12, ascii_) == "bidirecti..."
    assert fit("\u4e2d" * 4, 6, utf8, middle=True) == "\u4e2d\u2026\u4e2d "
    assert (cells("\u4e2d\u6587"), cells("e\u0301")) == (4, 1)


def test_lines_below_are_wrapped_between_words():
    assert list(wrapped("a bc def", 4)) == ["a bc", "def"]
    assert list(wrapped("abcdefg hi", 3)) == ["abc", "def", "g", "hi"]
    assert list(wrapped("\u4e2d\u4e2d", 1)) == ["\u4e2d", "\u4e2d"]
    assert list(wrapped("a b", None)) == ["a b"]


def test_a_name_is_in_one_line_whatever_is_in_it(small):
    names = iter(["two\nlines \x1b[31m", "half \ud83d \u4e2d\u6587"])
    lines = small.group(lambda _: next(names)).to_text().splitlines()
    assert lines[3].startswith(r"two\nlines \x1b[31m  Conv2D")
    assert lines[4].startswith("half \\ud83d \u4e2d\u6587     Dense")
    # Two cells for each of the wide characters.
    assert len({cells(line.partition("(")[0]) for line in lines[3:5]}) == 1


def test_long_numbers_and_formulas_in_symbols():
    huge = convcost.summary(config(("Dense", "d", {"units": 10**30})), (10,))
    for width in (1, 40, 80):
        assert f"{11 * 10**30:,}" in huge.to_text(width)
    made = {"filters": 8, "kernel_size": 3, "strides": 2, "padding": "same"}
    layers = [("Conv2D", f"conv_{number}", made) for number in range(3)]
    h = convcost.symbols.symbol("h")
    network = convcost.from_keras(config(*layers), (h, h, 3))
    lines = convcost.summary(network).to_text(60).splitlines()
    assert max(map(len, lines)) <= 60
    assert "\u2026" in lines[3]
    # What is cut says so.
    assert " ".join(lines[-2:]) == "formulas are cut at 60 columns in: macs; JSON and CSV have all"
    both = convcost.compare(network, network.with_separable())
    assert both.to_text(80).endswith("in: macs_before, macs_after; JSON and CSV have\nall")
    for whole in (both.to_text(), both.to_text(190), huge.to_text(40)):
        assert "formulas are cut" not in whole


def styled(table, **options):
    file = io.StringIO()
    Console(file=file, force_terminal=True, legacy_windows=False, **options).print(table)
    return file.getvalue()


def test_colors_and_bars_on_a_terminal(small, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = styled(small, width=80, color_system="standard")
    # A bar as long as its share of the largest one, behind its number.
    assert "\x1b[37;44m 47.37 \x1b[0m%" in text
    wide = small.group(lambda row: "\u4e2d" * 4 + row.name)
    assert "\x1b[37;44m 47.37 \x1b[0m%" in styled(wide, width=80, color_system="standard")
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert plain == small.to_text(80) + "\n"
    without = styled(small, width=80, color_system="standard", no_color=True)
    assert ";44m" not in without
    assert re.sub(r"\x1b\[[\d;]*m", "", without) == plain


def test_a_model_without_macs_has_no_bars():
    flat = convcost.summary(config(("Flatten", "flat", {})), (4, 4))
    assert ";44m" not in styled(flat, width=80, color_system="standard")


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "80", True])
def test_a_width_is_a_positive_integer(small, wrong):
    with pytest.raises((TypeError, ValueError), match="width must be a positive integer; got"):
        small.to_text(wrong)


GROUPS = """\
tiny: (28, 28, 32)
layer    kind      params       MACs     share
──────────────────────────────────────────────
28 x 28  2 layers   2,656  1,831,424   99.97 %
vector   2 layers     650        640    0.03 %
──────────────────────────────────────────────
total               3,306  1,832,064  100.00 %
"""


def test_what_groups_lack_is_left_out_in_print(tiny):
    stages = tiny.group("stage")
    text = stages.to_text()
    assert text.startswith(GROUPS)
    note = "empty for groups of layers, and left out: "
    assert text.endswith(f"\n{note}output_shape, formula")
    assert stages.to_markdown().splitlines()[0].split() == [
        "|",
        "layer",
        "|",
        "kind",
        "|",
        "params",
        "|",
        "MACs",
        "|",
        "share",
        "|",
    ]
    assert note not in stages.to_latex(caption=True)
    assert stages.to_csv().startswith("name,kind,output_shape,params,macs,share,formula\n")
    chosen = convcost.summary(tiny.network, columns=["kernel", "connected_to", "macs"]).group()
    assert chosen.sheet().titles == ("layer", "MACs")
    assert chosen.sheet().notes[-1] == f"{note}kernel, connected_to"
    assert chosen.titles() == ("layer", "kernel", "connected to", "MACs")
    # Of nothing, all columns stay; and where one layer has a text.
    assert tiny.group("stage").filter(kind="LSTM").sheet().titles == tiny.titles()
    assert tiny.group("kind").sheet().titles == tiny.titles()


def test_groups_of_one_layer_each_say_that_there_are_no_blocks(small):
    note = (
        "no two layers are in one block, by the models inside or their names: each layer has a row;"
        " stage and kind group them otherwise"
    )
    blocks = small.group("block")
    assert blocks.notes[-1] == blocks.sort().top(1).notes[-1] == note
    for other in (small, blocks.group("kind"), blocks.fold(), small.top(1).group("block")):
        assert note not in other.notes
